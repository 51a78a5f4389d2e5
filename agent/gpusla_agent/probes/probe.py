"""What a probe is, and how a call's result becomes a reading."""

from collections.abc import Callable
from dataclasses import dataclass

from gpusla.readings import Absence, Absent, Present, Reading
from gpusla_agent.sources.raw import SUCCESS, RawGpu, absence_of


@dataclass(frozen=True, slots=True)
class Probe:
    """
    One family of readings.

    family: the driver calls that it rests on, whose time is its duration.  read: readings by name.
    """

    name: str
    family: str
    read: Callable[[RawGpu], dict[str, Reading]]


def number(raw: RawGpu, call: str, *, times: float = 1, at_most: float | None = None) -> Reading:
    """
    Return a call's value in base units: what the driver said, times a factor.

    at_most: what no real value exceeds; beyond it, or below zero, the driver told nonsense.
    """
    code, value = raw.values.get(call, (SUCCESS, None))
    if code != SUCCESS:
        return absence_of(code)
    if value is None:
        return Absent(Absence.UNSUPPORTED, "the worker did not ask")
    if value < 0 or (at_most is not None and value > at_most):
        return Absent(Absence.ERROR, f"implausible: {value}")
    return Present(value * times if times != 1 else value)
