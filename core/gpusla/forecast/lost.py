"""How much was lost between two instants, as burn rates and the present rate ask for it."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from gpusla.instants import Interval
from gpusla.sla.evaluation import Loss

LostBetween = Callable[[Interval], Fraction]
"""What an objective lost over an interval, in the unit of its measure."""


def lost_in_losses(losses: Sequence[Loss]) -> LostBetween:
    """
    Look it up in the losses of an evaluation; each counts evenly over its interval.

    What lies outside the judged window was not looked at and counts as nothing lost.
    """

    def lost_between(interval: Interval) -> Fraction:
        return sum((_part(loss.interval, loss.gpu_ms, interval) for loss in losses), Fraction())

    return lost_between


def lost_in_buckets(length_ms: int, buckets: Mapping[int, Fraction]) -> LostBetween:
    """
    Look it up in buckets of time: by start, what each lost over length_ms.

    A bucket that an interval cuts counts in proportion; one that is not given lost nothing.
    """

    def lost_between(interval: Interval) -> Fraction:
        first = interval.start_ms - length_ms
        parts = (
            _part(Interval(start_ms, start_ms + length_ms), lost, interval)
            for start_ms, lost in buckets.items()
            if first < start_ms < interval.end_ms
        )
        return sum(parts, Fraction())

    return lost_between


def _part(whole: Interval, lost: Fraction, interval: Interval) -> Fraction:
    start_ms = max(whole.start_ms, interval.start_ms)
    end_ms = min(whole.end_ms, interval.end_ms)
    if start_ms >= end_ms:
        return Fraction()
    return lost * (end_ms - start_ms) / whole.duration_ms
