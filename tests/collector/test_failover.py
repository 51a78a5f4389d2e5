"""
A leader that was overtaken: refused on waking, and whole again when it leads once more.

On PostgreSQL with real processes, and within one process.
"""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import psycopg
import pytest

from gpusla.catalogue.codes import FENCED
from gpusla.errors import StoreError
from gpusla.identity import NodeName
from gpusla_collector.ports import Lease, Move, Page
from tests.collector.fakes import FakeAgents
from tests.collector.memory_store import MemoryStore
from tests.collector.processes import answer, events, free_port, running, until
from tests.collector.site import NODE
from tests.collector.stage import HOUR_MS, START_MS, Stage
from tests.collector.test_run import (
    Live,
    has_stood_back,
    is_judged,
    live,  # noqa: F401  (a fixture)
    require_one_history,
)
from tests.postgresql import Server

LEADER = "SELECT holder, epoch FROM leases WHERE name = 'collector'"


@pytest.mark.slow
def test_a_stopped_leader_is_fenced_on_postgresql(
    live: Live,  # noqa: F811
    postgresql: Server,
    postgresql_name: str,
) -> None:
    """Wherever SIGSTOP hits it, the lock inside a transaction included; the other takes over."""
    url = postgresql.url(postgresql_name, "gpusla_collector")
    ports = free_port(), free_port()
    paths = settings_for(live, url, ports)
    logs = live.folder / "first.log", live.folder / "second.log"
    with postgresql.connect(postgresql_name) as eye, running(paths[0], logs[0]) as first:
        until(lambda: is_judged(ports[0]))
        assert leader(eye)[1] == 1
        with running(paths[1], logs[1]):
            until(lambda: answer(ports[1], "/healthz") is not None)
            until(lambda: has_stopped_with_the_lock(first.pid, eye))
            until(lambda: is_judged(ports[1]))
            taken = leader(eye)
            assert taken[1] == 2
            os.kill(first.pid, signal.SIGCONT)
            until(lambda: "lease_lost" in events(logs[0]) or has_stood_back(ports[0]))
            until(lambda: not is_judged(ports[0]))
            assert is_judged(ports[1])
            assert leader(eye) == taken
    require_one_history(live)


def settings_for(live: Live, url: str, ports: tuple[int, int]) -> tuple[Path, Path]:  # noqa: F811
    """Write the settings of two collectors on one database."""
    first = live.settings(ports[0], f"database: {url}\n")
    second = live.folder / "other.yaml"
    second.write_text(first.read_text("utf-8").replace(str(ports[0]), str(ports[1])))
    return first, second


def has_stopped_with_the_lock(pid: int, eye: psycopg.Connection) -> bool:
    """Stop a process; let it go on unless it holds the write lock just then."""
    os.kill(pid, signal.SIGSTOP)
    held = lock_holders(eye)
    Event().wait(0.2)
    # The other one takes the lock too, for a moment; what stays is the stopped one's.
    if held and held == lock_holders(eye):
        return True
    os.kill(pid, signal.SIGCONT)
    return False


def lock_holders(eye: psycopg.Connection) -> list[tuple[int]]:
    """Return the sessions that hold the write lock."""
    return eye.execute(
        "SELECT pid FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
        "WHERE relname = 'leases' AND mode = 'ExclusiveLock' AND granted"
    ).fetchall()


def leader(eye: psycopg.Connection) -> tuple[str, int]:
    """Return who holds the lease, and its epoch."""
    row = eye.execute(LEADER).fetchone()
    assert row is not None
    return row[0], row[1]


class OvertakenStore(MemoryStore):
    """A store in which another collector takes over when the first records are to be counted."""

    def __init__(self) -> None:
        super().__init__()
        self.overtaken = Event()

    def advance_all(self, lease: Lease, moves: Sequence[Move]) -> None:
        """Refuse the first time."""
        if not self.overtaken.is_set():
            self.leases[lease.name] = (None, lease.epoch + 1, 0)
            self.overtaken.set()
            raise StoreError(FENCED, "somebody else leads")
        super().advance_all(lease, moves)


@dataclass(slots=True)
class WaitingAgents(FakeAgents):
    """Agents whose second page is on its way when the first is counted."""

    overtaken: Event = field(default_factory=Event)

    def fetch(self, node: NodeName, address: str, after: int) -> Page:
        """Answer as an agent does."""
        if after:
            assert self.overtaken.wait(10)
        return super(WaitingAgents, self).fetch(node, address, after)


def test_a_round_that_was_cut_short_leaves_no_node_out_of_the_next() -> None:
    """A request that began under the lost lease comes home late: that is not the node's silence."""
    store = OvertakenStore()
    stage = Stage(store=store, agents=WaitingAgents(page_records=1, overtaken=store.overtaken))
    stage.journal().observe(START_MS, START_MS + HOUR_MS - 1_000)
    stage.clock.now_ms = START_MS + HOUR_MS
    turns = stage.turns()
    with pytest.raises(StoreError, match="somebody else leads"):
        turns.once()
    assert turns.once()
    assert store.cursors()[NODE].head == stage.journal().head
    assert stage.entries() == ()
