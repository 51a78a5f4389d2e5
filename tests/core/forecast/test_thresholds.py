"""How much may be lost: the solved threshold says at every point what comparing the value says."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.promises import Comparison, ValueRounding
from gpusla.forecast.thresholds import Threshold, threshold_of
from gpusla.sla.values import compared, misses, ratio
from tests.core.contracts.terms import objective

RATIOS = st.fractions(0, 1, max_denominator=10_000)
OBJECTIVES = st.builds(
    lambda comparison, rounding, decimals: objective(
        comparison=comparison, value_rounding=rounding, value_decimals=decimals
    ),
    st.sampled_from(Comparison),
    st.sampled_from(ValueRounding),
    st.integers(0, 3),
)


@given(OBJECTIVES, RATIOS, st.integers(1, 5_000), st.data())
def test_a_threshold_is_crossed_exactly_where_the_compared_value_misses(
    promise: object, below: Fraction, whole: int, data: st.DataObject
) -> None:
    """Solved for the lost time here, compared after rounding there."""
    lost = data.draw(st.fractions(0, whole, max_denominator=7))
    threshold = threshold_of(promise, below)  # type: ignore[arg-type]
    value = compared(promise, ratio(lost, Fraction(whole)))  # type: ignore[arg-type]
    is_missed = misses(promise, value, below)  # type: ignore[arg-type]
    assert threshold.is_crossed(lost, Fraction(whole)) is is_missed


@given(OBJECTIVES, RATIOS, st.integers(1, 5_000), st.data())
def test_all_that_is_left_may_be_lost_and_one_more_may_not(
    promise: object, below: Fraction, whole: int, data: st.DataObject
) -> None:
    """Steps of any size: the last one that keeps the promise, and the one that breaks it."""
    lost = data.draw(st.fractions(0, whole, max_denominator=7))
    step = data.draw(st.fractions(Fraction(1, 9), 9))
    threshold = threshold_of(promise, below)  # type: ignore[arg-type]
    steps = threshold.steps_left(lost, Fraction(whole), step)
    if steps is None:
        assert threshold.is_crossed(lost, Fraction(whole))
    else:
        assert not threshold.is_crossed(lost + steps * step, Fraction(whole))
        assert threshold.is_crossed(lost + (steps + 1) * step, Fraction(whole))


def test_exactly_at_a_threshold_nothing_is_broken_unless_the_contract_says_so() -> None:
    """A thousand, of which ten may be lost at 99 percent: ten are left, or nine."""
    below = threshold_of(objective(), Fraction(99, 100))
    at_or_below = threshold_of(objective(comparison=Comparison.AT_OR_BELOW), Fraction(99, 100))
    assert below == Threshold(Fraction(99, 100), is_kept_at=True)
    assert below.steps_left(Fraction(0), Fraction(1000), Fraction(1)) == 10
    assert at_or_below.steps_left(Fraction(0), Fraction(1000), Fraction(1)) == 9


def test_rounding_half_up_forgives_half_a_step() -> None:
    """With two decimals 98.995 percent is shown, and compared, as 99.00."""
    rounded = objective(value_rounding=ValueRounding.HALF_UP, value_decimals=2)
    assert threshold_of(rounded, Fraction(99, 100)).value == Fraction(98_995, 100_000)
