"""
The clock, as a port and as the system's own.

Nothing that judges may import this module: judgements take instants as arguments.  An instant is an
integer number of milliseconds since 1970-01-01T00:00:00Z in POSIX time (no leap seconds).
"""

import time
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def wall_ms(self) -> int:
        """Return the wall time in milliseconds since 1970-01-01T00:00:00Z."""

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back within one boot of the machine."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock; monotonic time goes on while the machine is suspended."""

    def wall_ms(self) -> int:
        """Return the wall time in milliseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return milliseconds since the machine was booted, suspended time included."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
