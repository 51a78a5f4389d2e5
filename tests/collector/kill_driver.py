"""
A collector that is made to be killed, and the nursery that makes it quickly.

The nursery imports everything once; for each line on its standard input it forks a child, which
works through the months step by step and stops itself once so that strace can take hold of it.
Each step takes in a few records of each node, judges at a set instant, books, and closes what is
due; so every run books the same, whenever it is interrupted.  What the store says is done the child
writes down behind it: those are the acknowledgements that no kill may take back.
"""

import os
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpusla.clock import SystemClock
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.journal.codec import digest
from gpusla.ledger.entries import Entry
from gpusla_collector.adapters.agents import HttpAgents
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.app import input_files
from gpusla_collector.ports import Agents, Judged, Lease, Page
from gpusla_collector.settings import Settings, read_settings
from gpusla_collector.usecases.asking import Asking
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.close_periods import Closer
from gpusla_collector.usecases.fetch.journals import Fetcher, Target
from gpusla_collector.usecases.judge import Judge, Rules
from gpusla_collector.usecases.reload_inputs import Reloader
from gpusla_collector.usecases.world import World
from tests.collector.fakes import HandClock

STEPS = 12
RECORDS_A_STEP = 12
RUN_MS = 10 * 3_600_000
"""How much time a record speaks for, up to a second before the next."""


@dataclass(slots=True)
class LimitedAgents:
    """The agents as they were when they had written up to record `limit`."""

    inner: Agents
    limit: int = 0

    def fetch(self, node: NodeName, address: str, after: int) -> Page:
        """Fetch for real, and forget what had not happened yet."""
        lines = self.inner.fetch(node, address, after).lines[: self.limit - after]
        return Page(lines, Head(after + len(lines), digest(lines[-1])))


@dataclass(frozen=True, slots=True)
class Driver:
    """One life of the collector."""

    settings: Settings
    store: SqlStore
    agents: LimitedAgents
    clock: HandClock
    lease: Lease
    first_ms: int
    acknowledgements: int
    stop_after_steps: int

    def work(self) -> None:
        """Do what is not done yet, from the first step that is not complete."""
        reloader = Reloader(input_files(self.settings), self.store, self.clock)
        world = reloader.reload(self.lease, None)
        evidence = EvidenceFiles(self.settings.data_directory / "evidence")
        fetcher = Fetcher(self.agents, evidence, self.store, self.clock, workers=2)
        judge = Judge(self.store, self.clock, Rules(lag_ms=0))
        for node in self.store.cursors():
            fetcher.trim(self.lease, node)
        for count, step in enumerate(range(self._first_step(world), STEPS + 1), start=1):
            # The last sample of the step: what comes later says nothing about the time before it.
            runs = step * RECORDS_A_STEP - 1
            self.clock.now_ms = self.first_ms + runs * RUN_MS - 1_000
            self._fetch(fetcher, world, step)
            self._book(judge, world)
            if count == self.stop_after_steps:
                stop()

    def _first_step(self, world: World) -> int:
        """Return the step that was begun: all nodes have taken in the one before it."""
        cursors = self.store.cursors()
        taken = [
            cursors[node].head.sequence if node in cursors else 0
            for node in world.inventory.node_names()
        ]
        return max(min(taken) // RECORDS_A_STEP, 1)

    def _fetch(self, fetcher: Fetcher, world: World, step: int) -> None:
        self.agents.limit = step * RECORDS_A_STEP
        cursors = self.store.cursors()
        targets = [
            Target(record.node, record.address)
            for record in world.inventory.nodes(self.clock.now_ms)
            if record.node not in cursors or cursors[record.node].head.sequence < self.agents.limit
        ]
        for fetched in fetcher.fetch_all(self.lease, targets):
            assert fetched.error is None, fetched.error
            self._acknowledge(f"cursor {fetched.node} {self.agents.limit}")

    def _book(self, judge: Judge, world: World) -> None:
        booker = Booker(self.store, self.clock)
        closer = Closer(self.store, judge, booker, Asking(0), patience_ms=0)
        cursors = self.store.cursors()
        for contract in sorted(world.versions):
            for judgement in judge.judge_contract(
                self.lease, world, contract, cursors, self.clock.wall_ms()
            ):
                for entry in booker.book(self.lease, judgement, is_final=False):
                    self._acknowledge(f"entry {entry.key}")
        for entry in closer.close_all(
            self.lease, world, self.clock.wall_ms(), self.store.cursors()
        ):
            self._acknowledge(f"entry {entry.key}")

    def _acknowledge(self, words: str) -> None:
        os.write(self.acknowledgements, f"{words}\n".encode())


def stop() -> None:
    """Wait here until somebody lets us go on."""
    os.kill(os.getpid(), signal.SIGSTOP)


class StoppingStore(SqlStore):
    """A store that stops once, just before it books."""

    def __init__(self, database: Database, stop_at_booking: int) -> None:
        super().__init__(database)
        self._left = stop_at_booking

    def book(
        self,
        lease: Lease,
        judged: Judged,
        decide: Callable[[Sequence[Entry]], Sequence[Entry]],
        now_ms: int,
    ) -> tuple[Entry, ...]:
        """Book."""
        self._left -= 1
        if self._left == 0:
            stop()
        return super().book(lease, judged, decide, now_ms)


def live(settings: Settings, agents: Agents, first_ms: int, place: str, number: int) -> None:
    """
    Live one life, to the end of the work or to the kill, with one stop.

    place: `steps` to stop after so many steps, 0 for the very beginning; `booking` to stop before
    the booking of that number.
    """
    if (place, number) == ("steps", 0):
        stop()
    database = open_database(settings.database)
    require_newest(database)
    store = StoppingStore(database, number if place == "booking" else 0)
    # Real time, so that whoever comes after a kill finds this lease run out.
    lease = store.acquire("collector", secrets.token_hex(8), SystemClock().wall_ms(), 0)
    assert lease is not None
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    acknowledgements = os.open(settings.data_directory / "acknowledged", flags)
    clock = HandClock(first_ms)
    limited = LimitedAgents(agents)
    steps = number if place == "steps" else 0
    Driver(settings, store, limited, clock, lease, first_ms, acknowledgements, steps).work()
    database.close()


def main() -> None:
    """
    Fork a child for each line `SETTINGS FIRST_MS PLACE NUMBER`; print its end.

    Before that its number is printed as soon as it has stopped, unless it came to its end first.
    """
    agents = HttpAgents(SystemClock())
    for line in sys.stdin:
        path, first_ms, place, number = line.rsplit(" ", 3)
        child = os.fork()
        if child == 0:
            live(read_settings(Path(path), {}), agents, int(first_ms), place, int(number))
            os._exit(0)
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            print(child, flush=True)  # noqa: T201  (how the test learns it)
            _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
