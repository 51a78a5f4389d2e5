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
