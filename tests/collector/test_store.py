"""The store's promises, held to on the fake and on SQLite alike."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from gpusla.catalogue.codes import FENCED, HISTORY_REWRITTEN, LEDGER_CONFLICT
from gpusla.errors import InventoryError, LedgerError, StoreError
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.ledger.entries import Entry
from gpusla.timeline.model import Evidence, StateSpan
from gpusla_collector.ports import (
    OPERATOR,
    ContractFile,
    Cursor,
    Finding,
    InputFile,
    Lease,
    Record,
    Scope,
    Store,
)
from tests.collector.bookings import (
    ALPHA,
    BETA,
    DAY,
    SLOT,
    TENANT_A,
    TENANT_B,
    TENANT_C,
    at,
    entry,
    judged,
)
from tests.collector.journals import LOST, OK
from tests.collector.site import NODE

OTHER = Slot("c2", "r01", "t01", "m2")
FILE = InputFile("Inventory", "inventory.yaml", "d1", b"one")
RECORD = Record("Inventory/NodeRecord", "n1", 0, None, 0, None, withdrawn=False, body="{}")


def span(start_ms: int, end_ms: int, slot: Slot = SLOT, sequence: int = 1) -> StateSpan:
    """Return a span of ok, seen in one record."""
    return StateSpan(
        slot, start_ms, end_ms, OK, error_ms=5, evidence=Evidence(NODE, sequence, sequence)
    )


def test_a_lease_has_one_holder(store: Store, lease: Lease) -> None:
    """Until it runs out or is given back."""
    assert store.acquire("collector", "other", 999, 1_000) is None
    assert store.acquire("collector", "this", 999, 1_000) == lease


def test_a_lease_that_ran_out_is_taken_with_a_new_epoch(store: Store, lease: Lease) -> None:
    """So that what the old holder still writes can be refused."""
    taken = store.acquire("collector", "other", 1_000, 1_000)
    assert taken is not None
    assert taken.epoch == lease.epoch + 1


def test_a_lease_that_was_given_back_is_free_at_once(store: Store, lease: Lease) -> None:
    """With a new epoch: an answer that was on its way to who had it is written under the old."""
    store.release(lease)
    taken = store.acquire("collector", "other", 1, 1_000)
    assert taken is not None
    assert taken.epoch == lease.epoch + 1
    store.release(taken)
    assert store.acquire("collector", "other", 2, 1_000) == replace(taken, epoch=taken.epoch + 1)


def test_every_write_of_a_holder_that_lost_its_lease_is_refused(store: Store, lease: Lease) -> None:
    """The fence stands inside each transaction."""
    store.acquire("collector", "other", 1_000, 1_000)
    file = ContractFile(ALPHA, 1, TENANT_A, date(2026, 7, 1), replace(FILE, kind="Contract"))
    writes = (
        lambda: store.advance(lease, Cursor(NODE), at(1), ()),
        lambda: store.add(lease, FILE, [RECORD], 0),
        lambda: store.add_contract(lease, file, 0),
        lambda: store.keep(lease, judged()),
        lambda: store.book(lease, judged(), lambda _: [entry()], 20),
        lambda: store.report(lease, Finding("k", "fork", NODE, 0, "")),
    )
    for write in writes:
        with pytest.raises(StoreError) as caught:
            write()
        assert caught.value.code is FENCED
    assert not store.cursors()
    assert not store.entries(OPERATOR)
    assert not store.findings()


def test_a_cursor_comes_back_as_it_was_kept(store: Store, lease: Lease) -> None:
    """With all that the fold remembers and the newest segment."""
    store.advance(lease, Cursor(NODE), at(1), ())
    store.advance(lease, at(1), at(2), ())
    assert store.cursors() == {NODE: at(2)}
    assert store.segments(NODE) == (at(2).segment,)


def test_a_cursor_moves_only_from_where_it_stands(store: Store, lease: Lease) -> None:
    """Two fetches of the same page cannot both count."""
    store.advance(lease, Cursor(NODE), at(2), ())
    for before in (Cursor(NODE), at(1)):
        with pytest.raises(StoreError) as caught:
            store.advance(lease, before, at(3), ())
        assert caught.value.code is FENCED
    assert store.cursors() == {NODE: at(2)}


def test_a_span_that_goes_on_lengthens_the_last_one(store: Store, lease: Lease) -> None:
    """A GPU that is fine for a month is one row and not a million."""
    store.advance(lease, Cursor(NODE), at(1), [span(0, 10)])
    store.advance(lease, at(1), at(2), [span(10, 20, sequence=2)])
    (kept,) = store.account([SLOT], DAY).spans
    assert (kept.start_ms, kept.end_ms) == (0, 20)
    assert kept.evidence == Evidence(NODE, 1, 2)


@pytest.mark.parametrize(
    "following",
    [
        span(11, 20),
        replace(span(10, 20), condition=LOST),
        replace(span(10, 20), other=LOST),
        replace(span(10, 20), error_ms=6),
        replace(span(10, 20), error_ms=None),
    ],
    ids=["gap", "condition", "edge", "error", "no error known"],
)
def test_a_span_that_says_something_else_is_kept_apart(
    store: Store, lease: Lease, following: StateSpan
) -> None:
    """Nothing is lost by joining."""
    store.advance(lease, Cursor(NODE), at(1), [span(0, 10)])
    store.advance(lease, at(1), at(2), [following])
    assert sorted(store.account([SLOT], DAY).spans, key=lambda s: s.start_ms) == [
        span(0, 10),
        following,
    ]


def test_an_account_holds_what_touches_the_interval(store: Store, lease: Lease) -> None:
    """Of the slots that were asked for, with the heads of the same moment."""
    spans = [span(0, 10), span(10, 20, OTHER), span(30, 40)]
    store.advance(lease, Cursor(NODE), at(1), spans)
    account = store.account([SLOT], Interval(5, 30))
    assert account.spans == (span(0, 10),)
    assert account.heads == {NODE: at(1).head}


def test_a_summary_changes_with_what_the_interval_holds_and_with_nothing_else(
    store: Store, lease: Lease
) -> None:
    """That is what tells a judgement that it still stands."""
    store.advance(lease, Cursor(NODE), at(1), [span(0, 10)])
    closed, first = Interval(0, 10), store.summary([SLOT], Interval(0, 10))
    store.advance(lease, at(1), at(2), [span(10, 20, sequence=2)])
    assert store.summary([SLOT], closed) == first
    assert store.summary([SLOT], Interval(0, 15)) != first


def test_a_record_that_was_taken_in_cannot_change(store: Store, lease: Lease) -> None:
    """And a refused file leaves nothing behind."""
    store.add(lease, FILE, [RECORD], 0)
    changed = replace(FILE, digest="d2", content=b"two")
    with pytest.raises(InventoryError) as caught:
        store.add(lease, changed, [replace(RECORD, from_ms=1)], 1)
    assert caught.value.code is HISTORY_REWRITTEN
    assert store.latest("Inventory") == FILE
    assert store.file("Inventory", "d2") is None


def test_the_file_that_was_taken_in_last_comes_back(store: Store, lease: Lease) -> None:
    """Also when it is an older one again."""
    other = replace(FILE, digest="d2", content=b"two")
    for file in (FILE, FILE, other, FILE):
        store.add(lease, file, [RECORD], 0)
    assert store.latest("Inventory") == FILE
    assert store.file("Inventory", "d2") == other
    assert store.latest("Exclusions") is None


def test_a_contract_version_that_was_taken_in_cannot_change(store: Store, lease: Lease) -> None:
    """An amendment is a new version."""
    file = ContractFile(ALPHA, 1, TENANT_A, date(2026, 7, 1), replace(FILE, kind="Contract"))
    store.add_contract(lease, file, 0)
    store.add_contract(lease, file, 1)
    with pytest.raises(InventoryError) as caught:
        store.add_contract(lease, replace(file, file=replace(file.file, digest="d2")), 2)
    assert caught.value.code is HISTORY_REWRITTEN
    assert store.contracts(OPERATOR) == (file,)


def test_a_tenant_sees_its_own_and_nothing_else(store: Store, lease: Lease) -> None:
    """One who owns, one who owns something else, one who owns nothing."""
    for contract, tenant in ((ALPHA, TENANT_A), (BETA, TENANT_B)):
        paper = replace(FILE, kind="Contract", digest=contract)
        store.add_contract(lease, ContractFile(contract, 1, tenant, date(2026, 7, 1), paper), 0)
        store.keep(lease, judged(contract, tenant, f"e-{contract}"))
    store.book(lease, judged(), lambda _: [entry()], 20)
    seen = {
        tenant: (
            [file.contract for file in store.contracts(Scope(tenant))],
            [e.contract for e in store.entries(Scope(tenant))],
            [c for c in (ALPHA, BETA) if store.judged(Scope(tenant), c, "2026-07")],
            list(store.judged_periods(Scope(tenant))),
            [c for c in (ALPHA, BETA) if store.judgement(Scope(tenant), f"e-{c}")],
        )
        for tenant in (TENANT_A, TENANT_B, TENANT_C)
    }
    assert seen[TENANT_A] == ([ALPHA], [ALPHA], [ALPHA], [(ALPHA, "2026-07")], [])
    assert seen[TENANT_B] == ([BETA], [], [BETA], [(BETA, "2026-07")], [BETA])
    assert seen[TENANT_C] == ([], [], [], [], [])


def test_the_last_evaluation_replaces_the_one_before(store: Store, lease: Lease) -> None:
    """A judgement every ten seconds must not fill the disk."""
    store.keep(lease, judged(digest="e1"))
    store.keep(lease, judged(digest="e2"))
    assert store.judged(OPERATOR, ALPHA, "2026-07") == judged(digest="e2")
    assert store.judgement(OPERATOR, "e1") is None


def test_an_evaluation_that_an_entry_names_is_kept_for_good(store: Store, lease: Lease) -> None:
    """Whoever doubts the entry can ask for it."""
    store.book(lease, judged(digest="e1"), lambda _: [entry()], 20)
    store.keep(lease, judged(digest="e2"))
    assert store.judgement(OPERATOR, "e1") == judged(digest="e1")


def test_booking_twice_books_once(store: Store, lease: Lease) -> None:
    """A retry meets what stands."""
    assert store.book(lease, judged(), lambda _: [entry()], 20) == (entry(),)
    assert store.book(lease, judged(), lambda _: [entry()], 20) == ()
    assert store.entries(OPERATOR, ALPHA, "2026-07") == (entry(),)


def test_another_decision_under_the_same_key_stops_booking(store: Store, lease: Lease) -> None:
    """And leaves the ledger as it was."""
    store.book(lease, judged(), lambda _: [entry()], 20)
    with pytest.raises(LedgerError) as caught:
        store.book(lease, judged(digest="e2"), lambda _: [entry(amount=600, evaluation="e2")], 20)
    assert caught.value.code is LEDGER_CONFLICT
    assert store.entries(OPERATOR) == (entry(),)


def test_what_to_book_is_decided_from_what_stands(store: Store, lease: Lease) -> None:
    """In the same transaction."""
    store.book(lease, judged(), lambda _: [entry()], 20)
    seen: list[Sequence[Entry]] = []

    def decide(standing: Sequence[Entry]) -> Sequence[Entry]:
        seen.append(standing)
        return ()

    store.book(lease, judged(), decide, 20)
    assert seen == [(entry(),)]


def test_a_finding_is_kept_once(store: Store, lease: Lease) -> None:
    """However often it is found."""
    finding = Finding("k", "journal_forked", NODE, 0, "record 3")
    assert store.report(lease, finding)
    assert not store.report(lease, replace(finding, found_ms=9))
    assert store.findings() == (finding,)
