"""
kill -9 at the worst moments: nothing acknowledged is lost, nothing doubled, the books are the same.

strace kills the collector on entering its Nth write or sync; some lives end at a random moment as
well.  After each death the database, the evidence and the acknowledgements are compared, and in the
end the ledger with that of a run that nobody disturbed.
"""

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.journal.chain import EMPTY, follow
from gpusla.ledger.entries import Entry
from gpusla.timeline.advice import unadvised
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR
from gpusla_collector.settings import Settings
from tests.collector.agent_server import serving
from tests.collector.journals import DOWN, Journal, tray_slots
from tests.collector.kill_driver import RECORDS_A_STEP, RUN_MS, STEPS
from tests.collector.site import TERM_START_MS, Tray, settings_of, write_site
from tests.programs import program

KILLS = 50
INSIDE_MIN = 0.8
CALLS = {"pwrite64": 30, "fdatasync": 5, "fsync": 2, "write": 5}
"""Where to kill, and at which count at most, so that it comes within a step or two."""

BOOKING_CALLS = {"pwrite64": 20, "fdatasync": 2, "write": 2}
"""The same from just before a booking."""

FILES = (
    ("/evidence", "of evidence"),
    ("-wal", "of the database's log"),
    ("-journal", "of the database's journal"),
    (".db", "of the database"),
    ("/acknowledged", "of an acknowledgement"),
    ("/data", "of the folder"),
)
EVER = Interval(0, 2**62)
ROOT = Path(__file__).resolve().parents[2]
TRAYS = (
    Tray("t01", "alpha-2026"),
    Tray("t02", "beta-2026", tenant="tenant-b", fee="777.77"),
    Tray("t03", "beta-2026", tenant="tenant-b", fee="777.77"),
)

pytestmark = pytest.mark.slow


@dataclass(slots=True)
class Nursery:
    """Where lives begin and end."""

    process: subprocess.Popen[str]
    settings_path: Path
    landed: Counter[str] = field(default_factory=Counter)

    def live(self) -> int:
        """Let one life go to its end; returns its exit code."""
        os.kill(self._begin("steps 0"), signal.SIGCONT)
        return self._end()

    def die_inside(self, call: str, count: int, stop: str, trace: Path) -> int:
        """Kill a life as one of its threads enters its count-th call of a name after a stop."""
        pid = self._begin(stop)
        if pid <= 0:
            return pid
        command = [program("strace"), "-f", "-y", "-o", str(trace), "-e", f"trace={call}"]
        command += ["-e", f"inject={call}:signal=KILL:when={count}", "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            assert "attached" in tracer.stderr.readline()
            os.kill(pid, signal.SIGCONT)
            code = self._end()
            tracer.wait(10)
        if code == -signal.SIGKILL:
            self.landed[f"{call} {_file_of(trace)}"] += 1
        return code

    def die_after(self, seconds: float, stop: str) -> int:
        """Kill a life some time after a stop, wherever it is."""
        pid = self._begin(stop)
        if pid <= 0:
            return pid
        os.kill(pid, signal.SIGCONT)
        Event().wait(seconds)
        os.kill(pid, signal.SIGKILL)
        code = self._end()
        if code == -signal.SIGKILL:
            self.landed["anywhere"] += 1
        return code

    def _begin(self, stop: str) -> int:
        """Begin a life; returns its number when it has stopped, 0 if it came to its end before."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{self.settings_path} {TERM_START_MS} {stop}\n")
        self.process.stdin.flush()
        return self._end()

    def _end(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


def _file_of(trace: Path) -> str:
    """Name the file that the call was about from which a thread did not return."""
    open_calls: dict[str, str] = {}
    for line in trace.read_text("utf-8").splitlines():
        thread, words = line.split(maxsplit=1)
        found = re.search(r"\d+<([^>]*)>", words)
        if found and "= " not in words.split(")")[-1].replace("= ?", ""):
            open_calls[thread] = found[1]
        elif not words.startswith("+++"):
            open_calls.pop(thread, None)
    names = [name for path in open_calls.values() for part, name in FILES if part in path]
    return names[0] if names else "other"


def journal_of(tray: Tray) -> Journal:
    """Return a journal whose every step has outages, so that credits rise, fall and are posted."""
    random_ = random.Random(tray.node)  # noqa: S311  (a seed, not a secret)
    journal = Journal(tray.node, tray_slots(*tray.node.split("-")), TERM_START_MS - 1_000)
    journal.start(TERM_START_MS - 1_000)
    for number in range(1, STEPS * RECORDS_A_STEP):
        begin_ms = TERM_START_MS + (number - 1) * RUN_MS
        down = {
            slot: DOWN for slot in journal.slots if random_.random() < 0.02 * (number % 60) / 30
        }
        journal.observe(begin_ms, begin_ms + RUN_MS - 1_000, down)
    return journal


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    """A site with its agents, and a nursery for its collectors."""
    journals = {tray.node: journal_of(tray) for tray in TRAYS}

    def lines_of(node: str) -> list[bytes] | None:
        journal = journals.get(NodeName(node))
        return None if journal is None else journal.lines

    with serving(lines_of) as server:
        path = write_site(tmp_path, f"http://127.0.0.1:{server.server_port}", TRAYS)
        (tmp_path / "data").mkdir()
        command = [sys.executable, "-m", "tests.collector.kill_driver"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            yield Nursery(process, path)
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


def test_fifty_kills_change_nothing_in_the_books(nursery: Nursery, tmp_path: Path) -> None:
    """Whatever moment they hit."""
    settings = settings_of(nursery.settings_path)
    assert nursery.live() == 0
    undisturbed = ledger_of(settings)
    assert {entry.status.value for entry in undisturbed} == {"pending", "void", "posted"}
    start_anew(settings)
    random_ = random.Random(20260701)  # noqa: S311  (a seed, not a secret)
    finished = 0
    while nursery.landed.total() < KILLS:
        code = one_life(nursery, random_, tmp_path / "trace")
        assert code in {0, -signal.SIGKILL}
        require_consistent(settings, undisturbed)
        if code == 0:
            assert ledger_of(settings) == undisturbed
            start_anew(settings)
            finished += 1
    assert nursery.live() == 0
    require_consistent(settings, undisturbed)
    assert ledger_of(settings) == undisturbed
    tell(nursery.landed, finished)
    assert nursery.landed.total() - nursery.landed["anywhere"] >= INSIDE_MIN * KILLS


def one_life(nursery: Nursery, random_: random.Random, trace: Path) -> int:
    """Begin a life and end it somewhere: nine times in ten inside a call, half of them booking."""
    stop = random_.choice(("steps 0", "steps 1", "steps 1", "steps 2"))
    if random_.random() < 0.1:
        return nursery.die_after(random_.uniform(0.01, 0.2), stop)
    calls = CALLS
    if random_.random() < 0.5:
        stop, calls = random_.choice(("booking 1", "booking 2")), BOOKING_CALLS
    call = random_.choice(tuple(calls))
    return nursery.die_inside(call, random_.randint(1, calls[call]), stop, trace)


def tell(landed: Counter[str], finished: int) -> None:
    """Print where the kills landed."""
    print(f"\n{landed.total()} kills, {finished} runs to the end between them:")  # noqa: T201
    for place, number in sorted(landed.items()):
        print(f"  {number:3} {place} {'#' * number}")  # noqa: T201


def start_anew(settings: Settings) -> None:
    """Forget everything."""
    shutil.rmtree(settings.data_directory)
    settings.data_directory.mkdir()


def ledger_of(settings: Settings) -> tuple[Entry, ...]:
    """Return the books, in the order of booking."""
    database = open_database(settings.database)
    try:
        return SqlStore(database).entries(OPERATOR)
    finally:
        database.close()


def require_consistent(settings: Settings, undisturbed: tuple[Entry, ...]) -> None:
    """Hold what a dead collector left behind to every promise."""
    path = settings.data_directory / "collector.db"
    if not path.exists() or not has_schema(path):
        return
    database = open_database(settings.database)
    store = SqlStore(database)
    try:
        entries = store.entries(OPERATOR)
        assert entries == undisturbed[: len(entries)]
        require_evidence(store, EvidenceFiles(settings.data_directory / "evidence"))
        require_acknowledged(store, entries, settings.data_directory / "acknowledged")
    finally:
        database.close()
    require_sound(path, len(entries))


def has_schema(path: Path) -> bool:
    """Tell whether the first life came so far."""
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    connection.close()
    return bool(found)


def require_sound(path: Path, entries: int) -> None:
    """The file is whole, the books balance, and every entry was announced once."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        legs = connection.execute(
            "SELECT count(*), coalesce(sum(minor_units), 0) FROM ledger_lines"
        )
        assert legs.fetchone() == (2 * entries, 0)
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (entries,)
    connection.close()


def require_evidence(store: SqlStore, evidence: EvidenceFiles) -> None:
    """Cursor, bytes and spans tell the same: the bytes alone give back all the rest."""
    for node, cursor in store.cursors().items():
        head, carry = EMPTY, Carry()
        spans: list[StateSpan] = []
        for segment in store.segments(node):
            assert segment.first_sequence == head.sequence + 1
            for line in evidence.read(node, segment):
                head, envelope, body = follow(head, line)
                carry, new = advance(carry, envelope.sequence, unadvised(body))
                spans += new
        assert head == cursor.head
        assert carry == cursor.carry
        kept = store.account(sorted({span.slot for span in spans}), EVER).spans
        assert sorted(kept, key=repr) == sorted(join(spans), key=repr)


def require_acknowledged(store: SqlStore, entries: tuple[Entry, ...], path: Path) -> None:
    """What the collector was told is done is done."""
    keys, cursors = {entry.key for entry in entries}, store.cursors()
    lines = path.read_text("ascii").splitlines(keepends=True) if path.exists() else []
    for words in (line.split() for line in lines if line.endswith("\n")):
        if words[0] == "entry":
            assert words[1] in keys
        else:
            assert cursors[NodeName(words[1])].head.sequence >= int(words[2])
