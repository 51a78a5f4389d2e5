"""
What it takes to plant a bug: a copy of core, changed in one place, and what must notice it there.

Source: docs/decisions/0121-planted-defects.md.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

SECOND_OPINION = "the second opinion"
"""Named in place of a test: `tests.defects.opinion` on so many cases by chance."""

OPINION_CASES = 400
TIME_LIMIT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Defect:
    """
    One bug: what is written wrong, where, and all that must notice, each by itself.

    caught_by: tests, or SECOND_OPINION.
    """

    name: str
    module: str
    right: str
    wrong: str
    caught_by: tuple[str, ...]


def plant(defect: Defect, folder: Path) -> None:
    """Copy core into a folder with the bug in it."""
    copy_core(folder)
    module = folder / "core" / "gpusla" / defect.module
    source = module.read_text("utf-8")
    assert source.count(defect.right) == 1, f"{defect.module} no longer says {defect.right!r}"
    module.write_text(source.replace(defect.right, defect.wrong), "utf-8")


def copy_core(folder: Path) -> None:
    """Copy what judges, without what was compiled of it."""
    shutil.copytree(ROOT / "core", folder / "core", ignore=shutil.ignore_patterns("__pycache__"))


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which the copy comes before the checkout."""
    ours = {"PYTHONPATH": str(folder / "core"), "PYTHONDONTWRITEBYTECODE": "1"}
    return {name: value for name, value in os.environ.items() if "XDIST" not in name} | ours


def run(folder: Path, *named: str) -> subprocess.CompletedProcess[str]:
    """Run tests on the copy, up to the first failure, or the second opinion: 1 if it notices."""
    words = [sys.executable, "-m", "tests.defects.opinion", str(OPINION_CASES)]
    if named != (SECOND_OPINION,):
        # The same cases every time: a bug that is caught today is not missed by chance tomorrow.
        options = ["-x", "-q", "-p", "no:randomly", "--hypothesis-seed=1"]
        options += ["-o", f"cache_dir={folder / 'cache'}"]
        words = [sys.executable, "-m", "pytest", *options, *named]
    return subprocess.run(
        words,
        env=environment(folder),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
    )


def notices(ran: subprocess.CompletedProcess[str]) -> bool:
    """Return whether a run failed because figures were wrong, and not because it broke off."""
    last = ran.stdout.splitlines()[-1:]
    return ran.returncode == 1 and "failed" in ran.stdout and "error" not in "".join(last)
