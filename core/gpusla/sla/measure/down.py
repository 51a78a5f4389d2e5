"""
When units are down: docs/concepts/sla-engine.md, sections 7.1 and 8.

Under `exclude` the value does not know of some time whether a unit is down; so there are two sets,
one of which lies within the other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gpusla.contracts.promises import Kind, PerformanceSource, UnknownPolicy
from gpusla.sla.measure.case import Case, Levels, levels, raw_layers
from gpusla.sla.measure.lines import (
    Stretches,
    intersect,
    joined,
    subtract,
    union,
)
from gpusla.sla.measure.slots import Layers
from gpusla.sla.measure.tables import Bound
from gpusla.sla.measure.units import all_excused, base_of, existence, pieces


@dataclass(frozen=True, slots=True, eq=False)
class Down:
    """Time in which units are down, and in which they may be; the first lies in the second."""

    sure: Stretches
    possible: Stretches

    def each(self, change: Callable[[Stretches], Stretches]) -> "Down":
        """Return both changed in the same way."""
        sure = change(self.sure)
        return Down(sure, sure if self.possible is self.sure else change(self.possible))

    @property
    def out(self) -> Stretches:
        """The time that is out of the count."""
        return self.possible.where(slice(0)) if self.possible is self.sure else self._doubtful

    @property
    def _doubtful(self) -> Stretches:
        return subtract(self.possible, self.sure)


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """When units exist, and when all their held slots are excused, on the units' line."""

    exists: Stretches
    excused: Stretches


def times_of(case: Case) -> Times:
    """Return what does not depend on the bound."""
    grouping, held = case.grouping, case.held
    return Times(existence(grouping, held), all_excused(grouping, held, case.excused))


def down(case: Case, times: Times, bound: Bound, *, with_exclusions: bool) -> Down:
    """Return when units are down; with exclusions, none is all of whose slots are excused."""
    performance = case.objective.performance
    if performance is not None and performance.source is PerformanceSource.MEASUREMENTS:
        found = _measured(case, times, bound)
    else:
        found = _seen(
            case, levels(case, bound, raw_layers(case, bound), with_exclusions=with_exclusions)
        )
    if not with_exclusions or not len(times.excused):
        return found
    return found.each(lambda time: subtract(time, times.excused))


def _seen(case: Case, found: Levels) -> Down:
    # In these kinds exclusions make slots full and take none out of the count.
    sure = _down(case, found.layers.without(found.unknown))
    return Down(sure, _down(case, found.layers) if len(found.unknown) else sure)


def _down(case: Case, layers: Layers) -> Stretches:
    if case.objective.kind is not Kind.PERFORMANCE:
        one = pieces(case.grouping, case.base, layers)
        is_nothing = one.contribution(case.contract.capacity) == 0
        return one.where(np.asarray(is_nothing, dtype=np.bool_))
    base = base_of(case.grouping, case.held.unweighted, case.table.scale)
    one = pieces(case.grouping, base, layers)
    is_failing = np.asarray(one.sum("healthy") < one.sum("present"), dtype=np.bool_)
    return union(one.where(is_failing), _weightless(case))


def _weightless(case: Case) -> Stretches:
    """Return when no slot of a unit is of a kind that counts."""
    weightless = case.held.weightless
    return all_excused(case.grouping, case.held, weightless)


def _measured(case: Case, times: Times, bound: Bound) -> Down:
    """Return when what was measured of units is too low, or when nothing was measured."""
    below, known = _measurements(case)
    below = intersect(below, times.exists)
    unknown = subtract(times.exists, known)
    match bound, case.objective.unknown.policy:
        case (Bound.LOW, _) | (Bound.VALUE, UnknownPolicy.PROVIDER_BEARS):
            return _same(union(below, unknown))
        case (Bound.HIGH, _) | (Bound.VALUE, UnknownPolicy.TENANT_BEARS):
            return _same(below)
        case _:
            return Down(below, union(below, unknown))


def _same(time: Stretches) -> Down:
    return Down(time, time)


def _measurements(case: Case) -> tuple[Stretches, Stretches]:
    """Return when a measurement below the floor holds of a unit, and when any does."""
    objective, line = case.objective, case.grouping.units
    assert objective.performance is not None
    lane_of = {name: lane for lane, name in enumerate(case.grouping.names)}
    rows = [
        (lane_of[name], one.interval.start_ms, one.interval.end_ms, one.value < floor)
        for floor in (objective.performance.floor,)
        for name, several in case.facts.measurements.get(objective.id, {}).items()
        if name in lane_of
        for one in several
    ]
    lane, start_ms, end_ms, is_below = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    start, end, below = line.places(lane, start_ms), line.places(lane, end_ms), is_below == 1
    return joined(start[below], end[below]), joined(start, end)
