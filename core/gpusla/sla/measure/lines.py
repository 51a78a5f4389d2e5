"""
Sets of time of very many slots, or units, as arrays on one line.

Each has a lane: its reach, moved to the place of its number, one millisecond apart from the next so
that stretches of neighbours never touch.  So an operation on all of them is one on sorted integers.
An array of integers is of 64 bits where all that is computed fits, else of Python's own; the same
code works on both.
"""

from dataclasses import dataclass

import numpy as np

from gpusla.instants import Interval
from gpusla.sla.measure.exact import Mask, Numbers, Rows, order


@dataclass(frozen=True, slots=True)
class Line:
    """So many lanes of one reach; kind is the dtype of places on it."""

    reach: Interval
    lanes: int
    kind: type[np.int64] | type[object]

    @property
    def stride(self) -> int:
        """From one lane's start to the next one's."""
        return self.reach.duration_ms + 1

    @property
    def end(self) -> int:
        """Beyond every place."""
        return self.lanes * self.stride

    def starts(self, lanes: Rows) -> Numbers:
        """Return where lanes begin."""
        starts: Numbers = lanes.astype(self.kind) * self.stride
        return starts

    def places(self, lanes: Rows, instants_ms: Numbers) -> Numbers:
        """Return the places of instants, those outside the reach moved to its nearest end."""
        clipped = np.clip(instants_ms, self.reach.start_ms, self.reach.end_ms).astype(self.kind)
        places: Numbers = self.starts(lanes) + (clipped - self.reach.start_ms)
        return places

    def lanes_of(self, places: Numbers) -> Rows:
        """Return the lanes that places lie in; the end of a lane is in it."""
        return (places // self.stride).astype(np.int64)

    def instants(self, places: Numbers) -> Numbers:
        """Return the instants of places."""
        instants: Numbers = places % self.stride + self.reach.start_ms
        return instants

    def moved(self, places: Numbers, lanes: Rows, to: Rows) -> Numbers:
        """Return places of given lanes at the same instants of other lanes."""
        moved: Numbers = places + (to - lanes).astype(self.kind) * self.stride
        return moved


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """A set of time on a line: sorted, none empty, none touching its neighbour."""

    start: Numbers
    end: Numbers

    def __len__(self) -> int:
        return len(self.start)

    @property
    def length(self) -> Numbers:
        """Milliseconds of each."""
        return self.end - self.start

    def where(self, mask: Mask | slice) -> "Stretches":
        """Return some of them."""
        return Stretches(self.start[mask], self.end[mask])


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Time that rows of two tables share, in order, and which rows those are."""

    start: Numbers
    end: Numbers
    left: Rows
    right: Rows


def nothing(kind: type[np.int64] | type[object]) -> Stretches:
    """Return no time."""
    none = np.zeros(0, dtype=kind)
    return Stretches(none, none)


def whole(line: Line, lanes: Rows) -> Stretches:
    """Return all time of some lanes, which are sorted."""
    start = line.starts(lanes)
    return joined(start, start + line.reach.duration_ms)


def joined(start: Numbers, end: Numbers) -> Stretches:
    """Return all time that lies in at least one row; rows may overlap and come in any order."""
    is_time = start < end
    if not is_time.all():
        start, end = start[is_time], end[is_time]
    if len(start) == 0:
        return Stretches(start, end)
    if (start[1:] < start[:-1]).any():
        rows = order(start)
        start, end = start[rows], end[rows]
    if (end[1:] < end[:-1]).any():
        end = np.maximum.accumulate(end)
    is_break = start[1:] > end[:-1]
    if is_break.all():
        return Stretches(start, end)
    breaks = np.flatnonzero(is_break)
    first = np.concatenate((np.zeros(1, dtype=np.int64), breaks + 1))
    last = np.append(breaks, len(end) - 1)
    return Stretches(start[first], end[last])


def union(*sets: Stretches) -> Stretches:
    """Return all time that lies in at least one of the sets, of which there is at least one."""
    some = [one for one in sets if len(one)]
    if len(some) <= 1:
        return some[0] if some else sets[0]
    return joined(
        np.concatenate([one.start for one in some]), np.concatenate([one.end for one in some])
    )


def overlap(start: Numbers, end: Numbers, other_start: Numbers, other_end: Numbers) -> Overlap:
    """
    Return what rows of two tables have in common.

    The rows of each table are sorted, not empty and do not overlap one another; they may touch.
    """
    first = np.searchsorted(other_end, start, "right")
    counts = _begun(other_start, end, first)
    left = np.repeat(np.arange(len(start), dtype=np.int64), counts)
    before = np.cumsum(counts) - counts
    right = np.arange(len(left), dtype=np.int64) + (first - before)[left]
    return Overlap(
        np.maximum(start[left], other_start[right]),
        np.minimum(end[left], other_end[right]),
        left,
        right,
    )


def _begun(starts: Numbers, end: Numbers, first: Rows) -> Rows:
    """Return how many starts, counted from a first one on, lie before each end; mostly one does."""
    beyond = np.full(2, end.max(initial=0), dtype=starts.dtype)
    padded = np.concatenate((starts, beyond))
    counts = np.asarray(padded[first] < end, dtype=np.int64)
    several = np.flatnonzero(padded[first + 1] < end)
    counts[several] = np.searchsorted(starts, end[several], "left") - first[several]
    return counts


def intersect(left: Stretches, right: Stretches) -> Stretches:
    """Return all time that lies in both."""
    common = overlap(left.start, left.end, right.start, right.end)
    return Stretches(common.start, common.end)


def outside(start: Numbers, end: Numbers, taken: Stretches) -> Overlap:
    """Return what rows (sorted, apart from one another) have outside a set; right means nothing."""
    if len(start) == 0 or len(taken) == 0:
        rows = np.arange(len(start), dtype=np.int64)
        return Overlap(start, end, rows, rows)
    gap_start = np.concatenate((start[:1], taken.end))
    gap_end = np.concatenate((taken.start, end[-1:]))
    gap_start[0] = min(gap_start[0], gap_end[0])
    gap_end[-1] = max(gap_start[-1], gap_end[-1])
    return overlap(start, end, gap_start, gap_end)


def subtract(left: Stretches, right: Stretches) -> Stretches:
    """Return all time that lies in left and not in right."""
    rest = outside(left.start, left.end, right)
    return Stretches(rest.start, rest.end)
