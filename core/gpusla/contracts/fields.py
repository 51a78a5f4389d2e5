"""Types of a contract file's fields: text in the file, exact values in the model."""

import re
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from gpusla.catalogue.codes import UNKNOWN_TIME_ZONE, WRONG_TYPE
from gpusla.contracts.calendar import zone
from gpusla.documents import problem

_DECIMAL = re.compile(r"(?:0|[1-9]\d{0,8})(?:\.\d{1,18})?", re.ASCII)
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _decimal(value: Any) -> Fraction:
    """Read a plain decimal number; the file's reader keeps one with a point as text."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise problem(WRONG_TYPE, f"{value!r} is not a decimal number", "Write it like 0.99.")
    return Fraction(text)


def _ratio(value: Any) -> Fraction:
    ratio = _decimal(value)
    if 1 < ratio <= 100:  # noqa: PLR2004  (a hundred percent)
        raise problem(
            WRONG_TYPE,
            f"{value} is a percentage, and a ratio is asked for",
            f"Write {_written(ratio / 100)}.",
        )
    if ratio > 1:
        raise problem(WRONG_TYPE, f"{value} is no ratio", "Write a number from 0 to 1.")
    return ratio


def _positive_ratio(value: Any) -> Fraction:
    ratio = _ratio(value)
    if not ratio:
        raise problem(WRONG_TYPE, "0 promises nothing", "Write a ratio above 0 and at most 1.")
    return ratio


def _percent(value: Any) -> Fraction:
    percent = _decimal(value)
    if not 0 < percent <= 100:  # noqa: PLR2004  (a hundred percent)
        raise problem(
            WRONG_TYPE, f"{value} is no percentage to credit", "Write one above 0 and at most 100."
        )
    return percent


def _written(value: Fraction) -> str:
    """Write a fraction of a power of ten as a decimal."""
    digits = 0
    while value.denominator != 1 and digits < 21:  # noqa: PLR2004  (18 decimals and two more)
        value, digits = value * 10, digits + 1
    whole = str(value.numerator).rjust(digits + 1, "0")
    return f"{whole[: len(whole) - digits]}.{whole[len(whole) - digits :]}" if digits else whole


def _local_date(value: Any) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as cause:
            raise problem(
                WRONG_TYPE, f"{value} is not a day of the calendar", "Write a real date."
            ) from cause
    raise problem(WRONG_TYPE, f"{value!r} is not a date", "Write it like 2026-07-01.")


def _duration_ms(value: Any) -> int:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise problem(
            WRONG_TYPE, f"{value!r} is not a length of time", "Write it like P2D or PT30M."
        )
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000


def _zone(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return zone(value).key
        except ValueError as cause:
            raise problem(UNKNOWN_TIME_ZONE, str(cause)) from cause
    return value


def _amount(value: Any) -> Any:
    return str(value) if type(value) is int else value


Amount = Annotated[str, BeforeValidator(_amount)]
"""Money as a decimal number in whole units of the contract's currency, such as 150000000.00."""

DurationMs = Annotated[int, BeforeValidator(_duration_ms)]
"""ISO 8601 in days, hours, minutes and seconds in the file; milliseconds in the model."""

LocalDate = Annotated[date, BeforeValidator(_local_date)]
"""A day in the contract's time zone."""

Percent = Annotated[Fraction, BeforeValidator(_percent), Field(strict=False)]
"""Above 0 and at most 100."""

PositiveRatio = Annotated[Fraction, BeforeValidator(_positive_ratio), Field(strict=False)]
"""Above 0 and at most 1."""

Ratio = Annotated[Fraction, BeforeValidator(_ratio), Field(strict=False)]
"""From 0 to 1."""

TimeZone = Annotated[str, BeforeValidator(_zone)]
"""A name of the IANA time zone database."""

Words = Annotated[str, Field(min_length=1, max_length=1000)]
