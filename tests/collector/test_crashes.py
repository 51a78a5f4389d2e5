"""
Goal L1 in short: some runs of crash_runs, which `./run verify` does ten thousand of.

In a process of its own, because lives are forked.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = 9

pytestmark = pytest.mark.slow


def test_the_books_are_the_same_however_collectors_died(tmp_path: Path) -> None:
    """One on SQLite, two and three on PostgreSQL; no credit is doubled and none is missing."""
    out = tmp_path / "crashes.json"
    words = ["--runs", str(RUNS), "--seed", "20261122", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.collector.crash_runs", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text("utf-8"))
    assert found["runs"] == RUNS
    assert set(found["kinds"].values()) == {RUNS // 3}
    ended = sum(n for where, n in found["landed"].items() if not where.startswith("refused"))
    assert ended >= RUNS
