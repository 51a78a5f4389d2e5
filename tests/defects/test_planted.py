"""
Plausible bugs in copies of the modules that judge, each of which the tests must catch.

A copy of core is changed in one place and a test that is named for it runs on it in a process of
its own.  The unchanged copy must pass, so that a failure means the bug and nothing else.
`tests.defects.survey` asks everything that is named, the second opinion too.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.defects.planted import (
    SECOND_OPINION,
    Defect,
    copy_core,
    environment,
    notices,
    plant,
    run,
)
from tests.defects.survey import DEFECTS

WITH_SECOND_OPINION = [one for one in DEFECTS if SECOND_OPINION in one.caught_by]


def test_the_unchanged_copy_passes(tmp_path: Path) -> None:
    """Every test that a defect relies on, on a copy with nothing planted."""
    copy_core(tmp_path)
    ran = run(tmp_path, *sorted({defect.caught_by[0] for defect in DEFECTS}))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_the_second_opinion_agrees_with_the_unchanged_copy(tmp_path: Path) -> None:
    """And it is caught where it does not, by the first bug that it is to notice."""
    copy_core(tmp_path)
    assert run(tmp_path, SECOND_OPINION).returncode == 0
    plant(WITH_SECOND_OPINION[0], tmp_path / "planted")
    assert "failed: seed" in run(tmp_path / "planted", SECOND_OPINION).stdout


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
    """The bug is in, and the test that is named first says so."""
    plant(defect, tmp_path)
    ran = run(tmp_path, defect.caught_by[0])
    assert notices(ran), ran.stdout + ran.stderr


def test_no_two_defects_are_the_same() -> None:
    """And there are as many as were promised, both in the engine and before it."""
    places = {(defect.module, defect.wrong) for defect in DEFECTS}
    assert len(places) == len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 40
    assert len(WITH_SECOND_OPINION) >= 30
