"""Peers that mean no good cost nobody else anything, and are gone after a while."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from gpusla_agent.server import Limits, Server, WatchedWeb
from tests.agent.server.stage import (
    MUTUAL,
    PAGE,
    REQUEST,
    SWIFT,
    FakeNode,
    Hand,
    Reply,
    ask,
    connect,
    connect_slowly,
    descriptors,
    is_dropped,
    papers,
    rest_of,
    serving,
)

HALF = b"GET /metrics HTTP/1.1\r\nHost: a\r\nX-Half:"
HALF_OPEN, SILENT = 300, 100
DROPPED_SECONDS = 20


def p99(measure: Callable[[], object], times: int = 100) -> float:
    """Return the 99th percentile of how many seconds something takes."""
    took = []
    for _ in range(times):
        started = time.monotonic()
        assert measure()
        took.append(time.monotonic() - started)
    return sorted(took)[times * 99 // 100 - 1]


@pytest.mark.slow
def test_three_hundred_half_requests_and_a_hundred_silent_peers_delay_nobody(
    tmp_path: Path,
) -> None:
    """With the limits of production: scrapes under a second, bad peers gone, few descriptors."""
    made = papers(tmp_path)
    client = made.client("prometheus")
    before = descriptors()
    with serving(web=WatchedWeb(made.write(MUTUAL)), limits=Limits()) as server:
        started = time.monotonic()
        bad = [connect(server) for _ in range(SILENT)]
        for _ in range(HALF_OPEN):
            peer = client.wrap_socket(connect(server), server_hostname="127.0.0.1")
            peer.sendall(HALF)
            bad.append(peer)
        slowest = p99(lambda: ask(server, tls=client).body == PAGE)
        held = descriptors() - before - len(bad)
        assert slowest < 1
        assert held < 512 - 100
        dropped = wait_until_dropped(bad)
        print(f"\np99 {slowest * 1000:.0f} ms, {held} descriptors, gone after {dropped:.1f} s")  # noqa: T201
        assert time.monotonic() - started < DROPPED_SECONDS + len(bad) / 100
        assert ask(server, tls=client).body == PAGE
    assert descriptors() <= before


def wait_until_dropped(peers: list[socket.socket]) -> float:
    """Return how long it takes until the server has hung up on all of them."""
    started = time.monotonic()
    for peer in peers:
        peer.settimeout(DROPPED_SECONDS)
        assert is_dropped(peer)
        peer.close()
    return time.monotonic() - started


def test_the_longest_waiting_peer_gives_way() -> None:
    """Full is not closed: who asks is served, and idle peers make room, oldest first."""
    limits = Limits(connections=10, sweep_seconds=0.05)
    with serving(limits=limits) as server:
        idle = [connect(server) for _ in range(30)]
        assert ask(server).body == PAGE
        assert all(is_dropped(peer) for peer in idle[:20])
        last = idle[-1]
        last.sendall(REQUEST)
        assert PAGE in last.recv(65_536)
        for peer in idle:
            peer.close()


def test_a_request_that_trickles_has_no_more_time_than_one_that_stops() -> None:
    """A byte now and then would hold a connection for ever otherwise."""
    with serving() as server, connect(server) as peer:
        peer.settimeout(0.1)
        started = time.monotonic()
        with pytest.raises((ConnectionError, BrokenPipeError)):  # noqa: PT012  (a loop is the claim)
            while time.monotonic() - started < 5:
                peer.sendall(b"G")
                try:
                    assert peer.recv(1) == b""
                except TimeoutError:
                    continue
                raise ConnectionError
        assert SWIFT.request_seconds / 2 < time.monotonic() - started < 3


def test_a_kept_connection_may_ask_again_and_not_wait_for_ever() -> None:
    """Keep-alive works as long as something is asked."""
    with serving() as server, connect(server) as peer:
        for _ in range(3):
            peer.sendall(REQUEST)
            assert PAGE in peer.recv(65_536)
        assert is_dropped(peer)


def test_a_peer_that_fetches_nothing_is_let_go() -> None:
    """Its answer is megabytes; it reads a byte and no more."""
    node, clock = FakeNode(page=b"x" * 20_000_000), Hand()
    with serving(node, limits=Limits(), now=clock) as server, connect_slowly(server) as peer:
        peer.sendall(REQUEST)
        assert peer.recv(1)
        clock.seconds += Limits().answer_seconds
        assert ask(server, "/healthz").status == 200
        assert len(rest_of(peer)) < len(node.page)


def test_slow_readers_of_journals_do_not_keep_scrapes_away() -> None:
    """What waits to be fetched is bounded; a scrape needs little of it."""
    node = FakeNode(lines=[b"x" * 4_000_000])
    with serving(node, limits=Limits(sweep_seconds=0.05)) as server:
        slow = [connect_slowly(server) for _ in range(20)]
        refused = 0
        for peer in slow:
            peer.sendall(REQUEST.replace(b"metrics", b"journal"))
            refused += b" 503 " in peer.recv(1_000)
        assert refused >= 2
        assert ask(server).body == PAGE
        busy = ask(server, "/journal")
        assert (busy.status, b"server_busy" in busy.body) == (503, True)
        assert b"Retry-After: 5\r\n" in busy.raw
        for peer in slow:
            peer.close()


def test_two_journal_readers_at_once_are_enough() -> None:
    """A third is told to come again, and scrapes have their own threads."""
    node = FakeNode(gate=Event())
    with serving(node) as server, ThreadPoolExecutor(2) as readers:
        reads = [readers.submit(ask, server, "/journal") for _ in range(2)]
        for _ in reads:
            assert node.reading.acquire(timeout=5)
        assert ask(server, "/journal").status == 503
        assert ask(server).body == PAGE
        assert node.gate is not None
        node.gate.set()
        assert [read.result().status for read in reads] == [200, 200]


def test_requests_behind_one_another_are_answered_once() -> None:
    """Some hundred fit in a packet, and each could ask for megabytes."""
    with serving() as server, connect(server) as peer:
        peer.sendall(REQUEST * 100)
        assert rest_of(peer).count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413),
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
        (
            REQUEST.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            + b"0\r\n\r\n",
            413,
        ),
        (b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405),
        (b"DELETE /journal HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
    ],
)
def test_what_is_too_much_or_no_request_is_refused(request_bytes: bytes, status: int) -> None:
    """Whatever is sent, and the next peer is served."""
    with serving() as server:
        with connect(server) as peer:
            peer.sendall(request_bytes)
            assert Reply(peer.recv(65_536)).status == status
        assert ask(server).body == PAGE


def test_urgent_bytes_end_a_connection() -> None:
    """HTTP has none, and a log line for each would fill the log."""
    with serving() as server, connect(server) as peer:
        peer.send(b"!", socket.MSG_OOB)
        assert is_dropped(peer)
        assert ask(server).body == PAGE


def test_a_peer_that_is_gone_before_its_answer_harms_nobody() -> None:
    """Resets in every stage of a request."""
    node = FakeNode(page=b"x" * 3_000_000)
    with serving(node, limits=Limits(sweep_seconds=0.05)) as server:
        for sent in (b"", HALF, REQUEST):
            peer = connect(server)
            peer.sendall(sent)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.close()
        assert ask(server).body == node.page


def test_a_server_ends_with_its_peers() -> None:
    """Nothing is left open, neither the address nor a connection."""
    before = descriptors()
    with serving() as server:
        port = server.port
        peers = [connect(server) for _ in range(3)]
        assert ask(server).body == PAGE
    assert all(is_dropped(peer) for peer in peers)
    for peer in peers:
        peer.close()
    assert descriptors() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert isinstance(server, Server)
