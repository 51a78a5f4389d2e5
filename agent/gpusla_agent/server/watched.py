"""
The newest good version of the web configuration file.

Looked at again as peers come, at most once a second; the files it names count too, so a renewed
certificate is taken without a word to the agent.  A version that cannot be honoured is logged once
and counted, and the one before stays in force: a slip of the pen neither opens nor closes pages.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gpusla.errors import InputError
from gpusla.logs import get_logger
from gpusla_agent.server.access import Access
from gpusla_agent.server.buckets import Bucket
from gpusla_agent.server.logins import KnownLogins, LoginLimits, Logins
from gpusla_agent.server.tls import tls_access
from gpusla_agent.server.web_file import WebForm, read_web_file

LOOK_SECONDS = 1.0

_log = get_logger()

_Signature = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of the file; digest: of its bytes, empty for no file."""

    form: WebForm
    access: Access
    digest: str


class WatchedWeb:
    """
    Gives the access of the moment; may be asked from any thread.

    path: the file, None if everybody who reaches the address may see the pages.  is_valid: whether
    the newest version is in force.  refusals: versions that were not honoured.
    Raises SettingsError at the start if the file cannot be honoured: there is no version before.
    """

    def __init__(self, path: Path | None, now: Callable[[], float] = time.monotonic) -> None:
        self.is_valid = True
        self.refusals = 0
        self._now = now
        self._limits = LoginLimits(now)
        self._known = KnownLogins()
        self._lock = threading.Lock()
        self._refused = ""
        self._path = path
        self._look_at = 0.0
        self._signature: _Signature = ()
        self._force(self._read(path))

    def access(self) -> Access:
        """Return what is in force now."""
        with self._lock:
            now_seconds = self._now()
            if now_seconds >= self._look_at:
                self._look_at = now_seconds + LOOK_SECONDS
                self._look()
            return self._version.access

    @property
    def form(self) -> WebForm:
        """The file that is in force, as it is written."""
        return self._version.form

    @property
    def digest(self) -> str:
        """The SHA-256 of the file that is in force; empty without one."""
        return self._version.digest

    def follow(self, path: Path | None) -> None:
        """Go over to another file, or to none; if it cannot be honoured, when it can be."""
        with self._lock:
            if path != self._path:
                self._path = path
                self._look()

    def _look(self) -> None:
        signature = _signature(self._path, self._version.form)
        if signature == self._signature:
            return
        self._signature = signature
        try:
            self._force(self._read(self._path))
        except InputError as refusal:
            self._refuse(refusal)
            return
        _log.info("web_configuration_changed", path=str(self._path or ""))

    def _force(self, version: _Version) -> None:
        self._version = version
        self._signature = _signature(self._path, version.form)
        self._look_at = self._now() + LOOK_SECONDS
        self.is_valid, self._refused = True, ""

    def _refuse(self, refusal: InputError) -> None:
        self.is_valid = False
        self.refusals += 1
        if str(refusal) != self._refused:
            self._refused = str(refusal)
            _log.error("web_configuration_refused", cause=str(refusal))

    def _read(self, path: Path | None) -> _Version:
        if path is None:
            return _Version(WebForm(), Access(), "")
        form, digest = read_web_file(path)
        return _Version(form, self._access_of(form, path.resolve().parent), digest)

    def _access_of(self, form: WebForm, folder: Path) -> Access:
        tls, users, rate = form.tls_server_config, form.basic_auth_users, form.rate_limit
        return Access(
            tls_access(tls, folder) if tls else None,
            Logins(users, self._limits, self._known) if users else None,
            Bucket(rate.interval, rate.burst, self._now) if rate and rate.interval else None,
            tuple(form.http_server_config.headers.pairs()),
        )


def _signature(path: Path | None, form: WebForm) -> _Signature:
    """Return what changes whenever one of the files does; a file that is gone has zeros."""
    return tuple(_status(one) for one in (path, *_named(path, form))) if path else ()


def _named(path: Path, form: WebForm) -> Iterator[Path]:
    tls = form.tls_server_config
    if tls is not None:
        names = (tls.cert_file, tls.key_file, tls.client_ca_file)
        yield from (path.resolve().parent / name for name in names if name)


def _status(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_ino, found.st_mtime_ns, found.st_size
