"""Fencing on PostgreSQL, with real processes: a leader that was stopped is refused on waking."""

import os
import signal
from pathlib import Path
from threading import Event

import psycopg
import pytest

from tests.collector.processes import answer, events, free_port, running, until
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
