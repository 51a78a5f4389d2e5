"""The same judgement from other files: what it was made from last is what its statement names."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gpusla.errors import StoreError
from gpusla_collector.adapters.sql.books import books
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.schema import migrate
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR, Judged, Lease, Scope, Store
from tests.collector.bookings import ALPHA, TENANT_A, TENANT_B, entry, judged, posted
from tests.collector.fsck_ground import Ground
from tests.collector.revisions import OLDER
from tests.collector.rows import asked_of, fill

AGAIN = "evaluation_inputs"


def made_from(claims: str, head: int = 1, *, digest: str = "e1", at_ms: int = 20) -> Judged:
    """Return an evaluation, made from a file of claims and so many records."""
    inputs = {"files": {"Claims": claims}, "journals": {"n": [head, "d"]}, "known_until_ms": head}
    return replace(judged(digest=digest), inputs=json.dumps(inputs), judged_ms=at_ms)


def kept(store: Store) -> Judged | None:
    """Return the period's last evaluation, which is the one of its digest."""
    last = store.judged(OPERATOR, ALPHA, "2026-07")
    assert last is not None
    assert store.judgement(OPERATOR, last.digest) == last
    assert store.judged(Scope(TENANT_A), ALPHA, "2026-07") == last
    assert store.judged(Scope(TENANT_B), ALPHA, "2026-07") is None
    return last


def test_the_last_files_are_named_and_when_it_was_judged_from_them(
    store: Store, lease: Lease
) -> None:
    """Also those of before, once they are in force again."""
    for claims, at_ms in (("c1", 20), ("c2", 30), ("c3", 40), ("c1", 50)):
        one = made_from(claims, at_ms=at_ms)
        store.keep(lease, one)
        assert kept(store) == one


def test_evidence_that_came_since_is_nothing_new(store: Store, lease: Lease) -> None:
    """Records come every few seconds, and those of then give the same judgement for good."""
    first = made_from("c1")
    store.keep(lease, first)
    store.keep(lease, made_from("c1", 2, at_ms=30))
    store.book(lease, made_from("c1", 3, at_ms=40), lambda _: [entry()], 50)
    assert kept(store) == first


def test_a_booking_names_what_it_was_decided_from(store: Store, lease: Lease) -> None:
    """Whether an entry names the judgement already or not."""
    for number, claims in enumerate(("c1", "c2", "c3"), start=1):
        one = made_from(claims, at_ms=number)
        store.book(lease, one, lambda _, number=number: [entry(number)], 60)  # type: ignore[misc]
        assert kept(store) == one


def test_what_was_posted_stays_as_it_was_given_out(store: Store, lease: Lease) -> None:
    """Until something is booked, which makes it another revision of the statement."""
    first = made_from("c1")
    store.book(lease, first, lambda _: [posted()], 50)
    store.keep(lease, made_from("c2", at_ms=60))
    store.book(lease, made_from("c3", at_ms=70), lambda _: (), 70)
    assert kept(store) == first
    last = made_from("c4", at_ms=80)
    store.book(lease, last, lambda _: [posted(2)], 80)
    assert kept(store) == last


@pytest.fixture
def sql(any_database: Database) -> tuple[SqlStore, Lease]:
    """A store on a real database, and the right to write."""
    store = SqlStore(any_database)
    lease = store.acquire("collector", "this", 0, 1_000)
    assert lease is not None
    return store, lease


def linked(database: Database) -> list[tuple[str, str]]:
    """Return kind and subject of the chain's links in order."""
    with database.reading() as connection:
        query = text("SELECT kind, subject FROM chain_links ORDER BY number")
        return [(row[0], row[1]) for row in connection.execute(query)]


def broken(database: Database) -> list[str]:
    """Return what is wrong with the chain."""
    found = map(str, Ground(Path("nowhere"), database).check())
    words = ("changed", "missing", "unlinked", "link", "guards", "unreadable")
    return [one for one in found if one.startswith(words)]


def test_they_are_in_the_chain_from_when_an_entry_names_them(
    any_database: Database, sql: tuple[SqlStore, Lease]
) -> None:
    """First what the judgement was made from, then the entry."""
    store, lease = sql
    store.keep(lease, made_from("c1"))
    store.keep(lease, made_from("c2"))
    assert linked(any_database) == []
    store.book(lease, made_from("c2"), lambda _: [entry()], 50)
    store.keep(lease, made_from("c3"))
    store.book(lease, made_from("c4"), lambda _: [entry(2)], 50)
    again = [(AGAIN, f"e1 {number}") for number in (1, 2, 3)]
    booked = [("ledger_entries", entry(number).key) for number in (1, 2)]
    assert linked(any_database) == [again[0], booked[0], again[1], again[2], booked[1]]
    assert broken(any_database) == []


def test_they_are_forgotten_with_what_nobody_names(
    any_database: Database, sql: tuple[SqlStore, Lease]
) -> None:
    """Under the rights that the collector has."""
    store, lease = sql
    for claims in ("c1", "c2", "c3"):
        store.keep(lease, made_from(claims))
    store.keep(lease, made_from("c3", digest="e2"))
    assert store.judgement(OPERATOR, "e1") is None
    assert rows_of(any_database) == []
    assert broken(any_database) == []


def rows_of(database: Database) -> list[Any]:
    """Return which judgements were made again, and how often."""
    with database.reading() as connection:
        return list(connection.execute(text(f"SELECT evaluation, number FROM {AGAIN} ORDER BY 2")))  # noqa: S608


def test_none_is_taken_out_by_itself(
    owner: Database, any_database: Database, sql: tuple[SqlStore, Lease]
) -> None:
    """Not by the owner either, though no entry names the judgement."""
    store, lease = sql
    for claims in ("c1", "c2"):
        store.keep(lease, made_from(claims))
    for words in (f"DELETE FROM {AGAIN}", f"UPDATE {AGAIN} SET number = 2"):  # noqa: S608
        with pytest.raises(StoreError, match="append-only"), owner.migrating() as connection:
            connection.execute(text(words))
    assert rows_of(any_database) == [("e1", 1)]


@pytest.mark.parametrize(
    "act",
    [
        lambda store, lease: store.keep(lease, made_from("c1", digest="e2")),
        lambda store, lease: store.book(lease, made_from("c1"), lambda _: [entry()], 50),
        lambda store, lease: store.book(
            lease, made_from("c1", digest="e2"), lambda _: [entry(evaluation="e2")], 50
        ),
    ],
    ids=["kept", "booked as kept", "booked anew"],
)
def test_the_usual_case_asks_nothing_more(
    any_database: Database,
    sql: tuple[SqlStore, Lease],
    act: Callable[[SqlStore, Lease], object],
) -> None:
    """Of other inputs it asks in a question that is asked anyway."""
    store, lease = sql
    store.keep(lease, made_from("c1"))
    with asked_of(any_database) as statements:
        act(store, lease)
    (asked,) = [statement for statement in statements if AGAIN in statement]
    assert asked.startswith("SELECT")


@pytest.mark.parametrize("revision", OLDER)
def test_an_older_database_with_content_goes_on(bare_database: Database, revision: str) -> None:
    """What was judged before reads as it did, and is made again from other files."""
    old = bare_database
    migrate(old, revision)
    with old.migrating() as connection:
        fill(connection)
    migrate(old)
    store = SqlStore(old)
    first = store.judgement(OPERATOR, "x1")
    assert first is not None
    assert (first.inputs, first.judged_ms, rows_of(old)) == ("x1", 1, [])
    lease = store.acquire("collector", "this", 10, 1_000)
    assert lease is not None
    again = replace(first, inputs='{"files":{}}', judged_ms=9)
    store.keep(lease, again)
    assert store.judgement(OPERATOR, "x1") == again
    assert linked(old)[-1] == (AGAIN, "x1 1")
    with books(old) as found:
        assert [one.inputs for one in found.made_again()] == [again.inputs]
