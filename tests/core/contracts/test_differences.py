"""What two versions say differently: each change once, in words, with whom it favours."""

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from gpusla.contracts.differences import Difference, Gain, differences
from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion, MonthlyFee, RampStep
from gpusla.contracts.remedies import Base, EventRow, NoCredit, PerEventTable, Step, Tier
from gpusla.contracts.words import duration, words
from tests.core.contracts.terms import contract

WHOLE = Path(__file__).with_name("everything.yaml")
KEYS_OF_PARTS = {
    *("window", "min_outage", "unknown", "degraded", "credit", "rows"),
    *("requests", "performance", "replacement"),
}


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
    assert found.after == "below 95 %, percent 25 %"
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
    ("value", "said"),
    [
        (NoCredit(), "type none"),
        (RampStep(date(2028, 1, 1), 1_200), "from 2028-01-01, gpus 1,200"),
        (MonthlyFee(date(2028, 1, 1), 150), "from 2028-01-01, amount USD 1.50"),
        (
            Step(Base.PERIOD_FEE, (Tier(Fraction("0.99"), Fraction(5)),)),
            "type step, base period_fee, tiers below 99 %, percent 5 %",
        ),
        (
            PerEventTable(
                (EventRow(0, 540_000, Fraction(12)), EventRow(600_000, None, Fraction(24)))
            ),
            "type per_event_table, rows (from 0, until 9 min, hours 12), (from 10 min, hours 24)",
        ),
    ],
)
def test_a_part_is_said_by_the_keys_of_the_file(value: object, said: str) -> None:
    """What it is called in the program is nobody's business; what says nothing is left out."""
    assert words("", value, "USD") == said


def test_no_word_of_the_program_is_in_what_two_contracts_say_differently() -> None:
    """Over every key that a contract may have, all gone and all new."""
    whole = load_contract(WHOLE.read_bytes(), "whole.yaml")
    small = contract()
    for found in (*differences(whole, small), *differences(small, whole)):
        for told in filter(None, (found.before, found.after)):
            # Nothing stands before the first bracket, and before others a key of the file.
            keys = set(re.findall(r"(\w+) \(", told))
            assert keys <= KEYS_OF_PARTS, told
            assert "_ms " not in told
            assert "minor_units" not in told


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
