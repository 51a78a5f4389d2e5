"""A claim asks for a period that a known contract has, once that period has begun."""

from dataclasses import replace
from datetime import date

import pytest

from gpusla.contracts.model import ContractVersion
from gpusla.documents import parse
from gpusla.errors import InventoryError
from gpusla.inventory.load import read_claims
from gpusla.sla.claimable import require_claimable
from tests.core.contracts.terms import contract

ACME = replace(contract(), version=1)
FIRST, LAST = f"{ACME.term.start:%Y-%m}", f"{ACME.term.end:%Y-%m}"
FILE = f"""\
apiVersion: gpusla/v1
kind: Claims
claims:
  - id: k1
    contract: {ACME.id}
    period: {FIRST}
    claimed_at: 2199-01-01T00:00:00Z
    by: tenant
    reference: ticket 7
    recorded_at: 2199-01-01T00:00:00Z
"""


def check(text: str, *versions: ContractVersion) -> None:
    """Ask whether all that a file claims is there."""
    document = parse(text.encode(), "k.yaml")
    known = {ACME.id: versions} if versions else {}
    require_claimable(read_claims(document), document, known)


def refusal(text: str, *versions: ContractVersion) -> str:
    """The sentence that a file is refused with."""
    with pytest.raises(InventoryError) as refused:
        check(text, *versions)
    return str(refused.value)


def test_first_and_last_period_of_the_term_can_be_claimed() -> None:
    """And what nobody refuses is good."""
    check(FILE, ACME)
    check(FILE.replace(f"period: {FIRST}", f"period: {LAST}"), ACME)


def test_a_contract_that_no_file_defines_is_told() -> None:
    """With its place."""
    assert refusal(FILE) == (
        f"k.yaml:5:15: claims[0].contract: no contract file defines {ACME.id!r}. "
        "Correct the name or add the contract. [GS1202]"
    )


def test_a_period_outside_the_term_is_told_with_those_there_are() -> None:
    """A mistyped year would else never pay."""
    assert refusal(FILE.replace(f"period: {FIRST}", "period: 1999-01"), ACME) == (
        f"k.yaml:6:13: claims[0].period: contract {ACME.id} has no period '1999-01'. "
        f"Its periods run from {FIRST} to {LAST}. [GS1202]"
    )


def test_a_claim_from_before_its_period_is_told() -> None:
    """Nothing can have been lost yet."""
    sentence = refusal(FILE.replace("claimed_at: 2199", "claimed_at: 1999"), ACME)
    assert sentence.startswith(
        f"k.yaml:7:17: claims[0].claimed_at: 1999-01-01T00:00:00Z is before period {FIRST} "
        f"of contract {ACME.id} begins, "
    )
    assert sentence.endswith("Correct the instant or the period. [GS1205]")


def test_a_period_that_a_later_version_cuts_off_stays_claimed() -> None:
    """What was taken in under the version before is not refused with it."""
    start = ACME.term.start
    end = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    shorter = replace(ACME, version=2, term=replace(ACME.term, end=end))
    text = FILE.replace(f"period: {FIRST}", f"period: {LAST}")
    check(text, ACME, shorter)
    assert "has no period" in refusal(text, shorter)
