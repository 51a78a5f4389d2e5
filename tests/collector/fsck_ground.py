"""A collector's records on disk, whole and of every kind, to be damaged and checked."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gpusla.evidence.damage import Damage
from gpusla.identity import NodeName
from gpusla.ledger.release import Mode, Policy
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.books import books
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import Approval, Finding, Segment
from gpusla_collector.usecases.fsck.records import Fsck
from gpusla_collector.usecases.fsck.tally import Tally
from gpusla_collector.usecases.turns import LEASE
from tests.collector import site
from tests.collector.journals import DOWN, Journal
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, HOUR_MS, START_MS, Stage
from tests.core.evidence.signed import ONE, introduced, signed

TRAYS = (
    site.Tray("t01", "alpha-2026"),
    site.Tray("t02", "beta-2026", tenant="tenant-b", fee="777.77"),
)
POLICY = Policy(above_minor_units={"USD": 1_000}, approvers=frozenset({"ada", "grace"}))
NOTHING_EXCLUDED = "apiVersion: gpusla/v1\nkind: Exclusions\nexclusions: []\n"
ENTRIES = 8
"""The entries of the ledger that `work` leaves."""


@dataclass(slots=True)
class Ground:
    """Records on disk."""

    folder: Path
    database: Database
    evidence: EvidenceFiles = field(init=False)
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.evidence = EvidenceFiles(self.folder / "evidence")

    def check(self, holds: tuple[int, str] | None = None) -> list[Damage]:
        """Check everything; returns what is broken."""
        self.tally = Tally()
        with books(self.database) as found:
            return list(Fsck(found, self.evidence, self.size_bytes, holds, self.tally).run())

    def size_bytes(self, node: NodeName, segment: Segment) -> int | None:
        """Return how long a file of evidence is."""
        path = self.evidence.path(node, segment)
        return path.stat().st_size if path.exists() else None

    def files(self) -> list[Path]:
        """Return all files of evidence."""
        return sorted(self.evidence._directory.rglob("*.jsonl"))


def work(database: Database, folder: Path) -> None:
    """
    Let a collector work for a month and a half.

    Both trays were down on the first days, so that tiers are crossed; July of alpha is posted after
    two people approved, of beta at once, and August is open.  Between the end of July and its
    posting a file came that changes no figure.
    """
    store, evidence = SqlStore(database), EvidenceFiles(folder / "evidence")
    stage = Stage(TRAYS, store=store, evidence=evidence)
    turns = stage.turns(policy=POLICY)
    for day in range(3):
        for tray, key in (("t01", ONE), ("t02", bytes([9]) * 32)):
            write_day(stage.journal(tray), key, START_MS + day * DAY_MS, is_first=day == 0)
        stage.clock.now_ms = START_MS + (day + 1) * DAY_MS
        if day != 1:
            assert turns.once()
    for at_ms in (AUGUST_MS + 5 * DAY_MS - HOUR_MS, AUGUST_MS + 5 * DAY_MS):
        stage.clock.now_ms = at_ms
        assert turns.once()
        stage.files.texts["Exclusions", "exclusions.yaml"] = NOTHING_EXCLUDED
    store.switch(ALPHA, Mode.AUTOMATIC, "ada", stage.clock.now_ms)
    for proposal in store.proposals():
        for person in ("ada", "grace"):
            store.approve(Approval(proposal.digest, person, stage.clock.now_ms))
    stage.clock.now_ms += HOUR_MS
    assert turns.once()
    lease = store.acquire(LEASE, "this", stage.clock.now_ms, HOUR_MS)
    assert lease is not None
    for announcement in store.undelivered("billing", 3):
        store.delivered(lease, "billing", announcement.key, stage.clock.now_ms)
    store.report(lease, Finding("a key", "a kind", "c2-r01-t01", stage.clock.now_ms, "words"))


def write_day(journal: Journal, key: bytes, begin_ms: int, *, is_first: bool) -> None:
    """Write a day of a node that signs, whose first GPU is down for six hours."""
    if is_first:
        journal.append(introduced(key, node=journal.node))
    journal.observe(begin_ms, begin_ms + 6 * HOUR_MS, {journal.slots[0]: DOWN})
    journal.observe(begin_ms + 6 * HOUR_MS + 1_000, begin_ms + DAY_MS - 1_000)
    journal.append(signed(key, journal.head, node=journal.node))


def edited(ground: Ground, *statements: str) -> None:
    """Do what the owner of the file can: take the triggers off, write, and put them back."""
    with sqlite3.connect(ground.folder / "collector.db") as driver:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = driver.execute(query).fetchall()
        for name, _ in triggers:
            driver.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            driver.execute(statement)
        for _, made_by in triggers:
            driver.execute(made_by)
    driver.close()


@contextmanager
def copied(original: Path, folder: Path) -> Iterator[Ground]:
    """Give a copy of records on SQLite."""
    shutil.copytree(original, folder, dirs_exist_ok=True)
    database = open_database(f"sqlite:///{folder / 'collector.db'}")
    try:
        yield Ground(folder, database)
    finally:
        database.close()


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a collector left on disk after a month and a half."""
    folder = tmp_path_factory.mktemp("records")
    database = open_database(f"sqlite:///{folder / 'collector.db'}")
    require_newest(database)
    work(database, folder)
    database.close()
    return folder


@pytest.fixture
def ground(records: Path, tmp_path: Path) -> Iterator[Ground]:
    """A copy of these records."""
    with copied(records, tmp_path / "data") as found:
        yield found
