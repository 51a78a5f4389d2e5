"""Fetching over real sockets: what a peer may do, and that it costs no more than its bound."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

import pytest

from gpusla.catalogue.codes import BAD_SETTING, EXPORTER_PAGE, EXPORTER_UNREACHABLE, ErrorCode
from gpusla.errors import SourceError
from gpusla_agent.dcgm_exporter import fetch

Talk = Callable[[socket.socket], None]
PAGE = b"DCGM_FI_DEV_GPU_TEMP 30\n"


@contextmanager
def peer(talk: Talk) -> Iterator[str]:
    """Serve one connection on loopback; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65_536)
                    talk(connection)

        served = threading.Thread(target=serve)
        served.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/metrics"
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            served.join()


def says(*parts: bytes) -> Talk:
    """Return a peer that sends these and hangs up."""

    def talk(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return talk


def drips(head: bytes) -> Talk:
    """Return a peer that sends a byte now and then, until the other side hangs up."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(head)
        connection.settimeout(0.05)
        while True:
            connection.sendall(b"X")
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    return talk


def test_a_page_is_fetched_whole() -> None:
    """The bytes as they came."""
    with peer(says(b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n", PAGE)) as url:
        assert fetch(url, 5) == PAGE


def test_a_page_in_chunks_is_fetched_whole() -> None:
    """As Go's server sends what it does not know the length of."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with peer(says(head, b"18\r\n", PAGE, b"\r\n0\r\n\r\n")) as url:
        assert fetch(url, 5) == PAGE


REFUSALS: list[tuple[str, Talk, ErrorCode, str]] = [
    (
        "a status",
        says(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"),
        EXPORTER_UNREACHABLE,
        "it answers 503",
    ),
    (
        "a redirect",
        says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
        EXPORTER_UNREACHABLE,
        "it answers 302",
    ),
    (
        "an early end",
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", PAGE),
        EXPORTER_UNREACHABLE,
        "its answer ends 75 bytes early",
    ),
    (
        "an early end of a chunk",
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n19\r\n", PAGE),
        EXPORTER_UNREACHABLE,
        "its answer ends early",
    ),
    (
        "half a line",
        says(b"HTTP/1.0 200 OK\r\n\r\n", PAGE[:-2]),
        EXPORTER_PAGE,
        "the page ends in the middle of a line",
    ),
    (
        "too much",
        says(b"HTTP/1.0 200 OK\r\n\r\n", PAGE * 2),
        EXPORTER_PAGE,
        "the page has more than the 40 bytes that are read",
    ),
    (
        "another language",
        says(b"SSH-2.0-OpenSSH\r\n"),
        EXPORTER_UNREACHABLE,
        "it does not speak HTTP (BadStatusLine)",
    ),
    (
        "a head that drips",
        drips(b"HTTP/1.1 200 OK\r\n"),
        EXPORTER_UNREACHABLE,
        "no whole answer within 0.3 seconds",
    ),
    (
        "a body that drips",
        drips(b"HTTP/1.1 200 OK\r\n\r\n"),
        EXPORTER_UNREACHABLE,
        "no whole answer within 0.3 seconds",
    ),
]


@pytest.mark.parametrize(
    ("talk", "code", "why"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_peer_that_gives_no_page_is_told_of_in_one_sentence(
    talk: Talk, code: ErrorCode, why: str
) -> None:
    """With the address and why; the bound on time holds for a peer that drips, too."""
    started = monotonic()
    with peer(talk) as url, pytest.raises(SourceError) as refused:
        fetch(url, 0.3, size_bytes_max=40)
    assert (refused.value.code, refused.value.message) == (code, f"{url}: {why}")
    assert monotonic() - started < 3


def test_an_address_where_nobody_listens_is_told_of() -> None:
    """The system's own words."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(SourceError) as refused:
        fetch(f"http://127.0.0.1:{port}/metrics", 1)
    assert refused.value.message == f"http://127.0.0.1:{port}/metrics: connection refused"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "metrics",
        "ftp://a/",
        "http://",
        "http://a b/",
        "http://u:p@a/",
        "http://a:x/",
        "http://[",
    ],
)
def test_what_is_no_address_is_refused_with_the_way_out(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(SourceError) as refused:
        fetch(url, 1)
    assert refused.value.code is BAD_SETTING
    assert "Write it like http://127.0.0.1:9400/metrics." in str(refused.value)
