"""A source on the stand-in whose probes only write down what they were given."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpusla.catalogue.consent import Consent
from gpusla.clock import SystemClock
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, EventOrigin, GpuReadings, Identity, Pass, XidEvent
from gpusla_agent.sources.nvml import NvmlSource, NvmlTiming
from gpusla_agent.sources.raw import Interpreted, Probing, RawGpu, Told

TIMING = NvmlTiming(
    deadline_ms=250, slack_ms=1_500, ready_ms=5_000, rescan_ms=300, hung_ms=600, spawn_ms=100
)
ACTIVITY = frozenset({Consent.CAPACITY, Consent.ACTIVITY})
EVERYTHING = frozenset(Consent)
PATIENCE_SECONDS = 15


class Heard:
    """
    A source and what its probes heard.

    raw: the last sample of each GPU by its place; before: the readings handed in with it.
    values: what each name last said; seen: the families that were ever read.
    """

    def __init__(self, library: Path, timing: NvmlTiming = TIMING) -> None:
        self._library = library
        self._timing = timing
        self._start()

    def anew(self) -> "Heard":
        """Start once more, as the tray is now, and take a pass."""
        self.source.close()
        self._start()
        self.sample()
        return self

    def _start(self) -> None:
        self.raw: dict[int, RawGpu] = {}
        self.before: dict[int, GpuReadings | None] = {}
        self.values: dict[int, dict[str, tuple[int, Any]]] = {}
        self.seen: dict[int, set[str]] = {}
        probing = Probing(_identify, self._interpret, _events)
        self.source = NvmlSource(
            SystemClock(), probing, library_directory=self._library.parent, timing=self._timing
        )

    def allow(self, *consents: frozenset[Consent]) -> None:
        """Say by place what may be read; nothing beyond capacity of the places that follow."""
        uuids = {raw.identity.index: raw.identity.uuid for raw in self.raw.values()}
        self.source.allow({uuids[place]: held for place, held in enumerate(consents)})

    def sample(self) -> Pass:
        """Take one pass."""
        seen = self.source.sample()
        for index, raw in self.raw.items():
            self.values.setdefault(index, {}).update(raw.values)
            self.seen.setdefault(index, set()).update(raw.families)
        return seen

    def until(self, is_wanted: Callable[[Pass], bool]) -> Pass:
        """Sample until a pass shows what is waited for."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            seen = self.sample()
            if is_wanted(seen):
                return seen
            assert time.monotonic() < ends, self.raw
            threading.Event().wait(0.02)

    def _interpret(self, raw: RawGpu, before: GpuReadings | None) -> Interpreted:
        self.raw[raw.identity.index] = raw
        self.before[raw.identity.index] = before
        nothing = Absent(Absence.UNSUPPORTED)
        readings = GpuReadings(raw.identity, raw.at_mono_ms, {}, nothing, raw.silent)
        return Interpreted(readings, {}, {})


def _identify(index: int, told: Mapping[str, tuple[int, Any]]) -> Identity | None:
    code, uuid = told["uuid"]
    if code:
        return None
    known = {name: value for name, (code, value) in told.items() if code == 0}
    return Identity(index=index, **{**known, "uuid": GpuUuid(uuid)})


def _events(told: Sequence[Told]) -> tuple[XidEvent, ...]:
    return tuple(
        XidEvent(GpuUuid(uuid), xid, wall_ms, EventOrigin(origin))
        for uuid, xid, wall_ms, origin in told
    )
