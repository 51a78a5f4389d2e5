"""Which entries follow from a judgement: once, balanced, and corrected in the open."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gpusla.catalogue.codes import LEDGER_CONFLICT
from gpusla.errors import LedgerError
from gpusla.ledger.booking import (
    balance_minor_units,
    decide,
    live_entries,
    pending_minor_units,
)
from gpusla.ledger.entries import Entry, Line, Status, key_of
from tests.core.ledger.judged import CONTRACT, PERIOD, owing

Amounts = Mapping[str, int] | int


def book(entries: Sequence[Entry], lines: Amounts, *, is_final: bool = False) -> list[Entry]:
    """The ledger after deciding."""
    return [*entries, *decide(entries, owing(lines), is_final=is_final)]


def shapes(entries: Sequence[Entry], clause: str = "availability") -> list[tuple[int, str, int]]:
    """Revision, status and amount of each entry of a clause."""
    return [
        (e.revision, e.status.value, e.amount_minor_units) for e in entries if e.clause == clause
    ]


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
    first, reversal, _ = (e for e in entries if e.clause == "availability")
    assert reversal.reverses == first.key
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
    assert decide((), owing(500, is_shadow=True), is_final=True) == ()


def test_what_costs_nothing_is_not_booked() -> None:
    """Without a fee there is nothing to credit."""
    assert decide((), owing(0, fee=0), is_final=True) == ()


def test_what_stood_before_a_price_became_a_shadow_is_taken_back() -> None:
    """Whichever way it stood."""
    for is_final in (False, True):
        entries = book((), 500, is_final=is_final)
        entries += decide(entries, owing(500, is_shadow=True), is_final=True)
        assert balance_minor_units(entries) == pending_minor_units(entries) == 0


def test_entries_of_other_periods_are_left_alone() -> None:
    """Each has a history of its own; so has each segment of a billing period."""
    for period in ("2026-09", "2026-10-v2"):
        other = [replace(entry, period=period) for entry in book((), 500)]
        assert shapes(decide(other, owing(500), is_final=False)) == [(1, "pending", 500)]


@pytest.mark.parametrize("is_final", [False, True])
def test_a_month_that_is_posted_whole_is_not_booked_in_parts_as_well(*, is_final: bool) -> None:
    """Nor one that is posted in parts whole: its versions should never have cut it so."""
    entries = book((), 500, is_final=True)
    assert not decide(entries, owing(500), is_final=is_final, keys=["2026-10"])
    other = [replace(entry, period="2026-10-v1") for entry in entries]
    for standing, keys in ((entries, ["2026-10-v1", "2026-10-v2"]), (other, ["2026-10"])):
        with pytest.raises(LedgerError) as caught:
            decide(standing, owing(500), is_final=is_final, keys=keys)
        assert caught.value.code is LEDGER_CONFLICT


def test_each_objective_has_an_entry_of_its_own() -> None:
    """Its line; one that only watches has none."""
    entries = book((), {"availability": 300, "api": 200}, is_final=True)
    assert shapes(entries) == [(1, "posted", 300)]
    assert shapes(entries, "api") == [(1, "posted", 200)]
    assert shapes(entries, "watched") == []


def test_an_objective_without_a_line_is_posted_at_nothing() -> None:
    """It was judged, and owes nothing."""
    entries = book((), {"api": 200}, is_final=True)
    assert shapes(entries) == [(1, "posted", 0)]


def test_a_line_that_is_gone_is_taken_back() -> None:
    """Another objective gives the credit now."""
    entries = book(book((), {"availability": 300}), {"api": 300})
    assert shapes(entries) == [(1, "pending", 300), (2, "void", -300)]
    assert shapes(entries, "api") == [(1, "pending", 300)]
    assert pending_minor_units(entries) == 300


def test_a_posted_line_that_is_gone_is_corrected_to_nothing() -> None:
    """By a reversal and a new entry, as every correction."""
    entries = book((), {"availability": 300}, is_final=True)
    entries = book(entries, {"api": 300}, is_final=True)
    assert shapes(entries) == [(1, "posted", 300), (2, "posted", -300), (3, "posted", 0)]
    assert shapes(entries, "api") == [(1, "posted", 0), (2, "posted", 0), (3, "posted", 300)]
    assert balance_minor_units(entries) == 300


@pytest.mark.parametrize("is_posted", [False, True])
def test_a_clause_that_the_contract_no_longer_has_is_taken_back(*, is_posted: bool) -> None:
    """What was booked for it is not owed any more."""
    booked = book((), {"availability": 300}, is_final=is_posted)
    old = [
        replace(entry, clause="gone", key=key_of(entry.contract, entry.period, "gone", 1))
        for entry in booked
        if entry.clause == "availability"
    ]
    entries = [*old, *decide(old, owing(0), is_final=True)]
    assert sum(e.amount_minor_units for e in entries if e.clause == "gone") == 0
    assert not decide(entries, owing(0), is_final=True)


def test_a_period_in_which_no_window_ends_is_closed_all_the_same() -> None:
    """The contract's first objective stands for it."""
    entries = decide((), owing(0, due=()), is_final=True)
    assert [(e.clause, e.status, e.amount_minor_units) for e in entries] == [
        ("availability", Status.POSTED, 0)
    ]


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


amounts = st.dictionaries(st.sampled_from(["availability", "api"]), st.integers(0, 5))


@given(st.lists(amounts, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_what_is_there_changes_nothing(
    judged: list[dict[str, int]], chance: Random
) -> None:
    """Nor do duplicates of the same entry."""
    entries: list[Entry] = []
    for lines in judged:
        entries = book(entries, lines)
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

    @rule(lines=amounts)
    def judge_to_date(self, lines: dict[str, int]) -> None:
        """A judgement of the open month."""
        self.entries = book(self.entries, lines)
        if self.posted is None:
            self.accrued = sum(lines.values())

    @rule(lines=amounts)
    def close_or_correct(self, lines: dict[str, int]) -> None:
        """The close, or a later judgement of the closed month."""
        self.entries = book(self.entries, lines, is_final=True)
        self.posted, self.accrued = sum(lines.values()), 0

    @rule(lines=amounts, written=st.integers(0, 3))
    def crash_between_two_entries(self, lines: dict[str, int], written: int) -> None:
        """Only some of what was decided is written; the next run decides again."""
        before = self.entries
        decided = decide(before, owing(lines), is_final=False)
        self.entries = book([*before, *decided[:written]], lines)
        if self.posted is None:
            self.accrued = sum(lines.values())

    @rule(lines=amounts, written=st.integers(0, 5))
    def crash_in_the_close(self, lines: dict[str, int], written: int) -> None:
        """The close is written in part, and made again from another judgement."""
        decided = decide(self.entries, owing({"api": 5}), is_final=True)
        self.entries = book([*self.entries, *decided[:written]], lines, is_final=True)
        self.posted, self.accrued = sum(lines.values()), 0

    @invariant()
    def every_account_is_what_it_should_be(self) -> None:
        """What is owed is what was last posted; what is pending is what was last accrued."""
        assert balance_minor_units(self.entries) == (self.posted or 0)
        assert pending_minor_units(self.entries) == self.accrued
        assert sum(line.minor_units for entry in self.entries for line in entry.lines) == 0

    @invariant()
    def what_is_in_force_adds_up_to_the_credit(self) -> None:
        """Over all objectives."""
        live = sum(entry.amount_minor_units for entry in live_entries(self.entries))
        assert live == (self.accrued if self.posted is None else self.posted)

    @invariant()
    def revisions_and_keys_are_used_once(self) -> None:
        """One, two, three, without a gap, in each clause."""
        for clause in {entry.clause for entry in self.entries}:
            revisions = [entry.revision for entry in self.entries if entry.clause == clause]
            assert revisions == [*range(1, len(revisions) + 1)]
        assert len({entry.key for entry in self.entries}) == len(self.entries)

    @invariant()
    def at_most_one_entry_of_a_clause_is_in_force(self) -> None:
        """Every other one was taken back, once."""
        reversed_ = [entry.reverses for entry in self.entries if entry.reverses is not None]
        assert len(reversed_) == len(set(reversed_))
        standing = live_entries(self.entries)
        assert len({entry.clause for entry in standing}) == len(standing)
        assert all(entry.status is not Status.VOID for entry in standing)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
