"""
What a number on a page of dcgm-exporter is worth: its unit, its bounds, or that it is no value.

DCGM has numbers that stand for "no value" (blank, not found, not supported, not permitted), and
they reach a page now and then.  Source of the numbers: dcgm_structs.h of DCGM 4.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

MIB = 1_048_576

_BLANKS = (
    (0x7FFFFFF0, 0x7FFFFFFF),  # of 32-bit integers
    (1 << 47, (1 << 47) + 15),  # of doubles: 140737488355328.0
    (0x7FFFFFFFFFFFFFF0, 0x7FFFFFFFFFFFFFFF),  # of 64-bit integers
)
_BLANK_AS_DOUBLE = 2.0**63
"""What every blank of 64-bit integers becomes where somebody made a double of it."""


class Refusal(StrEnum):
    """Why a number is not taken."""

    BLANK = "blank"
    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"


@dataclass(frozen=True, slots=True)
class Unit:
    """
    A unit of a page, and how it becomes a base unit: value * times / by.

    minimum, maximum: what a value may be, in the page's unit, ends included.
    is_whole: a value has no fraction.  zero_is_blank: 0 stands for a sensor that is not there.
    """

    times: int = 1
    by: int = 1
    minimum: int = 0
    maximum: int = (1 << 63) - 17
    is_whole: bool = False
    zero_is_blank: bool = False


COUNT = Unit(is_whole=True)
CODE = Unit(is_whole=True)
FLAG = Unit(is_whole=True, maximum=1)
RATIO = Unit(maximum=1)
PERCENT = Unit(by=100, maximum=100)
CELSIUS = Unit(maximum=250)
MEMORY_CELSIUS = Unit(maximum=250, zero_is_blank=True)
"""Boards without a sensor at their memory say 0."""
MARGIN_CELSIUS = Unit(minimum=-150, maximum=250)
WATTS = Unit(maximum=100_000)
MEGAHERTZ = Unit(times=1_000_000, maximum=100_000)
HERTZ = Unit(maximum=100_000_000_000)
MILLIJOULES = Unit(by=1_000)
JOULES = Unit()
NANOSECONDS = Unit(by=1_000_000_000)
SECONDS = Unit(maximum=10_000_000_000)
MEBIBYTES = Unit(times=MIB, maximum=1 << 32, is_whole=True)
BYTES = Unit(is_whole=True)
BYTES_PER_SECOND = Unit(maximum=100_000_000_000_000)


def to_base(value: float, unit: Unit) -> float | Refusal:
    """
    Return a page's number in base units, or why it is not one.

    An int where the unit is whole and nothing is divided, so that no byte is lost to rounding.
    """
    if not math.isfinite(value):
        return Refusal.NOT_FINITE
    if is_blank(value) or (unit.zero_is_blank and value == 0):
        return Refusal.BLANK
    if not unit.minimum <= value <= unit.maximum or (unit.is_whole and value != int(value)):
        return Refusal.OUT_OF_RANGE
    scaled = (int(value) if unit.is_whole else value) * unit.times
    return scaled if unit.by == 1 else scaled / unit.by


def is_blank(value: float) -> bool:
    """Return whether a number is one of DCGM's that stand for no value."""
    return value == _BLANK_AS_DOUBLE or any(first <= value <= last for first, last in _BLANKS)
