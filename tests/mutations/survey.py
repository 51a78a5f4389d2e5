"""
Ten thousand seeded mutations before the verifier: `python -m tests.mutations.survey --out FILE`.

    --mutations 10000 --seed 20261122

Each is drawn from one seed, so a failing one is printed and can be made again.  FILE gets counts by
kind and by class, with seed and date.  Exits with 1 if one was accepted or named wrongly.
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from random import Random

from gpusla.verify.__main__ import BROKEN, main
from tests.core.verify.maker import OPERATOR, public
from tests.mutations import operator, outsider, pdfs, tails
from tests.mutations.attempts import Attempt

ATTEMPTS = (*outsider.ATTEMPTS, *operator.ATTEMPTS, *pdfs.ATTEMPTS, *tails.ATTEMPTS)
SEED = 20261122
MUTATIONS = 10_000
BATCH = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """One mutation: what was done, what it was called, and whether that is a right word for it."""

    seed: str
    attempt: str
    said: str
    is_right: bool
    redrawn: int


def survey(seed: int, numbers: range) -> list[Outcome]:
    """Make the mutations of these numbers, each kind in turn, and ask the verifier about each."""
    with tempfile.TemporaryDirectory() as folder:
        return [outcome(seed, number, Path(folder) / "changed") for number in numbers]


def outcome(seed: int, number: int, file: Path) -> Outcome:
    """Make one mutation and ask the verifier, which knows the operator's key."""
    attempt, name = ATTEMPTS[number % len(ATTEMPTS)], f"{seed}:{number}"
    chance, redrawn = Random(name), 0  # noqa: S311  (drawn again by anybody who has the seed)
    while (content := attempt.make(chance)) is None:
        redrawn += 1
    file.write_bytes(content)
    said = verdict(file)
    return Outcome(name, attempt.name, said, is_right(attempt, said), redrawn)


def verdict(file: Path) -> str:
    """Return the class that the verifier names, or what else it did."""
    words = io.StringIO()
    with contextlib.redirect_stdout(words):
        code = main([str(file), "--key", public(OPERATOR), "--jobs", "1"])
    kind, _, rest = words.getvalue().partition(": ")
    if code != BROKEN or kind != "broken" or words.getvalue().count("\n") != 1:
        return f"exit {code}: {words.getvalue()[:60]}"
    return rest.partition(": ")[0]


def is_right(attempt: Attempt, said: str) -> bool:
    """Return whether a mutation was found for what it is."""
    return said in attempt.classes


def run() -> int:
    """Run all, write the result; 1 if a mutation was not found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--mutations", type=int, default=MUTATIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    began = time.monotonic()
    starts = range(0, wanted.mutations, BATCH)
    ranges = [range(start, min(start + BATCH, wanted.mutations)) for start in starts]
    with Pool(2) as pool:
        jobs = [pool.apply_async(survey, (wanted.seed, one)) for one in ranges]
        outcomes = [found for job in jobs for found in job.get()]
    wrong = [found for found in outcomes if not found.is_right]
    for found in wrong:
        print(f"seed {found.seed}: {found.attempt}: {found.said}")  # noqa: T201  (a script's words)
    result = summed(wanted.seed, outcomes, round(time.monotonic() - began))
    print(json.dumps(result, indent=2))  # noqa: T201
    if wanted.out:
        wanted.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return 1 if wrong else 0


def summed(seed: int, outcomes: list[Outcome], seconds: int) -> dict[str, object]:
    """Return what is committed."""
    by_attempt: dict[str, Counter[str]] = {attempt.name: Counter() for attempt in ATTEMPTS}
    for found in outcomes:
        by_attempt[found.attempt][found.said] += 1
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seed": seed,
        "mutations": len(outcomes),
        "accepted": sum(found.said.startswith("exit 0") for found in outcomes),
        "named_wrongly": sum(not found.is_right for found in outcomes),
        "drawn_again_as_nothing_was_changed": sum(found.redrawn for found in outcomes),
        "seconds": seconds,
        "classes": dict(sorted(Counter(found.said for found in outcomes).items())),
        "attempts": {name: dict(sorted(counts.items())) for name, counts in by_attempt.items()},
    }


if __name__ == "__main__":
    sys.exit(run())
