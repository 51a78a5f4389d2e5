"""
One month of one fleet, judged in a process of its own: `python -m sla_parts.cell FILE RUNS`.

Prints JSON.  The peak is read before the yardstick runs, and is of everything in the process: the
interpreter, the claims, slots, holdings and records that it was given, and the judgement.
"""

import gc
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from gpusla.sla.evaluation import Bounds, Evaluation
from sla_parts.bare_sweep import sweep
from sla_parts.facts import contract_of, facts_of, period
from sla_parts.judging import Judged, judge
from sla_parts.stored import Input, load

KIB = 1024


def main() -> int:
    """Judge a stored month several times, then sweep it as often; print what it took and gave."""
    given, runs = load(Path(sys.argv[1])), int(sys.argv[2])
    judged = [_judge(given) for _ in range(runs)]
    peak_mib = peak_rss_bytes() / KIB / KIB
    bare_seconds, swept = zip(*(_sweep(given) for _ in range(runs)), strict=True)
    measure = judged[0].evaluation.outcomes[0].measure
    bare = swept[0]
    found = {
        "gpus": given.month.gpus,
        "intervals": given.month.intervals,
        "claims": len(given.claims.slot),
        "digest": given.month.digest,
        "runs": [_run(one) for one in judged],
        "peak_rss_mib": round(peak_mib, 1),
        "bare_seconds": [round(seconds, 4) for seconds in bare_seconds],
        "bare": {"total_gpu_ms": bare.total_gpu_ms, "lost_gpu_ms": bare.lost_gpu_ms},
        "answer": _answer(judged[0].evaluation),
        "same_as_bare": (measure.total.value, measure.lost.value)
        == (bare.total_gpu_ms, bare.lost_gpu_ms),
    }
    print(json.dumps(found))
    return 0


def peak_rss_bytes() -> int:
    """
    Return the most memory that this process ever had.

    getrusage would include what the process that started this one had when it did.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) * KIB


def _judge(given: Input) -> Judged:
    """Judge with holdings and records made anew, so that nothing is remembered of them."""
    facts = facts_of(given.month, given.slots)
    contract = contract_of(given.month.committed_gpus)
    return judge(contract, period(), given.claims, facts)


def _sweep(given: Input) -> tuple[float, Any]:
    gc.collect()
    started = time.perf_counter()
    swept = sweep(given.month, given.claims)
    return time.perf_counter() - started, swept


def _run(judged: Judged) -> dict[str, Any]:
    return {
        "seconds": round(judged.wall_seconds, 4),
        "cpu_seconds": round(judged.cpu_seconds, 4),
        "parts": {name: round(seconds, 4) for name, seconds in judged.parts.items()},
    }


def _answer(found: Evaluation) -> dict[str, Any]:
    outcome = found.outcomes[0]
    return {
        "total_gpu_ms": int(outcome.measure.total.value),
        "lost_gpu_ms": _three(outcome.measure.lost),
        "availability": [round(float(one), 9) for one in _ends(outcome.value)],
        "credit_minor_units": _three(found.credit_minor_units),
        "units_with_losses": len(outcome.measure.units),
    }


def _three(bounds: Bounds[Any]) -> list[int]:
    return [int(one) for one in _ends(bounds)]


def _ends(bounds: Bounds[Any]) -> tuple[Any, Any, Any]:
    return bounds.low, bounds.value, bounds.high


if __name__ == "__main__":
    sys.exit(main())
