"""What happened, in characters, and what both evaluators must make of it, to the last unit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.sla.notation import outcome, scene
from tests.core.sla.presets import PRESETS

FOLDER = Path(__file__).parent / "cases"


def lines() -> Iterator[tuple[str, str]]:
    """Every case with the preset that its file is named by."""
    for file in sorted(FOLDER.glob("*.txt")):
        for line in file.read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                yield file.stem, line


CASES = list(lines())


@pytest.mark.parametrize(("preset", "line"), CASES, ids=lambda text: text.split(" | ")[0])
def test_case(preset: str, line: str) -> None:
    """One line of the tables holds."""
    _, options, slots, expected = (part.strip() for part in line.split("|"))
    made = scene(options, slots, PRESETS[preset])
    found = outcome(made.judge(), made.tick_ms)
    wanted = dict(item.strip().split(" ", 1) for item in expected.split(" ; "))
    assert {name: found[name] for name in wanted} == wanted


def test_there_are_enough_cases() -> None:
    """A table that lost its lines would pass."""
    assert len(CASES) >= 200
    assert {preset for preset, _ in CASES} == set(PRESETS)
