"""
One node on paper: its clock, its source and the sampler and recorder that real nodes have.

It samples at the multiples of its interval, on a clock that is set to each of them in turn, and a
late turn of the process is caught up; so its journal says what it would say if the process were
never late.  A stretch in which nothing changes becomes one record.  Source: docs/decisions/0043.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from gpusla import __version__
from gpusla.catalogue.reasons import State
from gpusla.health import locate
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.inventory.registry import Assignments, Inventory
from gpusla.journal.chain import Head
from gpusla.journal.model import (
    ClockState,
    ConfigurationChanged,
    Instant,
    Occupancy,
    Started,
    Stopped,
    XidSeen,
)
from gpusla.readings import Expected, GpuReadings
from gpusla.simulation.profile import GB300
from gpusla.simulation.scenario import Scenario
from gpusla_agent.exposition import AgentView, NodeView, SlotView, UsageView, render
from gpusla_agent.recorder import ClockReading, Recorder
from gpusla_agent.sampler import Holder, Sampled, Sampler, Usage
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


@dataclass(frozen=True, slots=True)
class Pace:
    """When a node samples and for how long a sample speaks."""

    from_ms: int
    interval_ms: int
    valid_ms: int


@dataclass(frozen=True, slots=True)
class Registers:
    """What is known of the fleet from its files; digests by subject."""

    inventory: Inventory
    assignments: Assignments
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the node's page shows: the last sample and where everything was."""

    at_ms: int
    sampled: Sampled
    located: Mapping[Slot, GpuReadings | None]


class PaperNode:
    """
    A node with a journal of its own; see `gpusla_agent.server.Served` for what the server asks.

    samples: how many it would have taken by now.  is_silent: its agent on paper takes none now.
    """

    def __init__(
        self,
        node: NodeName,
        scenario: Scenario,
        registers: Registers,
        directory: Path,
        pace: Pace,
    ) -> None:
        """
        Open the journal and write that the node starts.

        Raises JournalError if the journal is locked, broken or cannot be written.
        """
        self.node = node
        self.samples = 0
        self.is_silent = False
        self._registers = registers
        self._pace = pace
        self._boot = _boot_id(scenario.seed, node)
        self._clock = PaperClock(pace.from_ms, pace.from_ms - BOOTED_BEFORE_MS)
        self._source = SimulatedSource(
            scenario,
            tuple(_gpus(registers.inventory, node)),
            self._clock,
            loaded_ms=self._clock.booted_ms,
        )
        self._sampler = Sampler(self._source, self._expected, self._clock.wall_ms)
        self._usage = Usage(pace.valid_ms)
        self._xids: Counter[tuple[GpuUuid, int]] = Counter()
        self._occupancy: dict[Slot, GpuUuid | None] = {}
        self._shown: _Shown | None = None
        self._next_ms = pace.from_ms
        self._recorder = Recorder(directory, node, self._read_clock)

    @property
    def has_history(self) -> bool:
        """Whether the journal held records before this process."""
        return self._recorder.start > 1

    def begin(self, at_ms: int) -> None:
        """Start the agent on paper at an instant; the time before it stays unknown."""
        self._next_ms = self._clock.now_ms = at_ms
        at, pace = self._recorder.now(), self._pace
        self._recorder.append(
            Started(at, self.node, __version__, self._source.name, pace.interval_ms, pace.valid_ms)
        )
        for subject, digest in self._registers.digests.items():
            self._recorder.append(ConfigurationChanged(at, subject, digest))

    def follow(self, scenario: Scenario) -> None:
        """Let another fate hold from the next sample on."""
        self._source.follow(scenario)

    def skip_to(self, at_ms: int) -> None:
        """Take no samples before an instant: their time is unknown."""
        self._next_ms = max(self._next_ms, at_ms)

    def advance(self, until_ms: int) -> None:
        """Take all samples up to until_ms, itself included."""
        interval_ms = self._pace.interval_ms
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
        self._recorder.append(Stopped(self._recorder.now(), cause))
        self._recorder.close()

    # --- sampling -----------------------------------------------------------------------------

    def _observe(self, at_ms: int, until_ms: int) -> int:
        """Sample at an instant; return the last one for which the same record speaks."""
        self._clock.now_ms = at_ms
        sampled = self._sampler.step()
        at = self._recorder.now()
        located = locate(sampled.expected, sampled.seen.gpus)
        self._record_around(at, sampled, located)
        last_ms = self._last_equal(at_ms, until_ms, sampled)
        interval_ms = self._pace.interval_ms
        self._clock.now_ms = last_ms
        if last_ms == at_ms:
            self._recorder.observe(at, sampled.conditions)
            self._usage.add(sampled.seen, self._holders(at_ms, located))
        else:
            samples = (last_ms - at_ms) // interval_ms + 1
            self._recorder.observe_run(
                at.mono_ms, self._recorder.now(), samples, interval_ms, sampled.conditions
            )
        self.samples += (last_ms - at_ms) // interval_ms + 1
        self._shown = _Shown(last_ms, sampled, located)
        return last_ms

    def _last_equal(self, at_ms: int, until_ms: int, sampled: Sampled) -> int:
        """
        Return the last sampling instant before which all would see what this sample saw.

        Readings stay as they are up to the source's next edge.  Within that, conditions can only
        clear as time passes, so if the last one is equal all between are, and if not the change
        is found by halving; where all is ok nothing is left to clear.
        """
        interval_ms = self._pace.interval_ms
        edge_ms = min(self._source.unchanged_until_ms(at_ms) - 1, until_ms, at_ms + RUN_MS_MAX)
        last_ms = at_ms + (edge_ms - at_ms) // interval_ms * interval_ms
        is_ok = all(condition.state is State.OK for condition in sampled.conditions.values())
        if last_ms == at_ms or (is_ok and self._expected(last_ms) == sampled.expected):
            return last_ms
        memory = self._sampler.memory
        equal, beyond = 0, (last_ms - at_ms) // interval_ms + 1
        middle = beyond - 1
        while beyond - equal > 1:
            self._sampler.memory = memory
            self._clock.now_ms = at_ms + middle * interval_ms
            if self._sampler.step().conditions == sampled.conditions:
                equal = middle
            else:
                beyond = middle
            middle = (equal + beyond) // 2
        self._sampler.memory = memory
        return at_ms + equal * interval_ms

    def _record_around(
        self, at: Instant, sampled: Sampled, located: Mapping[Slot, GpuReadings | None]
    ) -> None:
        occupancy = {slot: gpu.identity.uuid if gpu else None for slot, gpu in located.items()}
        if sampled.seen.source is None and occupancy != self._occupancy:
            self._occupancy = occupancy
            self._recorder.append(Occupancy(at, occupancy))
        slots = {gpu: slot for slot, gpu in occupancy.items()}
        for event in sampled.seen.events:
            self._xids[event.uuid, event.xid] += 1
            if event.uuid in slots:
                self._recorder.append(XidSeen(at, slots[event.uuid], event.uuid, event.xid))

    def _expected(self, at_ms: int) -> tuple[Expected, ...]:
        return self._registers.inventory.expected(self.node, at_ms)

    def _read_clock(self) -> ClockReading:
        clock = self._clock
        return ClockReading(
            self._boot, clock.monotonic_ms(), clock.wall_ms(), ClockState.SYNCHRONISED, 0
        )

    # --- what is served -----------------------------------------------------------------------

    @property
    def durable(self) -> Head:
        """The last journal record that is safe on disk."""
        return self._recorder.durable

    def read(self, after: int, limit_records: int, limit_bytes: int) -> list[bytes]:
        """Return durable journal lines over after, in order."""
        return self._recorder.read(after, limit_records, limit_bytes)

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the page of metrics and its content type."""
        return render(self._view(), accept)

    def troubles(self) -> list[str]:
        """Return what is wrong with the node's metering, in words; empty if nothing is."""
        return ["the journal cannot be written"] if self._recorder.health.is_failing else []

    def _view(self) -> NodeView:
        shown = self._shown
        return NodeView(
            self.node,
            self._agent_view(shown),
            tuple(self._slot_views(shown)) if shown else (),
            tuple(shown.sampled.seen.gpus.values()) if shown else (),
            self._recorder.state_ms(),
            dict(self._xids),
            tuple(_usage_views(self._usage)),
        )

    def _agent_view(self, shown: _Shown | None) -> AgentView:
        health = self._recorder.health
        return AgentView(
            __version__,
            self._source.name,
            self.samples,
            shown.at_ms if shown else None,
            self.durable.sequence,
            health.synced_wall_ms,
            health.errors,
            self._source.restarts,
            0,
            dict.fromkeys(self._registers.digests, True),
        )

    def _slot_views(self, shown: _Shown) -> Iterator[SlotView]:
        for one in shown.sampled.expected:
            gpu = shown.located[one.slot]
            yield SlotView(
                one.slot,
                one.sku,
                gpu.identity if gpu else None,
                self._contract(one.slot, shown.at_ms),
                "",
                shown.sampled.conditions.get(one.slot),
            )

    def _holders(
        self, at_ms: int, located: Mapping[Slot, GpuReadings | None]
    ) -> dict[GpuUuid, Holder]:
        return {
            gpu.identity.uuid: Holder(self._contract(slot, at_ms))
            for slot, gpu in located.items()
            if gpu is not None
        }

    def _contract(self, slot: Slot, at_ms: int) -> str:
        return self._registers.assignments.contract_at(slot, at_ms) or ""


def _gpus(inventory: Inventory, node: NodeName) -> Iterable[PaperGpu]:
    """Return the GPUs that stand in the node's slots: those of the inventory, or made-up ones."""
    record = next(one for one in reversed(inventory.node_records) if one.node == node)
    named = {one.slot: one.gpu for one in inventory.occupancy_records}
    for index, (module, slot) in enumerate(zip(record.modules, record.slots, strict=True)):
        made_up = GpuUuid("GPU-" + _uuid(f"gpu {slot}"))
        yield paper_gpu(slot, module, index, named.get(slot, made_up), GB300)


def _boot_id(seed: int, node: NodeName) -> str:
    return _uuid(f"boot {seed} {node}")


def _uuid(words: str) -> str:
    digits = sha256(f"gpusla paper {words}".encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def _usage_views(usage: Usage) -> Iterator[UsageView]:
    for key, busy in list(usage.busy_seconds.items()):
        energy = usage.energy_joules.get(key)
        holder = key.holder
        yield UsageView(key.uuid, key.index, holder.contract, holder.tenant, busy, energy)
