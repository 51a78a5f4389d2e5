"""The Xids of a pass: graded, placed among each other, and what they leave in a slot's memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import XID_UNCLASSIFIED
from gpusla.health.company import Company, Recent, recent_of
from gpusla.health.grade import RECOVERY_CHANGED, Effect, Grade, bounded, grade
from gpusla.health.memory import Fatal, Hold, Memory, SlotMemory
from gpusla.health.presence import failure_of, recovery_finding
from gpusla.health.slowdowns import held
from gpusla.health.thresholds import ADVICE_MS, WINDOW_MEMORY_MS, WINDOW_MS
from gpusla.health.values import found, value_of
from gpusla.health.verdict import Graded
from gpusla.identity import GpuUuid, Slot
from gpusla.readings import Expected, GpuReadings, Pass, XidDetail, XidEvent

MEMORY_XID = "memory_xid"
_MEMORY_XIDS = frozenset({48, 63, 64, 94, 95, 140, *range(144, 151), 171, 172})
"""Xids that say what became of an uncorrected memory error."""

Located = Mapping[Slot, GpuReadings | None]
Event = tuple[XidEvent, Grade]


def grade_events(
    expected: Sequence[Expected], located: Located, seen: Pass, memory: Memory
) -> tuple[tuple[Graded, ...], dict[Slot, list[Event]], tuple[Recent, ...]]:
    """
    Grade the events of a pass.

    Returns them in their order, those of each slot, and the company for later ones.
    """
    places = _places(expected, located, memory)
    single = _grades(seen, places, located)
    recent = recent_of(single, _known(memory, seen.at_mono_ms), seen.at_mono_ms)
    company = Company(recent, len(expected), is_failing=_is_failing(located, seen, memory))
    graded: list[Graded] = []
    of_slot: dict[Slot, list[Event]] = {}
    placed: dict[tuple[GpuUuid, int, XidDetail | None, int], Grade] = {}
    for event, alone in single:
        key = (event.uuid, event.xid, event.detail, event.wall_ms // 1_000)
        if key not in placed:
            placed[key] = bounded(company.place(event, alone))
        one = placed[key]
        expectation = places.get(event.uuid)
        slot = expectation.slot if expectation is not None else None
        graded.append(Graded(event, slot, one.role, one.action, one.evidence))
        if slot is not None:
            of_slot.setdefault(slot, []).append((event, one))
    return tuple(graded), of_slot, recent


def still_recent(memory: Memory, at_ms: int) -> tuple[Recent, ...]:
    """Return the company of a pass without events."""
    return _known(memory, at_ms) if memory.recent else ()


def remember_events(
    memory: SlotMemory, events: Sequence[Event], gpu: GpuReadings | None, at_ms: int
) -> SlotMemory:
    """Return what a slot remembers after its events."""
    can_ask = gpu is not None and value_of(gpu, "recovery_action") is not None
    fatal = {one.xid: one for one in memory.fatal}
    unknown: dict[str, Hold] = {}
    advice = {action: until for action, until in memory.advice.items() if at_ms < until}
    since = dict(memory.since)
    has_new_fatal = False
    for event, graded in events:
        if graded.effect is Effect.RESET_NEEDED and not (can_ask and _is_told(event)):
            has_new_fatal = True
            if event.xid not in fatal:
                fatal[event.xid] = Fatal(event.xid, graded.evidence, graded.action.value)
        if graded.effect is Effect.UNCLASSIFIED:
            finding = found(XID_UNCLASSIFIED, graded.action, graded.evidence)
            unknown[graded.evidence] = Hold(finding, at_ms + ADVICE_MS)
        if graded.action is not Action.NONE and not event.is_past:
            advice[graded.action.value] = at_ms + ADVICE_MS
        if event.xid in _MEMORY_XIDS:
            since[MEMORY_XID] = at_ms
    return replace(
        memory,
        fatal=tuple(fatal[xid] for xid in sorted(fatal)),
        is_interrupted=memory.is_interrupted and not has_new_fatal,
        holds=held(memory.holds, list(unknown.values()), at_ms),
        advice=advice,
        since=since,
    )


def _is_told(event: XidEvent) -> bool:
    """
    Return whether the driver's recovery action says all that an event says.

    A 154 is a change of that action; what happened before the agent came is over where the driver
    asks for nothing, and where it asks for something that is a finding by itself.
    """
    return event.xid == RECOVERY_CHANGED or event.is_past


def _places(
    expected: Sequence[Expected], located: Located, memory: Memory
) -> dict[GpuUuid, Expected]:
    """Return what is expected where a GPU sits, or was last seen to sit."""
    places: dict[GpuUuid, Expected] = {}
    for one in expected:
        gpu = located[one.slot]
        before = memory.slots.get(one.slot)
        uuid = gpu.identity.uuid if gpu is not None else (before and before.uuid) or one.uuid
        if uuid is not None:
            places[uuid] = one
    return places


def _grades(
    seen: Pass, places: Mapping[GpuUuid, Expected], located: Located
) -> list[tuple[XidEvent, Grade]]:
    """Grade each event by itself; equal ones once, since they come by the thousand."""
    versions = (gpu.identity.driver_version for gpu in seen.gpus.values())
    version = next((one for one in versions if one), None)
    known: dict[tuple[GpuUuid, int, XidDetail | None], Grade] = {}
    graded = []
    for event in seen.events:
        key = (event.uuid, event.xid, event.detail)
        if key not in known:
            place = places.get(event.uuid)
            gpu = located[place.slot] if place is not None else None
            asked = value_of(gpu, "recovery_action") if gpu is not None else None
            known[key] = grade(event, version, place.sku if place is not None else "", asked)
        graded.append((event, known[key]))
    return graded


def _known(memory: Memory, at_ms: int) -> tuple[Recent, ...]:
    return tuple(one for one in memory.recent if at_ms - one.seen_mono_ms <= WINDOW_MEMORY_MS)


def _is_failing(located: Located, seen: Pass, memory: Memory) -> bool:
    """Return whether a GPU of the node has just failed, whether or not an Xid says so."""
    if seen.source is not None:
        return False
    return any(
        _is_new(memory.slots.get(slot), seen.at_mono_ms)
        for slot, gpu in located.items()
        if gpu is None or failure_of(gpu) is not None or recovery_finding(gpu) is not None
    )


def _is_new(memory: SlotMemory | None, at_ms: int) -> bool:
    if memory is None or memory.down_since_ms is None:
        return True
    return at_ms - memory.down_since_ms <= WINDOW_MS
