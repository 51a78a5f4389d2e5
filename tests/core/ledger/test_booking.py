"""Which entries follow from a judgement: once, balanced, and corrected in the open."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gpusla.errors import LedgerError
from gpusla.ledger.booking import balance_minor_units, decide, pending_minor_units
from gpusla.ledger.entries import Entry, Line, Status, key_of
from gpusla.sla.evaluation import Bounds, Evaluation
from tests.core.sla.making import CONTRACT, judge, short_period, slot

PERIOD = short_period(CONTRACT, 100)
JUDGED = judge(CONTRACT, PERIOD, [], {slot(0): (PERIOD.interval,)})


def owing(minor_units: int, *, until_ms: int | None = None) -> Evaluation:
    """A judgement that comes to this credit."""
    return replace(
        JUDGED,
        credit_minor_units=Bounds(0, minor_units, minor_units),
        until_ms=PERIOD.interval.end_ms if until_ms is None else until_ms,
    )


def book(entries: Sequence[Entry], minor_units: int, *, is_final: bool = False) -> list[Entry]:
    """The ledger after deciding."""
    return [*entries, *decide(entries, owing(minor_units), is_final=is_final)]


def shapes(entries: Sequence[Entry]) -> list[tuple[int, str, int]]:
    """Revision, status and amount of each."""
    return [(e.revision, e.status.value, e.amount_minor_units) for e in entries]


def test_an_open_period_that_owes_nothing_books_nothing() -> None:
    """Nothing is known that would have to be taken back."""
    assert decide((), owing(0), is_final=False) == ()


def test_an_open_period_books_what_it_would_owe_as_pending() -> None:
    """In accounts of its own: nothing is owed yet."""
    entries = book((), 500)
    assert shapes(entries) == [(1, "pending", 500)]
    assert [line.account.value for line in entries[0].lines] == [
        "pending_sla_credit_expense",
        "pending_customer_credit",
    ]
    assert (balance_minor_units(entries), pending_minor_units(entries)) == (0, 500)


def test_a_pending_amount_that_changes_is_taken_back_and_booked_anew() -> None:
    """The reversal names what it reverses."""
    entries = book(book((), 500), 700)
    assert shapes(entries) == [(1, "pending", 500), (2, "void", -500), (3, "pending", 700)]
    assert entries[1].reverses == entries[0].key
    assert pending_minor_units(entries) == 700


def test_a_pending_amount_that_falls_to_nothing_is_only_taken_back() -> None:
    """Early in a month a credit may shrink away."""
    entries = book(book((), 500), 0)
    assert shapes(entries) == [(1, "pending", 500), (2, "void", -500)]


def test_the_close_takes_the_pending_entry_back_and_posts() -> None:
    """From here on it is owed."""
    entries = book(book((), 500), 500, is_final=True)
    assert shapes(entries) == [(1, "pending", 500), (2, "void", -500), (3, "posted", 500)]
    assert (balance_minor_units(entries), pending_minor_units(entries)) == (500, 0)


def test_a_close_at_nothing_is_booked_too() -> None:
    """That a month was judged and owes nothing is a fact of its own."""
    assert shapes(book((), 0, is_final=True)) == [(1, "posted", 0)]


def test_a_period_is_posted_once() -> None:
    """Closing again changes nothing, however often."""
    entries = book((), 500, is_final=True)
    assert decide(entries, owing(500), is_final=True) == ()


def test_a_posted_period_is_corrected_by_reversal_and_new_entry() -> None:
    """Nothing is edited."""
    entries = book(book((), 500, is_final=True), 800, is_final=True)
    assert shapes(entries) == [(1, "posted", 500), (2, "posted", -500), (3, "posted", 800)]
    assert entries[1].reverses == entries[0].key
    assert balance_minor_units(entries) == 800


def test_a_posted_period_is_not_opened_again() -> None:
    """A judgement to date that comes late is passed over."""
    entries = book((), 500, is_final=True)
    assert decide(entries, owing(900), is_final=False) == ()


def test_a_correction_that_broke_off_is_finished_and_not_reopened() -> None:
    """Only the reversal was written: the next final judgement posts, an open one does not."""
    entries = book((), 500, is_final=True)
    reversal = decide(entries, owing(800), is_final=True)[0]
    broken = [*entries, reversal]
    assert decide(broken, owing(800), is_final=False) == ()
    assert shapes(decide(broken, owing(800), is_final=True)) == [(3, "posted", 800)]


def test_an_unfinished_period_cannot_be_posted() -> None:
    """A close before the end would owe an amount that may still change."""
    unfinished = owing(500, until_ms=PERIOD.interval.end_ms - 1)
    with pytest.raises(LedgerError) as refused:
        decide((), unfinished, is_final=True)
    assert refused.value.code.name == "period_open"


def test_a_shadow_price_is_never_money_owed() -> None:
    """A house contract shows what it lost, and books nothing."""
    shadow = replace(owing(500), is_shadow=True)
    assert decide((), shadow, is_final=True) == ()


def test_entries_of_other_periods_and_clauses_are_left_alone() -> None:
    """Each has a history of its own."""
    other = [replace(entry, period="2026-09") for entry in book((), 500)]
    assert shapes(decide(other, owing(500), is_final=False)) == [(1, "pending", 500)]


def test_two_different_entries_under_one_key_stop_the_booking() -> None:
    """One of the inputs is not what it was; nobody books over that."""
    (entry,) = book((), 500)
    (forged,) = book((), 900)
    with pytest.raises(LedgerError) as refused:
        decide([entry, forged], owing(500), is_final=False)
    assert refused.value.code.name == "ledger_conflict"


def test_an_entry_that_does_not_balance_cannot_be_made() -> None:
    """Not by anybody."""
    (entry,) = book((), 500)
    lines = (entry.lines[0], Line(entry.lines[1].account, -499))
    with pytest.raises(LedgerError) as refused:
        replace(entry, lines=lines)
    assert refused.value.code.name == "ledger_unbalanced"


def test_a_key_is_of_contract_period_clause_and_revision_alone() -> None:
    """Known in advance, so that the same decision made twice meets itself."""
    (entry,) = book((), 500)
    assert entry.key == key_of(CONTRACT.id, "2026-10", "availability", 1)
    assert len({key_of(CONTRACT.id, "2026-10", "availability", n) for n in range(99)}) == 99


@given(st.lists(st.integers(0, 9), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_what_is_there_changes_nothing(amounts: list[int], chance: Random) -> None:
    """Nor do duplicates of the same entry."""
    entries: list[Entry] = []
    for amount in amounts:
        entries = book(entries, amount)
    shuffled = [*entries, *entries]
    chance.shuffle(shuffled)
    for is_final in (False, True):
        expected = decide(entries, owing(5), is_final=is_final)
        assert decide(shuffled, owing(5), is_final=is_final) == expected


class Ledger(RuleBasedStateMachine):
    """A month as it goes: judged again and again, closed, corrected; now and then half written."""

    def __init__(self) -> None:
        """Begin with an empty ledger."""
        super().__init__()
        self.entries: list[Entry] = []
        self.posted: int | None = None
        self.accrued = 0

    @rule(amount=st.integers(0, 5))
    def judge_to_date(self, amount: int) -> None:
        """A judgement of the open month."""
        self.entries = book(self.entries, amount)
        if self.posted is None:
            self.accrued = amount

    @rule(amount=st.integers(0, 5))
    def close_or_correct(self, amount: int) -> None:
        """The close, or a later judgement of the closed month."""
        self.entries = book(self.entries, amount, is_final=True)
        self.posted, self.accrued = amount, 0

    @rule(amount=st.integers(0, 5))
    def crash_between_two_entries(self, amount: int) -> None:
        """Only the first of what was decided is written; the next run decides again."""
        before = self.entries
        decided = decide(before, owing(amount), is_final=False)
        self.entries = book([*before, *decided[:1]], amount)
        if self.posted is None:
            self.accrued = amount

    @invariant()
    def every_account_is_what_it_should_be(self) -> None:
        """What is owed is what was last posted; what is pending is what was last accrued."""
        assert balance_minor_units(self.entries) == (self.posted or 0)
        assert pending_minor_units(self.entries) == self.accrued
        assert sum(line.minor_units for entry in self.entries for line in entry.lines) == 0

    @invariant()
    def revisions_and_keys_are_used_once(self) -> None:
        """One, two, three, without a gap."""
        assert [entry.revision for entry in self.entries] == [*range(1, len(self.entries) + 1)]
        assert len({entry.key for entry in self.entries}) == len(self.entries)

    @invariant()
    def at_most_one_entry_is_in_force(self) -> None:
        """Every other one was taken back, once."""
        reversed_ = [entry.reverses for entry in self.entries if entry.reverses is not None]
        assert len(reversed_) == len(set(reversed_))
        standing = [e for e in self.entries if e.reverses is None and e.key not in reversed_]
        assert len(standing) <= 1
        assert all(entry.status is not Status.VOID for entry in standing)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
