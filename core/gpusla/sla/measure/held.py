"""Which slots are held when, on the slots' line, and what each then counts for in full."""

from dataclasses import dataclass

import numpy as np

from gpusla.contracts.model import Capacity
from gpusla.sla.measure.exact import Mask, Numbers, Rows, common_denominator
from gpusla.sla.measure.lines import Line, Stretches, joined, nothing, overlap
from gpusla.sla.measure.roster import Roster


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """
    Holdings inside the reach, sorted; none empty; those of a slot may touch where its SKU changes.

    weight: out of weight_scale.
    """

    start: Numbers
    end: Numbers
    lane: Rows
    weight: Numbers
    weight_scale: int

    def where(self, mask: Mask) -> "Held":
        """Return some rows."""
        return Held(
            self.start[mask], self.end[mask], self.lane[mask], self.weight[mask], self.weight_scale
        )

    def part_of(self, time: Stretches, line: Line) -> tuple[Numbers, Numbers, Rows]:
        """Return the part of slots' time in which they are held: start, end, and row of these."""
        is_every_slot = len(self.start) == line.lanes and bool(
            (self.end - self.start == line.reach.duration_ms).all()
        )
        if is_every_slot:
            return time.start, time.end, line.lanes_of(time.start)
        common = overlap(time.start, time.end, self.start, self.end)
        return common.start, common.end, common.right

    @property
    def unweighted(self) -> "Held":
        """The same with every slot counting in full."""
        return Held(self.start, self.end, self.lane, np.ones_like(self.weight), 1)

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
    all_rows = Held(start, end, roster.slot, weights[roster.sku], scale)
    return all_rows.where(start < end)


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
