"""How much may still be lost before the next tier: exact to the last millisecond."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.promises import Comparison, ValueRounding
from gpusla.sla.values import compared, misses, next_tier, ratio, tier_of
from tests.core.contracts.terms import TIERS, objective

BELOW, AT_OR_BELOW = Comparison.BELOW, Comparison.AT_OR_BELOW


@pytest.mark.parametrize(
    ("comparison", "lost", "below", "left"),
    [
        # Of 1000 ms: 99 % leaves 10, 98 % 20, 95 % 50.
        (BELOW, "0", "0.99", 10),
        (BELOW, "1/2", "0.99", 9),  # 9.5 are left; of whole ones 9
        (BELOW, "10", "0.99", 0),  # exactly at it: the next one costs money
        (BELOW, "21/2", "0.98", 9),
        (BELOW, "50", "0.95", 0),
        (AT_OR_BELOW, "0", "0.99", 9),  # the tenth reaches 99 %, which is a miss here
        (AT_OR_BELOW, "9", "0.99", 0),
        (AT_OR_BELOW, "10", "0.98", 9),
    ],
)
def test_so_much_may_be_lost_without_reaching_the_next_tier(
    comparison: Comparison, lost: str, below: str, left: int
) -> None:
    """Counted over the whole window."""
    found = next_tier(objective(comparison=comparison), TIERS, Fraction(1000), Fraction(lost))
    assert found is not None
    assert (found.tier.below, found.gpu_ms) == (Fraction(below), left)


def test_once_every_tier_is_certain_there_is_no_next_one() -> None:
    """Nor where nothing is committed."""
    assert next_tier(objective(), TIERS, Fraction(1000), Fraction(51)) is None
    assert next_tier(objective(), TIERS, Fraction(0), Fraction(0)) is None


@given(
    st.sampled_from(Comparison),
    st.sampled_from(ValueRounding),
    st.integers(0, 3),
    st.integers(1, 10**6),
    st.fractions(0, 10**6, max_denominator=5),
)
def test_one_more_millisecond_than_is_left_reaches_the_tier(
    comparison: Comparison, rounding: ValueRounding, decimals: int, total: int, lost: Fraction
) -> None:
    """With every rounding and both comparisons, and none less does."""
    promise = objective(comparison=comparison, value_rounding=rounding, value_decimals=decimals)

    def missed(more: int, below: Fraction) -> bool:
        return misses(promise, compared(promise, ratio(lost + more, Fraction(total))), below)

    found = next_tier(promise, TIERS, Fraction(total), lost)
    if found is None:
        assert missed(0, TIERS[-1].below)
    else:
        assert not missed(found.gpu_ms, found.tier.below)
        assert missed(found.gpu_ms + 1, found.tier.below)
        value = compared(promise, ratio(lost, Fraction(total)))
        certain = tier_of(promise, value, TIERS)
        assert certain is None or certain.below > found.tier.below
