"""What two versions of a contract say differently, field by field, and whom each change favours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.words import words

_NOT_TERMS = {"digest", "source", "exponent", "assumed", "examples", "verified"}
"""What says something about the file and nothing about the deal."""

_TENANT_GAINS_BY_MORE = {
    "target", "below", "percent", "floor", "min_healthy_gpus", "gpus", "spare_gpus", "multiple",
    "hours", "notice_ms", "settle_ms", "burn_in_ms", "deadline_days", "deadline_months", "cycles",
    "amount_minor_units", "exercise_days", "event_hours_max",
}  # fmt: skip
_PROVIDER_GAINS_BY_MORE = {
    "minor_units", "length_ms", "more_than_ms", "limit_ms", "every_ms", "carry_last_ms", "default",
    "fraction", "by_reason", "minimum_minor_units", "hours_max_ms", "length_max_ms", "weight",
    "initial_period_months", "notice_days", "min_requests", "misses", "cure_days",
}  # fmt: skip


class Gain(StrEnum):
    """Whom a change favours, as far as the one number tells; open where it does not."""

    TENANT = "tenant"
    PROVIDER = "provider"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One change.

    field: path in the model, such as `objectives[availability].target`.  before, after: in words;
    None where the version does not have it.
    """

    field: str
    before: str | None
    after: str | None
    gain: Gain


def differences(before: ContractVersion, after: ContractVersion) -> tuple[Difference, ...]:
    """Return every term in which two versions differ, in the order of the model."""
    currencies = before.fees.currency, after.fees.currency
    return tuple(_walk("", "", before, after, currencies))


def _walk(
    path: str, name: str, before: Any, after: Any, currencies: tuple[str, str]
) -> Iterator[Difference]:
    if before == after:
        return
    ours, theirs = _parts(before), _parts(after)
    if ours is None or theirs is None or type(before) is not type(after):
        yield Difference(
            path,
            None if _is_nothing(before) else words(name, before, currencies[0]),
            None if _is_nothing(after) else words(name, after, currencies[1]),
            _gain(name, before, after),
        )
        return
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        part = key.rpartition(".")[2] or name
        yield from _walk(
            f"{path}{key}".lstrip("."),
            name if key.startswith("[") else part,
            ours.get(key),
            theirs.get(key),
            currencies,
        )


def _parts(value: Any) -> Mapping[str, Any] | None:
    """Return a value's parts by what is put behind its path; None for one without parts."""
    if is_dataclass(value):
        names = (field.name for field in fields(value) if field.name not in _NOT_TERMS)
        return {f".{name}": getattr(value, name) for name in names}
    if isinstance(value, Mapping):
        return {f"[{key}]": one for key, one in value.items()}
    if isinstance(value, tuple) and any(is_dataclass(one) for one in value):
        return {f"[{_name_of(one, place)}]": one for place, one in enumerate(value)}
    return None


def _name_of(value: Any, place: int) -> str:
    """Name a part of a list by what stays the same when others are added: its id or its date."""
    for field in ("id", "sku", "start", "field", "party"):
        found = getattr(value, field, None)
        if found is not None:
            return str(found)
    return str(place)


def _is_nothing(value: Any) -> bool:
    return value is None or value == ()


def _gain(name: str, before: Any, after: Any) -> Gain:
    if not isinstance(before, int | Fraction) or not isinstance(after, int | Fraction):
        return Gain.OPEN
    is_more = after > before
    if name in _PROVIDER_GAINS_BY_MORE:
        return Gain.PROVIDER if is_more else Gain.TENANT
    if name in _TENANT_GAINS_BY_MORE:
        return Gain.TENANT if is_more else Gain.PROVIDER
    return Gain.OPEN
