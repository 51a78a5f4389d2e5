"""
Fetch a page over HTTP: one request, bounded in size and time, no redirect followed.

The bound on time holds for the whole of it: a peer that gives one byte a second is cut off.
"""

import socket
from contextlib import suppress
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from gpusla.catalogue.codes import BAD_SETTING, EXPORTER_PAGE, EXPORTER_UNREACHABLE
from gpusla.errors import SourceError

SIZE_BYTES_MAX = 16 * 1_048_576
_OK = 200
_HEADERS = {"Accept": "text/plain", "Accept-Encoding": "identity", "Connection": "close"}


def fetch(url: str, timeout: float, size_bytes_max: int = SIZE_BYTES_MAX) -> bytes:
    """
    Return the page at an http or https address.

    timeout: seconds, from the first packet to the last.  Raises SourceError if there is no such
    page, if it is larger, or if it is not here by then.
    """
    parts = _taken_apart(url)
    connection = _connection(parts, timeout)
    cutter = _Cutter(connection, timeout)
    try:
        cutter.start()
        connection.connect()
        cutter.hold()
        connection.request("GET", f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}",
                           headers=_HEADERS)  # fmt: skip
        with connection.getresponse() as response:
            text = _body(response, url, size_bytes_max)
            missing = response.length or 0
        cutter.check()
        return _whole(text, missing, url)
    except (OSError, HTTPException) as cause:
        raise _unreachable(url, _why(cause, cutter, timeout)) from cause
    finally:
        cutter.cancel()
        connection.close()


class _Cutter:
    """Ends a connection when its time is up; a socket's own timeout begins anew with each byte."""

    def __init__(self, connection: HTTPConnection, timeout: float) -> None:
        self.has_cut = False
        self._connection = connection
        self._held: socket.socket | None = None
        self._timer = Timer(timeout, self._cut)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()

    def hold(self) -> None:
        """Take the socket itself: the connection lets go of it once the answer's head is here."""
        self._held = self._connection.sock
        self.check()

    def check(self) -> None:
        """Raise TimeoutError if the time was up; an answer that was cut may look like a whole."""
        if self.has_cut:
            raise TimeoutError

    def _cut(self) -> None:
        self.has_cut = True
        held = self._held or self._connection.sock
        with suppress(OSError):
            if held is not None:
                held.shutdown(socket.SHUT_RDWR)


def _body(response: HTTPResponse, url: str, size_bytes_max: int) -> bytes:
    if response.status != _OK:
        raise _unreachable(url, f"it answers {response.status}")
    text = response.read(size_bytes_max + 1)
    if len(text) > size_bytes_max:
        words = f"{url}: the page has more than the {size_bytes_max:,} bytes that are read"
        raise SourceError(EXPORTER_PAGE, words)
    return text


def _whole(text: bytes, missing: int, url: str) -> bytes:
    """Refuse what was cut off; where no length was told, nothing but the last byte can tell."""
    if missing:
        raise _unreachable(url, _early(missing))
    if text and not text.endswith(b"\n"):
        raise SourceError(EXPORTER_PAGE, f"{url}: the page ends in the middle of a line")
    return text


def _taken_apart(url: str) -> SplitResult:
    with suppress(ValueError):
        parts = urlsplit(url)
        # No user and password either: the address stands in messages and logs.
        is_sendable = url.isascii() and url.isprintable() and not {" ", "@"} & set(url)
        if parts.scheme in {"http", "https"} and parts.hostname and is_sendable:
            _ = parts.port  # Raises ValueError if it is none.
            return parts
    raise SourceError(
        BAD_SETTING,
        f"{url!r} is not the address of a page",
        fix="Write it like http://127.0.0.1:9400/metrics.",
    )


def _connection(parts: SplitResult, timeout: float) -> HTTPConnection:
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout)


def _why(cause: Exception, cutter: _Cutter, timeout: float) -> str:
    if cutter.has_cut or isinstance(cause, TimeoutError):
        return f"no whole answer within {timeout:g} seconds"
    if isinstance(cause, IncompleteRead):  # Some Pythons find out by themselves.
        return _early(cause.expected or 0)
    if isinstance(cause, OSError):
        return (cause.strerror or str(cause)).lower()
    return f"it does not speak HTTP ({type(cause).__name__})"


def _early(missing: int) -> str:
    return f"its answer ends {missing:,} bytes early" if missing else "its answer ends early"


def _unreachable(url: str, why: str) -> SourceError:
    return SourceError(EXPORTER_UNREACHABLE, f"{url}: {why}")
