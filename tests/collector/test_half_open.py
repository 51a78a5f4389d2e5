"""Peers that stop halfway or say nothing are shed, and hold up nobody."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.collector.agent_server import serving
from tests.collector.processes import answer, free_port, running, until
from tests.collector.site import write_site

PEERS = 25
SHED_SECONDS = 20.0

pytestmark = pytest.mark.slow


def test_half_open_peers_are_shed_and_others_are_answered(tmp_path: Path) -> None:
    """Half a request, half a header, a slow drip of nothing: all gone within twenty seconds."""
    port = free_port()
    with serving(lambda _: None) as agents, ExitStack() as stack:
        address = f"http://127.0.0.1:{agents.server_port}"
        settings = write_site(tmp_path, address, listen=f"127.0.0.1:{port}")
        stack.enter_context(running(settings, tmp_path / "log"))
        until(lambda: answer(port, "/healthz") is not None)
        begun = time.monotonic()
        peers = [stack.enter_context(half_open(port, number)) for number in range(PEERS)]
        for _ in range(3):
            page = answer(port, "/metrics")
            assert page is not None
            assert page.status_code == 200
        left = SHED_SECONDS - (time.monotonic() - begun)
        for peer in peers:
            peer.settimeout(max(left, 0.1))
            assert drained(peer)
        assert time.monotonic() - begun < SHED_SECONDS + 5


def half_open(port: int, number: int) -> socket.socket:
    """Open a connection and send less than a request."""
    peer = socket.create_connection(("127.0.0.1", port), timeout=5)
    peer.sendall((b"", b"GET /met", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-")[number % 3])
    return peer


def drained(peer: socket.socket) -> bool:
    """Read to the end that the other side makes; True if it made one in time."""
    try:
        while peer.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True
