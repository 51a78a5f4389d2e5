"""
The algebra of half-open intervals on whole milliseconds.

A result is always normal: sorted, none empty, none touching its neighbour, so that equal sets of
time are equal values.  Arguments may overlap, touch and come in any order.
"""

from collections.abc import Iterable

from gpusla.instants import Interval

Intervals = tuple[Interval, ...]


def union(intervals: Iterable[Interval]) -> Intervals:
    """Return all time that lies in at least one of them."""
    some = [i for i in intervals if i.start_ms < i.end_ms]
    if len(some) <= 1:
        return tuple(some)
    merged: list[Interval] = []
    for interval in sorted(some):
        if merged and interval.start_ms <= merged[-1].end_ms:
            end_ms = max(merged[-1].end_ms, interval.end_ms)
            merged[-1] = Interval(merged[-1].start_ms, end_ms)
        else:
            merged.append(interval)
    return tuple(merged)


def intersect(left: Iterable[Interval], right: Iterable[Interval]) -> Intervals:
    """Return all time that lies in both."""
    ours, theirs = union(left), union(right)
    common: list[Interval] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        start_ms = max(ours[i].start_ms, theirs[j].start_ms)
        end_ms = min(ours[i].end_ms, theirs[j].end_ms)
        if start_ms < end_ms:
            common.append(Interval(start_ms, end_ms))
        if ours[i].end_ms <= theirs[j].end_ms:
            i += 1
        else:
            j += 1
    return tuple(common)


def subtract(left: Iterable[Interval], right: Iterable[Interval]) -> Intervals:
    """Return all time that lies in left and not in right."""
    ours, theirs = union(left), union(right)
    rest: list[Interval] = []
    j = 0
    for interval in ours:
        start_ms = interval.start_ms
        while j < len(theirs) and theirs[j].end_ms <= start_ms:
            j += 1
        k = j
        while k < len(theirs) and theirs[k].start_ms < interval.end_ms:
            if start_ms < theirs[k].start_ms:
                rest.append(Interval(start_ms, theirs[k].start_ms))
            start_ms = theirs[k].end_ms
            k += 1
        if start_ms < interval.end_ms:
            rest.append(Interval(start_ms, interval.end_ms))
    return tuple(rest)


def clip(intervals: Iterable[Interval], window: Interval) -> Intervals:
    """Return the part of them that lies inside window."""
    return intersect(intervals, (window,))


def total_ms(intervals: Iterable[Interval]) -> int:
    """Return how much time they cover together, counting no millisecond twice."""
    return sum(interval.duration_ms for interval in union(intervals))


def earliest(intervals: Iterable[Interval], length_ms: int) -> Intervals:
    """Return the first so many milliseconds of all time together, in order of time."""
    taken: list[Interval] = []
    for run in union(intervals):
        if length_ms <= 0:
            break
        taken.append(Interval(run.start_ms, min(run.end_ms, run.start_ms + length_ms)))
        length_ms -= taken[-1].duration_ms
    return tuple(taken)
