"""
Goal L1: collectors that crash, retry and fail over: `python -m tests.collector.crash_runs`.

    --runs 10000 --seed 1     runs in which everything is drawn: one collector on SQLite, two or
                              three on PostgreSQL, each killed or stopped at a round trip to its
                              database, and followed by another
    --every all|writes        before them, one death before and one after every round trip of every
                              act, or only those that can leave something else behind
    --bugs                    after them, bugs that are planted and must be found
    --out FILE                what was done

In the end of a run the books must be those of a collector to which nothing happened.  Runs that
FILE holds are not done again over the same sources, so that it can be cut at any time.  Exits with
1 at a run that differs, prints it and keeps it in FILE; `--only N` does that run again.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from itertools import islice
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

from gpusla import logs
from tests.collector.crash_bases import FileBase, ServerBase, empty_file, empty_template
from tests.collector.crash_bugs import BUGS, look_for
from tests.collector.crash_ground import Ground
from tests.collector.crash_play import Tally, drawn, every, every_write, play
from tests.long_runs import digest_of, found_before, loaded, say, store
from tests.postgresql import Server, serving
from tests.simulation.many import prepared

DECIDING = (
    "core/gpusla/ledger",
    "core/gpusla/sla",
    "collector/gpusla_collector/adapters/sql",
    "collector/gpusla_collector/usecases",
    *(f"tests/collector/crash_{name}.py" for name in ("acts", "bases", "ground", "life", "play")),
)
"""Where the modules are on which the outcome of a run depends."""
CLEAN = {"duplicate_credits": 0, "missing_credits": 0}
BATCH = 25
PLANS = {"all": every, "writes": every_write}
_grounds: list[Ground] = []
"""The ground of a process of the pool, made when it begins."""


def main() -> int:
    """Do the runs that are left; 1 if one differs."""
    wanted = _arguments()
    done = _load(wanted)
    with pool(wanted.processes) as workers:
        if wanted.only is not None:
            return workers.submit(_again, wanted.seed, wanted.only).result()
        if wanted.every:
            _run_all(workers, wanted, done, wanted.every)
        _run_all(workers, wanted, done, "drawn")
        if wanted.bugs:
            done["bugs"] = {bug: workers.submit(_look_for, bug).result() for bug in BUGS}
            _store(wanted.out, done)
    found = [(plan, *one) for plan in done["plans"] for one in done["plans"][plan]["found"].items()]
    for plan, number, words in found:
        say(f"{plan} {number} of seed {wanted.seed}: {words}")
    missed = [bug for bug, (number, _) in done.get("bugs", {}).items() if not number]
    for bug in missed:
        say(f"not found: {bug}")
    return 1 if found or missed else 0


@contextmanager
def pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that have a ground each, on one server."""
    logs.configure(level="critical")
    with tempfile.TemporaryDirectory(prefix="gpusla-crashes-") as name, serving() as server:
        folder = Path(name)
        empty_file(folder / "empty.db")
        context, template = multiprocessing.get_context("fork"), empty_template(server)
        names = context.SimpleQueue()
        for _ in range(processes):
            names.put(server.create(template))
        begin = partial(_prepare, folder, server, names)
        with prepared(), ProcessPoolExecutor(processes, context, begin) as workers:
            try:
                yield workers
            finally:
                workers.shutdown(cancel_futures=True)


def batch(plan: str, seed: int, first: int, count: int) -> Tally:
    """Do some runs of a plan, until one differs."""
    ground, tally = _grounds[0], Tally()
    numbers = range(first, first + count)
    drawing = (drawn(ground, seed, number) for number in numbers)
    runs = drawing if plan == "drawn" else islice(PLANS[plan](ground), first, first + count)
    for number, run in enumerate(runs, start=first):
        try:
            play(ground, run, tally)
        except AssertionError as error:
            tally.found[str(number)] = f"{run.scene.name}, {run.ends}: {error}"
            break
    return tally


def _prepare(folder: Path, server: Server, names: "SimpleQueue[str]") -> None:
    own = Path(tempfile.mkdtemp(dir=folder))
    bases = FileBase(own, folder / "empty.db"), ServerBase(server, names.get())
    _grounds[:] = [Ground(own, *bases)]


def _look_for(bug: str) -> tuple[int, str]:
    return look_for(_grounds[0], BUGS[bug])


def _again(seed: int, number: int) -> int:
    tally = batch("drawn", seed, number, 1)
    say(json.dumps(_plain(tally), indent=2))
    return 1 if tally.found else 0


def _run_all(
    workers: ProcessPoolExecutor, wanted: argparse.Namespace, done: Any, plan: str
) -> None:
    """Do what is left of a plan, batch by batch in order; the first that differs ends it."""
    mine = done["plans"].setdefault(plan, {**_plain(Tally()), "seconds": 0.0, "seed": wanted.seed})
    size = wanted.runs if plan == "drawn" else workers.submit(_size, plan).result()
    firsts = range(mine["runs"], size, BATCH)
    counts = [min(BATCH, size - first) for first in firsts]
    began, before = time.monotonic(), mine["seconds"]
    found = workers.map(partial(batch, plan, wanted.seed), firsts, counts)
    for tally in found:
        _add(mine, tally)
        mine["seconds"] = round(before + time.monotonic() - began, 1)
        _store(wanted.out, done)
        say(f"{mine['runs']} of {size} runs, {plan}")
        if mine["found"] or time.monotonic() - began > wanted.minutes * 60:
            return


def _size(plan: str) -> int:
    return sum(1 for _ in PLANS[plan](_grounds[0]))


def _plain(tally: Tally) -> dict[str, Any]:
    return {one.name: getattr(tally, one.name) for one in fields(tally)}


def _add(mine: dict[str, Any], tally: Tally) -> None:
    for name, value in _plain(tally).items():
        if isinstance(value, Counter):
            mine[name] = dict(Counter(mine[name]) + value)
        elif isinstance(value, dict):
            mine[name] |= value
        else:
            mine[name] += value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--every", choices=PLANS)
    parser.add_argument("--bugs", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--minutes", type=float, default=150)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _load(wanted: argparse.Namespace) -> dict[str, Any]:
    fresh = {"plans": {}, "seed": wanted.seed, "sources": digest_of(loaded(DECIDING))}
    found = found_before(wanted.out, fresh, same=("seed", "sources"))
    return fresh if any(plan["found"] for plan in found["plans"].values()) else found


def _store(file: Path, done: dict[str, Any]) -> None:
    is_clean = not any(plan["found"] for plan in done["plans"].values())
    store(file, {**done, **(CLEAN if is_clean else {})})


if __name__ == "__main__":
    sys.exit(main())
