"""Goal L2: debits are credits each minute, or nothing is booked; what waits to be told shows."""

import sqlite3
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from gpusla.catalogue.codes import LEDGER_UNBALANCED
from gpusla.errors import LedgerError, ServiceError
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import Announcement, Lease, Store, Waiting
from gpusla_collector.usecases.announce import Announcer
from gpusla_collector.web.exposition import StandingCollector
from tests.collector.bookings import entry, judged
from tests.collector.journals import DOWN
from tests.collector.stage import DAY_MS, HOUR_MS, LAG_MS, START_MS, Stage

EDIT = "UPDATE ledger_lines SET minor_units = minor_units + 1 WHERE number = 1"


class Deaf:
    """A receiver that takes nothing."""

    name = "billing"

    def take(self, announcement: Announcement) -> None:
        """Refuse."""
        raise ServiceError(LEDGER_UNBALANCED, f"{announcement.key} is not taken")

    def close(self) -> None:
        """Do nothing."""


def stage_of(database: Database, folder: Path) -> Stage:
    """A site on a real database, one GPU of four down for a day."""
    stage = Stage(store=SqlStore(database), evidence=EvidenceFiles(folder / "evidence"))
    journal = stage.journal()
    journal.observe(START_MS, START_MS + DAY_MS, {journal.slots[0]: DOWN})
    journal.observe(START_MS + DAY_MS + 1_000, START_MS + 40 * DAY_MS)
    stage.clock.now_ms = START_MS + 2 * DAY_MS
    return stage


def page(stage: Stage) -> str:
    """Return the page of metrics."""
    registry = CollectorRegistry()
    registry.register(StandingCollector(stage.board.read, stage.clock, LAG_MS))
    return generate_latest(registry).decode()


def edit(path: Path) -> None:
    """Change a leg as somebody can who owns the file."""
    with sqlite3.connect(path) as driver:
        driver.execute("DROP TRIGGER ledger_lines_no_update")
        driver.execute(EDIT)
    driver.close()


def count(path: Path) -> int:
    """Count the entries; one that does not balance cannot be read as an entry."""
    with sqlite3.connect(path) as driver:
        found: int = driver.execute("SELECT count(*) FROM ledger_entries").fetchone()[0]
    driver.close()
    return found


def test_a_leg_that_was_changed_halts_all_booking(database: Database, tmp_path: Path) -> None:
    """Judging goes on and shows its figures; a finding names the entry; the page says how many."""
    stage = stage_of(database, tmp_path)
    turns = stage.turns()
    assert turns.once()
    turns.audit_turn()
    assert "gpusla_ledger_unbalanced_entries 0.0" in page(stage)
    edit(tmp_path / "collector.db")
    with pytest.raises(LedgerError, match="nothing more is booked"):
        turns.audit_turn()
    stage.clock.now_ms = START_MS + 33 * DAY_MS
    turns.lead_turn()
    turns.fetch_turn()
    for turn in (turns.judge_turn, turns.close_turn):
        with pytest.raises(LedgerError) as caught:
            turn()
        assert caught.value.code is LEDGER_UNBALANCED
    assert count(tmp_path / "collector.db") == 1

    assert "ledger_unbalanced" in [f.kind for f in stage.store.findings()]
    assert "gpusla_ledger_unbalanced_entries 1.0" in page(stage)


def test_a_new_process_asks_before_it_books(database: Database, tmp_path: Path) -> None:
    """Whichever turn comes first."""
    stage = stage_of(database, tmp_path)
    turns = stage.turns()
    assert turns.once()
    edit(tmp_path / "collector.db")
    turns.stop()
    stage.clock.now_ms = START_MS + 33 * DAY_MS
    other = stage.turns(holder="other")
    with pytest.raises(LedgerError):
        other.once()
    assert count(tmp_path / "collector.db") == 1


def test_booking_goes_on_once_the_ledger_balances_again(database: Database, tmp_path: Path) -> None:
    """After a good answer, without a restart."""
    stage = stage_of(database, tmp_path)
    turns = stage.turns()
    assert turns.once()
    edit(tmp_path / "collector.db")
    with pytest.raises(LedgerError):
        turns.audit_turn()
    with sqlite3.connect(tmp_path / "collector.db") as driver:
        driver.execute(EDIT.replace("+ 1", "- 1"))
    driver.close()
    stage.clock.now_ms = START_MS + 33 * DAY_MS
    turns.audit_turn()
    assert turns.once()
    assert [e.status.value for e in stage.entries("2026-07")] == ["pending", "void", "posted"]


def test_what_balances_is_found_to(store: Store, lease: Lease) -> None:
    """Entries of every kind, on each store."""
    store.book(lease, judged(), lambda _: [entry()], 20)
    store.book(lease, judged(), lambda _: [entry(2, amount=-500)], 20)
    assert store.unbalanced() == ()


def test_what_a_receiver_has_not_taken_is_counted(store: Store, lease: Lease) -> None:
    """With the instant at which the oldest was booked; nothing waits in the end."""
    assert store.waiting("billing") == Waiting(0, None)
    store.book(lease, judged(), lambda _: [entry(), entry(2)], 20)
    assert store.waiting("billing") == Waiting(2, 20)
    for announcement in store.undelivered("billing", 10):
        store.delivered(lease, "billing", announcement.key, 30)
    assert store.waiting("billing") == Waiting(0, None)
    assert store.waiting("erp") == Waiting(2, 20)


def test_what_is_booked_long_after_it_was_judged_waits_since_then(
    store: Store, lease: Lease
) -> None:
    """Judged at 20 and booked at 900: nobody was late in telling it before."""
    store.book(lease, judged(), lambda _: [entry()], 900)
    assert store.waiting("billing") == Waiting(1, 900)
    assert [one.written_ms for one in store.undelivered("billing", 1)] == [900]


def test_the_page_shows_what_waits_although_telling_fails() -> None:
    """That is when somebody has to look."""
    stage = Stage()
    journal = stage.journal()
    journal.observe(START_MS, START_MS + DAY_MS, {journal.slots[0]: DOWN})
    stage.clock.now_ms = START_MS + DAY_MS + HOUR_MS
    turns = stage.turns()
    turns.announcer = Announcer(stage.store, Deaf(), stage.clock)
    assert turns.once()
    with pytest.raises(ServiceError):
        turns.announce_turn()
    # Booked on 2 July 2026, 01:00 UTC.
    assert 'gpusla_outbox_undelivered{receiver="billing"} 1.0' in page(stage)
    assert 'gpusla_outbox_oldest_timestamp_seconds{receiver="billing"} 1.782954e+09' in page(stage)
