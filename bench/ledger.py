"""
Durable bookings per second on SQLite and PostgreSQL, beside bare inserts by the driver alone.

Twice: of the entry's row, which the target is held against, and of all rows that a booking writes,
which says how much of the difference is what a booking consists of.
"""

import argparse
import json
import os
import platform
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Column, MetaData, Table, event

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gpusla.identity import ContractId, TenantId  # noqa: E402
from gpusla.ledger.entries import Entry, Status, key_of, lines_of  # noqa: E402
from gpusla_collector.adapters.sql.database import Database, open_database  # noqa: E402
from gpusla_collector.adapters.sql.ledger import entry_row  # noqa: E402
from gpusla_collector.adapters.sql.schema import require_newest  # noqa: E402
from gpusla_collector.adapters.sql.store import SqlStore  # noqa: E402
from gpusla_collector.adapters.sql.tables import LEDGER_ENTRIES, METADATA  # noqa: E402
from gpusla_collector.ports import Judged, Lease  # noqa: E402
from tests.postgresql import serving  # noqa: E402

RESULT = ROOT / "bench" / "results" / "ledger.json"
RATIO_MIN = 0.5
CONTENT = json.dumps({"outcomes": ["x" * 60] * 50})
"""As long as the judgement of a small contract: 3 kB."""


@dataclass(slots=True)
class Ground:
    """
    A database, a lease on it, and beside each table one with nothing but its columns.

    written: what each booking inserted since it was emptied last, as statements with parameters.
    """

    database: Database
    store: SqlStore
    lease: Lease
    written: list[list[tuple[str, Any]]] = field(default_factory=list)
    number: int = 0

    def book(self) -> None:
        """Book one posting: its judgement, entry, legs, credit note, announcement and link."""
        entry = self._entry()
        self.written.append([])
        judged = Judged(
            entry.contract,
            entry.tenant,
            entry.period,
            10,
            "f" * 64,
            entry.evaluation_digest,
            CONTENT,
            "{}",
            20,
        )
        assert self.store.book(self.lease, judged, lambda _: [entry], 20) == (entry,)

    def keep(self, statement: str, parameters: Any) -> None:
        """Keep what a booking inserts, as it would go to the tables without anything."""
        if self.written and statement.startswith("INSERT INTO "):
            bare = re.sub(r"^INSERT INTO (\w+)", r"INSERT INTO bare_\1", statement)
            self.written[-1].append((bare.partition(" RETURNING ")[0], parameters))

    def row(self) -> dict[str, Any]:
        """Return the row of an entry."""
        entry = self._entry()
        return {
            "position": self.number,
            **entry_row(entry),
            "booked_ms": 20,
            "epoch": 1,
        }

    def _entry(self) -> Entry:
        self.number += 1
        contract, period = ContractId(f"c-{self.number % 50}"), f"{2000 + self.number // 50:04}-01"
        lines = lines_of(Status.POSTED, 12_345)
        return Entry(
            key_of(contract, period, "availability", 1),
            contract,
            TenantId("tenant"),
            period,
            "availability",
            1,
            Status.POSTED,
            12_345,
            "USD",
            lines,
            None,
            f"{self.number:064x}",
        )


def main() -> int:
    """Measure both databases; 1 if the target was missed on one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--each", type=int, default=50, help="bookings and inserts in a round")
    options = parser.parse_args()
    found: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load_1m": [round(os.getloadavg()[0], 2)],
    }
    for name, grounds in (("sqlite", sqlite), ("postgresql", postgresql)):
        with grounds() as ground:
            found[name] = _measure(ground, options.rounds, options.each)
        print(name, json.dumps(found[name]))
    found["load_1m"].append(round(os.getloadavg()[0], 2))
    RESULT.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return 0 if all(found[name]["is_met"] for name in ("sqlite", "postgresql")) else 1


@contextmanager
def sqlite() -> Iterator[Ground]:
    """Give an SQLite database on the disk of the checkout, WAL and synchronous=FULL."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as folder:
        database = open_database(f"sqlite:///{folder}/ledger.db")
        yield _ground(database)
        database.close()


@contextmanager
def postgresql() -> Iterator[Ground]:
    """Give a PostgreSQL database whose commits are on disk when they return."""
    with serving(is_durable=True) as server:
        database = open_database(server.url(server.create()))
        yield _ground(database)
        database.close()


def _ground(database: Database) -> Ground:
    require_newest(database)
    store, metadata = SqlStore(database), MetaData()
    for table in METADATA.tables.values():
        columns = (Column(column.name, column.type, nullable=True) for column in table.columns)
        Table(f"bare_{table.name}", metadata, *columns)
    with database.migrating() as connection:
        metadata.create_all(connection)
    lease = store.acquire("collector", "bench", 0, 10**12)
    assert lease is not None
    ground = Ground(database, store, lease)

    @event.listens_for(database.engine, "before_cursor_execute")
    def _(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        ground.keep(statement, parameters)

    return ground


def _connected(ground: Ground) -> Any:
    """Return a connection of the driver alone, as durable as the ledger's; nothing pools it."""
    url = ground.database.engine.url
    if ground.database.is_postgresql:
        words = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(words, autocommit=True)
    driver = sqlite3.connect(url.database or "", isolation_level=None)
    driver.execute("PRAGMA synchronous=FULL")
    return driver


def _row_inserted(ground: Ground, cursor: Any) -> Callable[[], None]:
    """Return what inserts one entry's row, its statement written once."""
    columns = LEDGER_ENTRIES.columns.keys()
    marks = ", ".join(["%s" if ground.database.is_postgresql else "?"] * len(columns))
    words = f"INSERT INTO bare_ledger_entries ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608

    def insert_one() -> None:
        row = ground.row()
        cursor.execute(words, [row[name] for name in columns])

    return insert_one


def _rows_inserted(ground: Ground, cursor: Any) -> Callable[[], None]:
    """Return what inserts every row of one of the last bookings, in a transaction of its own."""

    def insert_all() -> None:
        cursor.execute("BEGIN")
        for statement, parameters in ground.written.pop():
            (cursor.executemany if isinstance(parameters, list) else cursor.execute)(
                statement, parameters
            )
        cursor.execute("COMMIT")

    return insert_all


def _measure(ground: Ground, rounds: int, each: int) -> dict[str, Any]:
    """Take turns, so that whatever else the machine does falls on all."""
    cursor = _connected(ground).cursor()
    acts = (ground.book, _row_inserted(ground, cursor), _rows_inserted(ground, cursor))
    taken = [tuple(_seconds(act, each) for act in acts) for _ in range(rounds + 1)][1:]
    booked, row, rows = (statistics.median(side) / each for side in zip(*taken, strict=True))
    return {
        "bookings_a_second": round(1 / booked, 1),
        "bare_inserts_a_second": round(1 / row, 1),
        "ratio": round(row / booked, 3),
        "target": RATIO_MIN,
        "is_met": row / booked >= RATIO_MIN,
        "bare_inserts_of_all_its_rows_a_second": round(1 / rows, 1),
        "ratio_to_all_its_rows": round(rows / booked, 3),
        "rounds": rounds,
        "each": each,
    }


def _seconds(act: Callable[[], None], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        act()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
