"""
One life of a collector that dies or stops at a chosen round trip to its database.

Round trips are the calls of the database's driver: every statement and every commit.  Before, while
or after one of them the process ends as by `kill -9`, or stops until somebody wakes it.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusla.errors import StoreError
from gpusla.identity import NodeName
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql import database as database_module
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.store import SqlStore
from tests.collector.fakes import HandClock
from tests.collector.journals import DOWN
from tests.collector.site import Tray
from tests.collector.stage import AUGUST_MS, DAY_MS, START_MS, Stage

TRAYS = (Tray("t01", "alpha-2026"),)
MIDDLE_MS = START_MS + 15 * DAY_MS
LATER_MS = AUGUST_MS + 40 * DAY_MS
DAYS = 75
BAD_DAYS = 60
CALLS = ("do_execute", "do_executemany", "do_execute_no_params", "do_commit")
MOMENT_SECONDS = 0.0005
IDLE = f"'{database_module.IDLE_SECONDS}s'"
SOON = "'150ms'"
"""How long a stopped process keeps the lock here: nobody wants to wait ten seconds a run."""


@dataclass(frozen=True, slots=True)
class End:
    """
    Where a life ends.

    call: counts round trips from 1; 0 for a life that nothing happens to.  how: `before`, `during`,
    `after` or `stop`.
    """

    call: int = 0
    how: str = "after"


@dataclass(slots=True)
class Clock(HandClock):
    """Time that goes on from September 2026, so that leases run out."""

    began: float = 0.0

    def wall_ms(self) -> int:
        """Return how late it is."""
        return LATER_MS + round((time.monotonic() - self.began) * 1000)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def stage_of(folder: Path, clock: HandClock) -> Stage:
    """Return a contract with outages in two months, with real evidence, on no database yet."""
    stage = Stage(TRAYS, clock, evidence=EvidenceFiles(folder))
    for number, tray in enumerate(TRAYS):
        journal = stage.agents.journals[NodeName(tray.node)]
        for day in range(DAYS):
            at_ms = START_MS + day * DAY_MS
            is_bad = day < BAD_DAYS and day % (9 + number) == 0
            down = {journal.slots[day % 4]: DOWN} if is_bad else {}
            journal.observe(at_ms, at_ms + DAY_MS - 1_000, down)
    return stage


def prepare(url: str, folder: Path) -> None:
    """Take everything in, and book what was pending in the middle of the first month."""
    database = open_database(url)
    stage = stage_of(folder, HandClock(MIDDLE_MS))
    stage.store = SqlStore(database)
    turns = stage.turns()
    turns.once()
    stage.clock.now_ms = LATER_MS
    turns.lead_turn()
    turns.reload_turn()
    turns.fetch_turn()
    turns.stop()
    database.close()


def live(url: str, stage: Stage, end: End, lease_ms: int, tell: Callable[[str], None]) -> None:
    """Work until everything is booked; ends this process there, or where it was told to."""
    database_module.WRITE_LOCK = database_module.WRITE_LOCK.replace(IDLE, SOON)
    database = open_database(url)
    count = _watch(database, end, tell)
    stage.store = SqlStore(database)
    while True:
        # Who was overtaken asks for more time, so that one of them comes to the end.
        turns = stage.turns(holder=f"life {os.getpid()}", lease_ms=lease_ms)
        try:
            if turns.once():
                turns.stop()
                break
        except StoreError as error:
            tell(f"refused {error.code.name}")
            lease_ms *= 2
        time.sleep(0.005)
    database.close()
    tell(f"calls {count()}")


def _watch(database: Database, end: End, tell: Callable[[str], None]) -> Callable[[], int]:
    """Count the driver's calls, and let the process end at one of them; returns the counter."""
    counted = 0
    dialect = database.engine.dialect

    def watched(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            nonlocal counted
            counted += 1
            is_here = counted == end.call
            if is_here:
                words = "COMMIT" if name == "do_commit" else " ".join(args[1].split()[:3])
                tell(f"{end.how} {words}")
                _end_before(end.how)
            result = inner(*args)
            if is_here and end.how == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    for name in CALLS:
        setattr(dialect, name, watched(name, getattr(dialect, name)))
    return lambda: counted


def _end_before(how: str) -> None:
    if how == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif how == "during":
        # Nobody catches this alarm: the kernel ends the process, wherever the call has come.
        signal.setitimer(signal.ITIMER_REAL, MOMENT_SECONDS)
