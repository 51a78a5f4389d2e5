"""A contract's terms as a person would say them: percentages, amounts, lengths of time."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from gpusla.contracts.money import format_amount
from gpusla.contracts.remedies import (
    HourWaiver,
    Lateness,
    Linear,
    Multiple,
    NoCredit,
    PerEventTable,
    Step,
)

_KEYS = {
    "start": "from",
    "end": "until",
    "minor_units": "amount",
    "amount_minor_units": "amount",
    "committed_gpus": "of_gpus",
    "digest": "sha256",
}
"""Fields that the file calls otherwise; nor has it milliseconds at the end of a name."""

_CREDITS = {
    Step: "step",
    Linear: "linear",
    Multiple: "multiple",
    PerEventTable: "per_event_table",
    HourWaiver: "hour_waiver",
    Lateness: "lateness",
    NoCredit: "none",
}
"""What the file's `type` of a credit is."""

_PERCENT_OF_ONE = {
    "target", "below", "floor", "default", "fraction", "weight", "error_rate_above", "by_reason",
}  # fmt: skip


def words(name: str, value: Any, currency: str) -> str:  # noqa: PLR0911  (one for each kind)
    """
    Say the value of a field of the model.

    name: of the field, which tells a ratio from a percentage and a length of time from a count.
    """
    match value:
        case None | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case Fraction():
            return _ratio(name, value)
        case int():
            return _whole(name, value, currency)
        case Mapping():
            return ", ".join(f"{key} {words(name, one, currency)}" for key, one in value.items())
        case tuple():
            several = len(value) > 1
            return ", ".join((_inner if several else words)(name, one, currency) for one in value)
        case _ if is_dataclass(value):
            return _parts(value, currency)
        case _:
            return str(value)


def duration(length_ms: int) -> str:
    """Write a length of time in its largest whole units: `2 d 4 h`, `90 s`, `0`."""
    parts, rest = [], length_ms
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    if rest:
        parts.append(f"{rest} ms")
    return " ".join(parts) or "0"


def _parts(value: Any, currency: str) -> str:
    """Say a part of a contract by the keys that its file has; what says nothing is left out."""
    said = [f"type {_CREDITS[type(value)]}"] if type(value) in _CREDITS else []
    for field in fields(value):
        one = getattr(value, field.name)
        if one is not None and one not in ((), {}, ""):
            said.append(f"{_key(field.name)} {_inner(field.name, one, currency)}")
    return ", ".join(said)


def _inner(name: str, value: Any, currency: str) -> str:
    """Say a part within another one: brackets hold together what belongs together."""
    if is_dataclass(value):
        return f"({_parts(value, currency)})"
    return words(name, value, currency)


def _key(name: str) -> str:
    return _KEYS.get(name, name.removesuffix("_ms"))


def _whole(name: str, value: int, currency: str) -> str:
    if name.endswith("minor_units"):
        return format_amount(value, currency)
    if name.endswith("_ms"):
        return duration(value)
    return f"{value:,}"


def _ratio(name: str, value: Fraction) -> str:
    if name in _PERCENT_OF_ONE:
        return f"{_decimal(value * 100)} %"
    return f"{_decimal(value)} %" if name == "percent" else _decimal(value)


def _decimal(value: Fraction) -> str:
    """Write a fraction as a decimal where it ends within twelve places, else as it is."""
    scaled = value * 10**12
    if scaled.denominator != 1:
        return str(value)
    whole, rest = divmod(scaled.numerator, 10**12)
    return f"{whole}.{rest:012d}".rstrip("0").rstrip(".")
