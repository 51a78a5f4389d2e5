"""A database that went back to an older copy is seen, and nobody leads on it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gpusla.catalogue.codes import LEDGER_RESTORED
from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import InputError, LedgerError
from gpusla_collector.adapters.ledger_mark import LedgerMark
from gpusla_collector.adapters.sql.chain_end import SqlChain
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports.continuity import ChainEnd
from gpusla_collector.usecases.continuity import Continuity
from gpusla_collector.usecases.turns import Turns
from tests.collector.journals import DOWN
from tests.collector.stage import DAY_MS, FINAL_MS, START_MS, Stage

END = ChainEnd(7, "ab" * 32)


def stage_of(database: Database) -> Stage:
    """Return a site on a database, of whose July 100.00 are owed."""
    stage = Stage(store=SqlStore(database))
    journal = stage.journal()
    journal.observe(START_MS, START_MS + DAY_MS, {journal.slots[0]: DOWN})
    return stage


def watched(stage: Stage, database: Database, folder: Path, holder: str = "this") -> Turns:
    """Return a process that watches the chain's end."""
    turns = stage.turns(holder=holder)
    turns.continuity = Continuity(SqlChain(database), LedgerMark(folder))
    return turns


def test_a_chain_knows_its_end_and_what_it_holds(any_database: Database, tmp_path: Path) -> None:
    """On both databases; what is beyond the end, or has another digest, it does not hold."""
    chain = SqlChain(any_database)
    assert chain.end() is None
    assert not chain.holds(END)
    stage = stage_of(any_database)
    stage.clock.now_ms = START_MS + DAY_MS
    watched(stage, any_database, tmp_path).once()
    end = chain.end()
    assert end is not None
    assert chain.holds(end)
    assert not chain.holds(ChainEnd(end.number + 1, end.digest))
    assert not chain.holds(ChainEnd(end.number, "0" * 64))


def test_a_mark_is_what_was_written_last(tmp_path: Path) -> None:
    """As `gpusla fsck --holds` takes it, so that people can use it too."""
    mark = LedgerMark(tmp_path)
    assert mark.read() is None
    mark.write(END)
    assert mark.read() == END
    assert Path(mark.name).read_text("ascii") == f"7:{'ab' * 32}\n"


GARBAGE = [b"", b"7:ab\n", b"0:" + b"ab" * 32 + b"\n", b"7:" + b"a" * 999]


@pytest.mark.parametrize("content", GARBAGE)
def test_a_mark_that_says_nothing_is_refused(tmp_path: Path, content: bytes) -> None:
    """It is no mark of ours, and to go on without one would be to go on unseen."""
    mark = LedgerMark(tmp_path)
    Path(mark.name).write_bytes(content)
    with pytest.raises(InputError, match="it is not a number and a digest"):
        mark.read()


@pytest.mark.parametrize("is_stopped", [False, True])
def test_nobody_leads_on_an_older_copy(
    tmp_path: Path, empty_database: Path, *, is_stopped: bool
) -> None:
    """Neither who wrote the newer one nor who starts afterwards, until a person says so."""
    path, kept = tmp_path / "collector.db", tmp_path / "backup.db"
    shutil.copy(empty_database, path)
    database = open_database(f"sqlite:///{path}")
    stage = stage_of(database)
    turns = watched(stage, database, tmp_path)
    stage.clock.now_ms = START_MS + DAY_MS
    turns.once()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", [str(kept)])
    journal = stage.journal()
    journal.observe(START_MS + DAY_MS + 1_000, FINAL_MS, {journal.slots[0]: DOWN})
    stage.clock.now_ms = FINAL_MS
    turns.once()
    turns.lead_turn()
    assert stage.amounts("2026-07")[-1] == ("posted", 10_000)
    database.close()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(kept, path)
    if is_stopped:  # before it asks again: the mark stays where it was
        mark = LedgerMark(tmp_path).read()
        with pytest.raises(LedgerError, match="it is an older copy, or another one"):
            turns.stop()
        assert LedgerMark(tmp_path).read() == mark
    for process in (turns, watched(stage, database, tmp_path, "another")):
        with pytest.raises(LedgerError, match="it is an older copy, or another one") as refused:
            process.lead_turn()
        process.close_turn()
        assert ("posted", 10_000) not in stage.amounts("2026-07")
        assert exit_of(refused.value) is Exit.INTEGRITY
        assert refused.value.code is LEDGER_RESTORED
    Path(LedgerMark(tmp_path).name).unlink()
    again = watched(stage, database, tmp_path, "another")
    stage.clock.now_ms += DAY_MS
    assert again.once()
    assert stage.amounts("2026-07")[-1] == ("posted", 10_000)
    database.close()


def test_what_was_booked_last_is_written_down_at_the_end(
    any_database: Database, tmp_path: Path
) -> None:
    """A process that runs once leaves the mark of what it booked."""
    stage = stage_of(any_database)
    turns = watched(stage, any_database, tmp_path)
    stage.clock.now_ms = FINAL_MS
    turns.once()
    turns.stop()
    assert LedgerMark(tmp_path).read() == SqlChain(any_database).end()


def test_a_disk_that_refuses_the_mark_keeps_no_lease(
    any_database: Database, tmp_path: Path
) -> None:
    """Whoever works once, or stops, says so; and another may lead at once."""
    stage = stage_of(any_database)
    turns = watched(stage, any_database, tmp_path / "gone")
    for act in (turns.once, turns.stop):
        with pytest.raises(InputError, match="cannot be written"):
            act()
    assert watched(stage, any_database, tmp_path, "another").once()
