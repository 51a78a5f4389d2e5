"""Peers that answer as none should."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager


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
