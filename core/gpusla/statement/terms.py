"""Terms of a contract as maps, lists, text and integers: every field by its name in the model."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from gpusla.contracts.remedies import (
    Credit,
    HourWaiver,
    Lateness,
    Linear,
    Multiple,
    NoCredit,
    PerEventTable,
    Step,
)
from gpusla.sla.digest import exact

CREDIT_TYPES: Mapping[type[Credit], str] = {
    Step: "step",
    Linear: "linear",
    Multiple: "multiple",
    PerEventTable: "per_event_table",
    HourWaiver: "hour_waiver",
    Lateness: "lateness",
    NoCredit: "none",
}
"""What a contract's file calls each shape of credit."""


def plain_terms(value: Any) -> Any:
    """Return a part of a contract without any type of ours; a credit also says its type."""
    match value:
        case tuple():
            return [plain_terms(one) for one in value]
        case Mapping():
            return {key: plain_terms(one) for key, one in value.items()}
        case _ if is_dataclass(value):
            found = {part.name: plain_terms(getattr(value, part.name)) for part in fields(value)}
            type_ = CREDIT_TYPES.get(type(value))  # type: ignore[arg-type]
            return found if type_ is None else {"type": type_, **found}
        case _:
            return _scalar(value)


def _scalar(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case Fraction():
            return exact(value)
        case date():
            return value.isoformat()
        case _:
            return value
