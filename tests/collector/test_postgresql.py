"""What PostgreSQL does beside SQLite: many connections, sessions that end, one write lock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from sqlalchemy import insert

from gpusla.catalogue.codes import STORE_UNAVAILABLE
from gpusla.errors import StoreError
from gpusla.identity import NodeName
from gpusla.ledger.entries import key_of
from gpusla_collector.adapters.sql import database as module
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.adapters.sql.tables import FINDINGS
from gpusla_collector.ports import OPERATOR, Cursor, Lease
from tests.collector.bookings import ALPHA, at, entry, judged, posted
from tests.collector.rows import asked_of
from tests.postgresql import Server

WRITERS = 8
MOVES = 10


@pytest.fixture
def store(postgresql_database: Database) -> SqlStore:
    """A store on PostgreSQL."""
    return SqlStore(postgresql_database)


def test_writers_wait_for_one_another_and_are_never_refused(store: SqlStore, lease: Lease) -> None:
    """As many as fetch at once, while the lease is prolonged: nothing has to be tried again."""

    def write(number: int) -> None:
        node = NodeName(f"node-{number}")
        before = Cursor(node)
        for move in range(1, MOVES + 1):
            after = replace(at(move), node=node)
            store.advance(lease, before, after, ())
            store.acquire("collector", "this", move, 1_000)
            before = after

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert [cursor.head.sequence for cursor in store.cursors().values()] == [MOVES] * WRITERS


def test_credit_notes_have_no_gaps_under_writers_that_fail(store: SqlStore, lease: Lease) -> None:
    """Every third booking is rolled back after its number was given; none is missing or double."""

    def book(number: int) -> bool:
        month = f"2026-{number % 12 + 1:02}"
        base = replace(posted(), period=month, clause=f"c{number}")
        good = replace(base, key=key_of(ALPHA, month, base.clause, 1))
        entries = [good, replace(good, revision=2)] if number % 3 == 0 else [good]
        try:
            store.book(lease, replace(judged(), period=month), lambda _: entries, 20)
        except StoreError:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        booked = list(pool.map(book, range(30)))
    assert booked == [number % 3 != 0 for number in range(30)]
    notes = store.credit_notes(OPERATOR)
    assert [note.number for note in notes] == list(range(1, 21))
    assert {note.entry for note in notes} == {entry.key for entry in store.entries(OPERATOR)}


def test_a_reader_sees_one_state_and_keeps_nobody_waiting(store: SqlStore, lease: Lease) -> None:
    """What is booked meanwhile it does not see."""
    with store._database.reading() as connection:
        query = "SELECT count(*) FROM ledger_entries"
        assert connection.exec_driver_sql(query).scalar() == 0
        store.book(lease, judged(), lambda _: [entry()], 20)
        assert connection.exec_driver_sql(query).scalar() == 0
        with pytest.raises(Exception, match="read-only transaction"):
            connection.exec_driver_sql("DELETE FROM spans")
    with store._database.reading() as connection:
        assert connection.exec_driver_sql(query).scalar() == 1


def test_a_writer_that_stopped_inside_a_transaction_does_not_keep_the_lock(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends its session; when it wakes, it has written nothing and is told so."""
    shorter = module.WRITE_LOCK.replace(f"'{module.IDLE_SECONDS}s'", "'300ms'")
    monkeypatch.setattr(module, "WRITE_LOCK", shorter)

    def sleep_inside() -> None:
        with store._database.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO findings (key, kind, subject, found_ms, detail) "
                "VALUES ('k', 'fork', 'n', 0, '')"
            )
            Event().wait(1)
            assert store.acquire("collector", "other", 0, 1_000) is not None

    with pytest.raises(StoreError) as caught:
        sleep_inside()
    assert caught.value.code is STORE_UNAVAILABLE
    assert caught.value.retryable
    assert store.findings() == ()


def test_a_writer_that_stopped_among_many_rows_does_not_keep_the_lock(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does one that stopped between two statements of the same kind."""
    shorter = module.WRITE_LOCK.replace(f"'{module.IDLE_SECONDS}s'", "'300ms'")
    monkeypatch.setattr(module, "WRITE_LOCK", shorter)

    taken: list[Lease | None] = []

    def rows() -> Iterator[tuple[str]]:
        yield ("one",)
        Event().wait(1)
        taken.append(store.acquire("collector", "other", 0, 1_000))
        yield ("two",)

    def stop_among_rows() -> None:
        with store._database.writing() as connection:
            cursor: Any = connection.connection.cursor()  # the driver's own, which takes rows late
            cursor.executemany("UPDATE leases SET holder = %s WHERE name = 'nobody'", rows())

    with pytest.raises(StoreError) as caught:
        stop_among_rows()
    assert [lease is not None for lease in taken] == [True]
    assert caught.value.code is STORE_UNAVAILABLE
    assert caught.value.retryable


def test_many_rows_are_one_statement(postgresql_database: Database) -> None:
    """So that a thousand spans are not a thousand ways to the server."""
    rows = [{"key": str(number), "kind": "fork", "subject": "n", "found_ms": 0, "detail": ""}
            for number in range(900)]  # fmt: skip
    with asked_of(postgresql_database) as statements, postgresql_database.writing() as connection:
        connection.execute(insert(FINDINGS), rows)
    assert len([one for one in statements if one.startswith("INSERT")]) == 1


def test_two_collectors_may_start_on_an_empty_database(postgresql: Server) -> None:
    """One creates the schema, the other finds it."""
    url = postgresql.url(postgresql.create())
    databases = [open_database(url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(require_newest, databases))
    for database in databases:
        database.close()


def test_a_plain_address_of_postgresql_finds_the_driver(postgresql: Server) -> None:
    """As everybody writes it: postgresql://, without the name of a driver."""
    database = open_database(postgresql.url("postgres"))
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    database.close()
