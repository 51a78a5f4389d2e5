"""Where collectors live and die: each act's beginning, put back for every run, and its end."""

import gc
import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla.ledger.entries import Entry
from gpusla.ledger.notes import is_documented
from gpusla.timeline.model import StateSpan
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR
from tests.collector.crash_acts import ACTS, Act, Moment, approve
from tests.collector.crash_bases import Base
from tests.collector.crash_life import (
    CALLED,
    NOTHING,
    End,
    Life,
    Mailbox,
    Shared,
    append,
    stop_soon,
)
from tests.collector.stage import Stage

KINDS = ("sqlite", "postgresql")
EVER = Interval(0, 2**62)
COUNTED_MAX = 5
"""How often an undisturbed life may be refused before that is a finding."""

LEGS = 2


@dataclass(frozen=True, slots=True)
class Books:
    """All that a run must leave behind as an undisturbed one does."""

    entries: tuple[Entry, ...]
    heads: dict[str, Head]
    spans: tuple[StateSpan, ...]
    findings: tuple[str, ...]
    proposals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """
    An act on a kind of database.

    stage: who plays in it.  folder: evidence and mail at its beginning.  books, calls, epoch: what
    an undisturbed collector leaves, its round trips in order, and the epoch of its lease.
    """

    act: Act
    kind: str
    base: Base
    stage: Stage
    folder: Path
    books: Books
    calls: tuple[str, ...]
    epoch: int

    @property
    def name(self) -> str:
        """How it is called in results."""
        return f"{self.act.name}, {self.kind}"


@dataclass(frozen=True, slots=True)
class Start:
    """
    How a life begins: where it ends, and what it asks for.

    is_first: it does not wait until somebody else led.  plant: what is done to the product's code
    in this process alone.
    """

    end: End = NOTHING
    lease_ms: int = 60_000
    poll_seconds: float = 0
    is_first: bool = True
    plant: Callable[[Database], None] = lambda _: None


class Ground:
    """All scenes, and the one run that goes on in one of them."""

    def __init__(self, folder: Path, *bases: Base) -> None:
        """
        Play every act undisturbed on each database.

        folder: of this process alone.  bases: one for each kind, empty.
        """
        stop_soon()
        signal.pthread_sigmask(signal.SIG_BLOCK, {CALLED})
        self.folder = folder
        self.shared = Shared()
        self.shared.open(is_open=True)
        self.told = folder / "told"
        self.outside = folder / "outside"
        self.mailbox = Mailbox(self.outside / "mail")
        self.scenes = tuple(
            self._scene(act, kind, base)
            for kind, base in zip(KINDS, bases, strict=True)
            for act in ACTS
        )
        for one, other in zip(self.scenes, self.scenes[len(ACTS) :], strict=False):
            assert one.books == other.books, f"{one.name} and {other.name} come to different books"
        gc.collect()
        gc.freeze()  # so that children share these pages

    def begin(self, scene: Scene, start: Start) -> int:
        """Begin a life; returns its process."""
        child = os.fork()
        if child:
            return child
        try:
            life = self._life(scene.act, scene.stage, scene.base)
            life.lease_ms, life.poll_seconds = start.lease_ms, start.poll_seconds
            life.watch(start.end)
            start.plant(scene.base.database)
            if not start.is_first:
                life.wait_for_a_leader()
            append(self.told, json.dumps({"calls": life.work()}))
        except BaseException as error:  # noqa: BLE001  (the top of a process)
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(3)
        os._exit(0)

    @contextmanager
    def fresh(self, scene: Scene) -> Iterator[None]:
        """Put the act's beginning back."""
        scene.base.put_back(scene.name)
        shutil.rmtree(self.outside)
        shutil.copytree(scene.folder, self.outside)
        self.told.unlink(missing_ok=True)
        yield

    def require_books(self, scene: Scene) -> int:
        """Hold what is left to what must be; returns the epoch of the last lease."""
        scene.base.settle()
        found = books_of(scene.base.eye, self.mailbox, scene.stage)
        for name in Books.__slots__:
            have, due = getattr(found, name), getattr(scene.books, name)
            assert have == due, f"{name}: {have} in place of {due}"
        with scene.base.eye.reading() as connection:
            epoch = int(connection.scalar(text("SELECT epoch FROM leases")) or 0)
        if scene.kind == "sqlite":
            scene.base.eye.close()
        return epoch

    def words(self) -> Counter[str]:
        """Return what the lives of this run told, and how often."""
        lines = self.told.read_text("utf-8").splitlines() if self.told.exists() else []
        return Counter(line for line in lines if not line.startswith("{"))

    def _life(self, act: Act, stage: Stage, base: Base) -> Life:
        return Life(act, stage, base.database, self.shared, self.mailbox, self.told)

    def _scene(self, act: Act, kind: str, base: Base) -> Scene:
        """Play an act undisturbed, here and once more in a process of its own to count calls."""
        kept = self.folder / f"{act.name}, {kind}"
        shutil.rmtree(self.outside, ignore_errors=True)
        (self.outside / "evidence").mkdir(parents=True)
        base.put_back("empty")
        for moment in act.before:
            self._play(act, moment, base)
        approve(SqlStore(base.eye), act.at)
        base.keep(kept.name)
        shutil.copytree(self.outside, kept)
        stage = self._play(act, act.at, base)
        books = books_of(base.eye, self.mailbox, stage)
        told = tuple((e.period, e.status, e.amount_minor_units) for e in books.entries)
        assert told == act.told, f"{kept.name}: {told}"
        draft = Scene(act, kind, base, stage, kept, books, (), 0)
        calls, epoch = self._count(draft)
        return Scene(act, kind, base, stage, kept, books, calls, epoch)

    def _count(self, draft: Scene) -> tuple[tuple[str, ...], int]:
        """
        Return the round trips of an undisturbed life, and the epoch that it ends with.

        On a busy machine PostgreSQL may take it for one that stopped (SOON): then it counts again.
        """
        for _ in range(COUNTED_MAX):
            with self.fresh(draft):
                child = self.begin(draft, Start())
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
                epoch = self.require_books(draft)
                refused = self.words()
                if not refused:
                    return tuple(json.loads(self.told.read_text("utf-8"))["calls"]), epoch
        raise AssertionError(f"{draft.name}: {dict(refused)}")

    def _play(self, act: Act, moment: Moment, base: Base) -> Stage:
        """Let one collector work undisturbed."""
        stage = act.stage(moment, self.outside / "evidence")
        self._life(act, stage, base).work()
        base.database.close()
        return stage


def books_of(database: Database, mailbox: Mailbox, stage: Stage) -> Books:
    """Return what stands, having seen that it is whole; raises AssertionError otherwise."""
    store = SqlStore(database)
    entries = store.entries(OPERATOR)
    keys = [entry.key for entry in entries]
    assert len(set(keys)) == len(keys), "a key twice"
    assert all(len(entry.lines) == LEGS for entry in entries), "an entry without its legs"
    assert all(sum(line.minor_units for line in entry.lines) == 0 for entry in entries), "legs"
    require_notes(store, entries)
    require_rows(database, keys)
    assert mailbox.read() == keys, "not all was told, or in another order"
    cursors = store.cursors()
    slots = sorted({slot for journal in stage.agents.journals.values() for slot in journal.slots})
    spans = tuple(sorted(store.account(slots, EVER).spans, key=lambda s: (s.slot, s.start_ms)))
    for node, journal in stage.agents.journals.items():
        lines = [line for one in store.segments(node) for line in stage.evidence.read(node, one)]
        assert lines == journal.lines, f"{node}: {len(lines)} lines of {len(journal.lines)}"
    return Books(
        entries,
        {node: cursor.head for node, cursor in cursors.items()},
        spans,
        tuple(finding.key for finding in store.findings()),
        tuple(proposal.digest for proposal in store.proposals()),
    )


def require_notes(store: SqlStore, entries: tuple[Entry, ...]) -> None:
    """Every posting that moves money has one credit note; numbers have no gap."""
    notes = store.credit_notes(OPERATOR)
    assert [note.number for note in notes] == list(range(1, len(notes) + 1)), "a gap in numbers"
    due = [entry.key for entry in entries if is_documented(entry)]
    assert [note.entry for note in notes] == due, "a posting without a credit note, or two"


def require_rows(database: Database, keys: list[str]) -> None:
    """Announcements, deliveries and evaluations fit the entries, and no stale leader wrote."""
    with database.reading() as connection:

        def column(words: str) -> list[str]:
            return [str(row[0]) for row in connection.exec_driver_sql(words)]

        assert column("SELECT key FROM outbox ORDER BY position") == keys, "announced otherwise"
        assert sorted(column("SELECT key FROM deliveries")) == sorted(keys), "delivered otherwise"
        named = set(column("SELECT evaluation FROM ledger_entries"))
        named |= set(column("SELECT evaluation FROM evaluation_cursors"))
        assert sorted(column("SELECT digest FROM evaluations")) == sorted(named), "evaluations"
        assert column("SELECT name FROM witness") == [], "a stale leader wrote"
        epochs = [int(e) for e in column("SELECT epoch FROM ledger_entries ORDER BY position")]
        assert epochs == sorted(epochs), "an epoch after a later one"
