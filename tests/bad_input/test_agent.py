"""`gpusla-agent` refuses bad settings, inventories and assignments, and writes nothing."""

from pathlib import Path

import pytest

from tests.bad_input.cases import ANY_FILE, BAD_ASSIGNMENTS, BAD_INVENTORIES, Case
from tests.bad_input.commands import AGENT, FLEET, fingerprint, put, run, write_site

SETTINGS = [case for case in ANY_FILE if case.name in {"empty", "billion_laughs", "tabs"}]
MISSPELT = Case(
    "misspelt",
    AGENT.replace("data_directory", "data_dir").encode(),
    ":4:1: data_dir is not a known key. Write 'data_directory' if that is meant, or remove it. "
    "[GS1008]",
)


def name_of(value: object) -> str:
    """Name a parameter."""
    return value.name if isinstance(value, Case) else str(value)


@pytest.mark.parametrize(
    ("file", "case"),
    [
        *(("agent.yaml", case) for case in (*SETTINGS, MISSPELT)),
        *(("inventory.yaml", case) for case in BAD_INVENTORIES),
        *(("assignments.yaml", case) for case in BAD_ASSIGNMENTS),
    ],
    ids=name_of,
)
def test_check_names_the_bad_file_and_ends_with_one(tmp_path: Path, file: str, case: Case) -> None:
    """The sentence, the code, and nothing on disk."""
    write_site(tmp_path)
    put(tmp_path, file, case)
    before = fingerprint(tmp_path)
    outcome = run(tmp_path, "gpusla-agent", "check-config", "--config", "agent.yaml")
    folder = "" if file == "agent.yaml" else f"{tmp_path}/"
    assert outcome.errors == [f"gpusla-agent: {folder}{file}{case.sentence}"]
    assert outcome.code == 1
    assert outcome.output == ""
    assert fingerprint(tmp_path) == before
    assert outcome.processor_seconds < 2
    assert outcome.memory_bytes < 100_000_000


def test_good_files_are_good(tmp_path: Path) -> None:
    """Or the refusals would prove nothing."""
    write_site(tmp_path)
    outcome = run(tmp_path, "gpusla-agent", "check-config", "--config", "agent.yaml")
    assert (outcome.code, outcome.errors) == (0, [])


@pytest.mark.parametrize(
    ("file", "case"),
    [
        ("fleet.yaml", Case("no_start", FLEET.replace("from:", "form:").encode(), (
            ":6:1: form is not a known key. Write 'from' if that is meant, or remove it. [GS1008]"
        ))),
        ("fleet.yaml", SETTINGS[0]),
        ("inventory.yaml", BAD_INVENTORIES[0]),
        ("assignments.yaml", BAD_ASSIGNMENTS[0]),
    ],
    ids=name_of,
)  # fmt: skip
def test_a_fleet_with_a_bad_file_does_not_start(tmp_path: Path, file: str, case: Case) -> None:
    """It ends with 2 before it has made a journal."""
    write_site(tmp_path)
    put(tmp_path, file, case)
    before = fingerprint(tmp_path)
    outcome = run(tmp_path, "gpusla-agent", "simulate", "--config", "fleet.yaml")
    assert outcome.errors == [f"gpusla-agent: {file}{case.sentence}"]
    assert outcome.code == 2
    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize("case", [SETTINGS[0], MISSPELT], ids=name_of)
def test_an_agent_with_bad_settings_does_not_start(tmp_path: Path, case: Case) -> None:
    """It ends with 2 before it has made a journal."""
    write_site(tmp_path)
    put(tmp_path, "agent.yaml", case)
    before = fingerprint(tmp_path)
    outcome = run(tmp_path, "gpusla-agent", "run", "--config", "agent.yaml")
    assert outcome.errors[-1].endswith(f"agent.yaml{case.sentence}")
    assert outcome.code == 2
    assert fingerprint(tmp_path) == before
