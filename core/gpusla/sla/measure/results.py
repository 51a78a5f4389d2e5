"""From arrays to the figures of a measure."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np

from gpusla.instants import Interval
from gpusla.sla.evaluation import Bounds
from gpusla.sla.measure.case import Case
from gpusla.sla.measure.exact import Numbers, Rows, sums
from gpusla.sla.measure.lines import Line, Stretches
from gpusla.sla.measure.tables import Bound

T = TypeVar("T")

NO_TIME: Bounds[tuple[Interval, ...]] = Bounds((), (), ())
NO_STEPS = Bounds(0, 0, 0)


class Fractions:
    """Integers out of a scale as fractions, each made once: many figures of units are equal."""

    def __init__(self, scale: int) -> None:
        self._scale = scale
        self._fractions: dict[int, Fraction] = {}
        self._bounds: dict[tuple[int, int, int], Bounds[Fraction]] = {}

    def exact(self, figures: Numbers) -> list[Fraction]:
        """Return figures as fractions."""
        return [self._fraction(figure) for figure in figures.tolist()]

    def bounds(self, figures: Mapping[Bound, Numbers], lanes: Rows) -> list[Bounds[Fraction]]:
        """Return some lanes' figures, as bounds of what is lost."""
        columns = (figures[b][lanes].tolist() for b in (Bound.HIGH, Bound.VALUE, Bound.LOW))
        return [self._of_ends(ends) for ends in zip(*columns, strict=True)]

    def _of_ends(self, ends: tuple[int, int, int]) -> Bounds[Fraction]:
        found = self._bounds.get(ends)
        if found is None:
            found = self._bounds[ends] = Bounds(*map(self._fraction, ends))
        return found

    def _fraction(self, figure: int) -> Fraction:
        found = self._fractions.get(figure)
        if found is None:
            found = Fraction(figure) if self._scale == 1 else Fraction(figure, self._scale)
            self._fractions[figure] = found
        return found


def by_bound(figure: Callable[[Bound], T]) -> Bounds[T]:
    """Return bounds of what is lost: the least is that of the best levels."""
    return Bounds(figure(Bound.HIGH), figure(Bound.VALUE), figure(Bound.LOW))


def losing(lost: Mapping[Bound, Numbers], names: Sequence[str]) -> Rows:
    """Return the lanes that lost something in any bound, by name."""
    is_lost = np.any([np.asarray(one > 0, dtype=np.bool_) for one in lost.values()], axis=0)
    lanes = np.flatnonzero(is_lost).tolist()
    return np.array(sorted(lanes, key=names.__getitem__), dtype=np.int64)


def in_window(
    line: Line, window: Interval, lane: Rows, start: Numbers, end: Numbers
) -> tuple[Numbers, Numbers, Rows]:
    """Return rows' instants inside a window, and which rows these are."""
    origin = line.starts(lane) - line.reach.start_ms
    if window.start_ms <= line.reach.start_ms and line.reach.end_ms <= window.end_ms:
        return start - origin, end - origin, np.arange(len(lane), dtype=np.int64)
    start_ms = np.maximum(start - origin, window.start_ms)
    end_ms = np.minimum(end - origin, window.end_ms)
    inside = np.flatnonzero(start_ms < end_ms)
    return start_ms[inside], end_ms[inside], inside


def held_gpu_ms(case: Case) -> Numbers:
    """Return by unit how long its slots were held in the window to date."""
    return _held_gpu_ms(case, case.judged)


def held_later_gpu_ms(case: Case) -> Numbers:
    """Return by unit how long its slots are held in the rest of the window."""
    return _held_gpu_ms(case, Interval(case.judged.end_ms, case.window.end_ms))


def _held_gpu_ms(case: Case, window: Interval) -> Numbers:
    if window.start_ms >= window.end_ms:
        return np.zeros(case.grouping.units.lanes, dtype=case.line.kind)
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
