"""From availability to money: step tiers on the month's fee, rounded once."""

from collections.abc import Sequence
from fractions import Fraction

from gpusla.contracts.model import Rounding, Tier
from gpusla.contracts.money import round_once
from gpusla.sla.evaluation import NextTier


def tier_of(availability: Fraction | None, tiers: Sequence[Tier]) -> Tier | None:
    """
    Return the tier that an availability falls into; None if it earns nothing.

    Exactly at a threshold is no breach.  None, where nothing was committed, earns nothing.
    """
    if availability is None:
        return None
    reached = [tier for tier in tiers if availability < tier.below]
    return min(reached, key=lambda tier: tier.below, default=None)


def credit(base_minor_units: int, tier: Tier | None, rounding: Rounding) -> int:
    """Return the credit in minor units: the tier's percentage of the base, rounded once."""
    if tier is None:
        return 0
    return round_once(base_minor_units * tier.percent / 100, rounding)


def next_tier(
    tiers: Sequence[Tier], committed_gpu_ms: int, lost_gpu_ms: Fraction
) -> NextTier | None:
    """
    Return the next tier that what was lost so far has not yet made certain.

    committed_gpu_ms: of the whole period.  gpu_ms of the result may still be lost, to the last
    one, without reaching the tier.
    """
    for tier in sorted(tiers, key=lambda tier: tier.below, reverse=True):
        left = (1 - tier.below) * committed_gpu_ms - lost_gpu_ms
        if left >= 0:
            return NextTier(tier, left // 1)
    return None
