"""Which slots are held when, on the slots' line, and what each then counts for in full."""

from dataclasses import dataclass, replace

import numpy as np

from gpusla.contracts.model import Capacity
from gpusla.sla.measure.exact import Mask, Numbers, Rows, common_denominator
from gpusla.sla.measure.lines import Line, Stretches, joined, nothing, outside, overlap
from gpusla.sla.measure.roster import Roster


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Time in which slots are held: start, end, lane, and the row of the holding."""

    start: Numbers
    end: Numbers
    lane: Rows
    holding: Rows


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """
    Time that is taken out of holdings, and by lane where the first of it begins and the last ends.

    A lane without any has it end before it begins.
    """

    time: Stretches
    first: Numbers
    last: Numbers

    def may_cut(self, start: Numbers, end: Numbers, lane: Rows) -> Mask:
        """Return which rows may have time in common with what is taken."""
        return np.asarray((end > self.first[lane]) & (start < self.last[lane]), dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """
    Holdings inside the reach, sorted; none empty; those of a slot may touch where its SKU changes.

    weight: out of weight_scale.  whole: by lane the holding that is of the whole reach, as most
    are; -1 where there is none.  partial: the holdings that are not.  taken: what of all this does
    not count as time inside; None if all does.
    """

    start: Numbers
    end: Numbers
    lane: Rows
    weight: Numbers
    weight_scale: int
    whole: Rows
    partial: Rows
    taken: Taken | None = None

    def inside(self, start: Numbers, end: Numbers, lane: Rows) -> Part:
        """Return the part of rows (sorted, apart from one another) in which slots are held."""
        holding = self.whole[lane]
        is_cut = np.asarray(holding < 0, dtype=np.bool_)
        if self.taken is not None:
            is_cut |= self.taken.may_cut(start, end, lane)
        if not is_cut.any():
            return Part(start, end, lane, holding)
        some, others = np.flatnonzero(is_cut), np.flatnonzero(~is_cut)
        taken = self.taken.time if self.taken is not None else nothing(start.dtype.type)
        rest = outside(start[some], end[some], taken)
        common = overlap(rest.start, rest.end, self.start, self.end)
        return Part(
            np.concatenate((start[others], common.start)),
            np.concatenate((end[others], common.end)),
            np.concatenate((lane[others], self.lane[common.right])),
            np.concatenate((holding[others], common.right)),
        )

    def without(self, time: Stretches, line: Line) -> "Held":
        """Return the same with some time on its line taken out."""
        if not len(time):
            return self
        lane = line.lanes_of(time.start)
        first = np.full(line.lanes, line.end, dtype=line.kind)
        last = np.zeros(line.lanes, dtype=line.kind)
        # Where a lane has several, the value that is assigned last is the one that stays.
        first[lane[::-1]] = time.start[::-1]
        last[lane] = time.end
        return replace(self, taken=Taken(time, first, last))

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
