"""
What an agent serves over HTTP: `/metrics`, `/journal` and `/healthz`, for one node or many.

`application` is plain WSGI, so that tests call it without a socket; `serve` runs it on a server
that drops half-open and silent peers (prometheus_client's own would be stopped by one of them).
"""

import json
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

from waitress.server import create_server  # type: ignore[import-untyped]
from waitress.wasyncore import close_all  # type: ignore[import-untyped]

from gpusla.catalogue.codes import (
    ADDRESS_IN_USE,
    JOURNAL_FORKED,
    UNKNOWN_REFERENCE,
    WRONG_TYPE,
    ErrorCode,
)
from gpusla.errors import SettingsError
from gpusla.identity import NodeName
from gpusla.journal.chain import Head

PAGE_BYTES_MAX = 4 * 1024 * 1024
PAGE_RECORDS_MAX = 20_000

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


class _RefusedError(Exception):
    """An answer that is not 200, on its way to the caller."""

    def __init__(self, status: str, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.content = {"code": code.code, "name": code.name, "message": message}


def application(views: Mapping[str, Served]) -> Application:
    """
    Return the WSGI application that serves some nodes.

    views: by path prefix; the prefix is empty for an agent of one node and `/nodes/NODE` in a
    fleet.  `/healthz` without a prefix is always there and speaks for all.
    """

    def respond(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, headers, body = _answer(views, environ)
        except _RefusedError as refusal:
            status, headers = refusal.status, [("Content-Type", _JSON)]
            body = json.dumps(refusal.content).encode()
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return respond


_Answer = tuple[str, list[tuple[str, str]], bytes]


def _answer(views: Mapping[str, Served], environ: dict[str, Any]) -> _Answer:
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        raise _RefusedError("405 Method Not Allowed", WRONG_TYPE, "only GET and HEAD are served")
    path = environ.get("PATH_INFO", "")
    prefix, _, page = path.rpartition("/")
    if page == "healthz" and prefix == "":
        return _health(views.values())
    view = views.get(prefix)
    if view is None or page not in {"metrics", "journal", "healthz"}:
        known = ", ".join(f"{one}/metrics" for one in list(views)[:3])
        raise _RefusedError(
            "404 Not Found", UNKNOWN_REFERENCE, f"{path!r} is not served; {known} is"
        )
    if page == "healthz":
        return _health([view])
    if page == "journal":
        return _journal(view, environ.get("QUERY_STRING", ""))
    body, content_type = view.metrics(environ.get("HTTP_ACCEPT", ""))
    return "200 OK", [("Content-Type", content_type)], body


def _health(views: Iterable[Served]) -> _Answer:
    troubles = {view.node: found for view in views if (found := view.troubles())}
    status = "503 Service Unavailable" if troubles else "200 OK"
    body = json.dumps({"healthy": not troubles, "troubles": troubles}).encode()
    return status, [("Content-Type", _JSON)], body


def _journal(view: Served, query: str) -> _Answer:
    after = _count(query, "after", 0)
    limit = min(_count(query, "limit", PAGE_RECORDS_MAX), PAGE_RECORDS_MAX)
    lines = view.read(after, limit, PAGE_BYTES_MAX)
    head = view.durable  # Asked for last, so it is never behind the lines.
    if after > head.sequence:
        message = f"node {view.node} has {head.sequence} records, and none after {after}"
        raise _RefusedError("409 Conflict", JOURNAL_FORKED, message)
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
        raise _RefusedError("400 Bad Request", WRONG_TYPE, f"{name} is not a count: {query[:80]!r}")
    return value


class Server:
    """A running server; `run` blocks until `close`."""

    def __init__(self, app: Application, host: str, port: int) -> None:
        """Take the address.  Raises SettingsError(address_in_use) if it cannot be had."""
        listening = _listen(host, port)
        self.port: int = listening.getsockname()[1]
        self._channels: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._channels,
            sockets=[listening],
            threads=2,
            ident=None,
            connection_limit=64,
            channel_timeout=10,  # What a peer may be silent for.
            cleanup_interval=5,
            max_request_header_size=8_192,
            max_request_body_size=1_024,
            clear_untrusted_proxy_headers=True,
        )

    def run(self) -> None:
        """Serve until closed."""
        self._server.run()
        self._server.task_dispatcher.shutdown()

    def close(self) -> None:
        """Let the address and all peers go; may be called from any thread."""
        self._server.trigger.pull_trigger(lambda: close_all(self._channels, ignore_all=True))


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=64)
    except OSError as cause:
        message = f"cannot listen on {host}:{port}: {cause.strerror or cause}"
        raise SettingsError(ADDRESS_IN_USE, message) from cause
