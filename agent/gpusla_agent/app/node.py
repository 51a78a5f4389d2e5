"""
One node, metered live: clocks, sampler, journal, usage and the page, one step at a time.

A step is taken by one thread; what is served may be asked for by others.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import gpusla
from gpusla.health import locate
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.chain import Head
from gpusla.journal.model import (
    ClockStepped,
    ConfigurationChanged,
    Instant,
    KeyIntroduced,
    Occupancy,
    SourceRestarted,
    Started,
    Stopped,
    TailCut,
)
from gpusla.readings import GpuReadings, Identity
from gpusla_agent.app.build import configuration_digest
from gpusla_agent.app.evidence_records import EvidenceRecords
from gpusla_agent.app.gaps import Gaps
from gpusla_agent.app.page import Heard, Latest, page_of, usage_views
from gpusla_agent.app.shown import Shown, renderer_of
from gpusla_agent.app.xids import xid_records
from gpusla_agent.assignments import Configuration, ConfigurationSource, Holders
from gpusla_agent.recorder import ClockReading, Recorder, Signer
from gpusla_agent.sampler import Holder, Sampled, Sampler, Usage
from gpusla_agent.sources.base import Source

STEP_MS = 100
"""A wall clock that is this far from where monotonic time puts it was stepped, not slewed."""

SILENCE_MS = 10_000
"""
Without a pass for this long, the node's metering has stopped; longer where a sample speaks longer.
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often a node is sampled, and how long a sample speaks for."""

    interval_ms: int = 1_000
    valid_ms: int = 2_500


class Keys(Signer, Protocol):
    """The node's key, and the one that replaces it."""

    def introduction(self, at: Instant, known: str) -> KeyIntroduced | None:
        """Return the record that a journal needs whose last key is known; None if it has all."""

    def settle(self, known: str) -> None:
        """Put the next key in force once it is the journal's last."""


class KeepUsage(Protocol):
    """Puts sums on disk, at its own pace or at once."""

    def __call__(self, usage: Usage, now_mono_ms: int, *, at_once: bool = False) -> bool:
        """Return whether what the sums are now is on disk, and so may be shown."""


def never_kept(usage: Usage, now_mono_ms: int, *, at_once: bool = False) -> bool:  # noqa: ARG001
    """Keep sums nowhere: what is shown is what they are."""
    return True


class Node:
    """
    Meters one node; satisfies gpusla_agent.server.Served.

    tenants: who stands behind a contract, for labels only.  usage: sums to go on from.
    keep_usage: sums are shown as they were kept, so that none goes back when the agent is killed.
    heard: says how listening to events goes.  keys: sign the journal; None for one without.
    build: digest of the program, empty if it is not to be told.
    """

    def __init__(
        self,
        recorder: Recorder,
        sampler: Sampler,
        source: Source,
        read_clock: Callable[[], ClockReading],
        configuration: ConfigurationSource,
        *,
        tenants: Mapping[str, str] | None = None,
        timing: Timing | None = None,
        usage: Usage | None = None,
        keep_usage: KeepUsage = never_kept,
        shown: Shown | None = None,
        heard: Callable[[], Heard] = Heard,
        keys: Keys | None = None,
        build: str = "",
    ) -> None:
        self._recorder = recorder
        self._keys = recorder.signer = keys
        self._sampler = sampler
        self._source = source
        self._read_clock, self._configuration = read_clock, configuration
        self._tenants = tenants or {}
        self._timing = timing or Timing()
        self._usage = usage or Usage(self._timing.valid_ms)
        self._keep_usage = keep_usage
        self._usage_kept = usage_views(self._usage)
        self._renderer = renderer_of(shown or Shown())
        self._heard = heard
        self._holders = Holders(recorder.node)
        self._digests: dict[str, str] = {}
        self._occupancy: dict[Slot, GpuUuid | None] | None = None
        self._occupants: dict[GpuUuid, Identity] = {}
        self._restarts = source.restarts
        self._anchor: Instant | None = None
        self._introduced, self._build = "", build
        self._gaps, self._evidence = Gaps(self._timing.valid_ms), EvidenceRecords()
        self._latest: Latest | None = None
        self._page_lock = threading.Lock()
        self._page: tuple[object, tuple[bytes, str]] | None = None

    # --- metering -----------------------------------------------------------------------------

    def start(self) -> None:
        """Record that the agent started, and what it had to mend."""
        at = self._anchor = self._recorder.now()
        timing = self._timing
        digests = self._configuration.current().digests
        self._recorder.append(
            Started(
                at,
                self.node,
                gpusla.__version__,
                self._source.name,
                timing.interval_ms,
                timing.valid_ms,
                self._build,
                configuration_digest(digests) if self._build else "",
            )
        )
        if self._recorder.cut_bytes:
            self._recorder.append(TailCut(at, self._recorder.cut_bytes))
        self._note_key(at)
        self._recorder.sync()

    def step(self) -> Sampled:
        """Sample once, record what was seen, and make it durable."""
        now = self._recorder.now()
        self._gaps.begin(now.mono_ms)
        self._note_clock_step(now)
        self._note_key(now)
        sampled = self._sampler.step()
        at = self._instant(sampled.seen.at_mono_ms)
        gap = self._gaps.end(at, self._recorder.sampled_mono_ms)
        if gap is not None:
            self._recorder.append(gap)
        configuration = self._configuration.current()
        located = locate(sampled.expected, sampled.seen.gpus)
        self._note_changes(at, configuration, located, sampled)
        self._recorder.observe(at, sampled.conditions)
        if self._recorder.has_pending:
            self._recorder.sync()
        holders = {
            one.slot: self._holder(configuration, one.slot, at.wall_ms) for one in sampled.expected
        }
        placed = {gpu.identity.uuid: holders[slot] for slot, gpu in located.items() if gpu}
        self._add_usage(sampled, placed, at.mono_ms)
        samples, usage = self._latest.samples + 1 if self._latest else 1, self._usage_kept
        occupants = tuple(self._occupants.values())
        self._latest = Latest(
            sampled, at, located, configuration, holders, usage, samples, occupants
        )
        return sampled

    def sample_every(self, interval_ms: int) -> None:
        """Have it recorded at another pace from the next step on; who calls `step` keeps it."""
        self._recorder.interval_ms = interval_ms

    def stop(self, cause: str) -> None:
        """Record that the agent stopped on purpose, and close the journal."""
        self._recorder.append(Stopped(self._recorder.now(), cause))
        self._recorder.close()
        self._source.close()

    def _instant(self, mono_ms: int) -> Instant:
        reading = self._read_clock()
        wall_ms = reading.wall_ms - (reading.mono_ms - mono_ms)
        return Instant(
            reading.boot, self._recorder.start, mono_ms, wall_ms, reading.clock, reading.error_ms
        )

    def _add_usage(self, sampled: Sampled, placed: Mapping[GpuUuid, Holder], mono_ms: int) -> None:
        has_forgotten = self._usage.add(sampled.seen, placed, sampled.allowed)
        # What is not agreed any more is gone from the page, whatever the disk does.
        if self._keep_usage(self._usage, mono_ms, at_once=has_forgotten) or has_forgotten:
            self._usage_kept = usage_views(self._usage)

    def _holder(self, configuration: Configuration, slot: Slot, at_ms: int) -> Holder:
        contract = self._holders.contract_at(configuration, slot, at_ms)
        return Holder(contract, self._tenants.get(contract, "")) if contract else Holder()

    # --- what changed -------------------------------------------------------------------------

    def _note_clock_step(self, now: Instant) -> None:
        anchor = self._anchor
        assert anchor is not None  # start comes first
        by_ms = now.wall_ms - anchor.wall_ms - (now.mono_ms - anchor.mono_ms)
        if abs(by_ms) > STEP_MS:
            self._recorder.append(ClockStepped(now, by_ms))
            self._anchor = now

    def _note_key(self, at: Instant) -> None:
        if self._keys is None:
            return
        self._keys.settle(self._recorder.key)
        record = self._keys.introduction(at, self._recorder.key)
        # While the disk fails, the one that waits in memory is the one that is needed.
        if record is not None and record.public != self._introduced:
            self._introduced = record.public
            self._recorder.append(record)

    def _note_changes(
        self,
        at: Instant,
        configuration: Configuration,
        located: Mapping[Slot, GpuReadings | None],
        sampled: Sampled,
    ) -> None:
        for subject, digest in configuration.digests.items():
            if self._digests.get(subject) != digest:
                self._recorder.append(ConfigurationChanged(at, subject, digest))
        self._digests = dict(configuration.digests)
        if self._source.restarts != self._restarts:
            self._restarts = self._source.restarts
            words = "the worker that talks to the driver was replaced"
            self._recorder.append(SourceRestarted(at, words))
        if sampled.seen.source is None:
            self._note_occupancy(at, located)
            for told in self._evidence.of(at, located):
                self._recorder.append(told)
        known = (self._occupancy or {}).items()
        slots = {uuid: slot for slot, uuid in known if uuid is not None}
        for record in xid_records(at, sampled.judged.events, slots):
            self._recorder.append(record)

    def _note_occupancy(self, at: Instant, located: Mapping[Slot, GpuReadings | None]) -> None:
        # A GPU that fell off the bus has not left its slot, for all we know; and only one that
        # answers says who it is.
        before = self._occupancy or {}
        now = {
            slot: gpu.identity.uuid if gpu and gpu.answered is None else before.get(slot)
            for slot, gpu in located.items()
        }
        known = {gpu.identity.uuid: gpu.identity for gpu in located.values() if gpu}
        known = {**self._occupants, **known}
        self._occupants = {uuid: known[uuid] for uuid in now.values() if uuid is not None}
        if now != self._occupancy:
            self._occupancy = now
            self._recorder.append(Occupancy(at, now))

    # --- what is served -----------------------------------------------------------------------

    @property
    def node(self) -> NodeName:
        """The node's name."""
        return self._recorder.node

    @property
    def durable(self) -> Head:
        """The last journal record that is safe on disk."""
        return self._recorder.durable

    def read(self, after: int, limit_records: int, limit_bytes: int) -> list[bytes]:
        """Return durable journal lines over after, in order."""
        return self._recorder.read(after, limit_records, limit_bytes)

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the page of metrics and its content type; made once for each step."""
        with self._page_lock:
            latest = self._latest
            samples, is_silent = latest.samples if latest else 0, self._is_silent(latest)
            key = (samples, is_silent, self.durable, self._recorder.health, accept)
            if self._page is None or self._page[0] != key:
                heard = self._heard()
                view = page_of(self._recorder, self._source, latest, heard, is_silent=is_silent)
                self._page = key, self._renderer.render(view, accept)
            return self._page[1]

    def show(self, shown: Shown) -> None:
        """Show something else from the next page on."""
        with self._page_lock:
            self._renderer, self._page = renderer_of(shown), None

    @property
    def _silence_ms(self) -> int:
        return max(SILENCE_MS, 2 * self._timing.valid_ms)

    def _is_silent(self, latest: Latest | None) -> bool:
        """Return whether the steps stand still, as where a disk does not answer."""
        if latest is None:
            return False
        return self._read_clock().mono_ms - latest.at.mono_ms > self._silence_ms

    def troubles(self) -> list[str]:
        """Return what is wrong with the metering, in words."""
        found: list[str] = []
        latest = self._latest
        if latest is None or self._is_silent(latest):
            found.append(f"no pass over the GPUs in the last {self._silence_ms // 1_000} seconds")
        if latest is not None and latest.sampled.seen.source is not None:
            found.append(f"the source does not answer: {latest.sampled.seen.source.detail}")
        if latest is not None and _is_blind(latest.sampled):
            found.append("not one of the expected GPUs answers")
        if latest is not None and not latest.sampled.expected:
            found.append("the inventory expects no GPU on this node")
        if self._recorder.health.is_failing:
            found.append("the journal cannot be written")
        return found


def _is_blind(sampled: Sampled) -> bool:
    """Return whether the source answers, and yet nothing is known of any GPU."""
    seen = sampled.seen
    if seen.source is not None or not sampled.expected:
        return False
    return all(gpu.answered is not None for gpu in seen.gpus.values())
