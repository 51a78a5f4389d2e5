"""
A capture as a source: what a node's worker said, replayed at its own pace through the probes.

The clocks of the capture are moved to now, as if the node lived again.  Whatever happened between
two samples is interpreted in its order.  A recording that ended is not a healthy node: from one
interval after its last pass on, the source does not answer.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpusla.catalogue.readings import Consent
from gpusla.clock import Clock
from gpusla.errors import InputError
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, GpuReadings, Identity, Pass, XidEvent
from gpusla_agent.sources.capture import CaptureReader, Header, Line
from gpusla_agent.sources.raw import CAPACITY_ONLY, SUCCESS, Probing, RawGpu

_HUNG = Absent(Absence.UNOBSERVABLE, "no answer within the deadline")
_HOUR_US = 3_600_000_000
_ENDED = "the recording has ended"

Values = dict[str, Any]


class RecordedSource:
    """A node on file; sample is called by one thread."""

    name = "recorded"

    def __init__(self, path: Path, clock: Clock, probing: Probing) -> None:
        """
        Open a capture and read it through once.

        Raises InputError with file and line for the first thing in it that is wrong.
        """
        self.restarts = 0
        self._clock = clock
        self._probing = probing
        self._reader = CaptureReader(path)
        try:
            self._first, self._last_ms = _span(self._reader)
        except InputError:
            self._reader.close()
            raise
        self.header = self._reader.header
        self._lines = self._reader.lines()
        self._next: Line | None = next(self._lines, None)
        self._shift: tuple[int, int] | None = None
        self._consents: dict[GpuUuid, frozenset[Consent]] = {}
        self._identities: dict[int, Identity] = {}
        self._before: dict[GpuUuid, GpuReadings] = {}
        self._seconds: dict[str, float] = {}
        self._seen = Pass(0, {}, source=Absent(Absence.UNOBSERVABLE, "the recording is empty"))
        self._is_listed = False
        self._has_driver_changed = False

    def sample(self) -> Pass:
        """Return the pass that was the last one at this instant of the recording."""
        now_ms = self._clock.monotonic_ms()
        mono_ms, _ = self._shifts(now_ms)
        events: list[XidEvent] = []
        for line in self._due(now_ms - mono_ms):
            events += self._take(line)
        if self._next is None and now_ms - mono_ms >= self._last_ms + self.header.interval_ms:
            ended = Absent(Absence.UNOBSERVABLE, _ENDED)
            return Pass(now_ms, {}, tuple(events), ended)
        return replace(self._seen, events=tuple(events))

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Say what may be shown from now on, by GPU; the rest is left out though it was read."""
        self._consents = {uuid: CAPACITY_ONLY | held for uuid, held in consents.items()}

    def close(self) -> None:
        """Let go of the file."""
        self._next = None
        self._reader.close()

    # --- the time of the recording --------------------------------------------------------------

    def _shifts(self, now_ms: int) -> tuple[int, int]:
        """Return what to add to the recording's monotonic and wall time, from the first sample."""
        if self._shift is None:
            wall_ms = self._clock.wall_ms()
            first_ms, first_wall_ms = self._first
            self._shift = now_ms - first_ms, wall_ms - first_wall_ms
        return self._shift

    def _due(self, until_ms: int) -> Iterator[Line]:
        while self._next is not None and self._next.at_ms <= until_ms:
            line = self._next
            try:
                self._next = next(self._lines, None)
            except InputError:  # It was read through before, so somebody has changed it since.
                self._next = None
            yield line

    # --- what the lines say -----------------------------------------------------------------------

    def _take(self, line: Line) -> tuple[XidEvent, ...]:
        match line.kind:
            case "listed":
                self._list(line.content)
                return ()
            case "pass":
                return self._pass(line)
            case _:
                silent = Absent(Absence.UNOBSERVABLE, line.content)
                self._seen = Pass(self._moved(line.at_ms), {}, source=silent)
                return ()

    def _moved(self, at_ms: int) -> int:
        assert self._shift is not None  # the first sample set it
        return at_ms + self._shift[0]

    def _list(self, listed: Mapping[str, Any]) -> None:
        """Take what a new worker lists; whoever does not say who it is is who it was, or nobody."""
        self.restarts += self._is_listed
        self._is_listed = True
        before, self._identities = self._identities, {}
        for one in listed["gpus"]:
            self._learn(one)
        told = {identity.uuid for identity in self._identities.values()}
        for index in range(listed["count"]):
            known = before.get(index)
            is_free = known is not None and known.uuid not in told
            stranger = Identity(GpuUuid(f"index-{index}"), index, "")
            found = known if known is not None and is_free else stranger
            self._identities.setdefault(index, found)
        same = {one.uuid for one in set(before.values()) & set(self._identities.values())}
        same = set() if self._has_driver_changed else same
        self._before = {uuid: one for uuid, one in self._before.items() if uuid in same}
        self._has_driver_changed = False

    def _learn(self, one: Mapping[str, Any]) -> None:
        identity = self._probing.identify(one["index"], one["identity"])
        if identity is not None:
            self._identities[identity.index] = identity

    def _pass(self, line: Line) -> tuple[XidEvent, ...]:
        for one in line.content["identities"]:
            self._learn(one)
        answers = {answer["index"]: answer for answer in line.content["gpus"]}
        gpus: dict[GpuUuid, GpuReadings] = {}
        success = {"xid": line.content.get("events", SUCCESS) == SUCCESS}
        seconds: dict[str, float] = {"xid": 0.0}
        for index, identity in self._identities.items():
            raw = self._raw(identity, answers.get(index), line.at_ms)
            found = self._probing.interpret(raw, self._before.get(identity.uuid))
            gpus[identity.uuid] = found.readings
            if found.readings.answered is None:
                self._before[identity.uuid] = found.readings
            for probe, is_good in found.success.items():
                success[probe] = success.get(probe, True) and is_good
            for probe, took in found.seconds.items():
                seconds[probe] = max(seconds.get(probe, 0.0), took)
        self._has_driver_changed |= bool(line.content.get("driver_changes"))
        self._seconds |= seconds
        at_ms = self._moved(line.at_ms)
        lasted = {probe: self._seconds.get(probe, 0.0) for probe in success}
        self._seen = Pass(at_ms, gpus, (), None, lasted, success)
        return self._events(line.content["xids"])

    def _events(self, told: list[Any]) -> tuple[XidEvent, ...]:
        assert self._shift is not None  # the first sample set it
        wall_ms = self._shift[1]
        events = self._probing.events([(*one,) if isinstance(one, list) else one for one in told])
        return tuple(replace(event, wall_ms=event.wall_ms + wall_ms) for event in events)

    def _raw(self, identity: Identity, answer: Mapping[str, Any] | None, at_ms: int) -> RawGpu:
        if answer is None:
            return RawGpu(identity, self._moved(at_ms), {}, {}, _HUNG)
        read_ms = self._moved(answer["at_ms"])
        if "code" in answer:
            return RawGpu(identity, read_ms, {"handle": (answer["code"], None)}, {})
        values, seconds = unpacked(answer["read"], self.header)
        allowed = self._consents.get(identity.uuid, CAPACITY_ONLY)
        return RawGpu(identity, read_ms, values, seconds, None, frozenset(seconds), allowed)


def _span(reader: CaptureReader) -> tuple[tuple[int, int], int]:
    """Return both clocks at the first pass, and the monotonic one at the last line."""
    first: tuple[int, int] | None = None
    last_ms = 0
    for line in reader.lines():
        if first is None and line.kind != "listed":
            first = line.at_ms, line.wall_ms
        last_ms = line.at_ms
    return first or (last_ms, 0), last_ms


def unpacked(read: Mapping[str, Any], header: Header) -> tuple[Values, dict[str, float]]:
    """
    Return values by name, and seconds by family.

    read: by family what the worker said.  header: the names of the values, which may be those of
    another version; what it does not name is left out.
    """
    values: Values = {}
    seconds: dict[str, float] = {}
    for family, told in read.items():
        names = header.families.get(family)
        if names is None:
            continue
        match told:
            case [int() | float() as took, int(code)] if 0 <= took < _HOUR_US:
                values.update(dict.fromkeys(names, (code, None)))
            case [int() | float() as took, list(found), *more] if 0 <= took < _HOUR_US:
                codes = more[0] if more and isinstance(more[0], dict) else {}
                answers = [(codes.get(str(at), SUCCESS), one) for at, one in enumerate(found)]
                if family in header.links and names:
                    values[names[0]] = (SUCCESS, _by_link(header.links[family], answers))
                else:
                    values.update(zip(names, answers, strict=False))
            case _:
                continue
        seconds[family] = took / 1e6
    return values, seconds


def _by_link(names: tuple[str, ...], answers: list[Any]) -> list[dict[str, Any]]:
    starts = range(0, len(answers), max(1, len(names)))
    return [dict(zip(names, answers[at : at + len(names)], strict=False)) for at in starts]
