"""The contracts of the news say what was published, and what is ours says that it is."""

from datetime import date
from pathlib import Path

import pytest

from gpusla.contracts.calendar import month_count
from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion, LongStop
from tests.architecture.tree import ROOT

FILES = sorted((ROOT / "examples" / "contracts").glob("*.yaml"))


def contract(name: str) -> ContractVersion:
    """One of the five."""
    file = ROOT / "examples" / "contracts" / f"{name}.yaml"
    return load_contract(file.read_bytes(), file.name)


@pytest.mark.parametrize(
    ("name", "months", "dollars"),
    [
        ("reflection-2026", 42, 6_300_000_000),
        ("anthropic-2026", 35, 43_750_000_000),
        ("google-2026", 33, 30_360_000_000),
    ],
)
def test_the_whole_price_is_the_published_one(name: str, months: int, dollars: int) -> None:
    """42 x 150 million, 35 x 1.25 billion, 33 x 920 million."""
    found = contract(name)
    (fee,) = found.fees.recurring
    assert month_count(found.term.start, found.term.end) == months
    assert months * fee.minor_units == dollars * 100


@pytest.mark.parametrize("name", ["reflection-2026", "anthropic-2026"])
def test_either_side_may_leave_after_three_months_with_ninety_days(name: str) -> None:
    """As published of both."""
    termination = contract(name).term.termination
    assert (termination.initial_period_months, termination.notice_days) == (3, 90)
    assert termination.by == ("provider", "tenant")
    assert termination.not_before is None


def test_google_may_leave_if_the_ramp_is_late_and_either_side_from_2027_on() -> None:
    """The long-stop is the last of September, with a month of grace."""
    google = contract("google-2026")
    assert google.capacity.long_stop == LongStop(
        date(2026, 9, 30), 1, 0, ("terminate", "rebase_fee")
    )
    assert google.term.termination.not_before == date(2027, 1, 1)
    assert google.term.termination.notice_days == 90


def test_what_sources_disagree_about_stands_there_with_both_values() -> None:
    """How many GPUs Anthropic rents, and until when."""
    disagreements = {one.field: one.values for one in contract("anthropic-2026").disagreements}
    assert set(disagreements) == {"capacity.ramp", "term.end"}
    counts = [value for value, _ in disagreements["capacity.ramp"]]
    assert counts == ["approximately 325,000 NVIDIA GPUs", "220,000 GPUs"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_nobody_published_is_assumed(file: Path) -> None:
    """No tier, credit, exclusion, claim, chronic or parity clause of any of them is public."""
    assumed = set(contract(file.stem).assumed)
    assert {"slos", "combine", "exclusions", "claims", "chronic", "parity", "statement"} <= assumed
    assert "capacity" in assumed or "capacity.ramp" in assumed
    assert not contract(file.stem).verified


@pytest.mark.parametrize("name", ["reflection-2026", "google-2026", "anthropic-2026"])
def test_it_carries_examples_on_both_sides_of_a_threshold(name: str) -> None:
    """One that costs something, and one that does not."""
    amounts = [example.credit_minor_units for example in contract(name).examples]
    assert 0 in amounts
    assert any(amounts)


def test_the_house_and_the_affiliate_pay_nothing_and_have_a_price() -> None:
    """So that their losses are visible."""
    house, cursor = contract("house"), contract("cursor-2026")
    assert (house.house, cursor.affiliate) == (True, True)
    for one in (house, cursor):
        assert one.fees.recurring[0].minor_units == 0
        assert one.fees.shadow_minor_units > 0
