"""Values of this package read back from what `plain` made of them, to the letter."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from fractions import Fraction
from types import NoneType, UnionType
from typing import Any, NewType, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

_FRACTION = re.compile(r"-?\d{1,4000}/[1-9]\d{0,3999}", re.ASCII)


def read_back(kind: type[T], value: Any) -> T:
    """
    Return the value of a type whose plain form is given.

    Raises ValueError, with its place, for anything that `plain` would not have written.
    """
    found: T = _read(kind, value, "")
    return found


def _read(kind: Any, value: Any, place: str) -> Any:
    if isinstance(kind, NewType):
        return _read(kind.__supertype__, value, place)
    if get_origin(kind) is UnionType:
        return _optional(kind, value, place)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), value, place)
    if get_origin(kind) is Mapping:
        _require(isinstance(value, dict), place, "a map")
        _, of = get_args(kind)
        return {key: _read(of, one, f"{place}.{key}") for key, one in value.items()}
    if is_dataclass(kind):
        return _dataclass(kind, value, place)
    return _scalar(kind, value, place)


def _dataclass(kind: Any, value: Any, place: str) -> Any:
    names = {one.name for one in fields(kind)}
    _require(isinstance(value, dict) and set(value) == names, place, f"a {kind.__name__}")
    hints = get_type_hints(kind)
    return kind(**{name: _read(hints[name], value[name], f"{place}.{name}") for name in names})


def _optional(kind: Any, value: Any, place: str) -> Any:
    (some,) = (one for one in get_args(kind) if one is not NoneType)
    return None if value is None else _read(some, value, place)


def _tuple(kinds: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    _require(isinstance(value, list), place, "a list")
    each = [kinds[0]] * len(value) if kinds[-1] is Ellipsis else list(kinds)
    _require(len(each) == len(value), place, f"a list of {len(each)}")
    return tuple(
        _read(of, one, f"{place}[{number}]")
        for number, (of, one) in enumerate(zip(each, value, strict=True))
    )


def _scalar(kind: Any, value: Any, place: str) -> Any:
    if kind is Fraction:
        is_one = isinstance(value, str) and _FRACTION.fullmatch(value) is not None
        _require(is_one, place, "a fraction such as 2/3")
        found = Fraction(value)
        _require(f"{found.numerator}/{found.denominator}" == value, place, "in its lowest terms")
        return found
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        _require(value in list(kind), place, f"one of {', '.join(kind)}")
        return kind(value)
    _require(
        type(value) is kind, place, {str: "text", int: "a whole number"}.get(kind, "yes or no")
    )
    return value


def _require(holds: bool, place: str, what: str) -> None:  # noqa: FBT001  (it is a condition)
    if not holds:
        message = f"{place.removeprefix('.') or 'it'} is not {what}"
        raise ValueError(message)
