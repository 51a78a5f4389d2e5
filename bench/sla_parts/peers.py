"""
What a user would do instead, on a month of a few racks, and whether it comes to the same money.

The engine judges the claims to the millisecond; PromQL and SQL get the same month in samples that
are exactly on the minute.  What their answers are off by is told in GPU-seconds, in the price of
these, and in the credit of a tier whose edge lies exactly at the engine's value: there the engine
gives nothing under `below` and the credit under `at_or_below`, and who is off is wrong in one.
"""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from contenders import ROOT

from gpusla.contracts.promises import Comparison
from gpusla.contracts.remedies import Base, Step, Tier
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.timeline.columns import Columns, resolve
from sla_parts import on_prometheus
from sla_parts.claims import claims_of
from sla_parts.facts import contract_of, facts_of, period, slots_of
from sla_parts.month import Month
from sla_parts.peers_month import Sampled, month, sampled

TIER_PERCENT = Fraction(5)
MS = 1000


@dataclass(frozen=True, slots=True)
class _Truth:
    """What the engine says: GPU-milliseconds, the fee, and by comparison the credit at the edge."""

    total_ms: Fraction
    lost_ms: Fraction
    fee_minor_units: Fraction
    credits_minor_units: dict[Comparison, int]

    @property
    def value(self) -> Fraction:
        """The availability, exactly."""
        return 1 - self.lost_ms / self.total_ms


def compare(seed: int) -> dict[str, Any]:
    """Judge one month in three ways."""
    given = month(seed)
    claims = claims_of(given, slots_of(given.racks))
    started = time.perf_counter()
    columns = resolve(claims, given.reach)
    found = _evaluate(given, columns)
    seconds = time.perf_counter() - started
    truth = _truth(given, columns, found)
    with tempfile.TemporaryDirectory() as folder:
        answers = _ask_peers(sampled(given, columns), Path(folder))
    return {
        "gpus": given.gpus,
        "intervals": given.intervals,
        "digest": given.digest,
        "fee_minor_units": int(truth.fee_minor_units),
        "engine": {
            "seconds": round(seconds, 3),
            "total_gpu_seconds": float(truth.total_ms / MS),
            "delivered_gpu_seconds": float((truth.total_ms - truth.lost_ms) / MS),
            "availability": float(truth.value),
        },
        **{name: answer | _against(answer, truth) for name, answer in answers.items()},
    }


def _ask_peers(samples: Sampled, folder: Path) -> dict[str, dict[str, Any]]:
    return {
        "duckdb": _on_duckdb(samples, folder),
        "prometheus": on_prometheus.judge(samples, folder),
    }


def _on_duckdb(samples: Sampled, folder: Path) -> dict[str, Any]:
    file = folder / "samples.npz"
    samples.save(file)
    environment = Path(
        os.environ.get("GPUSLA_BENCH_ENVIRONMENT", ROOT / ".cache" / "venv" / "bench")
    )
    script = Path(__file__).with_name("on_duckdb.py")
    command = [str(environment / "bin" / "python"), str(script), str(file)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def _evaluate(
    given: Month, columns: Columns, edge: Fraction | None = None, at: Comparison = Comparison.BELOW
) -> Evaluation:
    """Judge the month; with an edge, under a contract whose one tier lies there."""
    contract = contract_of(given.committed_gpus)
    if edge is not None:
        credit = Step(Base.PERIOD_FEE, (Tier(edge, TIER_PERCENT),))
        objective = replace(contract.objectives[0], target=edge, comparison=at, credit=credit)
        contract = replace(contract, objectives=(objective,))
    whole = period()
    facts = facts_of(given, columns.slots, columns)
    return evaluate(contract, whole, whole.interval.end_ms, facts, explain=False)


def _truth(given: Month, columns: Columns, found: Evaluation) -> _Truth:
    measure = found.outcomes[0].measure
    truth = _Truth(measure.total.value, measure.lost.value, found.fee_minor_units, {})
    credits_ = {
        at: _evaluate(given, columns, truth.value, at).credit_minor_units.value for at in Comparison
    }
    return replace(truth, credits_minor_units=credits_)


def _against(answer: dict[str, Any], truth: _Truth) -> dict[str, Any]:
    """Return what a peer is off by, and what it would have paid."""
    total, delivered = answer["total_gpu_seconds"], answer["delivered_gpu_seconds"]
    lost, value = total - delivered, Fraction(delivered, total)
    off = value - truth.value
    at_edge = {
        at.value: {"engine": credit, "peer": _credit(value, truth, at)}
        for at, credit in truth.credits_minor_units.items()
    }
    return {
        "availability": float(value),
        "total_off_gpu_seconds": float(total - truth.total_ms / MS),
        "lost_off_gpu_seconds": float(lost - truth.lost_ms / MS),
        "availability_off": float(off),
        "off_minor_units": round(-off * truth.fee_minor_units),
        "credit_at_the_edge_minor_units": at_edge,
        "same_gpu_seconds": total * MS == truth.total_ms and lost * MS == truth.lost_ms,
        "same_credit": all(one["engine"] == one["peer"] for one in at_edge.values()),
    }


def _credit(value: Fraction, truth: _Truth, at: Comparison) -> int:
    is_missed = value < truth.value or (at is Comparison.AT_OR_BELOW and value == truth.value)
    return round(truth.fee_minor_units * TIER_PERCENT / 100) if is_missed else 0
