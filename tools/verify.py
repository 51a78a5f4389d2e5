"""
The checks that take longer than `./run test` may: `./run verify` runs them one after another.

Resumable: a step that passed over these very files is not run again; what was cut is.  Steps that
measure write their result, with seed and date, where it is committed.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("GPUSLA_CACHE", ROOT / ".cache")) / "verify.json"
RESULTS = ("bench/results", "fuzz/results", "tests/results")
SOURCES = ("--", ".", *(f":!{folder}" for folder in RESULTS))
"""What a step's outcome depends on: every file of the repository but the results themselves."""

FUZZ_SECONDS = "120"
FUZZ_TARGETS = ("contract_file", "dcgm_page", "settings_file", "strict_yaml", "xid_line")
FLIPS = "tests/results/fsck_flips.json"
MONTHS = "tests/results/truth_months.json"
MILLION = "tests/results/second_opinion.json"
CRASHES = "tests/results/crashes.json"
SIMULATED = "tests/results/simulation_{store}.json"
"""These steps write after every few cases and go on there, if the sources are the same."""

MUTATIONS = "tests/results/mutations.json"


@dataclass(frozen=True, slots=True)
class Step:
    """
    One check.

    words: what ./run is called with.  minutes: about how long it takes on two cores.
    environment: what it needs beside the usual.
    """

    name: str
    words: tuple[str, ...]
    minutes: float
    environment: dict[str, str] = field(default_factory=dict)


def _simulated(store: str, operations: int) -> tuple[str, ...]:
    """Return what ./run is called with for so many operations on a store, or 150 minutes."""
    words = ("shell", "python", "-m", "tests.simulation", "--store", store)
    return (*words, "--operations", str(operations), "--out", SIMULATED.format(store=store))


CRASH = ("shell", "python", "-m", "tests.collector.crash_runs")
SIMULATIONS = (("sqlite", 10**6, 8), ("postgresql", 10**6, 16), ("memory", 10**8, 60))
STEPS = (
    Step("check", ("check",), 1),
    Step("test", ("test",), 24),
    Step(
        "a worker killed every second for a minute",
        ("test", "tests/agent/faults", "-k", "killed"),
        2,
        {"GPUSLA_KILL_SECONDS": "60"},
    ),
    Step(
        "power that is cut",
        ("test", "tests/agent/test_power_loss.py"),
        1,
        {"GPUSLA_POWER_LOSS": "required"},
    ),
    *(Step(f"fuzz {name}", ("fuzz", name, FUZZ_SECONDS, "--record"), 2.2) for name in FUZZ_TARGETS),
    Step("planted defects", ("shell", "python", "-m", "tests.defects.survey"), 15),
    Step(
        "a thousand months beside their truth",
        ("shell", "python", "-m", "tests.end_to_end.thousand_months", "--out", MONTHS),
        15,
    ),
    Step(
        "a million cases beside the second opinion",
        ("shell", "python", "-m", "tests.reference.million", "--out", MILLION),
        300,
    ),
    Step(
        "every time zone from 2000 to 2037",
        ("test", "tests/core/sla/test_calendars_2000_2037.py"),
        9,
        {"GPUSLA_ZONES": "all"},
    ),
    Step(
        "a thousand flipped bits of each artefact",
        ("shell", "python", "-m", "tests.collector.flips", "--out", FLIPS),
        8,
    ),
    Step(
        "a death at every round trip, ten thousand runs of collectors that crash",
        (*CRASH, "--every", "all", "--bugs", "--out", CRASHES),
        60,
    ),
    Step(
        "ten thousand mutations before the verifier",
        ("shell", "python", "-m", "tests.mutations.survey", "--out", MUTATIONS),
        8,
    ),
    *(
        Step(f"{count} simulated operations, {store}", _simulated(store, count), minutes)
        for store, count, minutes in SIMULATIONS
    ),
    Step("bench sla", ("bench", "sla"), 10),
    Step("bench ledger", ("bench", "ledger"), 1),
    Step("bench verify", ("bench", "verify"), 15),
    Step("bench agent", ("bench", "agent"), 14),
    Step("bench agent_soak", ("bench", "agent_soak"), 61),
)


def main() -> int:
    """Run what has not passed over these files yet; 1 if a step failed, after all were tried."""
    files = hashlib.sha256(_git("ls-files", "--stage", *SOURCES).encode()).hexdigest()
    is_clean = not _git("status", "--porcelain", "--untracked-files=no", *SOURCES)
    passed = _load(files) if is_clean else set()
    left = [step for step in STEPS if step.name not in passed]
    minutes = sum(step.minutes for step in left)
    print(f"verify: {len(left)} of {len(STEPS)} steps, about {minutes:.0f} minutes", flush=True)
    failed = []
    for step in left:
        print(f"verify: {step.name}", flush=True)
        began = time.monotonic()
        code = subprocess.run(
            [str(ROOT / "run"), *step.words], env={**os.environ, **step.environment}, check=False
        ).returncode
        words = "passed" if code == 0 else f"FAILED ({code})"
        print(f"verify: {step.name} {words} after {time.monotonic() - began:.0f} s", flush=True)
        if code:
            failed.append(step.name)
        elif is_clean:
            passed.add(step.name)
            _store(files, passed)
    print(f"verify: FAILED: {', '.join(failed)}" if failed else "verify: everything passed")
    return 1 if failed else 0


def _git(*words: str) -> str:
    finished = subprocess.run(
        ["git", *words],  # noqa: S607  (found on PATH on purpose)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.strip()


def _load(files: str) -> set[str]:
    try:
        stored = json.loads(STATE.read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return set(stored["passed"]) if stored.get("files") == files else set()


def _store(files: str, passed: set[str]) -> None:
    beside = STATE.with_suffix(".new")
    beside.write_text(json.dumps({"files": files, "passed": sorted(passed)}), "utf-8")
    beside.replace(STATE)


if __name__ == "__main__":
    sys.exit(main())
