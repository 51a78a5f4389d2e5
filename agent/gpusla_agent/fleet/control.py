"""
Faults that come and go while a fleet runs, from a file that somebody edits.

What was sampled stays sampled: a fault that is new begins no earlier than the next sample, one that
is gone from the file ends there, and the past of every fault is kept.
"""

from dataclasses import replace
from pathlib import Path

from gpusla.errors import GpuslaError
from gpusla.identity import Slot
from gpusla.logs import get_logger
from gpusla.simulation.faults import Fault
from gpusla_agent.fleet.faults import read_faults
from gpusla_agent.fleet.settings import read_document

_log = get_logger()


class Control:
    """The control file, looked at again whenever it may have changed."""

    def __init__(self, path: Path | None, slots: tuple[Slot, ...]) -> None:
        self._path = path
        self._slots = slots
        self._stamp: tuple[int, int, int] | None = None
        self._faults: dict[str, Fault] = {}
        self._past: list[Fault] = []

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults that the file ever held, as far as they happened."""
        return (*self._past, *self._faults.values())

    def refresh(self, next_ms: int) -> bool:
        """
        Take in the file if it changed; return whether anything did.

        next_ms: the instant of the next sample.  A file that cannot be read is logged once and
        changes nothing.
        """
        stamp = self._stamp_now()
        if stamp == self._stamp or self._path is None:
            return False
        self._stamp = stamp
        if stamp is None:
            return self._take_in((), next_ms)
        try:
            document, _ = read_document(self._path)
            faults = read_faults(document, self._slots, next_ms)
        except GpuslaError as cause:
            _log.warning("control_rejected", code=cause.code.code, cause=str(cause))
            return False
        return self._take_in(faults, next_ms)

    def _take_in(self, faults: tuple[Fault, ...], next_ms: int) -> bool:
        before = self.faults
        wanted = {fault.id: fault for fault in faults}
        for name in [name for name in self._faults if name not in wanted]:
            self._retire(self._faults.pop(name), next_ms)
        for name, fault in wanted.items():
            old = self._faults.get(name)
            if old is not None and (old.kind, old.slots) != (fault.kind, fault.slots):
                self._retire(self._faults.pop(name), next_ms)
                old = None
            self._faults[name] = _changed(old, fault, next_ms)
        return self.faults != before

    def _retire(self, fault: Fault, next_ms: int) -> None:
        if fault.start_ms < next_ms:
            self._past.append(replace(fault, end_ms=min(fault.end_ms, next_ms)))

    def _stamp_now(self) -> tuple[int, int, int] | None:
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _changed(old: Fault | None, new: Fault, next_ms: int) -> Fault:
    """Return a fault as the file wants it, as far as that is not in the past."""
    if old is None or old.start_ms >= next_ms:
        start_ms = max(new.start_ms, next_ms)
        return replace(new, start_ms=start_ms, end_ms=max(new.end_ms, start_ms))
    if old.end_ms <= next_ms:
        return old
    return replace(old, end_ms=max(new.end_ms, next_ms))
