"""
Many cases before the engine and the second opinion: `python -m tests.reference.million`.

    --cases 1000000 --from 0 --out FILE

Seeds that FILE says agreed are not run again over the same sources, so that it can be cut at any
time.  FILE holds the counts, the seeds and the date as JSON.  Exits with 1 at a difference.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.long_runs import digest_of, found_before, say, store
from tests.reference.agreement import differences
from tests.reference.generator import seeded
from tests.reference.show import show
from tests.reference.shrink import shrink

JUDGING = ("gpusla", "tests.reference")
"""An agreement depends on what was imported from these packages."""
BATCH = 500


def main() -> int:
    """Run the seeds that are left; 1 if the two differ on any."""
    wanted = _arguments()
    done = _load(wanted.out, wanted.first)
    began = time.monotonic()
    starts = range(wanted.first + done["cases"], wanted.first + wanted.cases, BATCH)
    batches = [(start, min(BATCH, wanted.first + wanted.cases - start)) for start in starts]
    with multiprocessing.Pool(wanted.processes) as pool:
        for (start, number), found in zip(batches, pool.imap(_batch, batches), strict=True):
            done["cases"] += number
            done["kinds"] = dict(Counter(done["kinds"]) + Counter(found["kinds"]))
            done["differ"] += found["differ"]
            done["seconds"] = round(done["seconds"] + time.monotonic() - began)
            began = time.monotonic()
            store(wanted.out, done)
            say(f"{done['cases']} of {wanted.cases} cases, {len(done['differ'])} differ")
            if len(done["differ"]) >= wanted.most_differences:
                say(f"stopped after seed {start + number - 1}")
                break
    for seed in done["differ"]:
        say(_told(seed))
    return 1 if done["differ"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--most-differences", type=int, default=10)
    return parser.parse_args()


def _batch(batch: tuple[int, int]) -> dict[str, Any]:
    start, number = batch
    kinds: Counter[str] = Counter()
    differ = []
    for seed in range(start, start + number):
        made = seeded(seed)
        kinds.update(one.kind.value for one in made.case.contract.objectives)
        if differences(made):
            differ.append(seed)
    return {"kinds": kinds, "differ": differ}


def _told(seed: int) -> str:
    small = shrink(seeded(seed), lambda one: bool(differences(one)))
    return "\n".join([f"seed {seed}:", show(small.case), *map(str, differences(small))])


def _load(file: Path, first: int) -> dict[str, Any]:
    fresh = {
        "first_seed": first,
        "cases": 0,
        "kinds": {},
        "differ": [],
        "seconds": 0,
        "sources": digest_of(_files()),
    }
    return found_before(file, fresh, same=("first_seed", "sources", "differ"))


def _files() -> Iterator[Path]:
    for name in sorted(sys.modules):
        file = sys.modules[name].__dict__.get("__file__")
        if file and name.startswith(tuple(f"{package}." for package in JUDGING)):
            yield Path(file)


if __name__ == "__main__":
    sys.exit(main())
