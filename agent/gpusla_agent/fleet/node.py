"""
One node on paper: its clock and source, and the live node, sampler and recorder of a real agent.

It samples at the multiples of its interval, on a clock that is set to each of them in turn, and a
late turn of the process is caught up; so its journal says what it would say if the process were
never late.  A stretch in which nothing can change becomes one record.
Source: docs/decisions/0043-the-past-in-seconds.md.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.inventory.registry import Inventory
from gpusla.journal.chain import Head
from gpusla.journal.model import ClockState, Condition
from gpusla.readings import Expected
from gpusla.simulation.profile import GB300
from gpusla.simulation.scenario import Scenario
from gpusla.timeline.hours import HOUR_MS
from gpusla_agent.app.node import Node, Timing
from gpusla_agent.assignments import Configuration, FixedConfiguration
from gpusla_agent.evidence import KEY_FILE, NodeKeys
from gpusla_agent.evidence.files import keep_key
from gpusla_agent.recorder import ClockReading, Disk, Recorder
from gpusla_agent.sampler import Sampler, everything
from gpusla_agent.sources.simulated import PaperGpu, SimulatedSource, paper_gpu

RUN_MS_MAX = 6 * 3_600_000
"""No record of the past speaks for longer."""

BOOTED_BEFORE_MS = 3_600_000


@dataclass(slots=True)
class PaperClock:
    """A node's clock: it stands where it was set, and its machine was booted at booted_ms."""

    now_ms: int
    booted_ms: int

    def wall_ms(self) -> int:
        """Return the wall time in milliseconds since 1970-01-01T00:00:00Z."""
        return self.now_ms

    def monotonic_ms(self) -> int:
        """Return milliseconds since the node on paper was booted."""
        return self.now_ms - self.booted_ms

    def sleep(self, seconds: float) -> None:
        """Wait: time passes at once."""
        self.now_ms += round(seconds * 1000)


class PaperNode:
    """
    A node with a journal of its own; see `gpusla_agent.server.Served` for what the server asks.

    is_silent: its agent on paper takes no samples now.  is_past: the past is being written, which
    nobody is shown before it is done, so that the disk need not be waited for at each record.
    """

    def __init__(
        self,
        name: NodeName,
        scenario: Scenario,
        configuration: Configuration,
        directory: Path,
        *,
        from_ms: int,
        timing: Timing,
        tenants: Mapping[str, str],
        private_key: bytes | None = None,
        block_ms: int = HOUR_MS,
    ) -> None:
        """
        Open the journal.

        private_key: signs it, and lies beside it for a real agent that goes on with it; without one
        nothing is signed.  block_ms: how long a block is.
        Raises JournalError if the journal is locked, broken or cannot be written, InputError if the
        key cannot.
        """
        self.is_silent, self.is_past = False, True
        self._name = name
        self._inventory = configuration.inventory
        self._interval_ms = timing.interval_ms
        self._boot = _uuid(f"boot {scenario.seed} {name}")
        self._clock = PaperClock(from_ms, from_ms - BOOTED_BEFORE_MS)
        gpus = tuple(_gpus(configuration.inventory, name))
        loaded_ms = self._clock.booted_ms
        self._source = SimulatedSource(scenario, gpus, self._clock, loaded_ms=loaded_ms)
        # Nobody works on a GPU on paper.
        self._sampler = Sampler(self._source, self._expected, self._clock.wall_ms, None, everything)
        self._recorder = Recorder(
            directory, name, self._read_clock, disk=Disk(sync=self._sync_file), hour_ms=block_ms
        )
        self._node = Node(
            self._recorder,
            self._sampler,
            self._source,
            self._read_clock,
            FixedConfiguration(configuration),
            tenants=tenants,
            timing=timing,
            keys=_keys(directory.parent, name, private_key),
        )
        self._next_ms, self._steady_until_ms = from_ms, 0
        self._expected_then: tuple[Expected, ...] = ()
        self._conditions: Mapping[Slot, Condition] = {}

    @property
    def has_history(self) -> bool:
        """Whether the journal held records before this process."""
        return self._recorder.start > 1

    def begin(self, at_ms: int) -> None:
        """Start the agent on paper at an instant; the time before it stays unknown."""
        self._next_ms = self._clock.now_ms = at_ms
        self._node.start()

    def follow(self, scenario: Scenario) -> None:
        """Let another fate hold from the next sample on."""
        self._source.follow(scenario)
        self._steady_until_ms = 0

    def skip_to(self, at_ms: int) -> None:
        """Take no samples before an instant: their time is unknown."""
        self._next_ms = max(self._next_ms, at_ms)

    def advance(self, until_ms: int) -> None:
        """Take all samples up to until_ms, itself included."""
        interval_ms = self._interval_ms
        at_ms = self._source.awake_ms(self._next_ms, interval_ms)
        while at_ms <= until_ms:
            last_ms = self._observe(at_ms, until_ms)
            at_ms = self._source.awake_ms(last_ms + interval_ms, interval_ms)
        self.is_silent = at_ms > until_ms + interval_ms
        self._next_ms = max(self._next_ms, min(at_ms, until_ms + 1))

    def sync(self) -> None:
        """Make what was recorded durable."""
        self._recorder.sync()

    def close(self, cause: str) -> None:
        """Write that the agent on paper stopped, and give the journal back."""
        self._node.stop(cause)

    # --- sampling -----------------------------------------------------------------------------

    def _observe(self, at_ms: int, until_ms: int) -> int:
        """Sample at an instant; return the last one that was recorded with it."""
        self._clock.now_ms = at_ms
        if self._is_steady(at_ms) and at_ms + self._interval_ms <= until_ms:
            return self._observe_run(at_ms, until_ms)
        self._conditions = self._node.step().conditions
        self._steady_until_ms = self._source.unchanged_until_ms(at_ms)
        self._expected_then = self._expected(at_ms)
        return at_ms

    def _is_steady(self, at_ms: int) -> bool:
        """Return whether the live node's last step saw all that is new at an instant."""
        return at_ms < self._steady_until_ms and self._expected(at_ms) == self._expected_then

    def _observe_run(self, at_ms: int, until_ms: int) -> int:
        """
        Record all samples from an instant on that would see what the first of them sees.

        Readings stay as they are up to the source's next edge, and the rules are pure: what was
        well at the last step is well, and what was found can only clear as time passes.
        """
        edge_ms = min(self._steady_until_ms - 1, until_ms, at_ms + RUN_MS_MAX)
        count = (edge_ms - at_ms) // self._interval_ms
        if any(one.findings for one in self._conditions.values()):
            self._conditions = self._sampler.step().conditions
            count = self._count_equal(at_ms, count)
        elif self._expected(at_ms + count * self._interval_ms) != self._expected_then:
            count = 0
        return self._record_run(at_ms, count)

    def _record_run(self, at_ms: int, count: int) -> int:
        self._clock.now_ms = at_ms
        from_mono_ms = self._clock.monotonic_ms()
        last_ms = at_ms + count * self._interval_ms
        self._clock.now_ms = last_ms
        gap_ms = self._interval_ms if count else 0
        self._recorder.observe_run(
            from_mono_ms, self._recorder.now(), count + 1, gap_ms, self._conditions
        )
        return last_ms

    def _count_equal(self, at_ms: int, count: int) -> int:
        """
        Return how many of the next count samples would see what the one at an instant saw.

        Conditions only clear within a stretch, so if the last is equal all between are, and if
        not the change is found by halving.  The rules remember the last of them afterwards.
        """
        memory = self._sampler.memory
        equal, beyond, middle = 0, count + 1, count
        while beyond - equal > 1:
            self._sampler.memory = memory
            self._clock.now_ms = at_ms + middle * self._interval_ms
            if self._sampler.step().conditions == self._conditions:
                equal = middle
            else:
                beyond = middle
            middle = (equal + beyond) // 2
        # What the next sample remembers is the last of the stretch: how long ago a slowdown was
        # seen decides when it is over.
        self._sampler.memory = memory
        if equal:
            self._clock.now_ms = at_ms + equal * self._interval_ms
            self._sampler.step()
        return equal

    def _sync_file(self, descriptor: int) -> None:
        if not self.is_past:  # The first sync after it takes the whole file with it.
            os.fdatasync(descriptor)

    def _expected(self, at_ms: int) -> tuple[Expected, ...]:
        return self._inventory.expected(self._name, at_ms)

    def _read_clock(self) -> ClockReading:
        clock = self._clock
        return ClockReading(
            self._boot, clock.monotonic_ms(), clock.wall_ms(), ClockState.SYNCHRONISED, 0
        )

    # --- what is served -----------------------------------------------------------------------

    @property
    def node(self) -> NodeName:
        """The node's name."""
        return self._name

    @property
    def durable(self) -> Head:
        """The last journal record that is safe on disk."""
        return self._recorder.durable

    def read(self, after: int, limit_records: int, limit_bytes: int) -> list[bytes]:
        """Return durable journal lines over after, in order."""
        return self._recorder.read(after, limit_records, limit_bytes)

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the page of metrics and its content type."""
        return self._node.metrics(accept)

    def troubles(self) -> list[str]:
        """Return what is wrong with the node's metering, in words; empty if nothing is."""
        return self._node.troubles()


def _keys(directory: Path, node: NodeName, private_key: bytes | None) -> NodeKeys | None:
    """Return what signs for a node; its key lies where the node's agent would keep it."""
    if private_key is None:
        return None
    if not (path := directory / KEY_FILE).exists():
        keep_key(path, private_key)
    return NodeKeys(directory, node)


def _gpus(inventory: Inventory, node: NodeName) -> Iterator[PaperGpu]:
    """Yield the GPUs that stand in the node's slots: those of the inventory, or made-up ones."""
    record = next(one for one in reversed(inventory.node_records) if one.node == node)
    named = {one.slot: one.gpu for one in inventory.occupancy_records}
    for index, (module, slot) in enumerate(zip(record.modules, record.slots, strict=True)):
        made_up = GpuUuid("GPU-" + _uuid(f"gpu {slot}"))
        yield paper_gpu(slot, module, index, named.get(slot, made_up), GB300)


def _uuid(words: str) -> str:
    digits = sha256(f"gpusla paper {words}".encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
