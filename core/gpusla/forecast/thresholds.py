"""How much may be lost before a value falls below a threshold, after a contract's rounding."""

from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.promises import Comparison, Objective, ValueRounding


@dataclass(frozen=True, slots=True)
class Threshold:
    """
    The value at which a promise is kept and broken, before any rounding.

    is_kept_at: whether exactly this value still keeps it.  All figures of lost time are those of
    the objective's measure; whole is the total of its whole window.
    """

    value: Fraction
    is_kept_at: bool

    def room(self, lost: Fraction, whole: Fraction) -> Fraction:
        """Return (1 - value) * whole - lost; negative once more than that is lost."""
        return (1 - self.value) * whole - lost

    def is_crossed(self, lost: Fraction, whole: Fraction) -> bool:
        """Return whether so much lost breaks the promise, whatever the rest brings."""
        room = self.room(lost, whole)
        return room < 0 or (room == 0 and not self.is_kept_at)

    def steps_left(self, lost: Fraction, whole: Fraction, step: Fraction) -> int | None:
        """
        Return how many steps of loss, each greater than 0, still keep the promise.

        One more breaks it.  None if it is broken already.
        """
        if self.is_crossed(lost, whole):
            return None
        steps = self.room(lost, whole) / step
        return steps // 1 if self.is_kept_at else -(-steps // 1) - 1


def threshold_of(objective: Objective, below: Fraction) -> Threshold:
    """
    Return what the unrounded value must be for the compared one not to miss `below`.

    With the percentage rounded to d decimals, x = 100 * 10^d * value is what is rounded, and
    y = 100 * 10^d * below what it is compared with.  Rounded down, x is no miss from the first
    whole number on that is at least y (`at_or_below`: above y); half up, from half a step before.
    Source: docs/concepts/sla-engine.md, section 11.
    """
    is_at_kept = objective.comparison is Comparison.BELOW
    if objective.value_rounding is ValueRounding.NONE:
        return Threshold(below, is_at_kept)
    scale = 100 * 10**objective.value_decimals
    first = Fraction(-(-below * scale // 1) if is_at_kept else below * scale // 1 + 1)
    if objective.value_rounding is ValueRounding.HALF_UP:
        first -= Fraction(1, 2)
    return Threshold(first / scale, is_kept_at=True)
