"""Goal L6: what one person cannot do alone, and that a word counts for one proposal only."""

from dataclasses import replace

import pytest

from gpusla.identity import ContractId, TenantId
from gpusla.ledger.entries import Entry, Status, key_of, lines_of
from gpusla.ledger.notes import CreditNote, is_documented
from gpusla.ledger.release import Hold, Mode, Policy, proposal_of

ALPHA = ContractId("alpha")
MILLION = 100_000_000
POLICY = Policy(Mode.AUTOMATIC, {"USD": MILLION}, frozenset({"ada", "grace", "katherine"}))


def entry(amount: int, revision: int = 1, status: Status = Status.POSTED) -> Entry:
    """Return an entry of July's availability."""
    key = key_of(ALPHA, "2026-07", "availability", revision)
    lines = lines_of(status, amount)
    return Entry(
        key, ALPHA, TenantId("a"), "2026-07", "availability", revision, status, amount, "USD",
        lines, None, "e1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "people", "hold"),
    [
        (MILLION, (), None),
        (MILLION + 1, (), Hold.APPROVALS),
        (MILLION + 1, ("ada",), Hold.APPROVALS),
        (MILLION + 1, ("ada", "ada"), Hold.APPROVALS),
        (MILLION + 1, ("ada", "mallory"), Hold.APPROVALS),
        (MILLION + 1, ("mallory", "trudy"), Hold.APPROVALS),
        (MILLION + 1, ("ada", "grace"), None),
        (-MILLION - 1, ("ada",), Hold.APPROVALS),
    ],
)
def test_more_than_the_threshold_takes_two_who_may(
    amount: int, people: tuple[str, ...], hold: Hold | None
) -> None:
    """The threshold itself does not; nobody counts twice; taking back counts as giving does."""
    assert POLICY.hold(proposal_of([entry(amount)]), None, people) is hold


def test_an_amount_is_not_made_small_by_splitting_or_by_taking_back() -> None:
    """What is given is summed over all entries, whatever is taken back beside it."""
    halves = [entry(MILLION // 2 + 1, 1), entry(MILLION // 2 + 1, 2)]
    assert POLICY.hold(proposal_of(halves), None, ()) is Hold.APPROVALS
    swapped = [entry(-2 * MILLION, 1), entry(2 * MILLION + 5, 2)]
    assert proposal_of(swapped).stake_minor_units == 2 * MILLION + 5
    assert POLICY.hold(proposal_of(swapped), None, ()) is Hold.APPROVALS


def test_a_currency_without_a_threshold_always_takes_two() -> None:
    """Forgetting one must not open a door."""
    euros = proposal_of([replace(entry(1), currency="EUR")])
    assert POLICY.hold(euros, None, ("ada",)) is Hold.APPROVALS
    assert POLICY.hold(euros, None, ("ada", "grace")) is None


def test_in_shadow_mode_nothing_is_posted_whoever_approves() -> None:
    """Until a person switches the contract, and again after one switched it back."""
    shadow = replace(POLICY, mode=Mode.SHADOW)
    proposal = proposal_of([entry(0)])
    assert shadow.hold(proposal, None, ("ada", "grace")) is Hold.SHADOW
    assert shadow.hold(proposal, Mode.AUTOMATIC, ()) is None
    assert POLICY.hold(proposal, Mode.SHADOW, ("ada", "grace")) is Hold.SHADOW


def test_a_proposal_is_told_apart_by_everything_that_is_posted() -> None:
    """Amount, revision, judgement, period, contract, currency: approval goes over to none."""
    first = entry(500)
    others = [
        entry(501),
        entry(500, revision=2),
        replace(first, evaluation_digest="e2"),
        replace(first, period="2026-08"),
        replace(first, contract=ContractId("beta")),
        replace(first, currency="EUR"),
    ]
    digests = {proposal_of([one]).digest for one in (first, *others)}
    assert len(digests) == 1 + len(others)
    assert proposal_of([first]) == proposal_of([entry(500)])


@pytest.mark.parametrize(
    ("amount", "status", "has_note"),
    [
        (500, Status.POSTED, True),
        (-500, Status.POSTED, True),
        (0, Status.POSTED, False),
        (500, Status.PENDING, False),
        (-500, Status.VOID, False),
    ],
)
def test_what_moves_money_has_a_document(amount: int, status: Status, *, has_note: bool) -> None:
    """A month that is closed with nothing has none."""
    assert is_documented(entry(amount, status=status)) is has_note


def test_a_document_is_named_by_contract_and_number() -> None:
    """With six digits, and more where six are not enough."""
    assert CreditNote(ALPHA, 1, "k").document == "CN-alpha-000001"
    assert CreditNote(ALPHA, 1_234_567, "k").document == "CN-alpha-1234567"


def test_what_was_replaced_is_proposed_anew_under_a_digest_of_its_own() -> None:
    """A, A, B, A, A, B and A again are five proposals; those of another period change nothing."""
    here, other = entry(500), entry(600)
    elsewhere = proposal_of([replace(here, period="2026-08")])
    before = [elsewhere]
    for one in (here, here, other, here, here, other, here):
        proposal = proposal_of([one], before)
        if proposal not in before:
            before += [proposal, elsewhere]
    made = [one for one in before if one != elsewhere]
    assert [one.stake_minor_units for one in made] == [500, 600, 500, 600, 500]
    assert len({one.digest for one in made}) == 5
    assert made[0] == proposal_of([here])
