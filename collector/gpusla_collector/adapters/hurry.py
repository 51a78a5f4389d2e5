"""
Connections on which one answer is waited for only so long in all, however it dribbles in.

A client's own limit is for each read.  A peer that sends a byte now and then meets it for ever, in
the header too, where no caller gets a word in; some hundreds of them would hold every thread.
"""

from typing import Any

import httpcore
import httpx

from gpusla.clock import Clock


class HurriedTransport(httpx.HTTPTransport):
    """
    HTTP as httpx does it, over connections of which none is waited for longer than answer_ms.

    answer_ms: for one answer, from the request's last byte on; what we do between reads is not
    the peer's time and does not count.
    """

    def __init__(self, clock: Clock, answer_ms: int, kept_connections: int) -> None:
        # A client asks a transport of its own, and no proxy that the environment names.
        tls = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=tls)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=None,
            max_keepalive_connections=kept_connections,
            keepalive_expiry=5.0,
            network_backend=_Backend(clock, answer_ms),
        )


class _Backend(httpcore.NetworkBackend):
    """Opens connections."""

    def __init__(self, clock: Clock, answer_ms: int) -> None:
        self._clock, self._answer_ms = clock, answer_ms
        self._inner = httpcore.SyncBackend()

    def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(*arguments, **options)
        return _Stream(stream, self._clock, self._answer_ms)


class _Stream(httpcore.NetworkStream):
    """One connection; its patience begins anew with each request that is written."""

    def __init__(self, inner: httpcore.NetworkStream, clock: Clock, answer_ms: int) -> None:
        self._inner, self._clock, self._answer_ms = inner, clock, answer_ms
        self._waited_ms = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left_ms = self._answer_ms - self._waited_ms
        if left_ms <= 0:
            raise httpcore.ReadTimeout(f"its answer takes over {self._answer_ms // 1000} seconds")
        left = left_ms / 1000
        began_ms = self._clock.monotonic_ms()
        try:
            return self._inner.read(max_bytes, left if timeout is None else min(timeout, left))
        finally:
            self._waited_ms += self._clock.monotonic_ms() - began_ms

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._waited_ms = 0
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(*arguments, **options)
        return _Stream(inner, self._clock, self._answer_ms)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
