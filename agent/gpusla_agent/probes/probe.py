"""What a probe is: which calls it rests on, and which of their values become which readings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gpusla.readings import Absence, Absent
from gpusla_agent.sources.raw import SUCCESS, absence_of

NOT_ASKED = Absent(Absence.UNSUPPORTED, "the worker did not ask")
MALFORMED = Absent(Absence.ERROR, "the worker gave something else than a code and a value")


@dataclass(frozen=True, slots=True)
class Implausible:
    """What the driver said and what cannot be; words say what."""

    words: str


def implausible(found: Implausible) -> Absent:
    """Return what stands in for something that was refused."""
    return Absent(Absence.ERROR, f"implausible: {found.words}")


Found = int | float | Absent | Implausible
"""What a probe found before it was held against its bounds."""

Derive = Callable[[Mapping[str, Any]], Mapping[str, Found]]
"""From a raw sample's values to readings, for what is not one value of the driver."""


@dataclass(frozen=True, slots=True)
class Number:
    """A reading that is one value of the driver, times `times`, divided by `per`."""

    name: str
    raw: str
    times: int = 1
    per: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """
    What a probe makes of one family of calls.

    A probe may rest on several families that are read at different times, so each part keeps its
    own.  derive makes the readings that are named in derived.
    """

    family: str
    numbers: tuple[Number, ...] = ()
    derived: tuple[str, ...] = ()
    derive: Derive | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """A family of readings."""

    name: str
    parts: tuple[Part, ...]

    @property
    def readings(self) -> tuple[str, ...]:
        """The names of all readings that it makes."""
        return tuple(name for part in self.parts for name in names_of(part))


def names_of(part: Part) -> tuple[str, ...]:
    """Return the names of the readings that a part makes."""
    return (*(number.name for number in part.numbers), *part.derived)


def said(told: Any) -> Any:
    """
    Return what a call gave, or why it gave nothing.

    told: a code and a value, or whatever came in their place; None if the call was not made.
    """
    if told is None:
        return NOT_ASKED
    try:
        code, value = told
    except (TypeError, ValueError):
        return MALFORMED
    if code == SUCCESS:
        return MALFORMED if value is None else value
    return absence_of(code) if type(code) is int else MALFORMED


def all_of(values: Mapping[str, Any], name: str, number_of: int) -> list[Any] | Absent:
    """Return a call's list if it has so many items, else why there is none."""
    found = said(values.get(name))
    if isinstance(found, Absent):
        return found
    return list(found) if isinstance(found, list) and len(found) == number_of else MALFORMED
