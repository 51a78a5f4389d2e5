"""
Many seeds on a store: `python -m tests.simulation --store sqlite --operations 100000 --out FILE`.

    --seed 0        the first seed; each runs a disturbed site to its end and an undisturbed one
    --store         memory, sqlite or postgresql
    --operations    one is a call of a port or a step of an actor
    --minutes       stop after so many, whatever is done; what is done counts

Seeds that FILE says passed over the same sources are not run again, so that it can be cut at any
time.  Exits with 1 at a violation and prints the seed and the last steps; the same seed does the
same again: `--seed N --operations 1`.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from tests.long_runs import digest_of, found_before, loaded, say, store
from tests.simulation.many import Tally, run_seeds

DECIDING = ("core/gpusla", "collector/gpusla_collector", "tests/simulation", "tests/collector")
"""Where the modules are on which the outcome of a seed depends."""


def main() -> int:
    """Run the seeds that are left; 1 if something did not hold in any."""
    wanted = _arguments()
    done = _load(wanted)
    before, began = done["seconds"], time.monotonic()
    first = wanted.seed + done["seeds"]
    batch = partial(_batch, wanted.store, wanted.batch)
    with multiprocessing.Pool(wanted.processes) as pool:
        starts = iter(range(first, first + 10**9, wanted.batch))
        while done["operations"] < wanted.operations and not done["found"]:
            some = [next(starts) for _ in range(wanted.processes)]
            for tally in pool.map(batch, some, chunksize=1):
                _add(done, tally)
            done["seconds"] = before + round(time.monotonic() - began)
            store(wanted.out, done)
            say(f"{done['operations']} of {wanted.operations} operations, {done['seeds']} seeds")
            if time.monotonic() - began > wanted.minutes * 60:
                say(f"stopped after {wanted.minutes} minutes")
                break
    for seed, words in done["found"].items():
        say(f"seed {seed} on {wanted.store}:\n{words}")
    return 1 if done["found"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--store", choices=("memory", "sqlite", "postgresql"), default="memory")
    parser.add_argument("--minutes", type=float, default=150)
    parser.add_argument("--batch", type=int, default=8, help="seeds between two writes of FILE")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _batch(kind: str, seeds: int, first: int) -> Tally:
    return run_seeds(kind, first, seeds=seeds)


def _add(done: dict[str, Any], tally: Tally) -> None:
    done["seeds"] += tally.seeds
    done["operations"] += tally.operations
    done["counts"] = dict(Counter(done["counts"]) + tally.counts)
    done["found"] |= {str(seed): words for seed, words in tally.found.items()}


def _load(wanted: argparse.Namespace) -> dict[str, Any]:
    fresh = {
        "store": wanted.store,
        "first_seed": wanted.seed,
        "seeds": 0,
        "operations": 0,
        "counts": {},
        "found": {},
        "seconds": 0,
        "sources": digest_of(loaded(DECIDING)),
    }
    return found_before(wanted.out, fresh, same=("store", "first_seed", "sources", "found"))


if __name__ == "__main__":
    sys.exit(main())
