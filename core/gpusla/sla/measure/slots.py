"""
How much of each slot counts over time in one bound: docs/concepts/sla-engine.md, section 3.

A level that changes over time is kept as layers: for each height that it can fall to, the set of
time in which it is no higher.  Layers nest, so a sum of levels is a sum over sets, and what makes a
level 0, or full again, is a union with each layer, or a subtraction from it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gpusla.sla.measure.exact import Numbers
from gpusla.sla.measure.lines import Line, Stretches, joined, nothing, subtract, union
from gpusla.sla.measure.seen import Seen, rows_where
from gpusla.sla.measure.tables import Bound, Table
from gpusla.timeline.columns import NONE


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """
    All slots' levels in one bound: full, less drops[i] wherever the time lies in sets[i].

    The first set is the time of level 0, and each lies within the next.  drops add up to the scale.
    unknown: of the value, unobserved time that the policy alone decides about: it is at level 0 in
    the sets unless the tenant bears it.
    """

    drops: tuple[int, ...]
    sets: tuple[Stretches, ...]
    unknown: Stretches

    def without(self, time: Stretches) -> "Layers":
        """Return the levels with every slot full in some time."""
        if not len(time):
            return self
        sets = tuple(subtract(one, time) for one in self.sets)
        return Layers(self.drops, sets, subtract(self.unknown, time))

    def with_zero(self, time: Stretches) -> "Layers":
        """Return the levels with every slot at 0 in some time, which then is not unknown."""
        if not len(time):
            return self
        sets = tuple(union(one, time) for one in self.sets)
        return Layers(self.drops, sets, subtract(self.unknown, time))


@dataclass(frozen=True, slots=True, eq=False)
class Widened:
    """Rows of what was seen, their clock error, and the ends that they reach with it."""

    rows: Seen
    start: Numbers
    end: Numbers
    is_wider: bool


def widened(rows: Seen, line: Line, clock_error_ms: int) -> Widened:
    """Let each span reach its clock error beyond its ends, but not beyond its slot's reach."""
    error_ms = np.where(rows.error_ms == NONE, min(clock_error_ms, line.stride), rows.error_ms)
    error_ms = np.minimum(error_ms, line.stride)  # and so no sum of it is too large
    if not error_ms.any():
        return Widened(rows, rows.start, rows.end, is_wider=False)
    lane_start = line.starts(rows.lane)
    start = np.maximum(rows.start - error_ms, lane_start)
    end = np.minimum(rows.end + error_ms, lane_start + line.reach.duration_ms)
    return Widened(rows, start, end, is_wider=True)


def layers(wide: Widened, line: Line, table: Table, bound: Bound, carry_last_ms: int) -> Layers:
    """Return levels before settle, burn-in, weight and exclusions."""
    heights = sorted(_heights(wide.rows, table, bound))
    drops = tuple(
        above - here for here, above in zip(heights, [*heights[1:], table.scale], strict=True)
    )
    if bound is not Bound.VALUE:
        levels = _of_rows(wide.rows, table.levels[bound], bound)
        sets = tuple(_at_most(wide, levels, height, bound) for height in heights)
        return Layers(drops, sets, nothing(line.kind))
    unknown, at_most = _value(wide.rows, line, table, carry_last_ms)
    return Layers(drops, tuple(at_most(height) for height in heights), unknown)


def settling(wide: Widened, line: Line, table: Table, bound: Bound, settle_ms: int) -> Stretches:
    """Return the time that every slot needs to settle, each with the down time before it."""
    if settle_ms == 0:
        return nothing(line.kind)
    up = _of_rows(wide.rows, table.up[bound], bound)
    fallen = _at_most(wide, up, 0, bound)
    lane_end = line.starts(line.lanes_of(fallen.start)) + line.reach.duration_ms
    return joined(fallen.start, np.minimum(fallen.end + min(settle_ms, line.stride), lane_end))


def _heights(rows: Seen, table: Table, bound: Bound) -> set[int]:
    """Return 0 and every level below full that occurs."""
    levels = table.levels[bound]
    is_used = np.bincount(rows.condition, minlength=len(levels)) > 0
    is_used |= np.bincount(rows.other + 1, minlength=len(levels) + 1)[1:] > 0
    return {0} | {int(level) for level in levels[is_used] if level < table.scale}


def _of_rows(rows: Seen, by_condition: Numbers, bound: Bound) -> Numbers:
    """Return what rows come to: the worse of condition and other, the better, or the condition."""
    counted = by_condition[rows.condition]
    if bound is Bound.VALUE:
        return counted
    alternative = np.where(rows.other == NONE, counted, by_condition[rows.other])
    return (np.minimum if bound is Bound.LOW else np.maximum)(counted, alternative)


def _at_most(wide: Widened, levels: Numbers, height: int, bound: Bound) -> Stretches:
    """Return the time in which the level of the spans that reach there is no higher than height."""
    is_low = levels <= height
    if not wide.is_wider or bound is Bound.VALUE:
        return rows_where(wide.rows, is_low)
    if bound is Bound.LOW:
        return joined(wide.start[is_low], wide.end[is_low])
    higher = joined(wide.start[~is_low], wide.end[~is_low])
    return subtract(rows_where(wide.rows, is_low), higher)


def _value(
    rows: Seen, line: Line, table: Table, carry_last_ms: int
) -> tuple[Stretches, Callable[[int], Stretches]]:
    """Return the time that is unknown to the value, and a function from height to set."""
    levels = table.levels[Bound.VALUE][rows.condition]
    is_unknown = table.is_unknown[rows.condition]
    unknown = rows_where(rows, is_unknown)
    if carry_last_ms == 0 or not len(unknown):
        return unknown, lambda height: rows_where(rows, levels <= height)
    # A stretch never begins at a row that follows unknown time, so the row before is what was seen.
    first = np.searchsorted(rows.start, unknown.start)
    has_before = unknown.start > line.starts(rows.lane[first])
    before, carried = first[has_before] - 1, unknown.where(has_before)
    until = np.minimum(carried.end, carried.start + min(carry_last_ms, line.stride))
    rest = subtract(unknown, joined(carried.start, until))
    carried_levels, rest_level = levels[before], int(levels[first[0]])

    def at_most(height: int) -> Stretches:
        is_low = carried_levels <= height
        return union(
            rows_where(rows, (levels <= height) & ~is_unknown),
            joined(carried.start[is_low], until[is_low]),
            rest if rest_level <= height else nothing(line.kind),
        )

    return rest, at_most
