"""What is logged; the stand-in behind a real worker process, and its control file."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla import logs
from gpusla_agent import standin
from tests.conftest import ROOT


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as lines of JSON."""
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    logs.configure()


@pytest.fixture(scope="session")
def library() -> Path:
    """The stand-in, built where every run of the tests finds it again."""
    return standin.build(ROOT / ".cache" / "standin")


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> standin.Control:
    """What is wrong with the tray; the worker inherits where it stands."""
    path = tmp_path / "tray.control"
    monkeypatch.setenv(standin.CONTROL_VARIABLE, str(path))
    monkeypatch.setenv("GPUSLA_STANDIN_CHECK_MS", "0")
    return standin.Control(path)
