"""Hours as a clock on the wall shows them, in any time zone and over any change of its clocks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from gpusla.contracts.calendar import zone
from gpusla.instants import Interval

HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def clock_hours(interval: Interval, timezone: str) -> Iterator[Interval]:
    """
    Yield the clock hours that an interval touches, each whole.

    A clock hour runs from one instant at which the zone's clock shows a full hour to the next:
    60 minutes, and 90 where clocks are moved by half an hour.
    """
    start_ms = _hour_before(interval.start_ms, timezone)
    while start_ms < interval.end_ms:
        end_ms = _hour_after(start_ms, timezone)
        yield Interval(start_ms, end_ms)
        start_ms = end_ms


def _hour_before(at_ms: int, timezone: str) -> int:
    """Return the last instant up to at_ms at which the clock showed a full hour."""
    offset_ms = _offset_ms(at_ms, timezone)
    start_ms = at_ms - (at_ms + offset_ms) % HOUR_MS
    if _offset_ms(start_ms, timezone) == offset_ms:
        return start_ms
    change_ms = _change_ms(start_ms, at_ms, timezone)
    return _hour_before(change_ms - 1, timezone)


def _hour_after(start_ms: int, timezone: str) -> int:
    """Return the next full hour after one."""
    end_ms = start_ms + HOUR_MS
    if _offset_ms(end_ms, timezone) == _offset_ms(start_ms, timezone):
        return end_ms
    change_ms = _change_ms(start_ms, end_ms, timezone)
    return change_ms + -(change_ms + _offset_ms(change_ms, timezone)) % HOUR_MS


def _change_ms(before_ms: int, after_ms: int, timezone: str) -> int:
    """Return when the clock was moved, between two instants at which it goes differently."""
    offset_ms = _offset_ms(before_ms, timezone)
    while after_ms - before_ms > 1:
        middle_ms = (before_ms + after_ms) // 2
        if _offset_ms(middle_ms, timezone) == offset_ms:
            before_ms = middle_ms
        else:
            after_ms = middle_ms
    return after_ms


def _offset_ms(at_ms: int, timezone: str) -> int:
    local = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone(timezone))
    offset = local.utcoffset()
    assert offset is not None  # an aware instant always has one
    return offset // _MILLISECOND
