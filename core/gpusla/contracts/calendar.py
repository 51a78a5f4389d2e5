"""
Local dates and months as instants, in any IANA time zone.

Zones come from the tzdata package rather than from the machine, so that a bill does not depend on
what a host has installed; zone_edition says which edition that is.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
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
    over it, the first of the two midnights.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(timezone))
    return (midnight - _EPOCH) // _MILLISECOND


def local_date(instant_ms: int, timezone: str) -> date:
    """Return the local date at an instant."""
    return (_EPOCH + timedelta(milliseconds=instant_ms)).astimezone(zone(timezone)).date()


def next_month(first_day: date) -> date:
    """Return the first day of the month after the one that first_day is in."""
    return date(first_day.year + first_day.month // 12, first_day.month % 12 + 1, 1)


def month_count(start: date, end: date) -> int:
    """Return how many calendar months lie between two dates, both months included."""
    return (end.year - start.year) * 12 + end.month - start.month + 1
