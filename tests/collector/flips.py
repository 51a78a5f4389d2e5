"""
Goal L4: single bits of what is on record are flipped, one at a time, and `gpusla fsck` finds each.

`python -m tests.collector.flips --count 1000 --out FILE` flips so many bits of each artefact:
stored values of an SQLite database, a collector's evidence, an agent's journal.  A flip that is
missed is printed with its seed.  What is left out is said in docs/operating/database.md.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gpusla.commands.fsck_journal import check_journal
from gpusla.errors import InputError
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.tables import METADATA
from tests.collector.fsck_ground import Ground, work
from tests.core.evidence.signed import ONE, TWO, SignedJournal

SEED = 20261122
WORKING = {
    "leases": {"name", "holder", "epoch", "until_ms"},
    "journal_cursors": {"agent_sequence", "reached_ms"},
    "spans": {"id"},
}
"""Columns by which a collector works and that nobody's account rests on."""

OF_NAMED = {
    "evaluations": ("digest", {"judged_ms", "fingerprint", "inputs"}),
    "evaluation_inputs": ("evaluation", {"evaluation", "number", "judged_ms", "inputs"}),
}
"""Columns that are vouched for once an entry names the judgement, and which column that is."""

Value = int | str | bytes
Flip = Callable[[Random], tuple[str, int]]
"""Flips a bit, checks, and puts it back; returns where it was and how much was found broken."""


@dataclass(slots=True)
class MissedError(Exception):
    """A flip that nothing was said of."""

    artefact: str
    number: int
    where: str


@dataclass(slots=True)
class Rows:
    """The stored values of an SQLite database, without the triggers that guard them."""

    ground: Ground
    driver: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        path = self.ground.folder / "collector.db"
        self.driver = sqlite3.connect(path, isolation_level=None)
        self.driver.execute("PRAGMA ignore_check_constraints=ON")
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in self.driver.execute(query).fetchall():
            self.driver.execute(f"DROP TRIGGER {name}")

    def flip(self, random: Random) -> tuple[str, int]:
        """Flip a bit of one value."""
        while True:
            table = random.choice(METADATA.sorted_tables)
            column = random.choice(list(table.columns))
            rows = [row for (row,) in self.driver.execute(f"SELECT rowid FROM {table}")]  # noqa: S608
            row = random.choice(sorted(rows)) if rows else 0
            if not rows or not self._counts(table.name, column.name, row):
                continue
            value = self.value(table.name, column.name, row)
            if value in {None, "", b""}:
                continue
            changed = flipped(value, random)
            try:
                self.put(table.name, column.name, row, changed)
            except sqlite3.IntegrityError:
                continue  # another row has that key
            damage = [one for one in self.ground.check() if one.breach.value != "guards"]
            # A counted key is the row's id itself.
            now = int(changed) if column.autoincrement is True else row
            self.put(table.name, column.name, now, value)
            return f"{table}.{column.name} of row {row}: {changed!r}", len(damage)

    def value(self, table: str, column: str, row: int) -> Value:
        """Return a stored value."""
        query = f"SELECT {column} FROM {table} WHERE rowid = ?"  # noqa: S608
        (found,) = self.driver.execute(query, (row,)).fetchone()
        value: Value = found
        return value

    def put(self, table: str, column: str, row: int, value: Value) -> None:
        """Store a value, text from its bytes, so that it need not be UTF-8."""
        mark, raw = (
            ("CAST(? AS TEXT)", value.encode("latin-1")) if isinstance(value, str) else ("?", value)
        )
        self.driver.execute(f"UPDATE {table} SET {column} = {mark} WHERE rowid = ?", (raw, row))  # noqa: S608

    def _counts(self, table: str, column: str, row: int) -> bool:
        judgement, columns = OF_NAMED.get(table, ("", frozenset()))
        if column in columns:
            query = "SELECT count(*) FROM ledger_entries WHERE evaluation = ?"
            named = self.driver.execute(query, (self.value(table, judgement, row),)).fetchone()
            return bool(named[0])
        return column not in WORKING.get(table, ())


@dataclass(slots=True)
class Files:
    """
    Bytes of files.

    check: returns how much is broken.  keep_bytes: so many at the end of the last file are left
    alone, for which nothing vouches yet.
    """

    paths: list[Path]
    check: Callable[[], int]
    keep_bytes: int = 0

    def flip(self, random: Random) -> tuple[str, int]:
        """Flip a bit of one byte."""
        path = random.choice(self.paths)
        content = path.read_bytes()
        end = len(content) - (self.keep_bytes if path == self.paths[-1] else 0)
        place = random.randrange(end)
        changed = bytearray(content)
        changed[place] ^= 1 << random.randrange(8)
        path.write_bytes(changed)
        try:
            return f"{path.name} byte {place}", self.check()
        finally:
            path.write_bytes(content)


def flipped(value: Value, random: Random) -> Value:
    """Return a value with one bit of what is stored turned over."""
    if isinstance(value, int):
        return value ^ (1 << random.randrange(max(value.bit_length(), 1)))
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    return raw.decode("latin-1") if isinstance(value, str) else bytes(raw)


@dataclass(slots=True)
class Told:
    """What a journal's check tells, unheard."""

    counts: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def told(self, what: str, number: int) -> None:
        """Hear nothing."""


def journal(folder: Path) -> Files:
    """Write an agent's journal of two segments: keys, samples, signatures, blocks."""
    written = SignedJournal().start().introduce(ONE)
    for minute in range(12):
        written.observe(minute * 60, 5).sign(ONE if minute < 8 else TWO)
        if minute == 3:
            written.close(ONE)
        if minute == 7:
            written.introduce(TWO, ONE)
    paths = []
    for first, lines in ((1, written.lines[:30]), (31, written.lines[30:])):
        paths.append(folder / f"journal-{first:020}.jsonl")
        paths[-1].write_bytes(b"".join(line + b"\n" for line in lines))

    def check() -> int:
        try:
            return len(list(check_journal(folder, frozenset(), None, Told())))
        except InputError:
            return 0

    return Files(paths, check, keep_bytes=len(written.lines[-1]) + 1)


def run(flip: Flip, artefact: str, count: int, seed: int) -> Counter[str]:
    """Flip so many bits; returns how often each place came up.  Raises MissedError."""
    places: Counter[str] = Counter()
    for number in range(count):
        chance = Random(f"{seed} {artefact} {number}")  # noqa: S311
        where, found = flip(chance)
        if not found:
            raise MissedError(artefact, number, where)
        places[where.split(" ", 1)[0]] += 1
    return places


def artefacts(folder: Path) -> Iterator[tuple[str, Flip]]:
    """Give each artefact by its name, with what flips a bit of it."""
    database = open_database(f"sqlite:///{folder / 'collector.db'}")
    require_newest(database)
    work(database, folder)
    ground = Ground(folder, database)
    assert ground.check() == []
    yield "database", Rows(ground).flip
    yield "evidence", Files(ground.files(), lambda: len(ground.check())).flip
    (folder / "journal").mkdir()
    written = journal(folder / "journal")
    assert written.check() == 0
    yield "journal", written.flip
    database.close()


def main() -> int:
    """Flip, and write what came of it; 1 if a flip was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="flips-") as name:
        try:
            for artefact, flip in artefacts(Path(name)):
                places = run(flip, artefact, arguments.count, arguments.seed)
                found[artefact] = {"flips": arguments.count, "found": sum(places.values())}
        except MissedError as missed:
            where = f"{missed.artefact} {missed.number}, seed {arguments.seed}: {missed.where}"
            sys.stdout.write(where + "\n")
            return 1
    date = time.strftime("%Y-%m-%d", time.gmtime())
    text = json.dumps({"date": date, "seed": arguments.seed, **found}, indent=2) + "\n"
    sys.stdout.write(text)
    if arguments.out is not None:
        arguments.out.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
