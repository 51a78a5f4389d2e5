"""
Many simulated months before the engine: `python -m tests.end_to_end.thousand_months`.

    --months 1000 --from 0 --out FILE

FILE holds counts, seeds and date as JSON.  Months that it says held are not lived again over the
same sources, so that a run can be cut at any time.  Exits with 1 if the truth lay outside.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.end_to_end.months import World
from tests.end_to_end.truth_months import CONTRACT, ROOT, Month, month_of
from tests.long_runs import digest_of, found_before, say, store

JUDGING = ("core/gpusla", "agent/gpusla_agent", "tests/end_to_end")
"""What the outcome depends on, beside the example contract."""

BATCH = 20


def main() -> int:
    """Live through the months that are left; 1 if in any the truth lay outside."""
    wanted = _arguments()
    done = _load(wanted.out, wanted.first)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for seed in range(wanted.first + done["months"], wanted.first + wanted.months):
            _count(done, month_of(world, seed))
            if done["months"] % BATCH == 0 or done["months"] == wanted.months:
                done["seconds"] = round(done["seconds"] + time.monotonic() - began)
                began = time.monotonic()
                store(wanted.out, done)
                say(f"{done['months']} of {wanted.months} months, outside: {done['outside']}")
    return 1 if done["outside"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--months", type=int, default=1_000)
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _count(done: dict[str, Any], month: Month) -> None:
    whole, counts = month.whole, (month.whole, *month.moments)
    done["months"] += 1
    done["counts"] += len(counts)
    done["with_a_value_due"] += whole.is_aligned
    done["counts_with_a_silence_that_clocks_hide"] += sum(count.hides_a_silence for count in counts)
    done["with_unseen_time"] += whole.least < whole.most
    done["with_a_loss"] += whole.delivered.value < whole.committed
    if not month.holds:
        done["outside"].append(month.seed)
    done["counts_with_truth_at_a_bound"] += sum(count.margin == 0 for count in counts)
    margins = [done["smallest_other_margin_gpu_ms"], *(int(count.margin) for count in counts)]
    done["smallest_other_margin_gpu_ms"] = min((m for m in margins if m), default=None)
    wide = (whole.delivered.high - whole.delivered.low) / whole.committed
    done["widest_bounds_ppm"] = max(done["widest_bounds_ppm"], int(wide * 1_000_000))


def _load(file: Path, first: int) -> dict[str, Any]:
    fresh: dict[str, Any] = {
        "first_seed": first,
        "months": 0,
        "counts": 0,
        "with_a_value_due": 0,
        "counts_with_a_silence_that_clocks_hide": 0,
        "with_unseen_time": 0,
        "with_a_loss": 0,
        "outside": [],
        "counts_with_truth_at_a_bound": 0,
        "smallest_other_margin_gpu_ms": None,
        "widest_bounds_ppm": 0,
        "seconds": 0,
        "sources": digest_of(_deciding()),
    }
    return found_before(file, fresh, same=("first_seed", "sources", "outside"))


def _deciding() -> Iterator[Path]:
    yield CONTRACT
    for folder in JUDGING:
        yield from sorted((ROOT / folder).rglob("*.py"))


if __name__ == "__main__":
    sys.exit(main())
