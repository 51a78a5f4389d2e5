"""However an answer dribbles in, it is waited for only so long in all."""

import time

import httpx
import pytest

from gpusla.clock import SystemClock
from gpusla_collector.adapters.hurry import HurriedTransport
from tests.collector.peers import dribbling

ANSWER_MS = 400
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"


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
