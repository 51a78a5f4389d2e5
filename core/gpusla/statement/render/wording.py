"""Dates and instants as a page has them, in English whatever the machine is set to."""

from datetime import date

from gpusla.instants import Interval
from gpusla.statement.numbers import instant

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def day_words(day: date) -> str:
    """Return a date in words: 31 October 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def utc(instant_ms: int) -> str:
    """Return an instant in UTC to the second, without the letters; the column says UTC."""
    return instant(instant_ms).replace("T", " ").removesuffix("Z")


def span_words(interval: Interval) -> str:
    """Return an interval in UTC."""
    return f"{utc(interval.start_ms)} to {utc(interval.end_ms)} UTC"
