"""
Goal L1: collectors that crash, retry and fail over: `python -m tests.collector.crash_runs`.

    --runs 10000 --seed 1 --out FILE

Each run lets one collector on SQLite, or two or three on PostgreSQL, close the same two months;
each of them is killed or stopped at a round trip to the database, followed by another, and in the
end the ledger must be that of a collector to which nothing happened.  Runs that FILE holds are not
done again over the same sources.  Exits with 1 at the first run that differs.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpusla import logs
from gpusla.ledger.entries import Entry
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR
from tests.collector.crash_life import Clock, End, live, prepare, stage_of
from tests.collector.stage import Stage
from tests.postgresql import Server, serving

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    "core/gpusla/ledger",
    "collector/gpusla_collector/adapters/sql",
    "collector/gpusla_collector/usecases",
)
KINDS = ("postgresql 2", "postgresql 3", "sqlite 1")
HOWS = ("before", "during", "after")
LIVES_MAX = 4
BATCH = 15


@dataclass(slots=True)
class Ground:
    """Where runs happen: databases to copy, evidence, and what the ledger must be in the end."""

    folder: Path
    server: Server
    template: str
    told: Path
    stage: Stage
    expected: tuple[Entry, ...] = ()
    calls: int = 0
    landed: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def database(self, kind: str) -> Iterator[str]:
        """Give the URL of a fresh database in which everything was taken in."""
        if kind.startswith("sqlite"):
            path = self.folder / "run.db"
            shutil.copy(self.folder / "template.db", path)
            yield f"sqlite:///{path}"
            for left in self.folder.glob("run.db*"):
                left.unlink()
        else:
            name = self.server.create(self.template)
            yield self.server.url(name)
            self.server.drop(name)

    def begin(self, url: str, end: End, lease_ms: int) -> int:
        """Begin a life; returns its process."""
        child = os.fork()
        if child:
            return child
        try:
            file = os.open(self.told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            live(url, self.stage, end, lease_ms, lambda words: _write(file, words))
        except BaseException as error:  # noqa: BLE001  (the top of a process)
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(3)
        os._exit(0)

    def hear(self) -> None:
        """Count where lives ended and were refused, and forget what they told."""
        lines = self.told.read_text("utf-8").splitlines() if self.told.exists() else []
        self.landed.update(line for line in lines if not line.startswith("calls"))
        self.told.unlink(missing_ok=True)

    def measure(self) -> None:
        """Remember how many round trips an undisturbed life takes; more on PostgreSQL."""
        lines = self.told.read_text("utf-8").splitlines()
        self.calls = max(int(line.split()[1]) for line in lines)
        self.told.unlink()


def _write(file: int, words: str) -> None:
    os.write(file, f"{words}\n".encode())


@contextmanager
def ground() -> Iterator[Ground]:
    """Prepare both kinds of databases, and let one collector work undisturbed on each."""
    folder = Path(tempfile.mkdtemp(prefix="gpusla-crashes-"))
    try:
        with serving() as server:
            for url in (f"sqlite:///{folder / 'template.db'}", server.url(server.create())):
                database = open_database(url)
                require_newest(database)
                database.close()
                prepare(url, folder / f"evidence-{url.split(':', 1)[0]}")
            (folder / "evidence-sqlite").rename(folder / "evidence")
            stage = stage_of(folder / "evidence", Clock(began=time.monotonic()))
            made = Ground(folder, server, url.rsplit("/", 1)[1], folder / "told", stage)
            for kind in KINDS[1:]:
                with made.database(kind) as url:
                    assert _end_of(made.begin(url, End(), 5_000)) == 0
                    found = ledger_of(url)
                assert made.expected in {(), found}
                made.expected = found
            made.measure()
            yield made
    finally:
        shutil.rmtree(folder)


def ledger_of(url: str) -> tuple[Entry, ...]:
    """Return the books, having seen that they are whole: legs, announcements, credit notes."""
    database = open_database(url)
    store = SqlStore(database)
    entries = store.entries(OPERATOR)
    assert all(sum(line.minor_units for line in entry.lines) == 0 for entry in entries)
    with database.reading() as connection:
        announced = connection.exec_driver_sql("SELECT key FROM outbox ORDER BY position").all()
    assert [row[0] for row in announced] == [entry.key for entry in entries]
    notes = store.credit_notes(OPERATOR)
    numbers = Counter(note.contract for note in notes)
    assert [(n.contract, n.number) for n in notes] == [
        (contract, number + 1)
        for contract in sorted(numbers)
        for number in range(numbers[contract])
    ]
    assert store.findings() == ()
    database.close()
    return entries


def run(ground: Ground, seed: int, number: int) -> None:
    """Do one run; raises AssertionError if the books are not what they must be."""
    random_ = random.Random(f"{seed} {number}")  # noqa: S311  (a seed, not a secret)
    kind = KINDS[number % len(KINDS)]
    count = int(kind.split()[1])
    # Every round trip in its turn, each time in another of the three ways.
    place = number // len(KINDS)
    first = End(1 + place % ground.calls, HOWS[place // ground.calls % len(HOWS)])

    def drawn(life: int) -> End:
        if life >= LIVES_MAX or random_.random() < life / LIVES_MAX:
            return End()
        hows = (*HOWS, "stop") if count > 1 else HOWS
        return End(random_.randint(1, ground.calls), random_.choice(hows))

    with ground.database(kind) as url:
        ends = [first, *(drawn(0) for _ in range(count - 1))]
        leases = [random_.choice((60, 200, 600)) for _ in ends]
        _play(lambda end: ground.begin(url, end, random_.choice(leases)), ends, drawn)
        found = ledger_of(url)
    ground.hear()
    assert found == ground.expected, f"run {number} of seed {seed}: {found} != {ground.expected}"


def _play(begin: Callable[[End], int], ends: list[End], drawn: Callable[[int], End]) -> None:
    """Let collectors live and die until each came to the end of its work."""
    lives = {begin(end): 1 for end in ends}
    asleep: set[int] = set()
    while lives:
        if asleep == set(lives):
            _wake(asleep)
        pid, status = os.waitpid(-1, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            asleep.add(pid)
            continue
        life, code = lives.pop(pid), os.waitstatus_to_exitcode(status)
        assert code in {0, -signal.SIGKILL, -signal.SIGALRM}, f"a collector ended with {code}"
        if code:
            lives[begin(drawn(life))] = life + 1
        else:
            _wake(asleep)  # a leader of long ago goes on where it was


def _wake(asleep: set[int]) -> None:
    while asleep:
        os.kill(asleep.pop(), signal.SIGCONT)


def _end_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> int:
    """Do the runs that are left; 1 if one differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    logs.configure(level="critical")
    done = _load(wanted.out, wanted.seed)
    with ground() as here:
        while done["runs"] < wanted.runs:
            began, first = time.monotonic(), done["runs"]
            here.landed.clear()
            for number in range(first, min(first + BATCH, wanted.runs)):
                try:
                    run(here, wanted.seed, number)
                except AssertionError as error:
                    sys.stderr.write(f"{error}\n")
                    return 1
                done["runs"] = number + 1
                done["kinds"][KINDS[number % len(KINDS)]] += 1
            done["round_trips"] = here.calls
            done["landed"] = dict(Counter(done["landed"]) + here.landed)
            done["seconds"] = round(done["seconds"] + time.monotonic() - began)
            _store(wanted.out, done)
            sys.stderr.write(f"{done['runs']} of {wanted.runs} runs\n")
    return 0


def _load(file: Path, seed: int) -> dict[str, Any]:
    fresh = {
        "seed": seed,
        "runs": 0,
        "duplicate_credits": 0,
        "missing_credits": 0,
        "kinds": dict.fromkeys(KINDS, 0),
        "landed": {},
        "seconds": 0.0,
        "sources": _sources(),
    }
    if file.exists():
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if all(found.get(key) == fresh[key] for key in ("seed", "sources")):
            return found
    return fresh


def _store(file: Path, done: dict[str, Any]) -> None:
    dated = {**done, "date": time.strftime("%Y-%m-%d", time.gmtime())}
    written = file.with_suffix(".part")
    written.write_text(json.dumps(dated, indent=2, sort_keys=True) + "\n", "utf-8")
    written.replace(file)


def _sources() -> str:
    """Return a digest of the files that decide what is booked and how runs go."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
