"""What two versions say differently: each change once, in words, with whom it favours."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from gpusla.contracts.differences import Difference, Gain, differences
from gpusla.contracts.model import ContractVersion, MonthlyFee, RampStep
from gpusla.contracts.remedies import Step, Tier
from gpusla.contracts.words import duration, words
from tests.core.contracts.terms import contract


def test_a_version_differs_from_itself_in_nothing() -> None:
    """Nor from one that only lies in another file."""
    one = contract()
    assert differences(one, replace(one, digest="f" * 64, source="elsewhere.yaml")) == ()


def test_a_higher_target_favours_the_tenant() -> None:
    """And is said as a percentage."""
    before = contract()
    objective = before.objectives[0]
    after = replace(before, objectives=(replace(objective, target=Fraction("0.995")),))
    path = f"objectives[{objective.id}].target"
    was = words("target", objective.target, "USD")
    assert differences(before, after) == (Difference(path, was, "99.5 %", Gain.TENANT),)


def test_a_longer_minimum_outage_favours_the_provider() -> None:
    """Shorter ones are forgiven."""
    before = contract()
    objective = before.objectives[0]
    longer = replace(objective.min_outage, length_ms=300_000)
    after = replace(before, objectives=(replace(objective, min_outage=longer),))
    (found,) = differences(before, after)
    assert (found.after, found.gain) == ("5 min", Gain.PROVIDER)


def test_a_tier_that_is_new_has_nothing_before_it() -> None:
    """It is told whole, and whom it favours is left to the money."""
    before = with_tiers(contract(), Tier(Fraction("0.99"), Fraction(5)))
    after = with_tiers(
        before, Tier(Fraction("0.99"), Fraction(5)), Tier(Fraction("0.95"), Fraction(25))
    )
    (found,) = differences(before, after)
    assert found.before is None
    assert found.after == "tier (below 95 %, percent 25 %)"
    assert found.gain is Gain.OPEN


def test_steps_are_told_apart_by_their_date() -> None:
    """One put in between is one change, and not a change of all that follow."""
    before = contract()
    first = before.capacity.ramp[0]
    last = RampStep(date(2029, 1, 1), 5)
    between = RampStep(date(2028, 1, 1), 4)
    old = replace(before, capacity=replace(before.capacity, ramp=(first, last)))
    new = replace(before, capacity=replace(before.capacity, ramp=(first, between, last)))
    assert [one.field for one in differences(old, new)] == ["capacity.ramp[2028-01-01]"]


def test_a_fee_is_said_in_its_currency() -> None:
    """With all its decimals."""
    before = contract()
    fee = before.fees.recurring[0]
    after = replace(
        before, fees=replace(before.fees, recurring=(MonthlyFee(fee.start, 12_345_678_900),))
    )
    (found,) = differences(before, after)
    assert found.after == "USD 123,456,789.00"


@pytest.mark.parametrize(
    ("length_ms", "said"),
    [
        (0, "0"),
        (90_000, "1 min 30 s"),
        (187_200_000, "2 d 4 h"),
        (1, "1 ms"),
        (60_001, "1 min 1 ms"),
    ],
)
def test_lengths_of_time_are_said_in_whole_units(length_ms: int, said: str) -> None:
    """From days down to milliseconds, none left out."""
    assert duration(length_ms) == said


def with_tiers(before: ContractVersion, *tiers: Tier) -> ContractVersion:
    """Return the contract with these tiers on its first objective."""
    objective = before.objectives[0]
    assert isinstance(objective.credit, Step)
    credit = replace(objective.credit, tiers=tiers)
    return replace(before, objectives=(replace(objective, credit=credit),))
