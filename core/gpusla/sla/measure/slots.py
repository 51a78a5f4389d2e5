"""
How much of each slot counts over time in one bound: docs/concepts/sla-engine.md, section 3.

A level that changes over time is kept as layers: for each height that it can fall to, the set of
time in which it is no higher.  Layers nest, so a sum of levels is a sum over sets, and what makes a
level 0, or full again, is a union with each layer, or a subtraction from it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gpusla.sla.measure.exact import Mask, Numbers, Rows
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
    """
    Rows of what was seen, and the ends that they reach with their clock error.

    occurs: the pairs that any row says.
    """

    rows: Seen
    occurs: Rows
    start: Numbers
    end: Numbers
    is_wider: bool


def widened(rows: Seen, line: Line, clock_error_ms: int) -> Widened:
    """Let each span reach its clock error beyond its ends, but not beyond its slot's reach."""
    occurs = np.flatnonzero(np.bincount(rows.pair, minlength=len(rows.pairs.condition)))
    error_ms = np.where(rows.error_ms == NONE, min(clock_error_ms, line.stride), rows.error_ms)
    if not error_ms.any():
        return Widened(rows, occurs, rows.start, rows.end, is_wider=False)
    error_ms = np.minimum(error_ms, line.stride)  # and so no sum of it is too large
    lane_start = line.starts(rows.lane)
    start = np.maximum(rows.start - error_ms, lane_start)
    end = np.minimum(rows.end + error_ms, lane_start + line.reach.duration_ms)
    return Widened(rows, occurs, start, end, is_wider=True)


def layers(wide: Widened, line: Line, table: Table, bound: Bound, carry_last_ms: int) -> Layers:
    """Return levels before settle, burn-in, weight and exclusions."""
    heights = sorted(_heights(wide, table, bound))
    drops = tuple(
        above - here for here, above in zip(heights, [*heights[1:], table.scale], strict=True)
    )
    if bound is not Bound.VALUE:
        levels = _of_pairs(wide.rows, table.levels[bound], bound)
        sets = tuple(_where(wide, levels <= height, bound) for height in heights)
        return Layers(drops, sets, nothing(line.kind))
    unknown, at_most = _value(wide.rows, line, table, carry_last_ms)
    return Layers(drops, tuple(at_most(height) for height in heights), unknown)


def settling(wide: Widened, line: Line, table: Table, bound: Bound, settle_ms: int) -> Stretches:
    """Return the time that every slot needs to settle, each with the down time before it."""
    if settle_ms == 0:
        return nothing(line.kind)
    fallen = _where(wide, _of_pairs(wide.rows, table.up[bound], bound) <= 0, bound)
    lane_end = line.starts(line.lanes_of(fallen.start)) + line.reach.duration_ms
    return joined(fallen.start, np.minimum(fallen.end + min(settle_ms, line.stride), lane_end))


def _heights(wide: Widened, table: Table, bound: Bound) -> set[int]:
    """Return 0 and every level below full that occurs."""
    pairs, levels = wide.rows.pairs, table.levels[bound]
    of_pairs = (pairs.counted(levels)[wide.occurs], pairs.besides(levels)[wide.occurs])
    found = {int(level) for figures in of_pairs for level in figures.tolist()}
    return {0} | {level for level in found if level < table.scale}


def _of_pairs(rows: Seen, by_condition: Numbers, bound: Bound) -> Numbers:
    """Return what pairs come to: the worse of condition and other, the better, or the condition."""
    counted = rows.pairs.counted(by_condition)
    if bound is Bound.VALUE:
        return counted
    besides = rows.pairs.besides(by_condition)
    return (np.minimum if bound is Bound.LOW else np.maximum)(counted, besides)


def _where(wide: Widened, of_pairs: Mask, bound: Bound) -> Stretches:
    """Return the time in which the spans that reach there are low; of_pairs: which say so."""
    rows, is_low = wide.rows, np.asarray(of_pairs, dtype=np.bool_)[wide.rows.pair]
    low = np.flatnonzero(is_low)
    if wide.is_wider and bound is Bound.LOW:
        return _reached(wide.start[low], wide.end[low])
    is_break = np.asarray(rows.start[low[1:]] > rows.end[low[:-1]], dtype=np.bool_)
    first = np.flatnonzero(np.append(np.ones(len(low[:1]), dtype=np.bool_), is_break))
    last = np.append(first[1:], np.full(len(first[:1]), len(low), dtype=np.int64)) - 1
    found = Stretches(rows.start[low[first]], rows.end[low[last]])
    if not wide.is_wider or bound is Bound.VALUE or not len(low):
        return found
    return _left_by_higher(wide, is_low, found, low[first] - first)


def _reached(start: Numbers, end: Numbers) -> Stretches:
    """Return the time of spans that reach beyond their ends, which lie in order."""
    # One that reaches back beyond the one before it covers all that lies between.
    return joined(np.minimum.accumulate(start[::-1])[::-1], end)


def _left_by_higher(wide: Widened, is_low: Mask, low: Stretches, before: Rows) -> Stretches:
    """Return what is left of low spans by higher ones beside them; before: how many are earlier."""
    higher = np.flatnonzero(~is_low)
    if not len(higher):
        return low
    # A span may reach beyond its neighbour, so it is the farthest of all before, and of all after.
    reached = np.maximum.accumulate(wide.end[higher])
    reaching = np.minimum.accumulate(wide.start[higher][::-1])[::-1]
    start, end = low.start.copy(), low.end.copy()
    has_before, has_after = before > 0, before < len(higher)
    start[has_before] = np.maximum(start[has_before], reached[before[has_before] - 1])
    end[has_after] = np.minimum(end[has_after], reaching[before[has_after]])
    is_left = np.asarray(start < end, dtype=np.bool_)
    return Stretches(start[is_left], end[is_left])


def _value(
    rows: Seen, line: Line, table: Table, carry_last_ms: int
) -> tuple[Stretches, Callable[[int], Stretches]]:
    """Return the time that is unknown to the value, and a function from height to set."""
    levels = rows.pairs.counted(table.levels[Bound.VALUE])
    is_unknown = rows.pairs.counted(table.is_unknown)
    unknown = rows_where(rows, is_unknown[rows.pair])
    if carry_last_ms == 0 or not len(unknown):
        return unknown, lambda height: rows_where(rows, (levels <= height)[rows.pair])
    # A stretch never begins at a row that follows unknown time, so the row before is what was seen.
    first = np.searchsorted(rows.start, unknown.start)
    has_before = unknown.start > line.starts(rows.lane[first])
    before, carried = first[has_before] - 1, unknown.where(has_before)
    until = np.minimum(carried.end, carried.start + min(carry_last_ms, line.stride))
    rest = subtract(unknown, joined(carried.start, until))
    carried_levels, rest_level = levels[rows.pair[before]], int(levels[rows.pair[first[0]]])

    def at_most(height: int) -> Stretches:
        is_low = carried_levels <= height
        return union(
            rows_where(rows, ((levels <= height) & ~is_unknown)[rows.pair]),
            joined(carried.start[is_low], until[is_low]),
            rest if rest_level <= height else nothing(line.kind),
        )

    return rest, at_most
