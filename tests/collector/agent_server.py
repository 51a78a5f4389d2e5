"""
A real HTTP server with the agents' journals, in a thread or as a process of its own.

`python tests/collector/agent_server.py DIRECTORY` serves every DIRECTORY/<node>.jsonl, read anew
for each request, prints its port and ends when its standard input is closed.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import digest

PATH = re.compile(r"/nodes/([a-z0-9-]+)/journal")
PAGE_BYTES = 4 * 2**20
LinesOf = Callable[[str], list[bytes] | None]


class Handler(BaseHTTPRequestHandler):
    """Answers like an agent; the server carries lines_of and what to spoil."""

    protocol_version = "HTTP/1.1"
    server: "JournalServer"

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        found = PATH.fullmatch(url.path)
        lines = self.server.lines_of(found[1]) if found else None
        if found is None or lines is None:
            return self._send(404, b"{}", {})
        query = parse_qs(url.query)
        after, limit = int(query["after"][0]), int(query["limit"][0])
        if after > len(lines):
            error = {"code": "GS3004", "name": "journal_forked", "message": "beyond the head"}
            return self._send(409, json.dumps(error).encode(), {})
        head = Head(len(lines), digest(lines[-1])) if lines else EMPTY
        content = _page(lines[after : after + limit])
        headers = {"X-Gpusla-Node": found[1], "X-Gpusla-Head": f"{head.sequence} {head.digest}"}
        return self._send(*self.server.spoil(200, content, headers))

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


class JournalServer(ThreadingHTTPServer):
    """Serves what lines_of gives for a node; None means that there is no such node."""

    daemon_threads = True

    def __init__(self, lines_of: LinesOf) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lines_of = lines_of
        self.spoil: Callable[[int, bytes, dict[str, str]], tuple[int, bytes, dict[str, str]]] = (
            lambda status, content, headers: (status, content, headers)
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a collector that was killed leaves its requests unanswered."""

    def address(self, node: str) -> str:
        """Return the base URL of a node."""
        return f"http://127.0.0.1:{self.server_port}/nodes/{node}"


@contextmanager
def serving(lines_of: LinesOf) -> Iterator[JournalServer]:
    """Serve from a thread."""
    server = JournalServer(lines_of)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(lines: list[bytes]) -> bytes:
    page = bytearray()
    for line in lines:
        if page and len(page) + len(line) + 1 > PAGE_BYTES:
            break
        page += line + b"\n"
    return bytes(page)


def main(directory: Path) -> None:
    """Serve files until standard input ends."""

    def lines_of(node: str) -> list[bytes] | None:
        path = directory / f"{node}.jsonl"
        return path.read_bytes().splitlines() if path.exists() else None

    with serving(lines_of) as server:
        print(server.server_port, flush=True)  # noqa: T201  (how the parent learns it)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
