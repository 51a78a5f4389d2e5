"""A node over the stand-in, and its control file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gpusla_agent import standin
from gpusla_agent.cli import app
from tests.agent.processes import write_settings
from tests.conftest import ROOT

Call = Callable[..., Result]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file over the stand-in."""
    return write_settings(tmp_path, standin.build(ROOT / ".cache" / "standin"))


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> standin.Control:
    """What the stand-in is told."""
    path = tmp_path / "tray.control"
    monkeypatch.setenv(standin.CONTROL_VARIABLE, str(path))
    return standin.Control(path)


@pytest.fixture
def call(settings: Path) -> Call:
    """Call a command with the settings file."""

    def called(*words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--config", str(settings)])

    return called
