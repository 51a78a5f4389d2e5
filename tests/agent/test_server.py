"""What is served, to whom it is refused, and that peers who say nothing stop nobody."""

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gpusla.errors import SettingsError
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla_agent.server import PAGE_BYTES_MAX, Server, application

NODE = NodeName("c2-r01-t03")


@dataclass(slots=True)
class FakeNode:
    """A node with a journal of numbered lines."""

    node: NodeName = NODE
    lines: list[bytes] = field(default_factory=lambda: [b"1", b"2", b"3"])
    wrong: list[str] = field(default_factory=list)
    lost: int | None = None
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def durable(self) -> Head:
        """The last line."""
        return Head(len(self.lines), "d" * 64)

    def read(self, after: int, limit_records: int, limit_bytes: int) -> list[bytes]:
        """Return lines after one."""
        self.asked.append((after, limit_records, limit_bytes))
        return self.lines[: self.lost][after : after + limit_records]

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return a page."""
        return b"page for " + accept.encode(), "text/plain; version=0.0.4; charset=utf-8"

    def troubles(self) -> list[str]:
        """Return what was set."""
        return self.wrong


def get(
    node: FakeNode, target: str, *, method: str = "GET", prefix: str = ""
) -> tuple[str, dict[str, str], bytes]:
    """Call the application and return status, headers and body."""
    path, _, query = target.partition("?")
    answer: list[Any] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_ACCEPT": "text/plain",
    }
    body = application({prefix: node})(environ, lambda *arguments: answer.extend(arguments))
    status, headers = answer
    return status, dict(headers), b"".join(body)


def test_a_journal_is_lines_with_the_head_beside_them() -> None:
    """The collector sees what it got, whose it is, and how much there is."""
    node = FakeNode()

    status, headers, body = get(node, "/journal?after=1")

    assert (status, body) == ("200 OK", b"2\n3\n")
    assert headers == {
        "Content-Type": "application/x-ndjson",
        "Content-Length": "4",
        "X-Gpusla-Node": "c2-r01-t03",
        "X-Gpusla-Head": "3 " + "d" * 64,
    }
    assert node.asked == [(1, 2, PAGE_BYTES_MAX)]  # no further than the head that goes along


def test_records_that_cannot_be_read_are_no_empty_page() -> None:
    """
    A segment was cut short under a running agent.

    With a head ahead and no lines the collector would wait for records that never come.
    """
    node = FakeNode()
    node.lost = 2
    status, _, body = get(node, "/journal?after=2")
    assert status == "500 Internal Server Error"
    assert "has 3 records, and cannot read after 2" in json.loads(body)["message"]
    assert get(node, "/journal?after=0")[2] == b"1\n2\n"


def test_nothing_new_is_an_empty_page() -> None:
    """A reader at the head gets no lines and no error."""
    status, _, body = get(FakeNode(), "/journal?after=3&limit=10")
    assert (status, body) == ("200 OK", b"")


def test_a_reader_ahead_of_the_journal_is_told_of_a_fork() -> None:
    """What was taken in and is not there any more is a conflict, not an empty answer."""
    status, headers, body = get(FakeNode(), "/journal?after=4")

    assert (status, headers["Content-Type"]) == ("409 Conflict", "application/json")
    assert json.loads(body) == {
        "code": "GS3004",
        "name": "journal_forked",
        "message": "node c2-r01-t03 has 3 records, and none after 4",
    }


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=1.5", "after=9223372036854775808"])
def test_a_number_that_is_none_is_refused(query: str) -> None:
    """With the same shape of error as everything else."""
    status, _, body = get(FakeNode(), f"/journal?{query}")
    assert status == "400 Bad Request"
    assert json.loads(body)["name"] == "wrong_type"


@pytest.mark.parametrize("path", ["/", "/secret", "/nodes/other/metrics", "//metrics", "/metrics/"])
def test_other_paths_are_not_served(path: str) -> None:
    """Not any path is a page of metrics."""
    assert get(FakeNode(), path)[0] == "404 Not Found"


def test_nothing_can_be_changed() -> None:
    """There is no method but reading."""
    assert get(FakeNode(), "/journal", method="POST")[0] == "405 Method Not Allowed"


def test_head_has_no_body() -> None:
    """Its length is told."""
    status, headers, body = get(FakeNode(), "/metrics", method="HEAD")
    assert (status, headers["Content-Length"], body) == ("200 OK", "19", b"")


def test_health_tells_trouble() -> None:
    """A page that is always green watches nothing."""
    status, _, body = get(FakeNode(wrong=["no sample for 12 seconds"]), "/healthz")

    assert status == "503 Service Unavailable"
    assert json.loads(body) == {
        "healthy": False,
        "troubles": {"c2-r01-t03": ["no sample for 12 seconds"]},
    }
    assert get(FakeNode(), "/healthz")[0] == "200 OK"


def test_a_fleet_serves_each_node_under_its_prefix() -> None:
    """And health for all without one."""
    node, prefix = FakeNode(), "/nodes/c2-r01-t03"
    assert get(node, f"{prefix}/journal?after=2", prefix=prefix)[2] == b"3\n"
    assert get(node, f"{prefix}/metrics", prefix=prefix)[2] == b"page for text/plain"
    assert get(node, f"{prefix}/healthz", prefix=prefix)[0] == "200 OK"
    assert get(node, "/healthz", prefix=prefix)[0] == "200 OK"
    assert get(node, "/metrics", prefix=prefix)[0] == "404 Not Found"


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve on loopback."""
    running = Server(application({"": FakeNode()}), "127.0.0.1", 0)
    thread = threading.Thread(target=running.run)
    thread.start()
    yield running
    running.close()
    thread.join(5)


def fetch(server: Server) -> bytes:
    """Ask for the page as a scraper does."""
    url = f"http://127.0.0.1:{server.port}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        content: bytes = answer.read()
        return content


def test_silent_and_half_open_peers_stop_nobody(server: Server) -> None:
    """Forty peers that never finish their request leave the page as fast as it was."""
    peers = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    for peer in peers[10:]:
        peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nX-Half:")

    started = time.monotonic()
    page = fetch(server)

    assert page.startswith(b"page for")
    assert time.monotonic() - started < 1
    for peer in peers:
        peer.close()


def test_a_taken_address_is_said_so(server: Server) -> None:
    """With the address in the sentence."""
    with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{server.port}: Address"):
        Server(application({}), "127.0.0.1", server.port)
