"""
What each unit of a contract was served: trays, and beside them each cause that struck several.

A test that takes 18 trays of a rack for 18 units, where one switch took them all, would call one
misfortune a pattern.  Source: docs/decisions/0123-one-cause-counts-once.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from gpusla.catalogue.reasons import State
from gpusla.contracts.calendar import local_days, zone
from gpusla.identity import Slot
from gpusla.incidents import Incident
from gpusla.instants import Interval
from gpusla.parity.history import History, Seen, seen
from gpusla.parity.service import WHOLE_DAY, UnitService
from gpusla.timeline.intervals import Intervals, clip, intersect, total_ms, union

MAINTENANCE = ("maintenance", "emergency")
"""Kinds of exclusion records that are work on the tenant's GPUs, whatever the contract allows."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SEEN_FAILING = (State.DOWN, State.DEGRADED)


@dataclass(frozen=True, slots=True)
class _Slot:
    """
    A slot's time of one kind of GPU.

    held: inside the window.  common: what causes that struck several trays took of it, by incident.
    """

    slot: Slot
    sku: str
    held: Intervals
    seen: Seen
    maintenance: Intervals
    common: Mapping[str, Intervals]

    def lost(self, incident: str = "") -> Intervals:
        """Return what was lost through an incident, or through none that struck several trays."""
        return _of(incident, self.seen.lost, self.common)

    def degraded(self, incident: str = "") -> Intervals:
        """Return the degraded time of an incident, or of none that struck several trays."""
        return _of(incident, self.seen.degraded, self.common)


def units_of(
    history: History, incidents: Iterable[Incident], peak_hours: tuple[int, int] = WHOLE_DAY
) -> tuple[UnitService, ...]:
    """
    Return a contract's trays, and the incidents that struck several of them, which hold nothing.

    peak_hours: from one hour of the local day to another, in which maintenance is compared.
    """
    slots = sorted(_slots(history, _common(history, incidents)), key=lambda one: one.sku)
    peak = _peak(history, peak_hours)
    found: list[UnitService] = []
    for sku, same in groupby(slots, key=lambda one: one.sku):
        of_kind = sorted(same, key=lambda one: (tray_of(one.slot), one.slot))
        for tray, group in groupby(of_kind, key=lambda one: tray_of(one.slot)):
            found.append(_tray(history, tray, tuple(group), peak))
        for id_ in sorted({id_ for one in of_kind for id_ in one.common}):
            struck = [one for one in of_kind if id_ in one.common]
            found.append(_incident(history, id_, sku, struck))
    return tuple(found)


def tray_of(slot: Slot) -> str:
    """Return the name of the tray that a slot stands in."""
    return f"{slot.site}/{slot.rack}/{slot.tray}"


def _common(history: History, incidents: Iterable[Incident]) -> dict[Slot, dict[str, Intervals]]:
    """Return of each slot the time of incidents that struck several trays of the contract."""
    found: dict[Slot, dict[str, Intervals]] = {}
    for incident in incidents:
        mine = [
            one
            for one in incident.stretches
            if one.state in _SEEN_FAILING
            and one.slot in history.held
            and clip((Interval(one.start_ms, one.end_ms),), history.window)
        ]
        if len({tray_of(one.slot) for one in mine}) > 1:
            for one in mine:
                times = found.setdefault(one.slot, {})
                time_ = Interval(one.start_ms, one.end_ms)
                times[incident.id] = union((*times.get(incident.id, ()), time_))
    return found


def _of(incident: str, time_: Intervals, common: Mapping[str, Intervals]) -> Intervals:
    """Return the stretches of a time that an incident touches, or that none touches."""
    if not common:
        return () if incident else time_
    if incident:
        return tuple(one for one in time_ if intersect((one,), common.get(incident, ())))
    everything = union(part for parts in common.values() for part in parts)
    return tuple(one for one in time_ if not intersect((one,), everything))


def _slots(history: History, common: Mapping[Slot, Mapping[str, Intervals]]) -> Iterator[_Slot]:
    maintained = _maintained(history)
    for slot, holdings in history.held.items():
        known = seen(history, slot)
        work = union(maintained.get(slot, ()))
        ordered = sorted(holdings, key=lambda one: one.sku)
        for sku, group in groupby(ordered, key=lambda one: one.sku):
            held = clip((one.interval for one in group), history.window)
            if held:
                yield _Slot(slot, sku, held, known, work, common.get(slot, {}))


def _maintained(history: History) -> dict[Slot, list[Interval]]:
    """Return the recorded maintenance of each slot, agreed or not."""
    found: dict[Slot, list[Interval]] = {}
    for record in history.exclusions:
        part = record.within(history.reach)
        if record.kind in MAINTENANCE and part is not None:
            for slot in record.slots:
                found.setdefault(slot, []).append(part)
    return found


def _tray(history: History, tray: str, slots: Sequence[_Slot], peak: Intervals) -> UnitService:
    return UnitService(
        unit=tray,
        contract=history.contract,
        sku=slots[0].sku,
        held_ms=sum(total_ms(one.held) for one in slots),
        lost_ms=_inside((one.lost(), one.held) for one in slots),
        degraded_ms=_inside((one.degraded(), one.held) for one in slots),
        held_at_peak_ms=_inside((one.held, peak) for one in slots),
        maintenance_at_peak_ms=_inside(
            (one.maintenance, intersect(one.held, peak)) for one in slots
        ),
        repairs_ms=tuple(_repairs_ms(slots, "", history.window)),
        unknown_ms=_inside((one.seen.unknown, one.held) for one in slots),
    )


def _incident(history: History, id_: str, sku: str, slots: Sequence[_Slot]) -> UnitService:
    """Return what one cause took of several trays: one piece, and one repair."""
    repairs_ms = tuple(_repairs_ms(slots, id_, history.window))
    return UnitService(
        unit=f"incident {id_}",
        contract=history.contract,
        sku=sku,
        held_ms=0,
        lost_ms=_inside((one.lost(id_), one.held) for one in slots),
        degraded_ms=_inside((one.degraded(id_), one.held) for one in slots),
        held_at_peak_ms=0,
        maintenance_at_peak_ms=0,
        repairs_ms=repairs_ms,
    )


def _inside(pairs: Iterable[tuple[Intervals, Intervals]]) -> int:
    return sum(total_ms(intersect(one, other)) for one, other in pairs)


def _repairs_ms(slots: Sequence[_Slot], incident: str, window: Interval) -> Iterator[int]:
    """
    Yield how long each repair took that ended inside window, whenever it began.

    A tray, or what one cause struck, is under repair while anything of it is lost.  What began in
    recorded maintenance is that, and no repair.
    """
    restored_ms = {at_ms for one in slots for at_ms in one.seen.restored_ms}
    maintained = union(part for one in slots for part in one.maintenance)
    for repair in union(part for one in slots for part in one.lost(incident)):
        is_planned = any(one.start_ms <= repair.start_ms < one.end_ms for one in maintained)
        is_ended = repair.end_ms in restored_ms and window.start_ms < repair.end_ms <= window.end_ms
        if is_ended and not is_planned:
            yield repair.duration_ms


def _peak(history: History, hours: tuple[int, int]) -> Intervals:
    """Return the window's time inside these hours of each local day."""
    if hours == WHOLE_DAY:
        return (history.window,)
    first, after = local_days(history.window, history.timezone)
    days = (first + timedelta(days=n) for n in range((after - first).days))
    return clip(
        (Interval(*(_at_hour_ms(day, hour, history.timezone) for hour in hours)) for day in days),
        history.window,
    )


def _at_hour_ms(day: date, hour: int, timezone: str) -> int:
    """Return the instant of a full hour of a local day; hour 24 is the next day's midnight."""
    local_day = day + timedelta(days=hour // 24)
    return (datetime.combine(local_day, time(hour % 24), zone(timezone)) - _EPOCH) // _MILLISECOND
