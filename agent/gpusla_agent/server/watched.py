"""
The newest good version of the web configuration file.

Looked at again as peers come, at most once a second; the files it names count too, so a renewed
certificate is taken without a word to the agent.  A version that cannot be honoured is logged once
and counted, and the one before stays in force: a slip of the pen neither opens nor closes pages.
"""

import threading
import time
from collections.abc import Callable, Iterator
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


class WatchedWeb:
    """
    Gives the access of the moment; may be asked from any thread.

    is_valid: whether the newest version is in force.  refusals: versions that were not honoured.
    Raises SettingsError at the start if the file cannot be honoured: there is no version before.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.is_valid = True
        self.refusals = 0
        self._now = now
        self._limits = LoginLimits(now)
        self._known = KnownLogins()
        self._lock = threading.Lock()
        self._refused = ""
        self._form, self._access = self._read()
        self._signature = _signature(path, self._form)
        self._look_at = now() + LOOK_SECONDS

    def access(self) -> Access:
        """Return what is in force now."""
        with self._lock:
            now_seconds = self._now()
            if now_seconds >= self._look_at:
                self._look_at = now_seconds + LOOK_SECONDS
                self._look()
            return self._access

    @property
    def form(self) -> WebForm:
        """The file that is in force, as it is written."""
        return self._form

    def _look(self) -> None:
        signature = _signature(self.path, self._form)
        if signature == self._signature:
            return
        self._signature = signature
        try:
            self._form, self._access = self._read()
        except InputError as refusal:
            self._refuse(refusal)
            return
        self._signature = _signature(self.path, self._form)  # it may name other files now
        self.is_valid, self._refused = True, ""
        _log.info("web_configuration_changed", path=str(self.path))

    def _refuse(self, refusal: InputError) -> None:
        self.is_valid = False
        self.refusals += 1
        if str(refusal) != self._refused:
            self._refused = str(refusal)
            _log.error("web_configuration_refused", cause=str(refusal))

    def _read(self) -> tuple[WebForm, Access]:
        form = read_web_file(self.path)
        return form, self._access_of(form)

    def _access_of(self, form: WebForm) -> Access:
        tls, users, rate = form.tls_server_config, form.basic_auth_users, form.rate_limit
        return Access(
            tls_access(tls, self.path.resolve().parent) if tls else None,
            Logins(users, self._limits, self._known) if users else None,
            Bucket(rate.interval, rate.burst, self._now) if rate and rate.interval else None,
            tuple(form.http_server_config.headers.pairs()),
        )


def _signature(path: Path, form: WebForm) -> _Signature:
    """Return what changes whenever one of the files does; a file that is gone has zeros."""
    return tuple(_status(one) for one in (path, *_named(path, form)))


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
