"""
The three figures of every bound, taken one at a time.

A side is one of low, value and high; what it picks belongs together: the side with the least lost
time has the highest value and the smallest credit.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from gpusla.sla.evaluation import Bounds

T = TypeVar("T")


class Side(Protocol):
    """Picks one figure out of bounds of anything."""

    def __call__(self, bounds: Bounds[T], /) -> T:
        """Return the figure."""


def low(bounds: Bounds[T]) -> T:
    """Pick the low end."""
    return bounds.low


def value(bounds: Bounds[T]) -> T:
    """Pick what the contract says."""
    return bounds.value


def high(bounds: Bounds[T]) -> T:
    """Pick the high end."""
    return bounds.high


def each(figure: Callable[[Side], T]) -> Bounds[T]:
    """Return what a figure comes to on each side."""
    return Bounds(figure(low), figure(value), figure(high))


def reversed_bounds(bounds: Bounds[T]) -> Bounds[T]:
    """Turn bounds of lost time into those of a value, or back: the most lost is the worst."""
    return Bounds(bounds.high, bounds.value, bounds.low)
