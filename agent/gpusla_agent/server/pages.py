"""
What an agent serves over HTTP: `/metrics`, `/journal` and `/healthz`, for one node or many.

`application` is plain WSGI, so that tests call it without a socket.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

from gpusla.catalogue.codes import (
    JOURNAL_CORRUPT,
    JOURNAL_FORKED,
    SERVER_BUSY,
    UNKNOWN_REFERENCE,
    WRONG_TYPE,
    ErrorCode,
)
from gpusla.identity import NodeName
from gpusla.journal.chain import Head

PAGE_BYTES_MAX = 4 * 1024 * 1024
PAGE_RECORDS_MAX = 20_000

JOURNAL_READS_MAX = 2
"""More at once of one node are told to come again: they would keep threads from scrapes."""

UNSENT_BYTES = "gpusla.unsent_bytes"
"""In a request's environment: what peers have asked for and not fetched yet; absent without one."""

UNSENT_BYTES_MAX = {"journal": 8 * 1024 * 1024, "metrics": 24 * 1024 * 1024}
"""With more waiting for each node that is served, a page is refused; slow readers of journals
cannot keep scrapes away."""

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_JSON = "application/json"
_LINES = "application/x-ndjson"


class Served(Protocol):
    """One node as it is served; called from the server's threads."""

    @property
    def node(self) -> NodeName:
        """Its name."""

    @property
    def durable(self) -> Head:
        """The last journal record that is safe on disk."""

    def read(self, after: int, limit_records: int, limit_bytes: int) -> list[bytes]:
        """Return durable journal lines over after, in order."""

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the page of metrics and its content type."""

    def troubles(self) -> list[str]:
        """Return what is wrong with the node's metering, in words; empty if nothing is."""


Answer = tuple[str, list[tuple[str, str]], bytes]


class RefusedError(Exception):
    """An answer that is not 200, on its way to the caller; headers: those that only it has."""

    def __init__(self, status: str, code: ErrorCode, message: str, **headers: str) -> None:
        super().__init__(message)
        self._status = status
        self._headers = [(name.replace("_", "-"), value) for name, value in headers.items()]
        self._content = {"code": code.code, "name": code.name, "message": message}

    def answer(self) -> Answer:
        """Return status, headers without the length, and body."""
        body = json.dumps(self._content).encode()
        return self._status, [("Content-Type", _JSON), *self._headers], body


def application(views: Mapping[str, Served]) -> Application:
    """
    Return the WSGI application that serves some nodes.

    views: by path prefix; the prefix is empty for an agent of one node and `/nodes/NODE` in a
    fleet.  `/healthz` without a prefix is always there and speaks for all.
    """
    reading = _Readers()

    def respond(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, headers, body = _answer(views, environ, reading)
        except RefusedError as refusal:
            status, headers, body = refusal.answer()
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return respond


class _Readers:
    """How many read the journal of each node now."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._guard = threading.Lock()

    def enter(self, prefix: str) -> bool:
        """Return whether one more may read; it must leave then."""
        with self._guard:
            if self._counts[prefix] >= JOURNAL_READS_MAX:
                return False
            self._counts[prefix] += 1
            return True

    def leave(self, prefix: str) -> None:
        """Make room for another."""
        with self._guard:
            self._counts[prefix] -= 1


def _answer(views: Mapping[str, Served], environ: dict[str, Any], reading: "_Readers") -> Answer:
    _check_request(environ)
    path = environ.get("PATH_INFO", "")
    prefix, _, page = path.rpartition("/")
    if page == "healthz" and prefix == "":
        return _health(views.values())
    view = views.get(prefix)
    if view is None or page not in {"metrics", "journal", "healthz"}:
        known = ", ".join(f"{one}/metrics" for one in list(views)[:3])
        raise RefusedError(
            "404 Not Found", UNKNOWN_REFERENCE, f"{path!r} is not served; {known} is"
        )
    if page == "healthz":
        return _health([view])
    if environ.get(UNSENT_BYTES, 0) > UNSENT_BYTES_MAX[page] * len(views):
        raise _busy("too much is waiting for peers that do not fetch it")
    if page == "metrics":
        body, content_type = view.metrics(environ.get("HTTP_ACCEPT", ""))
        return "200 OK", [("Content-Type", content_type)], body
    if not reading.enter(prefix):
        raise _busy("the journal has as many readers as it may have at once")
    try:
        return _journal(view, environ.get("QUERY_STRING", ""))
    finally:
        reading.leave(prefix)


def _check_request(environ: Mapping[str, Any]) -> None:
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        raise RefusedError("405 Method Not Allowed", WRONG_TYPE, "only GET and HEAD are served")
    if environ.get("CONTENT_LENGTH", "") not in {"", "0"}:
        raise RefusedError("413 Content Too Large", WRONG_TYPE, "a request has no body here")


def _busy(words: str) -> RefusedError:
    return RefusedError("503 Service Unavailable", SERVER_BUSY, words, Retry_After="5")


def _health(views: Iterable[Served]) -> Answer:
    troubles = {view.node: found for view in views if (found := view.troubles())}
    status = "503 Service Unavailable" if troubles else "200 OK"
    body = json.dumps({"healthy": not troubles, "troubles": troubles}).encode()
    return status, [("Content-Type", _JSON)], body


def _journal(view: Served, query: str) -> Answer:
    after = _count(query, "after", 0)
    limit = min(_count(query, "limit", PAGE_RECORDS_MAX), PAGE_RECORDS_MAX)
    head = view.durable
    if after > head.sequence:
        message = f"node {view.node} has {head.sequence} records, and none after {after}"
        raise RefusedError("409 Conflict", JOURNAL_FORKED, message)
    # No further than the head, so that no record is given that it does not speak of.
    lines = view.read(after, min(limit, head.sequence - after), PAGE_BYTES_MAX)
    if not lines and limit and after < head.sequence:
        message = f"node {view.node} has {head.sequence} records, and cannot read after {after}"
        raise RefusedError("500 Internal Server Error", JOURNAL_CORRUPT, message)
    headers = [
        ("Content-Type", _LINES),
        ("X-Gpusla-Node", view.node),
        ("X-Gpusla-Head", f"{head.sequence} {head.digest}"),
    ]
    return "200 OK", headers, b"".join(line + b"\n" for line in lines)


def _count(query: str, name: str, default: int) -> int:
    try:
        values = parse_qs(query, max_num_fields=8).get(name, [])
        value = int(values[-1]) if values else default
    except ValueError:
        value = -1
    if not 0 <= value < 2**63:
        raise RefusedError("400 Bad Request", WRONG_TYPE, f"{name} is not a count: {query[:80]!r}")
    return value
