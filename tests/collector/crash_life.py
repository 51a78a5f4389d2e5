"""
One life of a collector that dies or stops at a chosen round trip to its database.

Round trips are the calls of the database's driver: every connection, statement, commit, roll-back
and question whether the connection still stands.  (The BEGIN that psycopg sends before the first
statement of a transaction belongs to that statement.)  Before, while or after one of them the
process ends as by `kill -9`, or stops until somebody wakes it, or wakes those who stopped.
"""

import mmap
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpusla.catalogue.codes import FENCED
from gpusla.errors import StoreError
from gpusla_collector.adapters.sql import database as database_module
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import Announcement, Lease
from gpusla_collector.usecases.announce import Announcer
from gpusla_collector.usecases.standing import StandingBoard
from tests.collector.crash_acts import Act
from tests.collector.stage import Stage

CALLS = (
    "connect",
    "do_ping",
    "do_execute",
    "do_executemany",
    "do_execute_no_params",
    "do_commit",
    "do_rollback",
)
CALLED = signal.SIGUSR1
"""Blocked in all processes of a run, so that it only ends their waiting."""

MOMENT_SECONDS = 0.0005
POLL_MS = 20
"""
How far the clock goes on when a collector that does not lead has asked: one that works keeps its
lease unless it is slow, or many ask often, or it asked for little time.
"""

FIRST_SECONDS = 5
REFUSED_MAX = 20
WAITS_MAX = 1_000
"""How often a life may ask for the lease in vain before that is a finding: 20 s of the clock."""

IDLE = f"'{database_module.IDLE_SECONDS}s'"
SOON = "'150ms'"
"""How long a stopped process keeps the lock here: nobody wants to wait ten seconds a run."""


@dataclass(frozen=True, slots=True)
class End:
    """
    Where a life ends, or what it does on its way.

    call: counts round trips from 1; 0 for a life that nothing happens to.  how: `before`, `during`,
    `after`, `stop` or `wake`.  of: only round trips whose words begin so are counted.
    """

    call: int = 0
    how: str = "after"
    of: str = ""


NOTHING = End()


class Shared:
    """What all processes of a run see: the time by which leases run out, and who takes part."""

    SEATS = 13

    def __init__(self) -> None:
        # A view writes a number at once.  `struct.pack_into` would write zeros first, which another
        # process may read: a clock that fell back to zero once let a lease last for hours.
        self._numbers = memoryview(mmap.mmap(-1, 8 * (4 + self.SEATS))).cast("q")

    def now_ms(self) -> int:
        """Return the time by which leases run out."""
        return self._numbers[0]

    def pass_ms(self, gap_ms: int) -> None:
        """Let time pass.  Of two who do so at once one may not count: time is late then."""
        self._numbers[0] += gap_ms

    def open(self, *, is_open: bool) -> None:
        """Tell whether those who do not lead still wait for their turn."""
        self._numbers[1] = int(is_open)

    def is_open(self) -> bool:
        """Return whether those who do not lead still wait for their turn."""
        return bool(self._numbers[1])

    def lead(self, pid: int, until_ms: int = 0) -> None:
        """Tell who leads, and how long; 0 if nobody did so far, -1 if nobody does any more."""
        self._numbers[2], self._numbers[3] = pid, until_ms

    def outlast(self, gap_ms: int) -> None:
        """Let time pass, and at least until the lease has run out of whoever leads."""
        self.pass_ms(max(gap_ms, self._numbers[3] - self.now_ms() + 1))

    def leader(self) -> int:
        """Return what was told last."""
        return self._numbers[2]

    def seat(self, pids: list[int]) -> None:
        """Tell who takes part now."""
        for place in range(self.SEATS):
            self._numbers[4 + place] = pids[place] if place < len(pids) else 0

    def call(self, number: signal.Signals) -> None:
        """Send a signal to everybody else: to go on after a stop, or to ask for the lease now."""
        for place in range(self.SEATS):
            pid = self._numbers[4 + place]
            if pid and pid != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)


class LeasedStore(SqlStore):
    """The store by the clock of the run, so that what is judged does not depend on who waited."""

    def __init__(self, database: Database, shared: Shared) -> None:
        super().__init__(database)
        self._shared = shared

    def acquire(self, name: str, holder: str, now_ms: int, duration_ms: int) -> Lease | None:  # noqa: ARG002
        """Take or prolong a lease."""
        asked_ms = self._shared.now_ms()
        lease = super().acquire(name, holder, asked_ms, duration_ms)
        if lease is not None:
            self._shared.lead(os.getpid(), asked_ms + duration_ms)
        return lease


@dataclass(slots=True)
class Mailbox:
    """Whoever is told of bookings; writes each key into a file that outlives the collector."""

    path: Path
    name: str = "mailbox"

    def take(self, announcement: Announcement) -> None:
        """Take an announcement."""
        append(self.path, announcement.key)

    def close(self) -> None:
        """Do nothing: no connection is open."""

    def read(self) -> list[str]:
        """Return the keys in the order in which each came first."""
        lines = self.path.read_text("ascii").splitlines() if self.path.exists() else []
        return list(dict.fromkeys(lines))


@dataclass(slots=True)
class Life:
    """
    A collector's process from its beginning.

    told: the file in which it leaves word.  poll_seconds: how long it waits for the lease unless it
    is called.  calls: its round trips since it last asked for the lease in vain.
    has_ended: came to what was to happen to it.
    """

    act: Act
    stage: Stage
    database: Database
    shared: Shared
    mailbox: Mailbox
    told: Path
    lease_ms: int = 60_000
    poll_seconds: float = 0
    calls: list[str] = field(default_factory=list, init=False)
    has_ended: bool = field(default=False, init=False)

    def work(self) -> list[str]:
        """
        Work until everything is booked and told, or another one did it and the run is not open.

        Returns the round trips that it took.
        """
        stage = self.stage
        stage.store, stage.board = LeasedStore(self.database, self.shared), StandingBoard()
        turns = stage.turns(
            holder=f"life {os.getpid()}", lease_ms=self.lease_ms, policy=self.act.policy
        )
        turns.announcer = Announcer(stage.store, self.mailbox, stage.clock)
        refused, waited, last = 0, 0, None
        while refused < REFUSED_MAX and waited < WAITS_MAX:
            try:
                if turns.once():
                    turns.announce_turn()
                    turns.stop()
                    return self.calls
            except StoreError as error:
                if not (error.retryable or error.code is FENCED):
                    raise
                append(self.told, f"refused {error}")
                # Who was overtaken asks for more time, so that one of them comes to the end.
                turns.lease_ms *= 2
                refused, last = refused + 1, error
            if not self.shared.is_open():
                return self.calls
            self._wait()
            waited += 1
            self.calls.clear()
        raise AssertionError(f"refused {refused} times, waited {waited} times") from last

    def wait_for_a_leader(self) -> None:
        """Wait until somebody led, so that it is known who does so first."""
        for _ in range(FIRST_SECONDS * 50):
            if self.shared.leader():
                return
            signal.sigtimedwait({CALLED}, 0.02)

    def watch(self, end: End) -> None:
        """
        Count the driver's calls, and let it end at one of them.

        It stops once: two that stop in each of their turns would take the lease from one another
        for ever, since whoever stops outlasts its own.
        """
        dialect = self.database.engine.dialect

        def watched(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **named: Any) -> Any:
                self.calls.append(_words(name, args))
                is_here = (
                    not self.has_ended
                    and self.calls[-1].startswith(end.of)
                    and end.call == sum(words.startswith(end.of) for words in self.calls)
                )
                if is_here:
                    self.has_ended = True
                    append(self.told, f"{end.how} {self.calls[-1]}")
                    self._end(end.how, is_before=True)
                result = inner(*args, **named)
                if is_here:
                    self._end(end.how, is_before=False)
                return result

            return call

        for name in CALLS:
            setattr(dialect, name, watched(name, getattr(dialect, name)))

    def _end(self, how: str, *, is_before: bool) -> None:
        if how == "wake" and is_before:
            self.shared.call(signal.SIGCONT)
        elif how == "stop" and is_before:
            os.kill(os.getpid(), signal.SIGSTOP)
        elif how == "during" and is_before:
            # Nobody catches this alarm: the kernel ends the process, wherever the call has come.
            signal.setitimer(signal.ITIMER_REAL, MOMENT_SECONDS)
        elif how == ("before" if is_before else "after"):
            os.kill(os.getpid(), signal.SIGKILL)

    def _wait(self) -> None:
        signal.sigtimedwait({CALLED}, self.poll_seconds)
        self.shared.pass_ms(POLL_MS)


def append(path: Path, line: str) -> None:
    """Add a line to a file that several processes write, wholly or not at all."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)


def stop_soon() -> None:
    """Let PostgreSQL wait a moment only for a process that stopped inside a transaction."""
    database_module.WRITE_LOCK = database_module.WRITE_LOCK.replace(IDLE, SOON)


def _words(name: str, args: tuple[Any, ...]) -> str:
    """Name a round trip: its statement in short, or what else it is."""
    if name.startswith("do_execute"):
        return " ".join(args[1].split()[:3])
    return name.removeprefix("do_").upper()
