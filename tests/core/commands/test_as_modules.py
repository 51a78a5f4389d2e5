"""Programs started as modules: none of them ends with 0 without having done what was asked."""

import subprocess
import sys

import pytest

MODULES = {
    "gpusla": "gpusla",
    "gpusla.cli": "gpusla",
    "gpusla_collector.cli": "gpusla collector",
    "gpusla_dashboards.cli": "gpusla dashboards",
    "gpusla_agent.cli": "python -m gpusla_agent.cli",
}


def ran(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Return how a module ends that Python starts itself."""
    command = (sys.executable, "-m", module, *words)
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_its_program(module: str) -> None:
    """It says what it is called, and refuses what is none of its commands."""
    asked, misspelt = ran(module, "--help"), ran(module, "no-such-command")
    assert asked.returncode == 0
    assert f"usage: {MODULES[module]} " in asked.stdout.lower()
    assert (misspelt.returncode, misspelt.stdout) == (2, "")
    assert "no-such-command" in misspelt.stderr


@pytest.mark.parametrize("module", ["gpusla", "gpusla.cli"])
def test_a_file_that_is_not_there_is_not_verified(module: str) -> None:
    """It printed nothing and ended with 0, as if all were well."""
    found = ran(module, "verify", "nowhere.zip")
    assert found.returncode == 2
    assert "nowhere.zip" in found.stderr


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("gpusla_agent.cli", ""),
        ("gpusla_agent.cli", "key"),
        ("gpusla", "collector"),
        ("gpusla", "collector key"),
        ("gpusla", "contract"),
        ("gpusla", "dashboards"),
        ("gpusla", "parity"),
        ("gpusla", "statement"),
    ],
)
def test_a_list_of_commands_cuts_no_sentence(module: str, words: str) -> None:
    """Where the exit code stood, `1 if records in between...` was all that was left of it."""
    told = ran(module, *words.split(), "--help").stdout.partition("Commands:\n")[2]
    begun = [line[:3].strip() != "" for line in told.splitlines()]
    said = [line.strip() for line in told.splitlines()]
    last = [line for line, ends in zip(said, [*begun[1:], True], strict=True) if ends]
    assert len(last) > 1
    assert [line for line in last if line.endswith("...") or not line.endswith(".")] == []
