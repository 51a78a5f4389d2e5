"""The demo's on-call: takes what Alertmanager sends and keeps it."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BODY_BYTES_MAX = 1_048_576


@dataclass(frozen=True, slots=True)
class Page:
    """One notification: where it was sent, and the names of the alerts in it."""

    path: str
    alert_names: tuple[str, ...]
    status: str


class Pager:
    """A webhook receiver on loopback; `pages` grows in order of arrival."""

    def __init__(self, port: int) -> None:
        self.pages: list[Page] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length", 0)), BODY_BYTES_MAX)
                pages.append(_page(self.path, json.loads(self.rfile.read(length))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing: the demo prints what arrived."""

        return Handler


def _page(path: str, message: dict[str, Any]) -> Page:
    names = sorted({alert["labels"].get("alertname", "") for alert in message["alerts"]})
    return Page(path, tuple(names), message["status"])
