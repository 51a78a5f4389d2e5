"""`gpusla collector run` as a process: pages, a clean stop, refusals, and who may write."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.clock import SystemClock
from gpusla.identity import NodeName
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR
from tests.collector.agent_server import serving
from tests.collector.journals import DOWN, Journal
from tests.collector.processes import answer, events, free_port, running, until
from tests.collector.revisions import NEWEST
from tests.collector.site import NODE, SLOTS, settings_of, write_site

FAST = """\
fetch_interval_ms: 200
judge_interval_ms: 200
close_interval_ms: 200
reload_interval_ms: 200
evidence_lag_ms: 1000
"""


DELIVERED = 'gpusla_contract_delivered_gpus{contract="alpha-2026",tenant="tenant-a"} 3.0'


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Gpusla = Callable[..., Done]


@pytest.fixture
def gpusla(capfd: pytest.CaptureFixture[str]) -> Gpusla:
    """Run a command of gpusla to its end, in this process."""

    def run(*words: str) -> Done:
        capfd.readouterr()
        return Done(main(words), *capfd.readouterr())

    return run


@dataclass(slots=True)
class Live:
    """A site whose agent writes as time passes."""

    folder: Path
    journal: Journal
    address: str

    def settings(self, port: int, more: str = "") -> Path:
        """Write the site's files for a collector on a port."""
        return write_site(self.folder, self.address, listen=f"127.0.0.1:{port}", more=FAST + more)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """An hour of samples up to now, and on as they are asked for, however busy the machine is."""
    now_ms = SystemClock().wall_ms()
    journal = Journal(NODE, SLOTS, now_ms - 7_200_000, valid_ms=60_000).start(now_ms - 3_600_000)
    journal.observe(now_ms - 3_600_000, now_ms, {SLOTS[0]: DOWN})
    last_ms = now_ms

    def lines_of(node: str) -> list[bytes] | None:
        nonlocal last_ms
        if node != NODE:
            return None
        now_ms = SystemClock().wall_ms()
        if now_ms - last_ms >= 500:
            journal.observe(now_ms, now_ms, {SLOTS[0]: DOWN})
            last_ms = now_ms
        return list(journal.lines)

    with serving(lines_of) as server:
        yield Live(tmp_path, journal, f"http://127.0.0.1:{server.server_port}")


def text_of(port: int) -> str:
    """Return the page of metrics, empty if there is none."""
    page = answer(port, "/metrics")
    return "" if page is None else page.text


def is_judged(port: int) -> bool:
    """Tell whether the page has figures."""
    return "gpusla_contract_delivered_gpus{" in text_of(port)


def test_a_collector_serves_its_figures_and_stops_cleanly(live: Live) -> None:
    """Metrics, health, targets; SIGTERM gives the lease back and ends with 0."""
    port, log = free_port(), live.folder / "log"
    with running(live.settings(port), log) as process:
        until(lambda: DELIVERED in text_of(port))
        health = answer(port, "/healthz")
        assert health is not None
        assert (health.status_code, health.text) == (200, "ok\n")
        found = answer(port, "/sd/prometheus")
        assert found is not None
        (group,) = found.json()
        assert group["labels"]["__metrics_path__"] == f"/nodes/{NODE}/metrics"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(15) == 0
    assert events(log)[-1] == "collector_stopped"
    database = open_database(settings_of(live.folder / "collector.yaml").database)
    taken = SqlStore(database).acquire("collector", "next", SystemClock().wall_ms(), 1)
    assert taken is not None  # at once, for it was given back
    assert taken.epoch == 2
    database.close()


def test_a_leader_that_was_stopped_is_fenced_when_it_wakes(live: Live) -> None:
    """It took nothing back and wrote nothing after the other took over."""
    first_port, second_port = free_port(), free_port()
    settings = live.settings(first_port)
    other = live.folder / "other.yaml"
    other.write_text(settings.read_text("utf-8").replace(str(first_port), str(second_port)))
    logs = live.folder / "first.log", live.folder / "second.log"
    with running(settings, logs[0]) as first:
        until(lambda: is_judged(first_port))
        with running(other, logs[1]):
            until(lambda: answer(second_port, "/healthz") is not None)
            standing_by = answer(second_port, "/healthz")
            assert standing_by is not None
            assert standing_by.text == "standing by\n"
            until(lambda: has_stopped_between_transactions(first.pid, settings))
            until(lambda: is_judged(second_port))
            os.kill(first.pid, signal.SIGCONT)
            until(lambda: "lease_lost" in events(logs[0]) or has_stood_back(first_port))
            until(lambda: not is_judged(first_port))
            assert is_judged(second_port)
    require_one_history(live)


def has_stopped_between_transactions(pid: int, settings: Path) -> bool:
    """
    Stop a process; let it go on if it holds SQLite's one write lock just then.

    Nobody can take that lock from a process that is stopped inside a transaction; a lease cannot
    help there.  PostgreSQL has no such lock.
    """
    os.kill(pid, signal.SIGSTOP)
    file = open_database(settings_of(settings).database).engine.url.database
    connection = sqlite3.connect(str(file), timeout=0.2, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        os.kill(pid, signal.SIGCONT)
        return False
    finally:
        connection.close()
    return True


def has_stood_back(port: int) -> bool:
    """Tell whether a collector says that it stands by."""
    health = answer(port, "/healthz")
    return health is not None and health.text == "standing by\n"


def require_one_history(live: Live) -> None:
    """Evidence of both epochs is one chain, and each entry stands once."""
    settings = settings_of(live.folder / "collector.yaml")
    database = open_database(settings.database)
    store = SqlStore(database)
    segments = store.segments(NodeName(NODE))
    assert {segment.epoch for segment in segments} == {1, 2}
    lines = b"".join(
        path.read_bytes()[: segment.byte_length]
        for segment in segments
        for path in settings.evidence.rglob(f"*{segment.first_sequence}-*{segment.epoch}.jsonl")
    ).splitlines()
    head = store.cursors()[NodeName(NODE)].head
    assert lines == live.journal.lines[: head.sequence]
    entries = store.entries(OPERATOR)
    assert len({entry.key for entry in entries}) == len(entries)
    database.close()


def test_once_judges_and_ends(live: Live, gpusla: Gpusla) -> None:
    """And says what it judged."""
    done = gpusla("collector", "once", "--config", str(live.settings(free_port())))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("alpha-2026 ")


def test_once_says_when_a_node_does_not_answer(live: Live, gpusla: Gpusla) -> None:
    """Exit code 1: what was judged stands on missing evidence."""
    settings = live.settings(free_port())
    inventory = live.folder / "inventory.yaml"
    inventory.write_text(inventory.read_text("utf-8").replace(live.address, "http://127.0.0.1:1"))
    done = gpusla("collector", "once", "--config", str(settings))
    assert done.returncode == 1
    assert "journal_fetch_failed" in done.stderr


def test_an_address_that_is_taken_is_refused(live: Live, gpusla: Gpusla) -> None:
    """In one sentence, before anything is written."""
    port = int(live.address.rsplit(":", 1)[1])
    done = gpusla("collector", "run", "--config", str(live.settings(port)))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"listen: 127.0.0.1:{port}: Address already in use" in done.stderr
    assert not (live.folder / "data").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("colour: red\n", "colour is not a known key"),
        ("fetch_workers: 0\n", "fetch_workers: 0 is not allowed"),
        ("prometheus: nonsense\n", "prometheus: 'nonsense' is not a URL"),
        ("database: nosuch://host/db\n", "database: no driver for 'nosuch'"),
        ("fetch_interval_ms: 40000\n", "evidence_lag_ms is 30000, shorter than fetch_interval_ms"),
    ],
)
def test_settings_that_cannot_be_honoured_are_refused(
    live: Live, gpusla: Gpusla, more: str, words: str
) -> None:
    """With file, line and way out."""
    settings = write_site(live.folder, live.address, more=more)
    done = gpusla("collector", "run", "--config", str(settings))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_a_newer_schema_is_refused_at_the_start(live: Live, gpusla: Gpusla) -> None:
    """And nothing is served."""
    settings = live.settings(free_port())
    assert gpusla("collector", "migrate", "--config", str(settings)).stdout == f"{NEWEST}\n"
    database = open_database(settings_of(settings).database)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    done = gpusla("collector", "run", "--config", str(settings))
    assert done.returncode == 2
    assert "schema 9999, which a newer version of gpusla wrote" in done.stderr


def test_a_statement_that_is_not_there_ends_with_four(live: Live, gpusla: Gpusla) -> None:
    """Before anything was judged, and for a month that never was."""
    settings = str(live.settings(free_port()))
    for words in (("list",), ("show", "alpha-2026", "2026-07")):
        done = gpusla("statement", *words, "--config", settings)
        assert done.returncode == 4, done.stderr


def test_a_killed_collector_is_followed_by_the_next(live: Live, gpusla: Gpusla) -> None:
    """As soon as its lease has run out."""
    port = free_port()
    settings = live.settings(port)
    with running(settings, live.folder / "first.log") as process:
        until(lambda: is_judged(port))
        process.kill()
        process.wait()
    started = time.monotonic()
    done = gpusla("collector", "once", "--config", str(settings))
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < 20
