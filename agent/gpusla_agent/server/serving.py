"""A running server: takes its address, serves the pages behind the gate, ends when told."""

import socket
import time
from collections.abc import Callable

from gpusla.catalogue.codes import ADDRESS_IN_USE
from gpusla.errors import SettingsError
from gpusla_agent.server.access import guarded
from gpusla_agent.server.channel import Limits, WebServer
from gpusla_agent.server.pages import Application
from gpusla_agent.server.tls_channel import taking
from gpusla_agent.server.watched import WatchedWeb

_BACKLOG = 256


class Server:
    """
    A running server; `run` blocks until `close`.

    web: who may see the pages; without it everybody who reaches the address.
    """

    def __init__(
        self,
        app: Application,
        host: str,
        port: int,
        *,
        web: WatchedWeb | None = None,
        limits: Limits | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the address.  Raises SettingsError(address_in_use) if it cannot be had."""
        listening = listen(host, port)
        self.port: int = listening.getsockname()[1]
        if web is None:
            self._server = WebServer(app, listening, limits or Limits(), now=now)
        else:
            gate = guarded(app, web.access)
            self._server = WebServer(gate, listening, limits or Limits(), taking(web.access), now)

    def run(self) -> None:
        """Serve until closed."""
        self._server.run()

    def close(self) -> None:
        """Let the address and all peers go; may be called from any thread."""
        self._server.stop()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.  Raises SettingsError(address_in_use) if it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as cause:
        message = f"cannot listen on {host}:{port}: {cause.strerror or cause}"
        raise SettingsError(ADDRESS_IN_USE, message) from cause
