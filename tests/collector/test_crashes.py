"""
Goal L1 in short: a part of what `./run verify` does ten thousand runs of, and planted bugs.

In a process of its own, because lives are forked.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.collector.crash_acts import ACTS
from tests.collector.crash_bugs import BUGS, RUNS_MAX
from tests.conftest import ROOT

RUNS = 3 * len(ACTS)
"""Each act with one collector on SQLite, and with two and three on PostgreSQL."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the runs came to."""
    out = tmp_path_factory.mktemp("crashes") / "crashes.json"
    words = ["--every", "writes", "--runs", str(RUNS), "--seed", "20261122", "--bugs"]
    words += ["--processes", "1", "--out", str(out)]
    finished = subprocess.run(
        [sys.executable, "-m", "tests.collector.crash_runs", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.exists(), finished.stderr
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    assert finished.returncode == 0, found
    return found


def test_a_death_at_any_write_or_commit_changes_nothing_in_the_books(done: dict[str, Any]) -> None:
    """On SQLite and PostgreSQL, whatever the transaction was for."""
    plan = done["plans"]["writes"]
    assert plan["found"] == {}
    # No transaction of `release` differs from all of those before it.
    assert {act.name for act in ACTS if f"{act.name}, sqlite 1" not in plan["kinds"]} <= {"release"}
    assert sum(runs for name, runs in plan["kinds"].items() if "postgresql" in name) >= RUNS
    assert plan["lives"] == 2 * plan["runs"]
    for table in ("ledger_entries", "ledger_lines", "outbox", "credit_notes", "spans", "proposals"):
        assert plan["landed"][f"before INSERT INTO {table}"] >= 2
    assert plan["landed"]["before COMMIT"] == plan["landed"]["after COMMIT"] >= 30


def test_the_books_are_the_same_however_collectors_died(done: dict[str, Any]) -> None:
    """One on SQLite, two and three on PostgreSQL; no credit is doubled and none is missing."""
    plan = done["plans"]["drawn"]
    assert (plan["runs"], plan["found"]) == (RUNS, {})
    assert set(plan["kinds"].values()) == {1}
    assert plan["takeovers"] > 0


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, done: dict[str, Any]) -> None:
    """By killing or stopping at one writing transaction after another."""
    number, words = done["bugs"][bug]
    assert 0 < number <= RUNS_MAX
    assert words
