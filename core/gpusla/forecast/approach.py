"""How far off a threshold is: in time lost, at the present rate, and if all is lost from now on."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from gpusla.forecast.commitment import Stretch
from gpusla.forecast.thresholds import Threshold
from gpusla.sla.evaluation import Bounds, Measure
from gpusla.sla.sides import reversed_bounds

_HOUR_MS = 3_600_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Approach:
    """
    A target or a tier, and how far off it is.  An instant is that of the loss that crosses it.

    below: as the contract writes it.  percent: of a tier; None of a target.
    is_certain: whether even a perfect rest of the window ends below it; `low` is the smaller claim.
    left_ms: milliseconds of the measure (GPU-ms for `capacity`) that may still be lost, to the last
    one, without crossing it; None once it is crossed.
    left_at_rate_ms: how long the present rate of loss may go on without crossing it, whenever the
    window ends; None once it is crossed, or if nothing is being lost.
    crossed_at_rate_ms: first instant at which the present rate, or all that is committed if that
    is less, has crossed it; the instant judged until if it has been; None if the window ends first.
    crossed_if_all_lost_ms: the same if everything that is committed is lost from now on.
    In these bounds `low` is the nearer one.
    """

    below: Fraction
    percent: Fraction | None
    is_certain: Bounds[bool]
    left_ms: Bounds[int | None]
    left_at_rate_ms: Bounds[int | None]
    crossed_at_rate_ms: Bounds[int | None]
    crossed_if_all_lost_ms: Bounds[int | None]

    @property
    def left_hours(self) -> Bounds[Fraction | None]:
        """Return left_ms in hours: GPU-hours for `capacity`."""
        low, value, high = self.left_ms.low, self.left_ms.value, self.left_ms.high
        return Bounds(_hours(low), _hours(value), _hours(high))


@dataclass(frozen=True, slots=True)
class Course:
    """
    Where an objective's window stands, and how it goes on.

    from_ms: the instant judged until.  rest: what is committed from there to the window's end.
    rate: what is being lost per millisecond, by value.  may_be_made_up: the contract lets later
    deliveries beyond the commitment make up for a loss, so none is certain before the end.
    """

    measure: Measure
    from_ms: int
    rest: tuple[Stretch, ...]
    rate: Fraction
    may_be_made_up: bool

    def each(self, figure: Callable[[Fraction, Fraction], T]) -> Bounds[T]:
        """
        Return figure(lost, whole) for every bound of what is lost, the least first.

        Each bound has the whole that goes with it: its own total to date and all that is to come.
        """
        lost, total = self.measure.lost, self.measure.total
        to_come = self.measure.total_whole_window - total.value
        return Bounds(
            figure(lost.low, total.low + to_come),
            figure(lost.value, total.value + to_come),
            figure(lost.high, total.high + to_come),
        )


def approach(
    course: Course, threshold: Threshold, below: Fraction, percent: Fraction | None
) -> Approach:
    """Say how far off a threshold is."""

    def is_certain(lost: Fraction, whole: Fraction) -> bool:
        return not course.may_be_made_up and threshold.is_crossed(lost, whole)

    def left(lost: Fraction, whole: Fraction) -> int | None:
        return threshold.steps_left(lost, whole, Fraction(1))

    def left_at_rate(lost: Fraction, whole: Fraction) -> int | None:
        return threshold.steps_left(lost, whole, course.rate) if course.rate else None

    def at_rate(lost: Fraction, whole: Fraction) -> int | None:
        return crossed_ms(course, threshold, lost, whole, course.rate)

    def if_all_lost(lost: Fraction, whole: Fraction) -> int | None:
        return crossed_ms(course, threshold, lost, whole, None)

    return Approach(
        below,
        percent,
        course.each(is_certain),
        reversed_bounds(course.each(left)),
        reversed_bounds(course.each(left_at_rate)),
        reversed_bounds(course.each(at_rate)),
        reversed_bounds(course.each(if_all_lost)),
    )


def crossed_ms(
    course: Course, threshold: Threshold, lost: Fraction, whole: Fraction, rate: Fraction | None
) -> int | None:
    """
    Return the first instant at which what is lost has crossed a threshold.

    rate: lost per millisecond from now on, never more than is committed; None for all of that.
    """
    if threshold.is_crossed(lost, whole):
        return course.from_ms
    for stretch in course.rest:
        pace = losing(stretch, rate)
        kept = threshold.steps_left(lost, whole, pace) if pace else None
        if kept is not None and kept < stretch.interval.duration_ms:
            return stretch.interval.start_ms + kept + 1
        lost += pace * stretch.interval.duration_ms
    return None


def losing(stretch: Stretch, rate: Fraction | None) -> Fraction:
    """Return what a stretch loses per millisecond at a rate, at most all of it; None: all of it."""
    return stretch.rate if rate is None else min(rate, stretch.rate)


def _hours(left_ms: int | None) -> Fraction | None:
    return None if left_ms is None else Fraction(left_ms, _HOUR_MS)
