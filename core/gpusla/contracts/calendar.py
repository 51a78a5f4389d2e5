"""
Local dates and months as instants, in any IANA time zone.

Zones come from the tzdata package rather than from the machine, so that a bill does not depend on
what a host has installed; zone_edition says which edition that is.
"""

import re
from bisect import bisect_right
from calendar import SATURDAY, monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

from gpusla.instants import Interval

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY = timedelta(days=1)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return the zone of this IANA name; raises ValueError if there is none."""
    resource = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    if _NAME.fullmatch(name) is None or not resource.is_file():
        message = f"{name!r} is not in the IANA time zone database"
        raise ValueError(message)
    with resource.open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)


def zone_edition() -> str:
    """Return the edition of the time zone database that all periods are counted in."""
    return version("tzdata")


def start_of_day_ms(day: date, timezone: str) -> int:
    """
    Return the first instant of a local day.

    Where clocks go forward over midnight that is the instant of the change; where they go back
    over it, the first of the two midnights.  A date that a zone left out has no length.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(timezone))
    return (midnight - _EPOCH) // _MILLISECOND


def local_date(instant_ms: int, timezone: str) -> date:
    """Return the local date at an instant."""
    return (_EPOCH + timedelta(milliseconds=instant_ms)).astimezone(zone(timezone)).date()


def end_of_day_ms(day: date, timezone: str) -> int:
    """Return the first instant after a local day."""
    return start_of_day_ms(day + _DAY, timezone)


def local_days(interval: Interval, timezone: str) -> tuple[date, date]:
    """Return the first local day that an interval touches, and the day after the last."""
    last_ms = max(interval.start_ms, interval.end_ms - 1)
    return local_date(interval.start_ms, timezone), local_date(last_ms, timezone) + _DAY


def add_months(day: date, months: int) -> date:
    """
    Return the day of the same number so many months later; the month's last day if it has none.

    Source: docs/decisions/0095-months-and-days.md.
    """
    return cycle_start(day.year, day.month + months, day.day)


def add_business_days(day: date, count: int) -> date:
    """Return the day so many days later, Saturdays and Sundays not counted."""
    for _ in range(count):
        day += _DAY
        while day.weekday() >= SATURDAY:
            day += _DAY
    return day


def cycle_start(year: int, month: int, cycle_day: int) -> date:
    """
    Return the day of a month on which a billing period begins; in a shorter month the last one.

    month: counted on beyond 12 and below 1: 13 is the January after, 0 the December before.
    """
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(cycle_day, monthrange(year, month)[1]))


def cycle_of(day: date, cycle_day: int) -> tuple[date, date]:
    """Return the first day of the billing period that a day lies in, and that of the next one."""
    starts = [cycle_start(day.year, day.month + offset, cycle_day) for offset in (-1, 0, 1)]
    later = bisect_right(starts, day)
    return starts[later - 1], starts[later]


def next_month(first_day: date) -> date:
    """Return the first day of the month after the one that first_day is in."""
    return cycle_start(first_day.year, first_day.month + 1, 1)


def month_count(start: date, end: date) -> int:
    """Return how many calendar months lie between two dates, both months included."""
    return (end.year - start.year) * 12 + end.month - start.month + 1
