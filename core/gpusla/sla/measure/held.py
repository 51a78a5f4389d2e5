"""Which slots are held when, on the slots' line, and what each then counts for in full."""

from dataclasses import dataclass, replace

import numpy as np

from gpusla.contracts.model import Capacity
from gpusla.sla.measure.exact import Numbers, Rows, common_denominator
from gpusla.sla.measure.lines import Line, Stretches, joined, nothing, outside, overlap
from gpusla.sla.measure.roster import Roster


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Time in which slots are held: start, end, lane, the row it is of, and of which holding."""

    start: Numbers
    end: Numbers
    lane: Rows
    row: Rows
    holding: Rows


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """
    Holdings inside the reach, sorted; none empty; those of a slot may touch where its SKU changes.

    weight: out of weight_scale.  whole: by lane the holding that is of the whole reach, as most
    are; -1 where there is none, or none is known.  partial: the holdings that are not.
    """

    start: Numbers
    end: Numbers
    lane: Rows
    weight: Numbers
    weight_scale: int
    whole: Rows
    partial: Rows

    def inside(self, start: Numbers, end: Numbers, lane: Rows) -> Part:
        """Return the part of rows (sorted, apart from one another) in which slots are held."""
        if len(self.partial) == len(self.start):
            common = overlap(start, end, self.start, self.end)
            return Part(common.start, common.end, lane[common.left], common.left, common.right)
        holding = self.whole[lane]
        is_partial = np.asarray(holding < 0, dtype=np.bool_)
        if not is_partial.any():
            return Part(start, end, lane, np.arange(len(lane), dtype=np.int64), holding)
        some, others = np.flatnonzero(is_partial), np.flatnonzero(~is_partial)
        held_start, held_end = self.start[self.partial], self.end[self.partial]
        common = overlap(start[some], end[some], held_start, held_end)
        return Part(
            np.concatenate((start[others], common.start)),
            np.concatenate((end[others], common.end)),
            np.concatenate((lane[others], lane[some[common.left]])),
            np.concatenate((others, some[common.left])),
            np.concatenate((holding[others], self.partial[common.right])),
        )

    def without(self, time: Stretches) -> "Held":
        """Return what of the holdings lies outside some time."""
        if not len(time):
            return self
        rest = outside(self.start, self.end, time)
        rows, whole = np.arange(len(rest.left), dtype=np.int64), np.full_like(self.whole, -1)
        lane, weight = self.lane[rest.left], self.weight[rest.left]
        return Held(rest.start, rest.end, lane, weight, self.weight_scale, whole, rows)

    @property
    def unweighted(self) -> "Held":
        """The same with every slot counting in full."""
        return replace(self, weight=np.ones_like(self.weight), weight_scale=1)

    @property
    def weightless(self) -> Stretches:
        """The time in which a slot counts for nothing, whatever its state."""
        is_weightless = self.weight == 0
        return joined(self.start[is_weightless], self.end[is_weightless])


def weight_scale_of(capacity: Capacity) -> int:
    """Return the smallest number that makes the weight of every accepted SKU whole."""
    return common_denominator([one.weight for one in capacity.accepted_skus])


def held_rows(roster: Roster, capacity: Capacity, line: Line) -> Held:
    """Return the roster's holdings, cut at the ends of the reach."""
    scale = weight_scale_of(capacity)
    weights = np.array([int(capacity.weight(sku) * scale) for sku in roster.skus], dtype=line.kind)
    start = line.places(roster.slot, roster.start_ms)
    end = line.places(roster.slot, roster.end_ms)
    rows = np.flatnonzero(start < end)
    start, end, lane = start[rows], end[rows], roster.slot[rows]
    is_whole = np.asarray(end - start == line.reach.duration_ms, dtype=np.bool_)
    whole = np.full(line.lanes, -1, dtype=np.int64)
    whole[lane[is_whole]] = np.flatnonzero(is_whole)
    weight = weights[roster.sku[rows]]
    return Held(start, end, lane, weight, scale, whole, np.flatnonzero(~is_whole))


def burning_in(roster: Roster, line: Line, burn_in_ms: int) -> Stretches:
    """Return the first burn_in_ms of every unbroken holding, as far as it lies in the reach."""
    if burn_in_ms == 0 or not len(roster.slot):
        return nothing(line.kind)
    goes_on = (roster.slot[1:] == roster.slot[:-1]) & (roster.start_ms[1:] == roster.end_ms[:-1])
    is_first = np.concatenate(([True], ~goes_on))
    lane, start_ms = roster.slot[is_first], roster.start_ms[is_first]
    # No longer than to the end of the reach, and so no sum of it is too large.
    burn_in_ms = min(burn_in_ms, max(0, line.reach.end_ms - int(start_ms.min())))
    return joined(line.places(lane, start_ms), line.places(lane, start_ms + burn_in_ms))
