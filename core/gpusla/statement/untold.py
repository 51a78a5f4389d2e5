"""Terms of a contract read back from the maps, lists and text that `terms` wrote."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import EnumType
from fractions import Fraction
from functools import cache
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from gpusla.instants import format_instant
from gpusla.sla.digest import from_exact
from gpusla.statement.terms import CREDIT_TYPES

T = TypeVar("T")
_CREDITS = {name: type_ for type_, name in CREDIT_TYPES.items()}


def read_terms(type_: type[T], value: Any, place: str) -> T:
    """
    Return a part of a contract as the model has it.

    place: where value stands, for the error.
    Raises ValueError, with the place, if value is not what `plain_terms` writes for this type.
    """
    try:
        read: T = _read(type_, value, place)
    except (TypeError, KeyError, ZeroDivisionError) as cause:
        message = f"{place} cannot be read"
        raise ValueError(message) from cause
    return read


def whole(value: Any) -> int:
    """Return a whole number; raises ValueError for anything else, a boolean too."""
    return _of_type(int, value, "a whole number")


def text(value: Any) -> str:
    """Return text; raises ValueError for anything else."""
    return _of_type(str, value, "text")


def truth(value: Any) -> bool:
    """Return whether something is so; raises ValueError for what does not say so."""
    return _of_type(bool, value, "true or false")


def instant(value: Any) -> int:
    """Return an instant in milliseconds; raises OverflowError for one that no calendar has."""
    instant_ms = whole(value)
    format_instant(instant_ms)
    return instant_ms


def _of_type(type_: type[T], value: Any, name: str) -> T:
    if type(value) is not type_:
        message = f"{str(value)[:60]!r} is not {name}"
        raise ValueError(message)
    return value


def _read(type_: Any, value: Any, place: str) -> Any:
    origin = get_origin(type_)
    if isinstance(type_, NewType):
        return _read(type_.__supertype__, value, place)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(type_), value, place)
    if origin is tuple:
        return _tuple(get_args(type_), _list(value, place), place)
    if origin is dict:
        _require(isinstance(value, Mapping), value, place)
        return {key: _read(get_args(type_)[1], one, f"{place}.{key}") for key, one in value.items()}
    if is_dataclass(type_):
        return _value(type_, value, place)
    return _scalar(type_, value, place)


def _value(type_: Any, value: Any, place: str) -> Any:
    _require(isinstance(value, Mapping), value, place)
    hints = _hints(type_)
    missing = [part.name for part in fields(type_) if part.name not in value]
    _require(not missing, missing, f"{place}: missing")
    return type_(
        **{
            part.name: _read(hints[part.name], value[part.name], f"{place}.{part.name}")
            for part in fields(type_)
        }
    )


def _one_of(types_: tuple[Any, ...], value: Any, place: str) -> Any:
    """Read what is None or of one type, or a credit, which says its type."""
    if value is None and types.NoneType in types_:
        return None
    others = [one for one in types_ if one is not types.NoneType]
    if len(others) == 1:
        return _read(others[0], value, place)
    _require(isinstance(value, Mapping), value, place)
    return _value(_CREDITS[value["type"]], value, place)


def _tuple(types_: tuple[Any, ...], values: list[Any], place: str) -> tuple[Any, ...]:
    if types_[1:] == (Ellipsis,):
        types_ = types_[:1] * len(values)
    _require(len(types_) == len(values), values, place)
    pairs = enumerate(zip(types_, values, strict=True))
    return tuple(_read(type_, one, f"{place}[{n}]") for n, (type_, one) in pairs)


def _list(value: Any, place: str) -> list[Any]:
    _require(isinstance(value, list), value, place)
    found: list[Any] = value
    return found


def _scalar(type_: Any, value: Any, place: str) -> Any:
    if type_ is Fraction:
        _require(isinstance(value, int | str) and not isinstance(value, bool), value, place)
        return from_exact(value)
    if isinstance(type_, EnumType):
        return type_(value)
    if type_ is date:
        return date.fromisoformat(value)
    _require(type(value) is type_, value, place)
    return value


@cache
def _hints(type_: Any) -> dict[str, Any]:
    return get_type_hints(type_)


def _require(is_so: bool, value: Any, place: str) -> None:  # noqa: FBT001  (it is the question)
    if not is_so:
        message = f"{place} is {str(value)[:60]!r}"
        raise ValueError(message)
