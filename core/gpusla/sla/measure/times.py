"""
Objectives that count the time in which units, or the whole contract, are down.

docs/concepts/sla-engine.md, sections 7 and 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat

import numpy as np

from gpusla.contracts.promises import Denominator, Kind
from gpusla.instants import Interval
from gpusla.sla.evaluation import Bounds, Measure, UnitMeasure
from gpusla.sla.measure.case import Case
from gpusla.sla.measure.down import Down, Times, down, times_of
from gpusla.sla.measure.exact import Numbers, Rows
from gpusla.sla.measure.lines import Line, Stretches, intersect, joined, subtract, whole
from gpusla.sla.measure.results import (
    NO_STEPS,
    Fractions,
    by_bound,
    held_gpu_ms,
    intervals_of,
    lengths_by_lane,
    losing,
)
from gpusla.sla.measure.runs import clipped, counted, forgiven
from gpusla.sla.measure.tables import Bound

ALL = "all"
"""Name of the one thing that is judged where units are judged together."""


@dataclass(frozen=True, slots=True, eq=False)
class Things:
    """What is down or not, each on a lane of its own: the units, or all of them as one."""

    line: Line
    names: tuple[str, ...]
    times: Times
    held_gpu_ms: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One bound: time that counts as down, time that is judged, and how long both are by lane."""

    down: Stretches
    total: Numbers
    lost: Numbers


def measure_times(case: Case) -> Measure:
    """Return what the window came to."""
    units = times_of(case)
    things = _things(case, units)
    judged = {bound: _judge(case, units, things, bound) for bound in Bound}
    whole_window = _whole_window(case, things, judged[Bound.VALUE].total)
    return Measure(
        case.judged,
        by_bound(lambda bound: Fraction(int(judged[bound].total.sum()))),
        by_bound(lambda bound: Fraction(int(judged[bound].lost.sum()))),
        Fraction(int(whole_window.sum())),
        _measures(things, judged, whole_window),
        int(things.held_gpu_ms.sum()),
    )


def is_joint(case: Case) -> bool:
    """Whether all units are judged as one thing."""
    return case.objective.kind in {Kind.TIME_ANY_DOWN, Kind.TIME_ALL_DOWN}


def _things(case: Case, units: Times) -> Things:
    grouping, held = case.grouping, held_gpu_ms(case)
    if not is_joint(case):
        return Things(grouping.units, grouping.names, units, held)
    line = Line(grouping.units.reach, 1, grouping.units.kind)
    exists = together(units.exists, grouping.units)
    # All held slots are excused while every unit that exists has only excused ones.
    others = together(subtract(units.exists, units.excused), grouping.units)
    return Things(line, (ALL,), Times(exists, subtract(exists, others)), held.sum(keepdims=True))


def _judge(case: Case, units: Times, things: Things, bound: Bound) -> Judged:
    objective = case.objective
    seen = _down(case, units, bound, with_exclusions=True)
    raw = seen
    if objective.min_outage.length_ms and not objective.min_outage.splits and len(case.excused):
        raw = _down(case, units, bound, with_exclusions=False)
    lasting = subtract(seen.sure, forgiven(raw.sure, objective.min_outage))
    counts = counted(lasting, objective.granularity, things.line, case.judged)
    total = subtract(_total(case, things), seen.out)
    lost = intersect(counts, total)
    return Judged(counts, lengths_by_lane(total, things.line), lengths_by_lane(lost, things.line))


def _down(case: Case, units: Times, bound: Bound, *, with_exclusions: bool) -> Down:
    found = down(case, units, bound, with_exclusions=with_exclusions)
    line = case.grouping.units
    match case.objective.kind:
        case Kind.TIME_ANY_DOWN:
            return found.each(lambda time: together(time, line))
        case Kind.TIME_ALL_DOWN:
            exists = together(units.exists, line)
            return found.each(
                lambda time: subtract(exists, together(subtract(units.exists, time), line))
            )
        case _:
            return found


def together(time: Stretches, line: Line) -> Stretches:
    """Return the time of all lanes on one."""
    origin = line.starts(line.lanes_of(time.start))
    return joined(time.start - origin, time.end - origin)


def _total(case: Case, things: Things) -> Stretches:
    """Return the time that is judged, but for what is unknown."""
    line, window = things.line, case.judged
    existing = clipped(things.times.exists, line, window)
    if case.objective.denominator is Denominator.EXISTENCE_OF_UNIT:
        return existing
    lanes = np.unique(line.lanes_of(existing.start))
    all_time = clipped(whole(line, lanes), line, window)
    if case.objective.denominator is Denominator.MINUS_EXCLUSIONS:
        return subtract(all_time, things.times.excused)
    return all_time


def _whole_window(case: Case, things: Things, total: Numbers) -> Numbers:
    """Return what total will be by lane, if nothing of the rest is excused."""
    rest = Interval(case.judged.end_ms, max(case.judged.end_ms, case.window.end_ms))
    later = lengths_by_lane(
        _existence(case, things, rest), Line(rest, things.line.lanes, things.line.kind)
    )
    if case.objective.denominator is Denominator.EXISTENCE_OF_UNIT:
        return total + later
    so_far = np.zeros(things.line.lanes, dtype=np.bool_)
    so_far[things.line.lanes_of(clipped(things.times.exists, things.line, case.judged).start)] = (
        True
    )
    only_later = ~so_far & np.asarray(later > 0, dtype=np.bool_)
    whole_window: Numbers = total + so_far * rest.duration_ms + only_later * case.window.duration_ms
    return whole_window


def _existence(case: Case, things: Things, rest: Interval) -> Stretches:
    """Return when things exist in the rest of the window, which may lie beyond the reach."""
    line, roster = Line(rest, things.line.lanes, things.line.kind), case.roster
    lane: Rows = case.grouping.unit_of[roster.slot]
    if is_joint(case):
        lane = np.zeros_like(lane)
    return joined(line.places(lane, roster.start_ms), line.places(lane, roster.end_ms))


def _measures(
    things: Things, judged: Mapping[Bound, Judged], whole_window: Numbers
) -> tuple[UnitMeasure, ...]:
    """Return the things that lost something in any bound, by name."""
    total = {bound: one.total for bound, one in judged.items()}
    lost = {bound: one.lost for bound, one in judged.items()}
    figures = Fractions(1)
    lanes = losing(lost, things.names)
    columns = (
        [things.names[lane] for lane in lanes],
        things.held_gpu_ms[lanes].tolist(),
        figures.bounds(total, lanes),
        figures.bounds(lost, lanes),
        [_intervals(things, judged, int(lane)) for lane in lanes],
        repeat(NO_STEPS),
        figures.exact(whole_window[lanes]),
    )
    return tuple(map(UnitMeasure, *columns))


def _intervals(
    things: Things, judged: Mapping[Bound, Judged], lane: int
) -> Bounds[tuple[Interval, ...]]:
    return by_bound(lambda bound: intervals_of(judged[bound].down, things.line, lane))
