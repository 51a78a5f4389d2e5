"""Peers on a socket: one that hears all and answers as it is told, and one that dribbles."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request: headers by name, and the bytes of its body."""

    headers: dict[str, str]
    body: bytes


@contextmanager
def listening(statuses: list[int]) -> Iterator[tuple[str, list[Arrived]]]:
    """Serve one answer after another; gives the URL, and what arrived."""
    arrived: list[Arrived] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.append(Arrived(dict(self.headers), body))
            self.send_response(statuses.pop(0))
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/credits", arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
