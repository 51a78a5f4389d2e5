"""A source on the stand-in that remembers what it heard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla_agent import standin
from tests.agent.sources.nvml.heard import Heard


@pytest.fixture
def heard(library: Path, control: standin.Control) -> Iterator[Heard]:
    """A source on a healthy tray, one pass old."""
    assert control.path.exists()
    running = Heard(library)
    running.sample()
    yield running
    running.source.close()
