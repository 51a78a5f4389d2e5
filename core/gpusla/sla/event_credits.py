"""Outages that a window answers for, and what each of them gives in hours of a unit's price."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from gpusla.contracts.remedies import (
    EventRounding,
    HourCount,
    HourWaiver,
    Multiple,
    PerEventTable,
)
from gpusla.instants import Interval
from gpusla.sla.clock_hours import HOUR_MS, clock_hours
from gpusla.sla.prices import Prices
from gpusla.timeline.intervals import clip

MINUTE_MS = 60_000
_STEP_MS = {EventRounding.MINUTE_UP: MINUTE_MS, EventRounding.HOUR_UP: HOUR_MS}


def answered_for(down: Iterable[Interval], prices: Prices) -> tuple[Interval, ...]:
    """
    Return the outages that belong to a window: those that end in it, each with its whole length.

    One that still runs belongs to a window that still runs, with its length so far.  At the end of
    a window it is the next one's, unless the term ends there too.
    """
    found = []
    window, until_ms = prices.window, prices.until_ms
    runs_on = until_ms < window.end_ms or prices.is_last
    for outage in down:
        end_ms = min(outage.end_ms, until_ms) if runs_on else outage.end_ms
        if outage.start_ms < end_ms and window.start_ms < end_ms <= until_ms:
            found.append(Interval(outage.start_ms, end_ms))
    return tuple(found)


def hours_of(credit: Multiple | PerEventTable, outages: Iterable[Interval]) -> Fraction:
    """Return how many hours of the unit's price the outages give together."""
    return sum((_hours(credit, outage.duration_ms) for outage in outages), Fraction(0))


def waived_hours(credit: HourWaiver, down: Iterable[Interval], prices: Prices) -> int:
    """Return how many clock hours had more down time in the window to date than the limit."""
    inside = clip(down, Interval(prices.window.start_ms, prices.until_ms))
    return sum(
        _counted_ms(credit.count, parts) > credit.more_than_ms
        for parts in _by_hour(inside, prices.timezone)
    )


def _hours(credit: Multiple | PerEventTable, length_ms: int) -> Fraction:
    match credit:
        case Multiple():
            return _multiplied(credit, length_ms)
        case PerEventTable():
            return _looked_up(credit, length_ms)


def _multiplied(credit: Multiple, length_ms: int) -> Fraction:
    long_ms = length_ms * credit.multiple
    step_ms = _STEP_MS.get(credit.rounding)
    if step_ms is not None:
        long_ms = Fraction(-(-long_ms // step_ms) * step_ms)
    hours = long_ms / HOUR_MS
    return min(hours, Fraction(credit.event_hours_max)) if credit.event_hours_max else hours


def _looked_up(credit: PerEventTable, length_ms: int) -> Fraction:
    for row in credit.rows:
        if row.from_ms <= length_ms and (row.until_ms is None or length_ms < row.until_ms):
            return row.hours
    return Fraction(0)


def _by_hour(down: Iterable[Interval], timezone: str) -> Iterator[tuple[Interval, ...]]:
    """Yield what of the down time lies in each clock hour that it touches, in time order."""
    hour: Interval | None = None
    parts: list[Interval] = []
    for stretch in down:
        for touched in clock_hours(stretch, timezone):
            if hour is not None and touched != hour:
                yield tuple(parts)
                parts = []
            hour = touched
            parts.extend(clip((stretch,), touched))
    if hour is not None:
        yield tuple(parts)


def _counted_ms(count: HourCount, parts: Sequence[Interval]) -> int:
    lengths = [part.duration_ms for part in parts]
    return max(lengths) if count is HourCount.CONSECUTIVE else sum(lengths)
