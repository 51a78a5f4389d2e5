"""However an answer dribbles in, it is waited for only so long in all."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from gpusla.clock import SystemClock
from gpusla_collector.adapters.hurry import HurriedTransport

ANSWER_MS = 400
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"


@contextmanager
def dribbling(content: bytes, at_once: int) -> Iterator[str]:
    """Serve an answer a few bytes at a time, 50 ms apart, on each connection again and again."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(peer,), daemon=True).start()

        def answer(peer: socket.socket) -> None:
            with closing(peer):
                try:
                    while peer.recv(65_536):
                        for start in range(0, len(content), at_once):
                            peer.sendall(content[start : start + at_once])
                            time.sleep(0.05)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def client() -> httpx.Client:
    """Return one whose single reads may take far longer than a whole answer."""
    return httpx.Client(transport=HurriedTransport(SystemClock(), ANSWER_MS, 8), timeout=30)


@pytest.mark.parametrize("content", [HEAD + b"x" * 20, HEAD[:20] + b"\r\nA: b" * 200])
def test_an_answer_that_dribbles_is_given_up(content: bytes) -> None:
    """In its header and in its body; with a limit for each read alone, it would go on for ever."""
    with dribbling(content, 1) as url, client() as asking:
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            asking.get(url)
        assert time.monotonic() - began < 10


def test_patience_begins_anew_with_each_request() -> None:
    """On a connection that is kept, as a node's is for months."""
    with dribbling(HEAD + b"x" * 20, 20) as url, client() as asking:
        for _ in range(6):
            assert asking.get(url).content == b"x" * 20
