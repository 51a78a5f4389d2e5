"""
The newest good version of the settings file under a running agent.

A new version is held to be good as a whole or not at all.  What a running agent can change takes
force at the next pass; a version that changes anything else is refused with a sentence, and the one
before stays in force.
"""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from gpusla.catalogue.codes import NEEDS_RESTART
from gpusla.clock import Clock
from gpusla.errors import InputError, SettingsError
from gpusla.logs import get_logger
from gpusla_agent.settings.model import Settings
from gpusla_agent.settings.read import Version, read_version

LOOK_MS = 3_000

LIVE = frozenset({"interval_ms", "telemetry", "metrics", "tenants", "web_config_file"})
"""What takes force without a restart: fields of Settings."""

_WRITTEN_AS: dict[str, tuple[str, ...]] = {
    "host": ("listen",),
    "retention": ("journal",),
    "port": ("listen",),
    "deadline_ms": ("nvml", "deadline_ms"),
    "library_directory": ("nvml", "library_directory"),
    "dcgm_exporter_url": ("dcgm_exporter", "url"),
    "host_probes": ("host",),
}
"""Where the others stand in the file, if not under their own name."""

_log = get_logger()


def _nothing(_: Settings) -> None:
    """Find nothing wrong."""


class WatchedSettings:
    """
    Gives the settings of the moment; asked by one thread, between two passes.

    check: what else a new version has to pass, such as that its web configuration is good; raises
    InputError.  is_valid: whether the newest version is in force.  digest: of the bytes in force.
    Raises SettingsError at the start: there is no version before.
    """

    def __init__(
        self, path: Path, clock: Clock, check: Callable[[Settings], None] = _nothing
    ) -> None:
        self._path = path
        self._clock = clock
        self._check = check
        self._version = read_version(path)
        check(self._version.settings)
        self._signature = self._look_at_file()
        self._look_at_ms = clock.monotonic_ms() + LOOK_MS
        self._is_asked = False
        self._refused = ""
        self.is_valid = True

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes that are in force."""
        return self._version.digest

    def ask(self) -> None:
        """Have the file read at the next turn, changed or not; may be called by a signal."""
        self._is_asked = True

    def current(self) -> Settings:
        """Return what is in force now; the same object while nothing changed."""
        now_ms = self._clock.monotonic_ms()
        if self._is_asked or now_ms >= self._look_at_ms:
            self._look_at_ms = now_ms + LOOK_MS
            signature = self._look_at_file()
            if self._is_asked or signature != self._signature:
                self._is_asked, self._signature = False, signature
                self._take()
        return self._version.settings

    def _look_at_file(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError:  # reading it says why
            return 0, 0, 0
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _take(self) -> None:
        try:
            version = read_version(self._path)
            if version.digest != self._version.digest:
                _check_live(self._version.settings, version)
                self._check(version.settings)
                self._version = version
                _log.info("settings_changed", path=str(self._path), digest=version.digest)
        except InputError as refusal:
            self._refuse(refusal)
        else:
            self.is_valid, self._refused = True, ""

    def _refuse(self, refusal: InputError) -> None:
        self.is_valid = False
        if str(refusal) != self._refused:
            self._refused = str(refusal)
            _log.error("settings_refused", cause=str(refusal))


def _check_live(before: Settings, version: Version) -> None:
    """Raise SettingsError(needs_restart) for the first change that a running agent cannot make."""
    for field in fields(Settings):
        old, new = getattr(before, field.name), getattr(version.settings, field.name)
        if field.name not in LIVE and old != new:
            path = _WRITTEN_AS.get(field.name, (field.name,))
            message = f"{'.'.join(path)}: this cannot change under a running agent"
            position = version.document.position(path)
            raise SettingsError(NEEDS_RESTART, message, position=position)
