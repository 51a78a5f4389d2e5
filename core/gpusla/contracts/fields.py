"""Types of a contract file's fields: text in the file, exact values in the model."""

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, WithJsonSchema

from gpusla.catalogue.codes import UNKNOWN_TIME_ZONE, WRONG_TYPE
from gpusla.contracts.calendar import zone
from gpusla.documents import problem
from gpusla.documents.read import shown

_DECIMAL = re.compile(r"(?:0|[1-9]\d{0,8})(?:\.\d{1,18})?", re.ASCII)
_FRACTION = re.compile(r"(0|[1-9]\d{0,17})/([1-9]\d{0,17})", re.ASCII)
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?", re.ASCII
)
_GRACE = re.compile(r"P(?=.)(?:(\d{1,2})M)?(?:(\d{1,3})D)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PERIOD = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)
_ROUNDING = re.compile(r"none|(?:floor|half_up):[0-9]", re.ASCII)
_YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class Grace:
    """So many months and then so many days."""

    months: int
    days: int


def told_by(key: str, yes: str, no: str) -> Discriminator:
    """Choose between two forms by whether a key is there."""
    return Discriminator(lambda value: yes if isinstance(value, dict) and key in value else no)


def _decimal(value: Any) -> Fraction:
    """Read a plain decimal number; the file's reader keeps one with a point as text."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise problem(WRONG_TYPE, f"{shown(value)} is not a decimal number", "Write it like 0.99.")
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


def _share(value: Any) -> Fraction:
    share = _decimal(value)
    if not 0 < share <= 1:
        raise problem(
            WRONG_TYPE, f"{value} is no part of a whole", "Write a number above 0 and at most 1."
        )
    return share


def _exact_ratio(value: Any) -> Fraction:
    found = _FRACTION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return _ratio(value)
    ratio = Fraction(int(found[1]), int(found[2]))
    if ratio > 1:
        raise problem(WRONG_TYPE, f"{value} is no ratio", "Write a number from 0 to 1.")
    return ratio


def _positive(value: Any) -> Fraction:
    number = _decimal(value)
    if not number:
        raise problem(WRONG_TYPE, "0 gives nothing", "Write a number above 0.")
    return number


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
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise problem(WRONG_TYPE, f"{shown(value)} is not a date", "Write it like 2026-07-01.")
    try:
        day = date.fromisoformat(value)
    except ValueError as cause:
        raise problem(
            WRONG_TYPE, f"{value} is not a day of the calendar", "Write a real date."
        ) from cause
    if day.year not in _YEARS:
        raise problem(
            WRONG_TYPE,
            f"{value} is not in the years that time zones are known for",
            f"Write a date from {_YEARS[0]} to {_YEARS[-1]}.",
        )
    return day


def _duration_ms(value: Any) -> int:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise problem(
            WRONG_TYPE, f"{shown(value)} is not a length of time", "Write it like P2D or PT30M."
        )
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000


def _positive_duration_ms(value: Any) -> int:
    length_ms = _duration_ms(value)
    if not length_ms:
        raise problem(WRONG_TYPE, f"{value} is no time at all", "Write it like P2D or PT30M.")
    return length_ms


def _grace(value: Any) -> Grace:
    found = _GRACE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise problem(
            WRONG_TYPE,
            f"{shown(value)} is not a number of months and days",
            "Write it like P1M, P30D or P1M15D.",
        )
    return Grace(int(found[1] or 0), int(found[2] or 0))


def _period(value: Any) -> str:
    if isinstance(value, str) and _PERIOD.fullmatch(value) and int(value[:4]) in _YEARS:
        return value
    raise problem(
        WRONG_TYPE,
        f"{shown(value)} is not a billing period",
        "Write the month that it begins in, like 2026-10.",
    )


def _value_rounding(value: Any) -> str:
    if isinstance(value, str) and _ROUNDING.fullmatch(value):
        return value
    raise problem(
        WRONG_TYPE,
        f"{shown(value)} is not a way to round a value",
        "Write none, or floor or half_up with the decimals of the percentage, like floor:2.",
    )


def _zone(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return zone(value).key
        except ValueError as cause:
            raise problem(UNKNOWN_TIME_ZONE, str(cause)) from cause
    return value


def _amount(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _schema(kinds: str | list[str], words: str, **more: str) -> WithJsonSchema:
    return WithJsonSchema({"type": kinds, "description": words, **more})


_NUMBER = ["string", "number"]
_WRITTEN_NUMBER = r"^(0|[1-9][0-9]{0,8})([.][0-9]{1,18})?$"
_WRITTEN_AMOUNT = r"^(0|[1-9][0-9]{0,17})([.][0-9]{1,3})?$"
_WRITTEN_RATIO = rf"{_WRITTEN_NUMBER}|^(0|[1-9][0-9]{{0,17}})/[1-9][0-9]{{0,17}}$"
_WRITTEN_DURATION = r"^P(?=.)([0-9]{1,4}D)?(T(?=.)([0-9]{1,5}H)?([0-9]{1,5}M)?([0-9]{1,6}S)?)?$"

Amount = Annotated[
    str,
    BeforeValidator(_amount),
    _schema(
        _NUMBER,
        "Whole units of the currency with its decimals, such as 150000000.00.",
        pattern=_WRITTEN_AMOUNT,
        format="amount",
    ),
]
"""Money as a decimal number in whole units of the contract's currency, such as 150000000.00."""

DurationMs = Annotated[
    int,
    BeforeValidator(_duration_ms),
    _schema(
        "string",
        "ISO 8601: days, hours, minutes, seconds.",
        pattern=_WRITTEN_DURATION,
        format="duration",
    ),
]
"""ISO 8601 in days, hours, minutes and seconds in the file; milliseconds in the model."""

PositiveDurationMs = Annotated[
    int,
    BeforeValidator(_positive_duration_ms),
    _schema("string", "ISO 8601, more than nothing.", pattern=_WRITTEN_DURATION, format="duration"),
]
"""A length of time that is not zero."""

GracePeriod = Annotated[
    Grace,
    BeforeValidator(_grace),
    _schema(
        "string",
        "ISO 8601: months, days.",
        pattern=r"^P(?=.)([0-9]{1,2}M)?([0-9]{1,3}D)?$",
        format="duration",
    ),
]
"""ISO 8601 in months and days."""

LocalDate = Annotated[
    date,
    BeforeValidator(_local_date),
    _schema("string", "A day in the contract's time zone.", format="date"),
]
"""A day in the contract's time zone."""

PeriodKey = Annotated[
    str,
    BeforeValidator(_period),
    _schema(
        "string", "The month that a billing period begins in.", pattern="^[0-9]{4}-(0[1-9]|1[0-2])$"
    ),
]
"""The key of a billing period, such as 2026-10."""

Percent = Annotated[
    Fraction,
    BeforeValidator(_percent),
    Field(strict=False),
    _schema(
        _NUMBER,
        "A percentage above 0 and at most 100.",
        pattern=_WRITTEN_NUMBER,
        format="percentage",
    ),
]
"""Above 0 and at most 100."""

PositiveNumber = Annotated[
    Fraction,
    BeforeValidator(_positive),
    Field(strict=False),
    _schema(_NUMBER, "A decimal number above 0.", pattern=_WRITTEN_NUMBER, format="decimal"),
]
"""A decimal number above 0."""

Number = Annotated[
    Fraction,
    BeforeValidator(_decimal),
    Field(strict=False),
    _schema(_NUMBER, "A decimal number, not negative.", pattern=_WRITTEN_NUMBER, format="decimal"),
]
"""A decimal number, not negative."""

Share = Annotated[
    Fraction,
    BeforeValidator(_share),
    Field(strict=False),
    _schema(
        _NUMBER,
        "A part of a whole, above 0 and at most 1.",
        pattern=_WRITTEN_NUMBER,
        format="ratio",
    ),
]
"""A part of a whole: above 0 and at most 1."""

PositiveRatio = Annotated[
    Fraction,
    BeforeValidator(_positive_ratio),
    Field(strict=False),
    _schema(_NUMBER, "A ratio above 0 and at most 1.", pattern=_WRITTEN_NUMBER, format="ratio"),
]
"""Above 0 and at most 1."""

Ratio = Annotated[
    Fraction,
    BeforeValidator(_ratio),
    Field(strict=False),
    _schema(_NUMBER, "A ratio from 0 to 1.", pattern=_WRITTEN_NUMBER, format="ratio"),
]
"""From 0 to 1."""

ExactRatio = Annotated[
    Fraction,
    BeforeValidator(_exact_ratio),
    Field(strict=False),
    _schema(
        _NUMBER,
        "A ratio from 0 to 1, as a decimal or as a fraction such as 2/3.",
        pattern=_WRITTEN_RATIO,
        format="ratio",
    ),
]
"""From 0 to 1; a fraction such as 2/3 where no decimal is exact."""

TimeZone = Annotated[
    str, BeforeValidator(_zone), _schema("string", "A name of the IANA time zone database.")
]
"""A name of the IANA time zone database."""

ValueRounding = Annotated[
    str,
    BeforeValidator(_value_rounding),
    _schema("string", "How a percentage is rounded.", pattern="^(none|(floor|half_up):[0-9])$"),
]
"""`none`, or the way and the decimals of the percentage, such as floor:2."""

Words = Annotated[str, Field(min_length=1, max_length=1000)]
"""Text of people, not empty."""
