"""
Hundreds of thousands of operations under faults: every promise holds after every one of them.

More of the same runs in `./run verify`; a seed that finds something is run again with
`python -m tests.simulation --seed N --operations 1`.
"""

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from tests.conftest import ROOT
from tests.simulation.calendar import due_periods, midnight_ms
from tests.simulation.inside import grounds
from tests.simulation.many import prepared, run_seeds
from tests.simulation.planted import DEFECTS, Defect
from tests.simulation.run import simulate

OPERATIONS = {"memory": 1_000_000, "sqlite": 100_000}
FIRST_SEED = {"memory": 1_000, "sqlite": 5}
"""The first five on SQLite are short, two of them in strong weather."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", OPERATIONS)
def test_nothing_is_found_under_faults(kind: str) -> None:
    """Neither on the way, nor in the books at the end beside those of a run without any fault."""
    tally = run_seeds(kind, FIRST_SEED[kind], operations=OPERATIONS[kind])
    assert not tally.found, "\n".join(tally.found.values())
    assert tally.operations >= OPERATIONS[kind]
    for fault in ("crash", "refuse", "slow", "pause", "tear", "wrong"):
        assert tally.counts[fault] > 0, f"no {fault} in {tally.counts}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_seed_replays_bit_for_bit(kind: str) -> None:
    """Every call, every fault and every entry is the same again, and another seed's is not."""
    with grounds(kind) as ground, prepared():
        first, again, other = (simulate(seed, ground) for seed in (6, 6, 7))
    assert first == again
    assert first.trace != other.trace


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_bug_is_found(defect: Defect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within as many operations as the tests do."""
    defect.plant(monkeypatch)
    tally = run_seeds(defect.store, FIRST_SEED[defect.store], operations=OPERATIONS[defect.store])
    assert tally.found
    assert defect.words in "".join(tally.found.values())


@pytest.mark.slow
def test_a_run_that_was_cut_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Killed at any time, it does no seed twice and leaves none out."""
    out = tmp_path / "result.json"
    words = [sys.executable, "-m", "tests.simulation", "--out", str(out), "--seed", "2000"]
    words += ["--processes", "1", "--batch", "1", "--operations"]
    with subprocess.Popen([*words, str(10**9)], cwd=ROOT, start_new_session=True) as process:
        while not out.exists():
            assert process.poll() is None
            Event().wait(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    cut = json.loads(out.read_text("utf-8"))
    for operations in (cut["operations"] + 1, 1):
        subprocess.run([*words, str(operations)], cwd=ROOT, check=True)
    done = json.loads(out.read_text("utf-8"))
    at_once = run_seeds("memory", 2000, seeds=cut["seeds"] + 1)
    assert (done["seeds"], done["operations"]) == (at_once.seeds, at_once.operations)
    assert done["counts"] == at_once.counts
    assert (done["found"], done["store"]) == ({}, "memory")
    assert done["operations"] == sum(
        done["counts"][actor]
        for actor in ("agent", "agents", "around", "evidence", "store", "turn")
    )


def test_months_by_hand_where_clocks_change() -> None:
    """Berlin's March 2027 is an hour short; its last hour is counted from UTC+2."""
    march, april = due_periods(date(2027, 3, 1), 2, "Europe/Berlin", date(2027, 4, 10))[:2]
    assert (march.key, march.end_ms - march.start_ms) == ("2027-03", (31 * 24 - 1) * 3_600_000)
    assert (april.key, april.end_ms - april.start_ms) == ("2027-04-v1", 9 * 24 * 3_600_000)
    assert midnight_ms(date(1970, 1, 2), "UTC") == 86_400_000
