"""`gpusla contract check` says one sentence of each bad file and ends with 1."""

from pathlib import Path

import pytest

from tests.bad_input.cases import ANY_FILE, BAD_CONTRACTS, Case
from tests.bad_input.commands import fingerprint, run

CASES = (*ANY_FILE, *BAD_CONTRACTS)
HEAVY = [case for case in ANY_FILE if len(case.content) > 100_000]


def test_each_bad_file_gets_one_sentence_and_none_is_touched(tmp_path: Path) -> None:
    """In the order of the arguments."""
    for case in CASES:
        (tmp_path / f"{case.name}.yaml").write_bytes(case.content)
    before = fingerprint(tmp_path)
    outcome = run(tmp_path, "gpusla", "contract", "check", *(f"{c.name}.yaml" for c in CASES))
    assert outcome.errors == [f"{case.name}.yaml{case.sentence}" for case in CASES]
    assert outcome.code == 1
    assert outcome.output == ""
    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize("case", HEAVY, ids=lambda case: case.name)
def test_a_file_made_to_hurt_takes_a_second_and_a_hundred_megabytes_at_most(
    tmp_path: Path, case: Case
) -> None:
    """Start of the program included; doubled here, because tests share the machine."""
    (tmp_path / "bad.yaml").write_bytes(case.content)
    outcome = run(tmp_path, "gpusla", "contract", "check", "bad.yaml")
    assert (outcome.code, outcome.errors) == (1, [f"bad.yaml{case.sentence}"])
    assert outcome.processor_seconds < 2
    assert outcome.memory_bytes < 100_000_000
