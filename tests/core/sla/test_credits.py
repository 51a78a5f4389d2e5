"""
From a measure to a credit: tables with their arithmetic, thresholds from both sides, and laws.

A window costs 100,000 and is 1000 ms long unless a case says otherwise; what was lost stands in the
measure's own units, so 10 of 1000 is exactly 99 percent.
"""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.promises import Comparison, Kind, Objective, Scope, ValueRounding
from gpusla.contracts.remedies import (
    Base,
    Credit,
    Lateness,
    LatenessCount,
    Linear,
    LinearOf,
    NoCredit,
    Step,
    Tier,
)
from gpusla.sla.credits import judge
from gpusla.sla.evaluation import Bounds
from tests.core.contracts.terms import TIERS, objective
from tests.core.sla.making import HOUR_MS, bounds, judged, measure, prices, unit

BELOW, AT_OR_BELOW = Comparison.BELOW, Comparison.AT_OR_BELOW
NONE, FLOOR, HALF_UP = ValueRounding.NONE, ValueRounding.FLOOR, ValueRounding.HALF_UP
ALL_LOST, SHORTFALL = LinearOf.ALL_LOST, LinearOf.SHORTFALL_BELOW_TARGET


@pytest.mark.parametrize(
    ("lost", "comparison", "percent"),
    [
        # Tiers: below 99 %: 5, below 98 %: 10, below 95 %: 25.  Of 1,000,000.
        (0, BELOW, 0),
        (9_999, BELOW, 0),  # 99.0001 %
        (10_000, BELOW, 0),  # exactly 99 %: not below
        (10_001, BELOW, 5),  # 98.9999 %
        (20_000, BELOW, 5),  # exactly 98 %
        (20_001, BELOW, 10),
        (50_000, BELOW, 10),  # exactly 95 %
        (50_001, BELOW, 25),
        (1_000_000, BELOW, 25),
        (9_999, AT_OR_BELOW, 0),
        (10_000, AT_OR_BELOW, 5),  # exactly 99 %: a miss here
        (19_999, AT_OR_BELOW, 5),
        (20_000, AT_OR_BELOW, 10),
        (50_000, AT_OR_BELOW, 25),
    ],
)
def test_a_tier_begins_exactly_at_its_threshold(
    lost: int, comparison: Comparison, percent: int
) -> None:
    """A1: `below` leaves the threshold itself unharmed, `at_or_below` does not."""
    promise = objective(comparison=comparison)
    outcome = judged(promise, measure(lost, 1_000_000))
    assert outcome.credit.value == 100_000 * percent // 100
    assert outcome.is_missed == (percent > 0)
    assert outcome.value.value == 1 - Fraction(lost, 1_000_000)


@pytest.mark.parametrize(
    ("rounding", "decimals", "lost", "compared", "is_missed"),
    [
        # Of 100,000; the target is 99.9 %.
        (NONE, 0, 101, "99899/100000", True),  # 99.899 %
        (FLOOR, 2, 101, "9989/10000", True),  # 99.899 is cut to 99.89
        (FLOOR, 1, 100, "999/1000", False),  # 99.900 stays
        (FLOOR, 1, 99, "999/1000", False),  # 99.901 is cut to 99.9
        (FLOOR, 0, 99, "99/100", True),  # 99.901 is cut to 99
        (HALF_UP, 2, 104, "999/1000", False),  # 99.896 becomes 99.90
        (HALF_UP, 2, 105, "999/1000", False),  # 99.895, exactly half, becomes 99.90
        (HALF_UP, 2, 106, "9989/10000", True),  # 99.894 becomes 99.89
        (HALF_UP, 0, 500, "1", False),  # 99.5 becomes 100
        (HALF_UP, 0, 501, "99/100", True),  # 99.499 becomes 99
    ],
)
def test_a_value_is_rounded_as_a_percentage_before_it_is_compared(
    rounding: ValueRounding, decimals: int, lost: int, compared: str, *, is_missed: bool
) -> None:
    """A3: the exact value stands beside the rounded one."""
    promise = objective(
        target=Fraction(999, 1000), value_rounding=rounding, value_decimals=decimals
    )
    outcome = judged(promise, measure(lost, 100_000))
    assert outcome.compared.value == Fraction(compared)
    assert outcome.value.value == 1 - Fraction(lost, 100_000)
    assert outcome.is_missed == is_missed


def test_bounds_of_a_value_run_against_those_of_lost_time_and_of_the_credit() -> None:
    """The most lost is the lowest value and the highest credit."""
    outcome = judged(objective(), measure((5, 15, 25)))
    assert outcome.value == Bounds(Fraction(975, 1000), Fraction(985, 1000), Fraction(995, 1000))
    assert outcome.tier == Bounds(TIERS[1], TIERS[0], None)
    assert outcome.credit == bounds((0, 5000, 10_000))


def test_a_bound_on_the_wrong_side_of_the_value_is_set_to_it() -> None:
    """Where another total makes the value better than all doubt could."""
    outcome = judged(objective(), measure((30, 10, 40), (1000, 500, 1000)))
    assert outcome.value == Bounds(Fraction(96, 100), Fraction(98, 100), Fraction(98, 100))


def test_nothing_committed_is_neither_missed_nor_credited() -> None:
    """A28: there is no value, and no tier of one."""
    for credit in (Step(Base.PERIOD_FEE, TIERS), Linear(Base.PERIOD_FEE, ALL_LOST, Fraction(1))):
        outcome = judged(objective(credit=credit), measure(0, 0, whole=1000))
        assert outcome.value == Bounds(None, None, None)
        assert not outcome.is_missed
        assert outcome.tier == Bounds(None, None, None)
        assert outcome.credit == bounds((0, 0, 0))


UNITS = (
    # A fee of 100,000 is shared out by held time, of 4000: 25,000, 50,000 and 25,000.
    unit("a", 0, held=1000),
    unit("b", 15, held=2000),  # 98.5 %: 5 %
    unit("c", (0, 60, 100), held=1000),  # 94 %: 25 %; at best nothing, at worst 90 %: 25 %
)


@pytest.mark.parametrize(
    ("base", "low", "value", "high"),
    [
        # 75 of 3000 lost: 97.5 %, 10 %.  At best 15: 99.5 %, nothing.  At worst 115: 96.2 %, 10 %.
        (Base.PERIOD_FEE, 0, 10_000, 10_000),
        (Base.ANNUAL_OVER_12, 0, 5_000, 5_000),  # of 50,000
        (Base.AFFECTED_CHARGES, 0, 7_500, 7_500),  # of b and c: 75,000
    ],
)
def test_a_step_is_a_percentage_of_its_base(base: Base, low: int, value: int, high: int) -> None:
    """Of the window's fee, a twelfth of the year's, or the fees of the units that lost."""
    promise = objective(kind=Kind.TIME_UNIT, credit=Step(base, TIERS))
    found = measure((15, 75, 115), 3000, UNITS, held=4000)
    outcome = judged(promise, found, prices(committed=4000))
    assert outcome.credit == bounds((low, value, high))


def test_units_by_themselves_are_credited_by_their_own_value_on_their_own_fee() -> None:
    """With a scope of units one bad unit is not averaged away."""
    promise = unit_wise(Step(Base.UNIT_FEE, TIERS))
    found = measure((15, 75, 115), 3000, UNITS, held=4000)
    outcome = judged(promise, found, prices(committed=4000))
    # b: 5 % of 50,000.  c: 25 % of 25,000, at best nothing.
    assert {u.unit: int(u.base) for u in outcome.units} == {"b": 50_000, "c": 25_000}
    assert outcome.units[0].credit == bounds((2500, 2500, 2500))
    assert outcome.units[1].credit == bounds((0, 6250, 6250))
    assert outcome.credit == bounds((2500, 8750, 8750))
    assert outcome.tier == Bounds(None, None, None)
    assert outcome.value.value == 1 - Fraction(75, 3000)


def unit_wise(credit: Credit, **changes: Any) -> Objective:
    """An objective of units by themselves."""
    return objective(kind=Kind.TIME_UNIT, scope=Scope.UNIT, credit=credit, **changes)


@pytest.mark.parametrize(
    ("committed", "held", "fee"),
    [
        (4000, 4000, 25_000),  # 100,000 * 1000 / 4000
        (8000, 4000, 12_500),  # half of what is committed is not there: the others cost no more
        (2000, 4000, 25_000),  # more than committed is held: all share the fee
        (0, 1000, 100_000),
    ],
)
def test_a_units_fee_is_its_share_of_what_is_committed_or_held(
    committed: int, held: int, fee: int
) -> None:
    """Whichever is more, so that all unit fees together are never more than the fee."""
    found = measure(60, 1000, [unit("c", 60, held=1000)], held=held)
    outcome = judged(unit_wise(Step(Base.UNIT_FEE, TIERS)), found, prices(committed=committed))
    assert outcome.units[0].base == fee
    assert outcome.credit.value == Fraction(fee, 4)


def test_a_unit_that_was_never_held_costs_nothing() -> None:
    """And nothing is divided by nothing."""
    found = measure(60, 1000, [unit("c", 60, held=0)], held=0)
    promise = unit_wise(Step(Base.UNIT_FEE, TIERS))
    assert judged(promise, found, prices(committed=0)).credit.value == 0


@pytest.mark.parametrize(
    ("of", "multiple", "lost", "whole", "credit"),
    [
        (ALL_LOST, "1", 50, 1000, 5_000),  # 100,000 * 50 / 1000
        (ALL_LOST, "3/2", 50, 1000, 7_500),
        (ALL_LOST, "1", 50, 2000, 2_500),  # half of the window is to come
        (ALL_LOST, "1", 1000, 1000, 100_000),
        (SHORTFALL, "1", 9, 1000, 0),
        (SHORTFALL, "1", 10, 1000, 0),  # exactly 99 %
        (SHORTFALL, "1", 11, 1000, 100),  # 100,000 * 1 / 1000
        (SHORTFALL, "1", 50, 1000, 4_000),  # 100,000 * (50 - 10) / 1000
        (SHORTFALL, "2", 50, 1000, 8_000),
        (SHORTFALL, "1", 50, 2000, 1_500),  # 100,000 * (50 - 20) / 2000
    ],
)
def test_a_linear_credit_goes_with_lost_time(
    of: LinearOf, multiple: str, lost: int, whole: int, credit: int
) -> None:
    """As a part of the whole window, so that what has accrued to date is certain."""
    promise = objective(credit=Linear(Base.PERIOD_FEE, of, Fraction(multiple)))
    assert judged(promise, measure(lost, whole=whole)).credit.value == credit


def test_a_linear_credit_of_units_lets_no_unit_make_up_for_another() -> None:
    """B loses 5 beyond its 10, c 50, and a nothing below its own."""
    promise = unit_wise(Linear(Base.UNIT_FEE, SHORTFALL, Fraction(1)))
    outcome = judged(promise, measure(75, 3000, UNITS, held=4000), prices(committed=4000))
    # 50,000 * 5 / 1000 + 25,000 * 50 / 1000
    assert outcome.credit.value == 250 + 1250


def test_each_step_of_lateness_gives_its_percentage_of_the_units_fee() -> None:
    """GPUYard: ten percent for each twelve hours; also where no repair ended in the window."""
    credit = Lateness(12 * HOUR_MS, Fraction(10), LatenessCount.COMPLETED)
    found = measure(0, 0, [unit("a", 0, 0, late=(1, 2, 3), held=500)])
    outcome = judged(objective(kind=Kind.REPLACEMENT_TIME, credit=credit), found)
    assert outcome.credit == bounds((5_000, 10_000, 15_000))  # of 50,000


def test_a_watched_objective_gives_nothing() -> None:
    """It is missed, and that is all."""
    for scope in Scope:
        promise = objective(credit=NoCredit(), scope=scope)
        outcome = judged(promise, measure(500, 1000, [unit("a", 500)]))
        assert outcome.is_missed
        assert outcome.credit == bounds((0, 0, 0))
        assert outcome.units == ()


@pytest.mark.parametrize(("granted", "left"), [(0, 5000), (4999, 1), (5000, 0), (6000, 0)])
def test_what_earlier_windows_gave_is_not_given_again(granted: int, left: int) -> None:
    """A22: unless the contract says that it is."""
    once = objective()
    again = objective(window={"grants_again": True})
    found = measure(15)
    assert judge(once, found, prices(), granted).credit.value == left
    assert judge(again, found, prices(), granted).credit.value == 5000


losses = st.integers(0, 1000)
shapes = st.sampled_from(
    [
        Step(Base.PERIOD_FEE, TIERS),
        Step(Base.AFFECTED_CHARGES, TIERS),
        Linear(Base.PERIOD_FEE, ALL_LOST, Fraction(1)),
        Linear(Base.AFFECTED_CHARGES, SHORTFALL, Fraction(3, 2)),
    ]
)


@given(shapes, losses, losses, st.sampled_from(Comparison), st.sampled_from(ValueRounding))
def test_more_lost_never_means_less_credit(
    credit: Credit, one: int, other: int, comparison: Comparison, rounding: ValueRounding
) -> None:
    """Nor does less mean more."""
    promise = objective(
        kind=Kind.TIME_UNIT, credit=credit, comparison=comparison, value_rounding=rounding
    )
    less, more = (
        judged(promise, measure(lost, 1000, [unit("a", lost)])).credit.value
        for lost in sorted((one, other))
    )
    assert less <= more


@given(shapes, st.lists(losses, min_size=3, max_size=3), st.sampled_from(Scope))
def test_the_credit_lies_within_its_bounds(credit: Credit, lost: list[int], scope: Scope) -> None:
    """Even where the bounds of what was lost do not hold the value."""
    promise = objective(kind=Kind.TIME_UNIT, credit=credit, scope=scope)
    amounts = (lost[0], lost[1], lost[2])
    given_ = judged(promise, measure(amounts, 1000, [unit("a", amounts)])).credit
    assert given_.low <= given_.value <= given_.high


def test_tiers_need_not_stand_in_order() -> None:
    """The lowest that is missed counts, wherever it stands."""
    promise = objective(credit=Step(Base.PERIOD_FEE, (TIERS[2], TIERS[0], TIERS[1])))
    assert judged(promise, measure(30)).tier.value == Tier(Fraction(98, 100), Fraction(10))
