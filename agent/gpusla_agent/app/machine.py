"""The machine's clocks, read together, and whether somebody keeps them right."""

import ctypes
import struct
from pathlib import Path

from gpusla.clock import Clock
from gpusla.journal.model import ClockState
from gpusla_agent.recorder import ClockReading

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

# struct timex of <sys/timex.h> on 64-bit Linux: modes at 0 (zero only reads), maxerror in
# microseconds at 24, status at 40; 208 bytes.
_TIMEX_BYTES = 256
_MAXERROR_AT, _STATUS_AT = 24, 40
_STA_UNSYNC = 0x40

_APART_MS = 5
"""Wall and monotonic time belong together if no more than this passed while they were read."""


class MachineClock:
    """The clocks of this machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._boot = _BOOT_ID.read_text("ascii").strip()
        self._adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)

    def read(self) -> ClockReading:
        """Read all clocks together."""
        mono_ms, wall_ms = self._together()
        state, error_ms = self._synchronisation()
        return ClockReading(self._boot, mono_ms, wall_ms, state, error_ms)

    def _together(self) -> tuple[int, int]:
        before = self._clock.monotonic_ms()
        for _ in range(8):
            wall_ms = self._clock.wall_ms()
            after = self._clock.monotonic_ms()
            if after - before <= _APART_MS:
                break
            before = after
        return after, wall_ms

    def _synchronisation(self) -> tuple[ClockState, int | None]:
        if self._adjtimex is None:
            return ClockState.UNKNOWN, None
        timex = ctypes.create_string_buffer(_TIMEX_BYTES)
        if self._adjtimex(timex) < 0:
            return ClockState.UNKNOWN, None
        (error_us,) = struct.unpack_from("q", timex, _MAXERROR_AT)
        (status,) = struct.unpack_from("i", timex, _STATUS_AT)
        if status & _STA_UNSYNC:
            return ClockState.UNSYNCHRONISED, None
        return ClockState.SYNCHRONISED, -(-error_us // 1_000)


def give_memory_back() -> None:
    """Return to the system what imports needed for a moment; glibc keeps it otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
