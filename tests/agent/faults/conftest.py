"""The stand-in, and where the library and the agent look for what is wrong with the tray."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpusla_agent import standin
from tests.agent.faults.node import POWER, FaultyNode, values
from tests.conftest import ROOT

Start = Callable[..., FaultyNode]


@pytest.fixture(scope="session")
def library() -> Path:
    """The stand-in, built where every run of the tests finds it again."""
    return standin.build(ROOT / ".cache" / "standin")


@pytest.fixture
def start(tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start an agent on a healthy tray, with what is given to FaultyNode."""
    monkeypatch.setenv(standin.CONTROL_VARIABLE, str(tmp_path / "tray.control"))
    running: list[FaultyNode] = []

    def begin(library: Path = library, **how: object) -> FaultyNode:
        node = FaultyNode(tmp_path, library, **how)  # type: ignore[arg-type]
        running.append(node)
        node.until(lambda page: len(values(page, POWER)) == 4, "four GPUs")
        return node

    yield begin
    for node in running:
        node.close()
