"""
The server of waitress, with deadlines that no peer can stretch and a bounded number of peers.

waitress itself waits for a peer as long as a byte comes now and then, measures that with the wall
clock, cannot close a peer that reads nothing, and stops accepting at its limit of connections, so
that idle peers keep the others out.  Here every peer has a deadline for its request and one for
fetching its answer, on the monotonic clock, the longest waiting gives way to a new one, and one
thread alone touches sockets.  Rests on waitress 3.0; tests/agent/server holds what it relies on.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel  # type: ignore[import-untyped]
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]
from waitress.task import WSGITask  # type: ignore[import-untyped]
from waitress.wasyncore import close_all, poll2  # type: ignore[import-untyped]

from gpusla_agent.server.pages import UNSENT_BYTES, Application

_ACCEPTS_MAX = 64
"""So many new peers at a time, then the others have their turn."""

_RECV_BYTES = 16_384
"""A TLS record holds no more, so nothing of it stays where poll does not see it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What peers may cost.

    connections: peers at once; one more makes the longest waiting give way.  threads: answers made
    at once.  handshake_seconds: for TLS.  request_seconds: from the connection or the answer before
    to the end of a request.  answer_seconds: to fetch the answer.  sweep_seconds: how often
    deadlines are looked at.
    """

    connections: int = 256
    threads: int = 4
    handshake_seconds: float = 5
    request_seconds: float = 10
    answer_seconds: float = 30
    sweep_seconds: float = 1
    header_bytes: int = 8_192


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """One request; tells the application how much waits to be fetched."""

    def get_environment(self) -> dict[str, Any]:
        """Return the request's WSGI environment."""
        environ: dict[str, Any] = super().get_environment()
        environ[UNSENT_BYTES] = self.channel.server.unsent_bytes()
        return environ


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """
    One peer.

    deadline_seconds: on the monotonic clock; it does not count while an answer is being made.
    is_receiving: bytes are being taken in, and no worker may begin yet.
    """

    task_class = Task

    def __init__(self, server: "WebServer", sock: socket, addr: Any) -> None:
        self.opened_seconds = server.now()
        self.deadline_seconds = self.opened_seconds + server.limits.request_seconds
        self.has_asked = False
        self.is_receiving = False
        self._is_answering = False
        super().__init__(server, sock, addr, server.adj, map=server.channels)

    def handle_read(self) -> None:
        """Take what the peer sent."""
        try:
            content = self.recv_from_peer(_RECV_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.handle_close()
            return
        if content:
            self.received(content)
        else:
            self.handle_close()

    def recv_from_peer(self, limit_bytes: int) -> bytes:
        """Return what the peer sent, nothing at its end; raises BlockingIOError for nothing yet."""
        content: bytes = self.socket.recv(limit_bytes)
        return content

    def handle_write(self) -> None:
        """Send what there is; afterwards the peer may ask again."""
        super().handle_write()
        is_sent = not self.requests and not self.total_outbufs_len
        if self._is_answering and is_sent and self.connected:
            self._is_answering = False
            self.wait(self.server.limits.request_seconds)

    def handle_expt(self) -> None:
        """Let go of a peer that sends urgent data: HTTP has none."""
        self.handle_close()

    def received(self, content: bytes) -> None:
        """Take in bytes of a request; of more than one, only the first is answered."""
        is_first, is_busy = self.request is None, bool(self.requests)
        self.is_receiving = True
        super().received(content)
        self.is_receiving = False
        if is_first and self.request is not None:
            self.wait(self.server.limits.request_seconds)
        if self.requests and not is_busy:
            self._refuse_pipeline()
            self.server.add_task(self)

    def _refuse_pipeline(self) -> None:
        # Some hundred requests fit into one packet, and each may ask for megabytes.
        for request in self.requests[1:]:
            request.close()
            self.requests[0].headers["CONNECTION"] = "close"
        del self.requests[1:]

    def write_soon(self, content: bytes) -> int:
        """
        Take a part of an answer; called in a worker thread.

        waitress would send from here as well, and a TLS connection bears one thread only.
        """
        with self.outbuf_lock:
            if not self.connected:
                raise ClientDisconnected
            self.outbufs[-1].append(content)
            self.total_outbufs_len += len(content)
        return len(content)

    def service(self) -> None:
        """Make an answer; called in a worker thread."""
        self.has_asked = self._is_answering = True
        self.wait(self.server.limits.answer_seconds)
        super().service()

    def wait(self, seconds: float) -> None:
        """Give the peer time for what it has to do next."""
        self.deadline_seconds = self.server.now() + seconds


TakePeer = Callable[["WebServer", socket, Any], None]
"""Makes a channel of a new connection, or closes it."""


class WebServer(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """
    The listening socket and its peers.

    take: what becomes of a new connection; plain HTTP by default.  channels: what is polled, by
    descriptor.
    """

    channel_class = Channel

    def __init__(
        self,
        app: Application,
        listening: socket,
        limits: Limits,
        take: TakePeer | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self.now = now
        self._take = take or take_plain
        self._sweep_at = now()
        self.channels: dict[int, Any] = {}
        # One line for each request that waits would let any peer fill the log.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        sockinfo = (listening.family, listening.type, listening.proto, listening.getsockname())
        super().__init__(
            app,
            self.channels,
            _sock=listening,
            sockinfo=sockinfo,
            bind_socket=False,
            threads=limits.threads,
            ident=None,
            connection_limit=2**31,  # peers give way instead
            max_request_header_size=limits.header_bytes,
            max_request_body_size=1_024,
            outbuf_overflow=64 * 1024 * 1024,  # never to a file: the disk belongs to the journal
            log_socket_errors=False,
            clear_untrusted_proxy_headers=True,
        )

    def run(self) -> None:
        """Serve until closed."""
        while self.channels:
            poll2(self.limits.sweep_seconds, self.channels)
            self._sweep()
        self.task_dispatcher.shutdown()

    def stop(self) -> None:
        """Let the address and all peers go; may be called from any thread."""
        self.trigger.pull_trigger(lambda: close_all(self.channels, ignore_all=True))

    def unsent_bytes(self) -> int:
        """Return how much peers have asked for and not fetched yet."""
        return sum(one.total_outbufs_len for one in list(self.active_channels.values()))

    def add_task(self, task: Channel) -> None:
        """Have a worker answer a peer, once all that it sent was looked at."""
        if not task.is_receiving:
            super().add_task(task)

    def readable(self) -> bool:
        """Return whether new peers may come; always, as old ones give way."""
        return bool(self.accepting)

    def handle_accept(self) -> None:
        """Take the peers that came."""
        for _ in range(_ACCEPTS_MAX):
            try:
                pair = self.accept()
            except OSError:  # gone before it was taken, or no descriptors left
                return
            if pair is None:
                return
            with suppress(OSError):
                # Without it an answer over TLS waits 40 ms for the peer's acknowledgement.
                pair[0].setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            self._take(self, *pair)

    def _sweep(self) -> None:
        """
        Close who is late, and who has waited longest if there are too many.

        Between two polls, so that no event of a closed peer meets the next one with its number.
        """
        channels = [one for one in self.active_channels.values() if not one.requests]
        for one in self._surplus(channels):
            one.handle_close()
        now_seconds = self.now()
        if now_seconds < self._sweep_at:
            return
        self._sweep_at = now_seconds + self.limits.sweep_seconds
        for one in channels:
            if one.deadline_seconds <= now_seconds:
                one.handle_close()

    def _surplus(self, channels: list[Channel]) -> list[Channel]:
        count = len(self.active_channels) - self.limits.connections
        if count <= 0:
            return []
        channels.sort(key=lambda one: (one.has_asked, one.opened_seconds))
        return channels[:count]


def take_plain(server: WebServer, sock: socket, addr: Any) -> None:
    """Speak HTTP with a new peer."""
    Channel(server, sock, addr)
