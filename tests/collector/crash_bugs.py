"""
Bugs that somebody could write where money is booked, planted in the processes that crash.

Each is planted in one life by replacing one thing of the product, and must be found by the runs
that hit every writing transaction of an act in its turn.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gpusla.ledger.entries import Entry, month_of
from gpusla_collector.adapters.sql import ledger
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.ports import OPERATOR, Judged, Lease
from gpusla_collector.usecases.announce import Announcer
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.judge import Judgement
from tests.collector.crash_acts import ACTS
from tests.collector.crash_ground import KINDS, Ground, Scene
from tests.collector.crash_life import End
from tests.collector.crash_play import Plant, Run, Tally, play

RUNS_MAX = 40
WORDS_MAX = 200
WRITES = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SET LOCAL"}
"""What every writing transaction begins with."""


@dataclass(frozen=True, slots=True)
class Bug:
    """
    One bug.

    act, kind: the scene in which it shows.  how: what happens to the first collector as it begins a
    writing transaction.  awake: at which of its own the second one wakes it.
    """

    name: str
    plant: Plant
    act: str
    kind: str = "sqlite"
    how: str = "before"
    awake: tuple[int, ...] = ()

    def runs(self, ground: Ground) -> Iterator[Run]:
        """Yield the runs in which it is looked for: each writing transaction in its turn."""
        index = KINDS.index(self.kind) * len(ACTS) + [act.name for act in ACTS].index(self.act)
        scene: Scene = ground.scenes[index]
        begins = WRITES[self.kind]
        for number in range(1, RUNS_MAX + 1):
            others = tuple(End(call, "wake", begins) for call in self.awake)
            yield Run(scene, (End(number, self.how, begins), *others), None)


def look_for(ground: Ground, bug: Bug) -> tuple[int, str]:
    """Return in which run a bug was found, counted from 1, and by what; 0 if it was not."""
    for number, run in enumerate(bug.runs(ground), start=1):
        try:
            play(ground, run, Tally(), bug.plant)
        except AssertionError as error:
            return number, str(error)[:WORDS_MAX]
    return 0, ""


def _committed_before(table: str) -> Plant:
    """Return what commits a transaction before it writes into a table, and goes on in another."""

    def plant(database: Database) -> None:
        dialect: Any = database.engine.dialect
        is_postgresql = database.is_postgresql

        def early(inner: Callable[..., Any]) -> Callable[..., Any]:
            def call(cursor: Any, statement: str, *rest: Any) -> Any:
                if statement.startswith(f"INSERT INTO {table}"):
                    dialect.do_commit(cursor.connection)
                    if not is_postgresql:
                        dialect.do_execute(cursor, WRITES["sqlite"], ())
                return inner(cursor, statement, *rest)

            return call

        for name in ("do_execute", "do_executemany"):
            setattr(dialect, name, early(getattr(dialect, name)))

    return plant


def _kept_before_booked(_: Database) -> None:
    right = Booker.book

    def book(
        self: Booker, lease: Lease, judgement: Judgement, *, is_final: bool, **named: Any
    ) -> tuple[Entry, ...]:
        if is_final:
            self.store.keep(lease, judgement.judged)
        return right(self, lease, judgement, is_final=is_final, **named)

    setattr(Booker, "book", book)  # noqa: B010  (mypy refuses to assign to a method)


def _delivered_before_taken(_: Database) -> None:
    def announce_all(self: Announcer, lease: Lease) -> int:
        waiting = self.store.undelivered(self.receiver.name, 100)
        for announcement in waiting:
            key, now_ms = announcement.key, self.clock.wall_ms()
            self.store.delivered(lease, self.receiver.name, key, now_ms)
            _entered(self)
            self.receiver.take(announcement)
        return len(waiting)

    setattr(Announcer, "announce_all", announce_all)  # noqa: B010


def _entered(announcer: Announcer) -> None:
    """Ask the database for something, as a real receiver takes time: here the process may die."""
    announcer.store.acquire("another", "nobody", 0, 0)


def _lease_not_asked(_: Database) -> None:
    asking = [name for name in ledger.__dict__ if name.startswith("require")]
    assert asking, "nothing in the ledger asks for the lease by a name like that"
    for name in asking:
        ledger.__dict__[name] = lambda *_: None


def _decided_outside(database: Database) -> None:
    """Neither the lease nor the ledger's own look is left; the unique key of the table is."""
    _lease_not_asked(database)
    ledger.__dict__["_only_new"] = lambda _, entries: tuple(entries)
    right = ledger.SqlLedger.book

    def book(
        self: ledger.SqlLedger,
        lease: Lease,
        judged: Judged,
        decide: Callable[[Sequence[Entry]], Sequence[Entry]],
        now_ms: int,
    ) -> tuple[Entry, ...]:
        month = month_of(judged.period)
        known = self.entries(OPERATOR, judged.contract)
        standing = [entry for entry in known if month_of(entry.period) == month]
        return right(self, lease, judged, lambda _: decide(standing), now_ms)

    setattr(ledger.SqlLedger, "book", book)  # noqa: B010


_ALL = (
    Bug("legs in another transaction", _committed_before("ledger_lines"), "take in and accrue"),
    Bug("announced in another transaction", _committed_before("outbox"), "take in and accrue"),
    Bug("numbered in another transaction", _committed_before("credit_notes"), "close"),
    Bug("the cursor before its spans", _committed_before("spans"), "take in and accrue"),
    Bug("kept before it is booked", _kept_before_booked, "correct"),
    Bug("delivered before it is taken", _delivered_before_taken, "accrue less"),
    Bug(
        "the lease not asked when booking",
        _lease_not_asked,
        "take in and accrue",
        "postgresql",
        "stop",
        (2,),
    ),
    Bug(
        "decided outside of the transaction",
        _decided_outside,
        "take in and accrue",
        "postgresql",
        "stop",
        (99,),
    ),
)

BUGS = {bug.name: bug for bug in _ALL}
