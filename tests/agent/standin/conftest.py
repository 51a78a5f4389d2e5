"""A stand-in tray that a test may break: the library in this process, and its control file."""

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pynvml
import pytest

from gpusla_agent import standin
from tests.agent.standin.tray import Tray
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def library() -> Path:
    """The stand-in, built where every run of the tests finds it again."""
    return standin.build(ROOT / ".cache" / "standin")


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> standin.Control:
    """A control file that the library looks at from every call."""
    path = tmp_path / "tray.control"
    monkeypatch.setenv(standin.CONTROL_VARIABLE, str(path))
    monkeypatch.setenv("GPUSLA_STANDIN_CHECK_MS", "0")
    return standin.Control(path)


@pytest.fixture
def nvml(library: Path, control: standin.Control) -> Iterator[Any]:
    """NVIDIA's binding, initialised on the stand-in."""
    assert control.path.exists()
    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    pynvml.nvmlInit()
    yield pynvml
    pynvml.nvmlShutdown()


@pytest.fixture
def tray(nvml: Any, control: standin.Control) -> Tray:
    """The binding, the control file and four handles."""
    return Tray(nvml, control, tuple(nvml.nvmlDeviceGetHandleByIndex(i) for i in range(4)))
