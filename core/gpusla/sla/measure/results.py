"""From arrays to the figures of a measure."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeVar

import numpy as np

from gpusla.instants import Interval
from gpusla.sla.evaluation import Bounds
from gpusla.sla.measure.case import Case
from gpusla.sla.measure.exact import sums
from gpusla.sla.measure.lines import Line, Mask, Numbers, Rows, Stretches
from gpusla.sla.measure.tables import Bound

T = TypeVar("T")

NO_TIME: Bounds[tuple[Interval, ...]] = Bounds((), (), ())
NO_STEPS = Bounds(0, 0, 0)


class Fractions:
    """Integers out of a scale as fractions, each made once: most figures of units are equal."""

    def __init__(self, scale: int) -> None:
        self._scale = scale
        self._made: dict[int, Fraction] = {}

    def exact(self, figure: int) -> Fraction:
        """Return one figure."""
        key = int(figure)
        if key not in self._made:
            self._made[key] = Fraction(key, self._scale)
        return self._made[key]

    def bounds(self, figures: Mapping[Bound, Numbers], lane: int) -> Bounds[Fraction]:
        """Return one lane's figures, as bounds of what is lost."""
        low, value, high = (figures[bound][lane] for bound in (Bound.HIGH, Bound.VALUE, Bound.LOW))
        return Bounds(self.exact(low), self.exact(value), self.exact(high))


def by_bound(figure: Callable[[Bound], T]) -> Bounds[T]:
    """Return bounds of what is lost: the least is that of the best levels."""
    return Bounds(figure(Bound.HIGH), figure(Bound.VALUE), figure(Bound.LOW))


def in_window(
    line: Line, window: Interval, start: Numbers, end: Numbers
) -> tuple[Numbers, Numbers, Mask]:
    """Return rows' instants inside a window, and which rows these are."""
    origin = line.starts(line.lanes_of(start)) - line.reach.start_ms
    start_ms = np.maximum(start - origin, window.start_ms)
    end_ms = np.minimum(end - origin, window.end_ms)
    inside = np.asarray(start_ms < end_ms, dtype=np.bool_)
    return start_ms[inside], end_ms[inside], inside


def held_gpu_ms(case: Case) -> Numbers:
    """Return by unit how long its slots were held in the window to date."""
    return _held_gpu_ms(case, case.judged)


def held_later_gpu_ms(case: Case) -> Numbers:
    """Return by unit how long its slots are held in the rest of the window."""
    return _held_gpu_ms(case, Interval(case.judged.end_ms, case.window.end_ms))


def _held_gpu_ms(case: Case, window: Interval) -> Numbers:
    start_ms = np.maximum(case.roster.start_ms, window.start_ms)
    end_ms = np.minimum(case.roster.end_ms, window.end_ms)
    lengths = np.maximum(end_ms - start_ms, 0).astype(case.line.kind)
    units = case.grouping
    return sums(units.unit_of[case.roster.slot], units.units.lanes, lengths)


def intervals_of(time: Stretches, line: Line, lane: int) -> tuple[Interval, ...]:
    """Return one lane's time as intervals."""
    ends = line.starts(np.array([lane, lane + 1], dtype=np.int64))
    first, past = np.searchsorted(time.start, ends)
    rows = time.where(slice(int(first), int(past)))
    origin = line.reach.start_ms - int(ends[0])
    return tuple(
        Interval(int(start) + origin, int(end) + origin)
        for start, end in zip(rows.start.tolist(), rows.end.tolist(), strict=True)
    )


def lengths_by_lane(time: Stretches, line: Line) -> Numbers:
    """Return how much of a set lies in each lane."""
    return sums(_lanes(time, line), line.lanes, time.length)


def _lanes(time: Stretches, line: Line) -> Rows:
    return line.lanes_of(time.start)
