"""A peer that speaks TLS: the event loop drives the handshake, which has its own deadline."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from typing import Any

from gpusla_agent.server.access import Access
from gpusla_agent.server.channel import Channel, TakePeer, WebServer, take_plain
from gpusla_agent.server.tls import TlsAccess, names_of


def taking(access: Callable[[], Access]) -> TakePeer:
    """Return what takes a new connection the way the access of the moment asks for."""

    def take(server: WebServer, sock: socket, addr: Any) -> None:
        tls = access().tls
        if tls is None:
            take_plain(server, sock, addr)
            return
        try:
            sock.settimeout(0)
            wrapped = tls.context.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
            )
        except (OSError, ValueError):  # the peer is gone already
            sock.close()
            return
        TlsChannel(server, wrapped, addr, tls)

    return take


class TlsChannel(Channel):
    """
    A peer behind TLS.

    No other thread touches the connection: waitress' workers only fill buffers here.
    """

    def __init__(
        self,
        server: WebServer,
        sock: socket,
        addr: Any,
        tls: TlsAccess,
    ) -> None:
        self._allowed_names = tls.allowed_names
        self._is_shaken = False
        self._wants_write = False
        super().__init__(server, sock, addr)
        self.wait(server.limits.handshake_seconds)

    def readable(self) -> bool:
        """Return whether something of the peer is waited for."""
        if not self._is_shaken:
            return not self._wants_write
        return bool(super().readable())

    def writable(self) -> bool:
        """Return whether something is to be sent."""
        if not self._is_shaken:
            return self._wants_write
        return bool(super().writable())

    def handle_read(self) -> None:
        """Go on with the handshake, or take what the peer sent."""
        if self._is_shaken or self._shake():
            super().handle_read()

    def handle_write(self) -> None:
        """Go on with the handshake, or send what there is."""
        if self._is_shaken:
            super().handle_write()
        else:
            self._shake()

    def recv_from_peer(self, limit_bytes: int) -> bytes:
        """Return what the peer sent; raises BlockingIOError for half a record."""
        try:
            return super().recv_from_peer(limit_bytes)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as cause:
            raise BlockingIOError from cause

    def send(self, content: bytes, do_close: bool = True) -> int:  # noqa: FBT001, FBT002  (waitress' own)
        """Send some of it; return how much."""
        try:
            sent: int = super().send(content, do_close=do_close)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        return sent

    def handle_close(self) -> None:
        """Tell the peer that this is the end, as far as it takes that at once, and let it go."""
        if self._is_shaken and self.socket is not None:
            with suppress(OSError, ValueError):
                self.socket.unwrap()
        super().handle_close()

    def _shake(self) -> bool:
        """Go on with the handshake; return whether it is done and the peer may speak."""
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self._wants_write = False
            return False
        except ssl.SSLWantWriteError:
            self._wants_write = True
            return False
        except (OSError, ValueError):
            self.handle_close()
            return False
        if self._allowed_names and not self._allowed_names & names_of(self.socket.getpeercert()):
            self.handle_close()
            return False
        self._is_shaken = True
        self.wait(self.server.limits.request_seconds)
        return True
