"""From lost time to a verdict: the value, how it is rounded and compared, and its tier."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from gpusla.contracts.promises import Comparison, Objective, ValueRounding
from gpusla.contracts.remedies import Tier
from gpusla.sla.evaluation import NextTier


def ratio(lost: Fraction, total: Fraction) -> Fraction | None:
    """Return what was not lost as a part of total; None where there was nothing to lose."""
    return 1 - lost / total if total else None


def compared(objective: Objective, value: Fraction | None) -> Fraction | None:
    """Return the value as it is compared: rounded as a percentage, if the contract says so."""
    if value is None or objective.value_rounding is ValueRounding.NONE:
        return value
    steps = 100 * 10**objective.value_decimals
    half = Fraction(1, 2) if objective.value_rounding is ValueRounding.HALF_UP else 0
    return Fraction((value * steps + half) // 1, steps)


def misses(objective: Objective, value: Fraction | None, threshold: Fraction) -> bool:
    """Return whether a value that is compared already falls short of a threshold."""
    if value is None:
        return False
    is_equal_missed = objective.comparison is Comparison.AT_OR_BELOW
    return value < threshold or (is_equal_missed and value == threshold)


def tier_of(objective: Objective, value: Fraction | None, tiers: Sequence[Tier]) -> Tier | None:
    """Return the lowest tier that a value which is compared already falls into; None for none."""
    reached = [tier for tier in tiers if misses(objective, value, tier.below)]
    return min(reached, key=lambda tier: tier.below, default=None)


def next_tier(
    objective: Objective, tiers: Sequence[Tier], total_whole_window: Fraction, lost: Fraction
) -> NextTier | None:
    """
    Return the next tier that what was lost so far has not yet made certain.

    gpu_ms of the result may still be lost in the window, to the last one, without reaching it.
    """
    if not total_whole_window:
        return None
    for tier in sorted(tiers, key=lambda tier: tier.below, reverse=True):
        left = _left(objective, tier, total_whole_window, lost)
        if left is not None:
            return NextTier(objective.id, tier, left)
    return None


def _left(objective: Objective, tier: Tier, total: Fraction, lost: Fraction) -> int | None:
    """Return how many whole units may still be lost above the tier; None if it is certain."""
    for left in _around((1 - _edge(objective, tier.below)) * total - lost):
        value = compared(objective, ratio(lost + left, total))
        if left >= 0 and not misses(objective, value, tier.below):
            return left
    return None


def _around(left: Fraction) -> Iterator[int]:
    """Yield the whole numbers about an edge, the larger first: which side it is on is compared."""
    yield left // 1
    yield left // 1 - 1


def _edge(objective: Objective, threshold: Fraction) -> Fraction:
    """Return the value, before rounding, at which a threshold lies: on one side misses, or not."""
    if objective.value_rounding is ValueRounding.NONE:
        return threshold
    steps = 100 * 10**objective.value_decimals
    scaled = threshold * steps
    is_equal_missed = objective.comparison is Comparison.AT_OR_BELOW
    # The smallest rounded value that is no miss; from the lowest value that is rounded to it on.
    passing = scaled // 1 + 1 if is_equal_missed else -(-scaled // 1)
    half = Fraction(1, 2) if objective.value_rounding is ValueRounding.HALF_UP else 0
    return Fraction(passing - half, steps)
