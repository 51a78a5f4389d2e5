"""The machine's clocks, read together, and whether somebody keeps them right."""

import ctypes
from pathlib import Path

from gpusla.clock import Clock
from gpusla.journal.model import ClockState
from gpusla_agent.recorder import ClockReading
from gpusla_agent.sources.host.clock import read_kernel_clock

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_APART_MS = 5
"""Wall and monotonic time belong together if no more than this passed while they were read."""


class MachineClock:
    """The clocks of this machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._boot = _BOOT_ID.read_text("ascii").strip()

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

    @staticmethod
    def _synchronisation() -> tuple[ClockState, int | None]:
        kept = read_kernel_clock()
        if kept is None:
            return ClockState.UNKNOWN, None
        if not kept.is_synchronised:
            return ClockState.UNSYNCHRONISED, None
        return ClockState.SYNCHRONISED, -(-kept.error_max_us // 1_000)


def give_memory_back() -> None:
    """Return to the system what imports needed for a moment; glibc keeps it otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
