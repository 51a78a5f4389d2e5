"""`gpusla collector` refuses bad files of every kind, and writes nothing."""

from pathlib import Path

import pytest

from tests.bad_input.cases import (
    ANY_FILE,
    BAD_ASSIGNMENTS,
    BAD_CLAIMS,
    BAD_CONTRACTS,
    BAD_EXCLUSIONS,
    BAD_INVENTORIES,
    Case,
)
from tests.bad_input.commands import fingerprint, put, run, write_site

BAD = [
    ("inventory.yaml", BAD_INVENTORIES[0]),
    ("assignments.yaml", BAD_ASSIGNMENTS[0]),
    ("exclusions.yaml", BAD_EXCLUSIONS[0]),
    ("claims.yaml", BAD_CLAIMS[0]),
    ("claims.yaml", BAD_CLAIMS[1]),
    ("contracts/reflection-2026.yaml", BAD_CONTRACTS[0]),
]


def name_of(value: object) -> str:
    """Name a parameter."""
    return value.name if isinstance(value, Case) else str(value)


@pytest.mark.parametrize(("file", "case"), BAD, ids=name_of)
def test_check_names_the_bad_file_and_touches_nothing(
    tmp_path: Path, file: str, case: Case
) -> None:
    """One sentence, and it is the one that is promised."""
    write_site(tmp_path)
    put(tmp_path, file, case)
    before = fingerprint(tmp_path)
    outcome = run(tmp_path, "gpusla", "collector", "check", "--config", "collector.yaml")
    assert outcome.errors == [f"gpusla: {file}{case.sentence}"]
    assert outcome.code != 0
    assert fingerprint(tmp_path) == before


def test_check_ends_with_one_within_a_second(tmp_path: Path) -> None:
    """A file that was checked and is bad is not a wrong usage of the command."""
    write_site(tmp_path)
    put(tmp_path, "collector.yaml", ANY_FILE[0])
    outcome = run(tmp_path, "gpusla", "collector", "check", "--config", "collector.yaml")
    assert outcome.code == 1
    assert outcome.processor_seconds < 2
    assert outcome.memory_bytes < 100_000_000


def test_good_files_are_good(tmp_path: Path) -> None:
    """Or the refusals would prove nothing."""
    write_site(tmp_path)
    outcome = run(tmp_path, "gpusla", "collector", "check", "--config", "collector.yaml")
    assert (outcome.code, outcome.errors) == (0, [])


def test_a_collector_with_bad_settings_does_not_start(tmp_path: Path) -> None:
    """It ends with 2 before it has made a database."""
    write_site(tmp_path)
    put(tmp_path, "collector.yaml", ANY_FILE[0])
    before = fingerprint(tmp_path)
    outcome = run(tmp_path, "gpusla", "collector", "run", "--config", "collector.yaml")
    assert outcome.errors == [f"gpusla: collector.yaml{ANY_FILE[0].sentence}"]
    assert outcome.code == 2
    assert fingerprint(tmp_path) == before
