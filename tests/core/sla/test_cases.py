"""What happened, in characters, and what the engine must make of it, to the last unit."""

from pathlib import Path

import pytest

from tests.core.sla.notation import outcome, scene

LINES = [
    line
    for line in (Path(__file__).parent / "cases.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split(" | ")[0])
def test_case(line: str) -> None:
    """One line of cases.txt holds."""
    _, options, slots, expected = (part.strip() for part in line.split("|"))
    made = scene(options, slots)
    found = outcome(made.judge(), made.tick_ms)
    wanted = dict(item.strip().split(" ", 1) for item in expected.split(" ; "))
    assert {name: found[name] for name in wanted} == wanted


def test_there_are_enough_cases() -> None:
    """A table that lost its lines would pass."""
    assert len(LINES) >= 80
