"""What the process itself sees to: that its loop turns, and who can reach its pages."""

import subprocess
import sys

import pytest

from gpusla_agent.app.exposure import exposures, is_loopback
from gpusla_agent.app.run import TURN_MS
from gpusla_agent.app.watchdog import SECONDS
from gpusla_agent.server.web_file import WebForm

STUCK = """
import signal, sys
from gpusla_agent.app.watchdog import Watchdog
watchdog = Watchdog(sys.stderr, 0.1)
watchdog.turn()
{}
signal.pause()
"""


def test_a_process_that_stands_still_ends_and_says_where_it_stood() -> None:
    """With code 1, so that systemd starts it anew."""
    finished = subprocess.run(
        [sys.executable, "-c", STUCK.format("")], capture_output=True, check=False, timeout=20
    )
    assert finished.returncode == 1
    assert b"Timeout (0:00:00.1" in finished.stderr
    assert b"line 7 in <module>" in finished.stderr


def test_a_process_that_is_about_to_end_is_not_watched() -> None:
    """A stop may take as long as the disk takes."""
    script = STUCK.format("watchdog.close(); signal.setitimer(signal.ITIMER_REAL, 0.3)")
    finished = subprocess.run([sys.executable, "-c", script], check=False, timeout=20)
    assert finished.returncode == -14


def test_the_loop_turns_often_enough() -> None:
    """Whatever the interval between two passes is."""
    assert SECONDS * 1_000 >= 3 * TURN_MS


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  (that is the point)
        ("::", False),
        ("10.0.0.1", False),
        ("node-3", False),
    ],
)
def test_an_address_of_this_machine_alone_is_told_from_others(
    host: str,
    expected: bool,  # noqa: FBT001
) -> None:
    """A name is not, whatever it may resolve to."""
    assert is_loopback(host) is expected
    assert bool(list(exposures(host, WebForm()))) is not expected


def test_the_process_that_stays_holds_nothing_that_only_commands_or_some_agents_need() -> None:
    """Command lines, tables for terminals, passwords: each costs memory on every node."""
    script = "import sys, gpusla_agent.app.__main__; print(' '.join(sys.modules))"
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20
    )
    loaded = set(finished.stdout.split())
    assert not loaded & {"typer", "click", "rich", "bcrypt", "multiprocessing", "httpx"}
