"""Whose terms are better: only clear cases, and only among those that are alike."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.remedies import (
    Base,
    Cap,
    ClaimAnchor,
    ClaimMode,
    EventRounding,
    ExclusionRule,
    HoursPer,
    Linear,
    LinearOf,
    Multiple,
    NoCredit,
)
from gpusla.parity.terms import (
    BETTER,
    MORE_THAN_ANY,
    Level,
    Likeness,
    Terms,
    dominates,
    is_no_worse,
    terms_of,
)
from tests.core.contracts.terms import contract, objective

HOUR_MS = 3_600_000
FEE = Fraction(1_000_000)
EVERYTHING = tuple(BETTER)


def read(**changes: Any) -> Terms:
    """Terms of the test contract, changed, at 100 GPU-hours for 10,000.00."""
    return terms_of(contract(**changes), FEE, 100 * HOUR_MS)


def level(name: str, **changes: Any) -> Level:
    """One dimension of them."""
    return read(**changes).levels[name]


def promising(**changes: Any) -> tuple[object, ...]:
    """The contract's only objective, changed."""
    return (objective(**changes),)


def test_the_price_is_that_of_a_committed_gpu_hour() -> None:
    """10,000.00 for 100 GPU-hours is 100.00; without a commitment there is none."""
    assert level("effective_price_per_gpu_hour") == (Fraction(10_000),)
    nothing = terms_of(contract(), FEE, 0)
    assert nothing.levels["effective_price_per_gpu_hour"] is None


def test_credit_rates_of_steps_and_of_lines_compare() -> None:
    """
    At losses of 0.1, 0.5, 1, 2, 5, 10, 25 and 100 percent.

    Steps 5, 10, 25 below 99, 98, 95: exactly at a threshold is no breach.  A line of everything
    lost, and one of what lies below 99.
    """
    assert level("credit_rate") == tuple(Fraction(n, 100) for n in (0, 0, 0, 5, 10, 25, 25, 25))
    line = Linear(Base.PERIOD_FEE, LinearOf.ALL_LOST, Fraction(1))
    assert level("credit_rate", objectives=promising(credit=line)) == tuple(
        Fraction(n, 1000) for n in (1, 5, 10, 20, 50, 100, 250, 1000)
    )
    below = replace(line, of=LinearOf.SHORTFALL_BELOW_TARGET, multiple=Fraction(2))
    assert level("credit_rate", objectives=promising(credit=below)) == tuple(
        Fraction(n, 1000) for n in (0, 0, 0, 20, 80, 180, 480, 1980)
    )


def test_a_credit_for_each_outage_does_not_compare_and_none_at_all_is_the_worst() -> None:
    """What depends on how outages fall is no rate."""
    events = Multiple(Fraction(50), EventRounding.NONE, 0)
    assert level("credit_rate", objectives=promising(credit=events)) is None
    assert level("credit_rate", objectives=promising(credit=NoCredit())) == (Fraction(0),) * 8


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ((), (Fraction(1),)),
        ((Cap(Fraction(18), Base.PERIOD_FEE, None),), (Fraction(18, 100),)),
        ((Cap(None, Base.PERIOD_FEE, 250_000),), (Fraction(1, 4),)),
        ((Cap(Fraction(50), Base.AFFECTED_CHARGES, None),), None),
    ],
)
def test_the_lowest_cap_counts_as_a_part_of_the_fee(caps: tuple[Cap, ...], expected: Level) -> None:
    """An amount by the fee; one of affected charges is no part of anything known."""
    assert level("cap", combination={"caps": caps}) == expected


def test_no_maintenance_is_better_than_any_notice() -> None:
    """Nothing is excluded where no rule allows it; of several rules the shortest notice counts."""
    rule = ExclusionRule(
        "planned", "maintenance", 7 * 24 * HOUR_MS, 0, HoursPer.SLOT, 0, needs_approval=True
    )
    rules = (rule, replace(rule, id="short", notice_ms=HOUR_MS))
    assert level("notice") == (MORE_THAN_ANY,)
    assert level("notice", exclusion_rules=rules) == (Fraction(HOUR_MS),)


def test_not_having_to_claim_is_better_than_any_deadline() -> None:
    """30 days after the period; after an incident they may have begun 31 days before its end."""
    assert level("claim_deadline") == (MORE_THAN_ANY,)
    asked = {"mode": ClaimMode.ON_CLAIM}
    assert level("claim_deadline", claims=asked) == (Fraction(30),)
    assert level("claim_deadline", claims={**asked, "anchor": ClaimAnchor.INCIDENT}) == (
        Fraction(0),
    )


@pytest.mark.parametrize("name", EVERYTHING)
def test_better_in_one_dimension_and_alike_in_all_others_dominates(name: str) -> None:
    """Each dimension in its own direction; and never both ways."""
    ours = read()
    step = 1 if BETTER[name].value == "higher" else -1
    levels = {**ours.levels, name: tuple(part + step for part in ours.levels[name] or ())}
    theirs = replace(ours, levels=levels)
    assert dominates(theirs, ours, EVERYTHING) is True
    assert dominates(ours, theirs, EVERYTHING) is False


def test_equal_terms_dominate_nobody_and_a_trade_is_no_dominance() -> None:
    """Cheaper, for a lower target: neither is worse off."""
    ours = read()
    cheaper = {"effective_price_per_gpu_hour": (Fraction(1),), "target": (Fraction(1, 2),)}
    traded = replace(ours, levels={**ours.levels, **cheaper})
    assert dominates(ours, ours, EVERYTHING) is False
    assert dominates(traded, ours, EVERYTHING) is False
    assert dominates(ours, traded, EVERYTHING) is False


OURS = read()
FEW = ("target", "effective_price_per_gpu_hour", "notice")
LEVELS = st.tuples(*[st.integers(0, 2)] * len(FEW)).map(
    lambda levels: {name: (Fraction(level),) for name, level in zip(FEW, levels, strict=True)}
)


@given(LEVELS, LEVELS, LEVELS)
def test_dominance_is_an_order(one: Any, two: Any, three: Any) -> None:
    """Never of both over each other, and of the first over the last of a chain."""
    a, b, c = (replace(OURS, levels=levels) for levels in (one, two, three))
    assert not (dominates(a, b, FEW) and dominates(b, a, FEW))
    if is_no_worse(a, b, FEW) and is_no_worse(b, c, FEW):
        assert is_no_worse(a, c, FEW)


def test_prices_in_other_currencies_do_not_compare() -> None:
    """No rate of exchange is guessed; the other dimensions still do."""
    ours, theirs = read(), replace(read(), currency="EUR")
    assert dominates(theirs, ours, EVERYTHING) is None
    assert dominates(theirs, ours, ("target",)) is False


def test_only_those_alike_are_held_against_one() -> None:
    """Another kind of GPU, more of them or a longer term may have better terms for it."""
    ours, likeness = read(), Likeness()
    assert likeness.is_alike(ours, replace(ours, gpus=0, months=1))
    assert not likeness.is_alike(ours, replace(ours, sku="h100"))
    assert not likeness.is_alike(ours, replace(ours, gpus=ours.gpus + 1))
    assert not likeness.is_alike(ours, replace(ours, months=ours.months + 1))
    assert Likeness(Fraction(2), Fraction(1)).is_alike(ours, replace(ours, gpus=ours.gpus * 2))
