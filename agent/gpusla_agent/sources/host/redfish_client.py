"""
One conversation with a BMC over HTTP: read-only, verified, and bounded in time and size.

Only paths of the same host are asked for, redirects are not followed, and no proxy is used: the
credentials go to the BMC that was named and to nobody else.
"""

import base64
import http.client
import json
import os
import socket
import ssl
import threading
import urllib.parse
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gpusla.catalogue.codes import BAD_SETTING
from gpusla.errors import Position, SettingsError
from gpusla_agent.sources.host.settings import RedfishSettings

RESPONSE_BYTES_MAX = 1 << 20
REQUESTS_MAX = 300
"""In one conversation; a GB300 tray's BMC lists about forty chassis."""

_ROOT = "/redfish/"
_OTHERS_MAY_READ = 0o077
_CREDENTIAL_BYTES_MAX = 1_024
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class BmcError(Exception):
    """The BMC cannot be asked, or does not answer as it should; the text says why."""


def check_redfish(settings: RedfishSettings) -> None:
    """
    Check what can be checked without asking the BMC.

    Raises SettingsError for an address that would send the credentials in the clear, and for a
    credentials file that cannot be used.
    """
    try:
        _address(settings.url)
        _authorization(settings.credentials)
        _context(settings.certificate_authority)
    except BmcError as cause:
        where = Position(str(settings.credentials))
        raise SettingsError(BAD_SETTING, f"redfish: {cause}", position=where) from cause


class Bmc:
    """A conversation; use it in a `with`, from one thread, for one poll."""

    def __init__(self, settings: RedfishSettings) -> None:
        """Raises BmcError if the settings cannot be honoured; nothing is sent yet."""
        scheme, host, port = _address(settings.url)
        seconds = settings.total_ms / 1_000
        self._headers = {
            "Authorization": _authorization(settings.credentials),
            "Accept": "application/json",
            "OData-Version": "4.0",
        }
        self._connection = (
            http.client.HTTPConnection(host, port, timeout=seconds)
            if scheme == "http"
            else http.client.HTTPSConnection(
                host, port, timeout=seconds, context=_context(settings.certificate_authority)
            )
        )
        self._requests = 0
        self._is_over = False
        self._alarm = threading.Timer(seconds, self._hang_up)
        self._alarm.daemon = True

    def __enter__(self) -> Self:
        self._alarm.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._alarm.cancel()
        self._connection.close()

    def get(self, path: str) -> dict[str, Any] | None:
        """
        Return the resource at a path, None if there is none (404).

        Raises BmcError for everything else that is not a JSON object.
        """
        if self._is_over:
            raise BmcError("the BMC takes too long")
        if not path.startswith(_ROOT) or not path.isascii() or not path.isprintable():
            raise BmcError("a link leads out of /redfish/")
        self._requests += 1
        if self._requests > REQUESTS_MAX:
            raise BmcError(f"more than {REQUESTS_MAX} requests would be needed")
        status, content = self._ask(path)
        if status == http.client.NOT_FOUND:
            return None
        if status != http.client.OK:
            raise BmcError(f"the BMC answers with {status}")
        try:
            resource = json.loads(content)
        except (ValueError, RecursionError) as cause:
            raise BmcError("the BMC answers with no JSON") from cause
        if not isinstance(resource, dict):
            raise BmcError("the BMC answers with no resource")
        return resource

    def _ask(self, path: str) -> tuple[int, bytes]:
        try:
            self._connection.request("GET", path, headers=self._headers)
            response = self._connection.getresponse()
            content = response.read(RESPONSE_BYTES_MAX + 1)
        except (OSError, http.client.HTTPException) as cause:
            words = "takes too long" if self._is_over else f"cannot be asked: {_words(cause)}"
            raise BmcError(f"the BMC {words}") from cause
        if self._is_over:
            raise BmcError("the BMC takes too long")
        if len(content) > RESPONSE_BYTES_MAX:
            raise BmcError(f"an answer has more than {RESPONSE_BYTES_MAX} bytes")
        return response.status, content

    def _hang_up(self) -> None:
        # Another thread waits for the socket; a shutdown is what ends that at once.
        self._is_over = True
        connected = self._connection.sock
        if connected is not None:
            with suppress(OSError):  # It was closed meanwhile.
                connected.shutdown(socket.SHUT_RDWR)


def _words(cause: OSError | http.client.HTTPException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted ({cause.verify_message})"
    return getattr(cause, "strerror", None) or type(cause).__name__


def _address(url: str) -> tuple[str, str, int]:
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as cause:
        raise BmcError(f"'{url}' is no address") from cause
    host = parts.hostname
    if host is None or parts.scheme not in {"http", "https"} or parts.path not in {"", "/"}:
        raise BmcError(f"'{url}' is not https://<address>[:port]")
    if parts.username is not None:
        raise BmcError("credentials belong in their file and not in the address")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise BmcError(f"'{url}' would send the credentials in the clear")
    return parts.scheme, host, port or (80 if parts.scheme == "http" else 443)


def _authorization(path: Path) -> str:
    try:
        with path.open("rb") as file:
            is_open = os.fstat(file.fileno()).st_mode & _OTHERS_MAY_READ
            line = file.read(_CREDENTIAL_BYTES_MAX).strip()
    except OSError as cause:
        raise BmcError(f"the credentials cannot be read: {cause.strerror}") from cause
    if is_open:
        raise BmcError("others may read the credentials; only their owner should")
    if b":" not in line or b"\n" in line:
        raise BmcError("the credentials are not one line, <user>:<password>")
    return "Basic " + base64.b64encode(line).decode("ascii")


def _context(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as cause:
        raise BmcError(f"'{authority}' cannot be used as certificate authority") from cause
