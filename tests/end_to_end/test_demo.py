"""The demo, as a stranger runs it: the story happens, and it says so when it does not."""

import subprocess
import sys
from pathlib import Path

SECONDS_MAX = 180


def _demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "gpusla"), "demo", "--folder", str(folder)]
    return subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )


def test_a_lost_switch_is_metered_paged_and_credited(tmp_path: Path) -> None:
    """Every step of the story happens, on real Prometheus and Alertmanager, and it ends with 0."""
    finished = _demo(tmp_path / "demo", "--once")

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "on-call is paged" in finished.stdout
    assert "read from the ledger" in finished.stdout
    assert "✗" not in finished.stdout


def test_without_the_fault_the_story_does_not_happen(tmp_path: Path) -> None:
    """A demo that could not fail would prove nothing: without the fault it ends with 1."""
    finished = _demo(tmp_path / "demo", "--once", "--no-fault")

    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "no credit is pending in the ledger" in finished.stderr
