"""
Objectives of the kind `replacement_time`: docs/concepts/sla-engine.md, section 10.

A repair has a clock that excused time of its unit stops.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gpusla.contracts.promises import ClockStart, RunCount
from gpusla.contracts.remedies import Lateness, LatenessCount
from gpusla.instants import Interval
from gpusla.sla.evaluation import Measure, UnitMeasure
from gpusla.sla.measure.case import Case
from gpusla.sla.measure.down import Times, down, times_of
from gpusla.sla.measure.results import by_bound, held_gpu_ms, intervals_of
from gpusla.sla.measure.tables import Bound
from gpusla.timeline.intervals import intersect, subtract, union


@dataclass(frozen=True, slots=True)
class Clocked:
    """
    One repair.

    start_ms: of the clock; None if it never started.  end_ms: None while the repair runs.
    stopped: normal; when the clock stands still.
    """

    unit: str
    start_ms: int | None
    end_ms: int | None
    stopped: tuple[Interval, ...]

    def reading_ms(self, at_ms: int) -> int:
        """Return what the clock shows at an instant; -1 where it has not started."""
        if self.start_ms is None or at_ms < self.start_ms:
            return -1
        stopped_ms = sum(
            max(0, min(stop.end_ms, at_ms) - max(stop.start_ms, self.start_ms))
            for stop in self.stopped
        )
        return at_ms - self.start_ms - stopped_ms

    def instant_ms(self, reading_ms: int) -> int | None:
        """Return the first instant at which the clock shows so much; None if it never started."""
        if self.start_ms is None:
            return None
        at_ms = self.start_ms + reading_ms
        for stop in self.stopped:
            start_ms = max(stop.start_ms, self.start_ms)
            if start_ms < min(stop.end_ms, at_ms):
                at_ms += stop.end_ms - start_ms
        return at_ms

    def is_open_after(self, at_ms: int) -> bool:
        """Whether the unit is not back yet at an instant."""
        return self.end_ms is None or self.end_ms > at_ms


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a unit's repairs come to in one bound."""

    total: int = 0
    late: int = 0
    steps: int = 0
    down: tuple[Interval, ...] = ()

    def __add__(self, other: "_Counted") -> "_Counted":
        return _Counted(
            self.total + other.total,
            self.late + other.late,
            self.steps + other.steps,
            self.down + other.down,
        )


def measure_replacement(case: Case) -> Measure:
    """Return what the window came to."""
    judged = {bound: _by_unit(case, repairs) for bound, repairs in _repairs(case).items()}
    total = by_bound(lambda bound: Fraction(sum(one.total for one in judged[bound].values())))
    return Measure(
        case.judged,
        total,
        by_bound(lambda bound: Fraction(sum(one.late for one in judged[bound].values()))),
        total.value,
        _units(case, judged),
        int(held_gpu_ms(case).sum()),
    )


def _repairs(case: Case) -> dict[Bound, list[Clocked]]:
    replacement = case.objective.replacement
    assert replacement is not None
    if replacement.clock_starts is ClockStart.OUTAGE_START:
        times = times_of(case)
        return {bound: _outages(case, times, bound) for bound in Bound}
    lane_of = {name: lane for lane, name in enumerate(case.grouping.names)}
    is_opened = replacement.clock_starts is ClockStart.TICKET_OPEN
    repairs = [
        Clocked(
            one.unit,
            one.opened_ms if is_opened else one.identified_ms,
            one.restored_ms,
            _agreed_stops(case, lane_of.get(one.unit)),
        )
        for one in case.facts.repairs
    ]
    return dict.fromkeys(Bound, repairs)


def _outages(case: Case, times: Times, bound: Bound) -> list[Clocked]:
    """Return the outages that are long enough; one that the end of the reach cuts off goes on."""
    line, least = case.grouping.units, case.objective.min_outage
    raw = down(case, times, bound, with_exclusions=False).sure
    raw = raw.where(raw.length >= least.length_ms)
    lanes = line.lanes_of(raw.start)
    spared_ms = least.length_ms if least.count is RunCount.EXCESS_ONLY else 0
    rows = zip(lanes.tolist(), line.instants(raw.start).tolist(), raw.length.tolist(), strict=True)
    return [
        Clocked(
            case.grouping.names[lane],
            start_ms + spared_ms,
            start_ms + length_ms if start_ms + length_ms < line.reach.end_ms else None,
            intervals_of(times.excused, line, lane),
        )
        for lane, start_ms, length_ms in rows
        if length_ms > spared_ms
    ]


def _agreed_stops(case: Case, lane: int | None) -> tuple[Interval, ...]:
    """Return when all held slots of a unit are excused, also where nobody observed them."""
    slots = [] if lane is None else np.flatnonzero(case.grouping.unit_of == lane).tolist()
    places = [case.roster.slots[slot] for slot in slots]
    agreed = case.ground.agreed
    held = {place: [one.interval for one in case.roster[place]] for place in places if agreed}
    stops = union(one for place in held for one in intersect(agreed.get(place, ()), held[place]))
    for place, intervals in held.items():
        if not stops:
            break
        stops = subtract(stops, subtract(intervals, agreed.get(place, ())))
    return stops


def _by_unit(case: Case, repairs: Sequence[Clocked]) -> dict[str, _Counted]:
    counted: dict[str, _Counted] = {}
    for repair in repairs:
        counted[repair.unit] = counted.get(repair.unit, _Counted()) + _count(case, repair)
    return counted


def _count(case: Case, repair: Clocked) -> _Counted:
    replacement, window = case.objective.replacement, case.judged
    assert replacement is not None
    limit_at_ms = repair.instant_ms(replacement.limit_ms)
    is_late = limit_at_ms is not None and repair.is_open_after(limit_at_ms)
    has_ended = repair.end_ms is not None and _is_in(repair.end_ms, window)
    becomes_late = is_late and limit_at_ms is not None and _is_in(limit_at_ms, window)
    if not has_ended and not becomes_late:
        return _Counted(steps=_steps(case, repair))
    end_ms = window.end_ms if repair.end_ms is None else repair.end_ms
    time = () if repair.start_ms is None else union([Interval(repair.start_ms, end_ms)])
    return _Counted(1, int(is_late), _steps(case, repair), time)


def _is_in(at_ms: int, window: Interval) -> bool:
    return window.start_ms <= at_ms < window.end_ms


def _steps(case: Case, repair: Clocked) -> int:
    """Return how many steps of lateness fall due inside the window to date."""
    credit, window = case.objective.credit, case.judged
    if not isinstance(credit, Lateness):
        return 0
    until_ms = window.end_ms
    if repair.end_ms is not None:
        is_completed = credit.count is LatenessCount.COMPLETED
        until_ms = min(until_ms, repair.end_ms + is_completed)
    if until_ms <= window.start_ms:
        return 0
    before = _due(case, credit, repair.reading_ms(window.start_ms - 1))
    return _due(case, credit, repair.reading_ms(until_ms - 1)) - before


def _due(case: Case, credit: Lateness, reading_ms: int) -> int:
    """Return how many steps are due once the clock shows so much."""
    assert case.objective.replacement is not None
    over_ms = reading_ms - case.objective.replacement.limit_ms
    if over_ms < 0:
        return 0
    return over_ms // credit.every_ms + (credit.count is LatenessCount.STARTED)


def _units(case: Case, judged: Mapping[Bound, Mapping[str, _Counted]]) -> tuple[UnitMeasure, ...]:
    """Return the units with late repairs in any bound, by name."""
    held = dict(zip(case.grouping.names, held_gpu_ms(case).tolist(), strict=True))
    names = {
        name
        for counted in judged.values()
        for name, one in counted.items()
        if one.late or one.steps
    }
    return tuple(_unit(name, int(held.get(name, 0)), judged) for name in sorted(names))


def _unit(
    name: str, held_gpu_ms_: int, judged: Mapping[Bound, Mapping[str, _Counted]]
) -> UnitMeasure:
    def one(bound: Bound) -> _Counted:
        return judged[bound].get(name, _Counted())

    total = by_bound(lambda bound: Fraction(one(bound).total))
    return UnitMeasure(
        name,
        held_gpu_ms_,
        total,
        by_bound(lambda bound: Fraction(one(bound).late)),
        by_bound(lambda bound: union(one(bound).down)),
        by_bound(lambda bound: one(bound).steps),
        total.value,
    )
