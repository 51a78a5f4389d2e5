"""
Instants as integers, their one written form, and the half-open interval.

An instant is an integer number of milliseconds since 1970-01-01T00:00:00Z in POSIX time (no leap
seconds); in files it is RFC 3339 in UTC with a `Z`.  No float is met on the way.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gpusla.catalogue.codes import WRONG_TYPE
from gpusla.errors import InputError

INSTANT_MIN_MS, INSTANT_MAX_MS = -62_135_596_800_000, 253_402_300_799_999
"""The first and the last instant that can be written: of the years 1 and 9999."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_WRITTEN = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?Z", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A half-open span of time [start_ms, end_ms), milliseconds since 1970-01-01T00:00:00Z."""

    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        """Milliseconds from start to end; never negative."""
        return self.end_ms - self.start_ms


def parse_instant(text: str) -> int:
    """
    Read `2026-07-01T05:00:00Z`, with at most three digits after the second.

    Raises InputError if text has another form, another offset or names no real time.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise _refused(text, "is not an instant in UTC")
    *fields, fraction = found.groups()
    year, month, day, hour, minute, second = (int(field) for field in fields)
    try:
        whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as cause:
        raise _refused(text, "names no real time") from cause
    return (whole - _EPOCH) // _MILLISECOND + int((fraction or "").ljust(3, "0"))


def format_instant(instant_ms: int) -> str:
    """Write an instant as parse_instant reads it; the fraction only if there is one."""
    whole = _EPOCH + timedelta(milliseconds=instant_ms)
    fraction = f".{instant_ms % 1000:03}" if instant_ms % 1000 else ""
    # Not by strftime alone, which writes years before 1000 with fewer digits.
    return f"{whole.year:04}-{whole:%m-%dT%H:%M:%S}{fraction}Z"


def _refused(text: str, why: str) -> InputError:
    return InputError(WRONG_TYPE, f"{text!r} {why}", fix="Write it like 2026-07-01T05:00:00Z.")
