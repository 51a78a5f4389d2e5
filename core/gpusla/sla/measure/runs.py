"""Stretches of down time: which are too short to count, and in what lengths the others do."""

import numpy as np

from gpusla.contracts.promises import Granularity, MinOutage, RunCount
from gpusla.instants import Interval
from gpusla.sla.measure.exact import Numbers
from gpusla.sla.measure.lines import Line, Stretches, joined

MINUTE_MS = 60_000
SLOT_MS = 5 * MINUTE_MS


def forgiven(outages: Stretches, least: MinOutage) -> Stretches:
    """Return the part of outages that does not count because it, or its outage, is short."""
    is_short = outages.length < least.length_ms
    if least.count is RunCount.WHOLE_RUN:
        return outages.where(is_short)
    least_ms = min(least.length_ms, int(outages.length.max(initial=0)))
    first = np.minimum(outages.end, outages.start + least_ms)
    return joined(outages.start, first)


def counted(down: Stretches, granularity: Granularity, line: Line, judged: Interval) -> Stretches:
    """Return down time in the lengths that it counts in."""
    match granularity:
        case Granularity.EXACT:
            return down
        case Granularity.ELAPSED_MINUTES:
            return joined(down.start, down.start + down.length // MINUTE_MS * MINUTE_MS)
        case Granularity.CLOCK_MINUTES:
            before, after = -line.instants(down.start) % MINUTE_MS, line.instants(down.end)
            return joined(down.start + before, down.end - after % MINUTE_MS)
        case Granularity.SLOTS_ANY | Granularity.SLOTS_ALL:
            return _slots(down, line, judged, is_any=granularity is Granularity.SLOTS_ANY)


def clipped(time: Stretches, line: Line, window: Interval) -> Stretches:
    """Return the part of time that lies in a window, which lies in the reach."""
    origin = _origins(time, line)
    return joined(
        np.maximum(time.start, origin + (window.start_ms - line.reach.start_ms)),
        np.minimum(time.end, origin + (window.end_ms - line.reach.start_ms)),
    )


def _slots(down: Stretches, line: Line, judged: Interval, *, is_any: bool) -> Stretches:
    """Return the slots of the window to date that down time touches, or fills."""
    inside = clipped(down, line, judged)
    first = _origins(inside, line) + (judged.start_ms - line.reach.start_ms)
    start, end = inside.start - first, inside.end - first
    if is_any:
        start, end = start // SLOT_MS, -(-end // SLOT_MS)
    else:
        # The slot that the window to date cuts off is filled by what reaches that end.
        is_cut = end == judged.duration_ms
        start, end = -(-start // SLOT_MS), np.where(is_cut, -(-end // SLOT_MS), end // SLOT_MS)
    end_at = np.minimum(end * SLOT_MS, judged.duration_ms)
    return joined(first + start * SLOT_MS, first + end_at)


def _origins(time: Stretches, line: Line) -> Numbers:
    return line.starts(line.lanes_of(time.start))
