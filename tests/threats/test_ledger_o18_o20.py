"""
Threat rows O18 and O20: a credit that is posted and quietly reversed, a database that is edited.

O18: what is posted stays; a reversal is a row of its own that names a judgement as its reason,
takes two people above the threshold, has a numbered document, and is announced.  O20: `gpusla fsck`
finds rows that were edited, whoever owns the file; bits are in test_fsck_flips.py.
"""

import json
import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import text

from gpusla.errors import LedgerError, StoreError
from gpusla.ledger.booking import decide
from gpusla.ledger.entries import Entry, Status, key_of, lines_of
from gpusla.ledger.release import Hold, Mode, Policy, proposal_of
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR, Lease, Store
from tests.collector.bookings import judged, posted
from tests.collector.fsck_ground import Ground, edited
from tests.core.ledger.judged import owing

POLICY = Policy(above_minor_units={"USD": 100}, approvers=frozenset({"ada", "grace", "joan"}))


def reversal(of: Entry) -> Entry:
    """Return what takes a posting back."""
    revision, amount = of.revision + 1, -of.amount_minor_units
    return replace(
        of,
        key=key_of(of.contract, of.period, of.clause, revision),
        revision=revision,
        amount_minor_units=amount,
        lines=lines_of(Status.POSTED, amount),
        reverses=of.key,
    )


def test_o18_a_posting_cannot_be_booked_otherwise(store: Store, lease: Lease) -> None:
    """Under its key stands what stands, and a second reversal has no key left."""
    first = posted()
    store.book(lease, judged(), lambda _: [first], 20)
    changed = replace(first, amount_minor_units=1, lines=lines_of(Status.POSTED, 1))
    with pytest.raises(LedgerError):
        store.book(lease, judged(), lambda _: [changed], 20)
    assert store.entries(OPERATOR) == (first,)


def test_o18_a_reversal_names_its_reason_has_a_document_and_is_announced(
    store: Store,
    lease: Lease,
) -> None:
    """The judgement that it follows from is kept with it, for as long as the ledger."""
    first = posted()
    store.book(lease, judged(), lambda _: [first], 20)
    back = replace(reversal(first), evaluation_digest="e2")
    store.book(lease, judged(digest="e2"), lambda _: [back], 20)
    assert store.judgement(OPERATOR, "e2") is not None
    assert [note.document for note in store.credit_notes(OPERATOR)] == [
        "CN-alpha-000001",
        "CN-alpha-000002",
    ]
    _, announced = store.undelivered("tenant", 10)
    assert announced.key == back.key
    if isinstance(store, SqlStore):
        said = json.loads(announced.content)
        assert (said["reverses"], said["amount_minor_units"]) == (first.key, -500)
        assert said["document"] == "CN-alpha-000002"
        with pytest.raises(StoreError):
            store.book(
                lease, judged(digest="e3"), lambda _: [replace(back, evaluation_digest="x")], 20
            )


def test_o18_taking_back_takes_two_people_as_giving_does() -> None:
    """500.00 posted and judged anew at nothing: one person, or one person twice, is not enough."""
    standing = list(decide((), owing(50_000), is_final=True))
    back = decide(standing, owing(0), is_final=True)
    proposal = proposal_of(back)
    assert proposal.stake_minor_units == 50_000
    for people in ((), ("ada",), ("ada", "ada"), ("ada", "eve")):
        assert POLICY.hold(proposal, Mode.AUTOMATIC, people) is Hold.APPROVALS
    assert POLICY.hold(proposal, Mode.AUTOMATIC, ("ada", "grace")) is None


def test_o18_an_approval_is_for_one_reversal_and_no_other() -> None:
    """A judgement that changed meanwhile is another proposal, which nobody approved."""
    standing = list(decide((), owing(50_000), is_final=True))
    to_nothing = proposal_of(decide(standing, owing(0), is_final=True))
    to_half = proposal_of(decide(standing, owing(25_000), is_final=True))
    assert to_nothing.digest != to_half.digest


def test_o20_a_posting_that_is_taken_out_with_all_that_belongs_to_it_is_found(
    ground: Ground,
) -> None:
    """Legs, document, announcement, deliveries: the link still stands, and it was counted."""
    key = "(SELECT key FROM ledger_entries WHERE status = 'posted' AND contract = 'beta-2026')"
    edited(
        ground,
        f"DELETE FROM deliveries WHERE key = {key}",  # noqa: S608
        f"DELETE FROM outbox WHERE key = {key}",  # noqa: S608
        f"DELETE FROM credit_notes WHERE entry = {key}",  # noqa: S608
        f"DELETE FROM ledger_lines WHERE entry = {key}",  # noqa: S608
        "DELETE FROM ledger_entries WHERE status = 'posted' AND contract = 'beta-2026'",
    )
    found = {damage.breach.value for damage in ground.check()}
    assert "missing" in found


def test_o20_the_newest_rows_taken_out_with_their_links_need_a_link_written_down(
    ground: Ground,
) -> None:
    """Whoever owns everything can cut the end off; only who wrote it down can tell."""
    assert ground.check() == []
    last = ground.tally.last
    assert last is not None
    assert last.kind == "findings"
    edited(
        ground,
        f"DELETE FROM findings WHERE position = {last.subject}",  # noqa: S608
        f"DELETE FROM chain_links WHERE number = {last.number}",  # noqa: S608
    )
    assert ground.check() == []
    assert [one.breach.value for one in ground.check((last.number, last.digest))] == ["link"]


def test_o20_an_entry_that_was_slipped_in_has_no_link(ground: Ground) -> None:
    """A reversal by hand, balanced and with a key that is right."""
    with ground.database.reading() as connection:
        row = connection.execute(
            text("SELECT * FROM ledger_entries WHERE status = 'posted' LIMIT 1")
        ).one()
    key = key_of(row.contract, row.period, row.clause, row.revision + 1)
    edited(
        ground,
        "INSERT INTO ledger_entries SELECT 900, "  # noqa: S608
        f"'{key}', contract, tenant, period, clause, revision + 1, status, -amount_minor_units, "
        f"currency, key, evaluation, booked_ms, epoch FROM ledger_entries WHERE key = '{row.key}'",
        f"INSERT INTO ledger_lines VALUES ('{key}', 1, 'sla_credit_expense', "  # noqa: S608
        f"{-row.amount_minor_units}), ('{key}', 2, 'customer_credit', {row.amount_minor_units})",
    )
    found = [str(damage) for damage in ground.check()]
    assert f"unlinked: ledger_entries {key}: stands in no link of the chain" in found


def test_o20_an_approval_that_was_slipped_in_has_no_link(ground: Ground) -> None:
    """Two people are two rows, and each has its place in the chain."""
    with sqlite3.connect(ground.folder / "collector.db") as driver:
        driver.execute("INSERT INTO approvals SELECT 77, digest, 'eve', 1 FROM proposals LIMIT 1")
    driver.close()
    assert [str(damage) for damage in ground.check()] == [
        "unlinked: approvals 77: stands in no link of the chain"
    ]
