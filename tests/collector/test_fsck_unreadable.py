"""What a database cannot give is damage of its own class, and all else is checked all the same."""

import sqlite3
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from gpusla.cli import main
from gpusla_collector.adapters.sql.books import reading_books
from gpusla_collector.adapters.sql.chain_end import SqlChain
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.tables import METADATA
from gpusla_collector.usecases.fsck.records import Fsck
from tests.collector.fsck_ground import ENTRIES, Ground, edited, work
from tests.collector.site import write_site

SEED = 20261123
NOT_READ = ("leases", "hours")
"""What no check reads, and what has no rows here."""

READ = tuple(name for name in METADATA.tables if name not in NOT_READ)


def spoil(ground: Ground, table: str, garbage: str) -> Ground:
    """Overwrite the page at which SQLite begins to read a table, as a disk does."""
    path = ground.folder / "collector.db"
    ground.database.close()
    with sqlite3.connect(path) as driver:
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?"
        (page,) = driver.execute(query, (table,)).fetchone()
        (size,) = driver.execute("PRAGMA page_size").fetchone()
    driver.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = {
        "ones": b"\xff" * size,
        "zeros": bytes(size),
        "noise": Random(f"{SEED} {table}").randbytes(size),  # noqa: S311
    }[garbage]
    path.write_bytes(content)
    return ground


def found(ground: Ground) -> dict[str, list[str]]:
    """Return what is broken, by class, as the command reads the database."""
    with reading_books(f"sqlite:///{ground.folder / 'collector.db'}") as books:
        classes: dict[str, list[str]] = {}
        for damage in Fsck(books, ground.evidence, ground.size_bytes, None, ground.tally).run():
            classes.setdefault(damage.breach.value, []).append(str(damage))
    return classes


@pytest.mark.parametrize("garbage", ["zeros", "noise"])
@pytest.mark.parametrize("table", READ)
def test_a_damaged_page_is_named_and_nothing_is_said_to_be_gone(
    ground: Ground, table: str, garbage: str
) -> None:
    """Of every table that is read, whatever became of the page."""
    classes = found(spoil(ground, table, garbage))
    assert classes.keys() == {"unreadable"}, classes
    assert any(f"cannot give {table}" in one or table in one for one in classes["unreadable"])


@pytest.mark.parametrize("table", READ)
def test_beside_a_damaged_page_everything_else_is_checked(ground: Ground, table: str) -> None:
    """An edit of another table, a file of evidence that is short and one that is gone are named."""
    other = "findings" if table == "contract_modes" else "contract_modes"
    column = "detail" if other == "findings" else "person"
    edited(ground, f"UPDATE {other} SET {column} = 'eve'")  # noqa: S608
    first, second = ground.files()
    first.write_bytes(first.read_bytes()[:-1])
    second.unlink()
    classes = found(spoil(ground, table, "noise"))
    wanted = {"unreadable", "changed", "evidence"}
    wanted -= {"changed"} if table == "chain_links" else set()
    wanted -= {"evidence"} if table == "evidence_segments" else set()
    assert classes.keys() >= wanted, classes


@pytest.mark.parametrize("table", ["findings", "spans", "credit_notes"])
def test_a_table_that_is_gone_is_named_on_both_databases(
    any_database: Database, owner: Database, tmp_path: Path, table: str
) -> None:
    """PostgreSQL answers nothing more after an error in a transaction, unless it is caught."""
    work(any_database, tmp_path)
    with owner.migrating() as connection:
        connection.execute(text(f"DROP TABLE {table}"))
    ground = Ground(tmp_path, any_database)
    ground.files()[0].unlink()
    damage = ground.check()
    assert any(one.breach.value == "unreadable" and table in str(one) for one in damage)
    assert any("its file is gone" in one.words for one in damage)
    # A row that cannot be given is not gone, and what it vouched for is not wrong.
    assert {one.breach.value for one in damage} <= {"unreadable", "guards", "evidence", "journal"}


def test_the_command_ends_with_6_where_rows_cannot_be_given(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what it looked at; where the chain ends nobody knows if its own rows are lost."""
    path = write_site(ground.folder.parent, "http://agents")
    end = SqlChain(ground.database).end()
    spoil(ground, "approvals", "ones")
    assert main(["fsck", "--config", str(path)]) == 6
    said = capsys.readouterr().out
    assert "unreadable: approvals 1: the database cannot give approvals: " in said
    assert f"{ENTRIES} entries" in said
    assert f"the chain ends with {end}" in said
    spoil(ground, "chain_links", "ones")
    assert main(["fsck", "--config", str(path)]) == 6
    assert "the chain ends" not in capsys.readouterr().out
