"""
When months begin, worked out apart from the product: by looking at the local date of instants.

Nothing here is shared with `gpusla.contracts.calendar`, so that a month that one of the two leaves
out is found by the other.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Due:
    """A period that must be settled once: its key, and its half-open time in UTC milliseconds."""

    key: str
    start_ms: int
    end_ms: int


@cache
def midnight_ms(day: date, timezone: str) -> int:
    """Return the first minute at which the clocks of a zone show a day; no zone is off by more."""
    zone = ZoneInfo(timezone)
    guess_ms = (day - EPOCH).days * DAY_MS
    low, high = (guess_ms - DAY_MS) // MINUTE_MS, (guess_ms + DAY_MS) // MINUTE_MS
    while low < high:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle * 60, UTC).astimezone(zone).date() >= day:
            high = middle
        else:
            low = middle + 1
    return low * MINUTE_MS


def month_after(first: date) -> date:
    """Return the first day of the next month."""
    return (first + timedelta(days=31)).replace(day=1)


def due_periods(first: date, months: int, timezone: str, amended: date | None) -> tuple[Due, ...]:
    """Return all periods of a term of whole months, one of them cut in two on the day amended."""
    found: list[Due] = []
    for _ in range(months):
        after = month_after(first)
        start_ms, end_ms = midnight_ms(first, timezone), midnight_ms(after, timezone)
        if amended is not None and first < amended < after:
            cut_ms = midnight_ms(amended, timezone)
            found += [
                Due(f"{first:%Y-%m}-v1", start_ms, cut_ms),
                Due(f"{first:%Y-%m}-v2", cut_ms, end_ms),
            ]
        else:
            found.append(Due(f"{first:%Y-%m}", start_ms, end_ms))
        first = after
    return tuple(found)
