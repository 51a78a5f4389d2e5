"""
Plausible bugs in copies of the modules that judge, each of which the tests must catch.

A copy of core is changed in one place and the focused tests run on it in a process of their own.
The unchanged copy must pass, so that a failure means the bug and nothing else.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

CASES = "tests/core/sla/test_cases.py"
FOLD = "tests/core/timeline/test_fold.py"
BUILD = (
    "tests/core/timeline/test_build.py"
    "::test_records_that_overlap_in_part_count_each_millisecond_once"
)
INTERVALS = "tests/core/timeline/test_intervals.py::test_what_does_not_touch_stays_apart"
PERIODS = "tests/core/sla/test_periods.py::test_a_month_begins_at_local_midnight"
BOOKING = (
    "tests/core/ledger/test_booking.py"
    "::test_a_pending_amount_that_changes_is_taken_back_and_booked_anew"
)
TO_DATE = "tests/core/sla/test_evaluate.py::test_the_period_to_date_is_judged_as_if_it_ended_there"
TIME_LIMIT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Defect:
    """One bug: what is written wrong, where, and the tests that must notice."""

    name: str
    module: str
    right: str
    wrong: str
    tests: tuple[str, ...] = (CASES,)


DEFECTS = (
    Defect(
        "a sample holds for twice as long as it may",
        "timeline/fold.py",
        "<= last.at_ms + carry.valid_ms",
        "<= last.at_ms + 2 * carry.valid_ms",
        (FOLD,),
    ),
    Defect(
        "an edge is judged by its better end",
        "timeline/fold.py",
        "now_ms, before, other,",
        "now_ms, condition, other,",
        (FOLD,),
    ),
    Defect(
        "a gap reads as ok",
        "timeline/build.py",
        "UNOBSERVED = Condition(State.UNKNOWN, (Finding(NOT_OBSERVED.name),))",
        "UNOBSERVED = Condition(State.OK)",
    ),
    Defect(
        "overlapping records are counted twice",
        "timeline/build.py",
        "if cluster and span.start_ms >= reach_ms:",
        "if cluster and span.start_ms > cluster[-1].start_ms:",
        (BUILD,),
    ),
    Defect(
        "not having seen outranks failure",
        "timeline/claims.py",
        "State.UNKNOWN: 2, State.DOWN: 3",
        "State.UNKNOWN: 3, State.DOWN: 2",
    ),
    Defect(
        "intervals a millisecond apart are joined",
        "timeline/intervals.py",
        "interval.start_ms <= merged[-1].end_ms:",
        "interval.start_ms <= merged[-1].end_ms + 1:",
        (INTERVALS,),
    ),
    Defect(
        "exactly at a threshold is a breach",
        "sla/credits.py",
        "if availability < tier.below]",
        "if availability <= tier.below]",
    ),
    Defect(
        "a rack needs one GPU more than its minimum",
        "sla/sweep.py",
        "total if healthy >= self.min_healthy_gpus else 0",
        "total if healthy > self.min_healthy_gpus else 0",
    ),
    Defect(
        "over-delivery is banked",
        "sla/sweep.py",
        "[min(delivered, promised) for delivered in pool.delivered]",
        "list(pool.delivered)",
    ),
    Defect(
        "months begin at midnight in Greenwich",
        "sla/periods.py",
        "first_day, timezone = day.replace(day=1), contract.term.timezone",
        'first_day, timezone = day.replace(day=1), "UTC"',
        (PERIODS,),
    ),
    Defect(
        "the bounds are swapped",
        "sla/evaluate.py",
        "delivered_gpu_ms=Bounds(low, value, high)",
        "delivered_gpu_ms=Bounds(high, value, low)",
    ),
    Defect(
        "the unknown is borne by the other side",
        "sla/levels.py",
        "Levels(0, 0 if is_provider else scale, scale)",
        "Levels(0, scale if is_provider else 0, scale)",
    ),
    Defect(
        "a clock error widens one side only",
        "sla/levels.py",
        "span.start_ms - error_ms, span.end_ms + error_ms",
        "span.start_ms, span.end_ms + error_ms",
    ),
    Defect(
        "money is rounded twice",
        "sla/credits.py",
        "round_once(base_minor_units * tier.percent / 100, rounding)",
        "round_once(round_once(tier.percent * base_minor_units / 10, rounding) / Fraction(10), "
        "rounding)",
    ),
    Defect(
        "an exclusion takes time out of the denominator",
        "sla/evaluate.py",
        "    committed_ms = swept.committed_gpu_ms\n",
        "    committed_ms = swept.committed_gpu_ms - sum(_excused(p, 1) for p in cut)\n",
    ),
    Defect(
        "the next tier is counted over the period to date",
        "sla/evaluate.py",
        "next_tier(objective.tiers, promised_ms,",
        "next_tier(objective.tiers, committed_ms,",
        (TO_DATE,),
    ),
    Defect(
        "a reversal has the sign of what it reverses",
        "ledger/booking.py",
        "status, -live.amount_minor_units, live.key",
        "status, live.amount_minor_units, live.key",
        (BOOKING,),
    ),
)


def test_the_unchanged_copy_passes(tmp_path: Path) -> None:
    """Every test that a defect relies on, on a copy with nothing planted."""
    copy_core(tmp_path)
    tests = sorted({test for defect in DEFECTS for test in defect.tests})
    ran = run(tmp_path, *tests)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_copy_is_what_runs(tmp_path: Path) -> None:
    """Otherwise every defect would go unnoticed, and none would be planted."""
    copy_core(tmp_path)
    found = subprocess.run(
        [sys.executable, "-c", "import gpusla.sla.evaluate as m; print(m.__file__)"],
        env=environment(tmp_path),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(found.stdout.strip()).is_relative_to(tmp_path)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_bug_is_caught(defect: Defect, tmp_path: Path) -> None:
    """The bug is in, and the tests say so."""
    copy_core(tmp_path)
    module = tmp_path / "core" / "gpusla" / defect.module
    source = module.read_text("utf-8")
    assert source.count(defect.right) == 1, f"{defect.module} no longer says {defect.right!r}"
    module.write_text(source.replace(defect.right, defect.wrong), "utf-8")
    ran = run(tmp_path, *defect.tests)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "failed" in ran.stdout
    assert "error" not in ran.stdout.splitlines()[-1]


def test_there_are_at_least_ten() -> None:
    """And no two of them are the same."""
    assert len({(defect.module, defect.wrong) for defect in DEFECTS}) == len(DEFECTS) >= 10


def copy_core(target: Path) -> None:
    """Copy what judges, without what was compiled of it."""
    shutil.copytree(ROOT / "core", target / "core", ignore=shutil.ignore_patterns("__pycache__"))


def environment(copy: Path) -> dict[str, str]:
    """An environment in which the copy comes before the checkout."""
    ours = {"PYTHONPATH": str(copy / "core"), "PYTHONDONTWRITEBYTECODE": "1"}
    return {name: value for name, value in os.environ.items() if "XDIST" not in name} | ours


def run(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests on the copy, up to the first failure."""
    return subprocess.run(
        ["pytest", "-x", "-q", "-p", "no:randomly", "-o", f"cache_dir={copy / 'cache'}", *tests],
        env=environment(copy),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
    )
