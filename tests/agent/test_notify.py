"""What systemd is told, over its own kind of socket."""

import socket
from pathlib import Path

import pytest

from gpusla_agent.app.exposure import exposures, is_loopback
from gpusla_agent.app.notify import Notifier
from gpusla_agent.server.web_file import WebForm


@pytest.mark.parametrize("is_abstract", [False, True])
def test_the_words_reach_who_asked_for_them(tmp_path: Path, is_abstract: bool) -> None:  # noqa: FBT001
    """By a path, or by an abstract name as systemd has them in containers."""
    name = f"@gpusla-{tmp_path.name}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name[1:] if is_abstract else name)
        notifier = Notifier({"NOTIFY_SOCKET": name})
        notifier.ready()
        notifier.alive()
        notifier.stopping()
        told = [systemd.recv(100) for _ in range(3)]
        notifier.close()
        notifier.alive()
    assert told == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    """Nor with one that went away."""
    Notifier({}).ready()
    gone = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    gone.ready()
    gone.close()


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
