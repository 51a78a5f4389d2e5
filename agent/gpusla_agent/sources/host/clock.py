"""
Whether somebody keeps the node's clock right, and how far it may be off: adjtimex(2).

The kernel is only asked (`modes` is zero), which needs no privilege.
"""

import ctypes
import struct
from collections.abc import Callable
from dataclasses import dataclass

from gpusla.readings import Absence, Absent, Present
from gpusla_agent.sources.host.found import Found

# struct timex of <sys/timex.h> on 64-bit Linux: modes at 0 (zero only reads), offset at 8, maxerror
# in microseconds at 24, status at 40; 208 bytes.
_TIMEX_BYTES = 256
_OFFSET_AT, _MAXERROR_AT, _STATUS_AT = 8, 24, 40
_STA_UNSYNC, _STA_NANO = 0x40, 0x2000


@dataclass(frozen=True, slots=True)
class KernelClock:
    """
    What the kernel says of its wall clock.

    offset_seconds: what it is still correcting.  error_max_us: how far the clock may be off, in
    microseconds; it grows without end while nobody synchronises.
    """

    is_synchronised: bool
    offset_seconds: float
    error_max_us: int


def read_kernel_clock() -> KernelClock | None:
    """Return what the kernel says, None where it cannot be asked."""
    adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    if adjtimex is None or adjtimex(timex) < 0:
        return None
    return read_timex(timex.raw)


def read_timex(timex: bytes) -> KernelClock:
    """Return what a struct timex says."""
    (offset,) = struct.unpack_from("q", timex, _OFFSET_AT)
    (error_us,) = struct.unpack_from("q", timex, _MAXERROR_AT)
    (status,) = struct.unpack_from("i", timex, _STATUS_AT)
    per_second = 1e9 if status & _STA_NANO else 1e6
    return KernelClock(not status & _STA_UNSYNC, offset / per_second, error_us)


def read_clock(ask: Callable[[], KernelClock | None] = read_kernel_clock) -> Found:
    """Return the clock's readings; an error bound only where somebody keeps the clock."""
    clock = ask()
    if clock is None:
        missing = Absent(Absence.UNSUPPORTED, "adjtimex cannot be called")
        names = ("clock_synchronised", "clock_offset_seconds", "clock_error_max_seconds")
        return Found(dict.fromkeys(names, missing))
    unbounded = Absent(Absence.UNSUPPORTED, "nobody keeps the clock right")
    is_kept = clock.is_synchronised
    return Found(
        {
            "clock_synchronised": Present(int(is_kept)),
            "clock_offset_seconds": Present(clock.offset_seconds),
            "clock_error_max_seconds": Present(clock.error_max_us / 1e6) if is_kept else unbounded,
        }
    )
