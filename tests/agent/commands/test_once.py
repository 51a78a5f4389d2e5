"""`gpusla-agent run --once`: one pass, its page, and nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpusla_agent import standin
from tests.agent.processes import AgentProcess
from tests.programs import program


def once(settings: Path) -> subprocess.CompletedProcess[bytes]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "gpusla_agent.app", str(settings), "--once"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        timeout=60,
    )


def test_a_page_of_one_pass_is_printed(settings: Path) -> None:
    """A page that promtool has nothing to say about, and code 0 for slots that are ok."""
    finished = once(settings)
    assert finished.returncode == 0, finished.stderr
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=finished.stdout,
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert finished.stdout.count(b'state="ok"} 1.0') == 4
    assert not (settings.parent / "data").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [(("gpu", 1, "lost"), 1), (("answer", "nvmlInitWithFlags", 9), 5)],
)
def test_the_code_says_what_was_found(
    settings: Path, control: standin.Control, words: tuple[str | int, ...], code: int
) -> None:
    """A lost GPU, a driver that does not answer; the page is printed all the same."""
    control.set(*words)
    finished = once(settings)
    assert finished.returncode == code
    assert b"gpusla_agent_info{" in finished.stdout


def test_it_works_beside_a_running_agent(settings: Path) -> None:
    """The journal of that one is not touched."""
    agent = AgentProcess(settings)
    try:
        assert once(settings).returncode == 0
    finally:
        agent.process.terminate()
        assert agent.wait() == 0
