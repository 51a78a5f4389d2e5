r"""
The kernel's log as a witness of Xids: `/dev/kmsg`, one record a read.

Format and guarantees: Documentation/ABI/testing/dev-kmsg of Linux.  A record is
`<priority>,<sequence>,<microseconds>,<flags>[,...];<text>` with lines ` KEY=value` behind it; bytes
that do not print are written `\\x..`.  The three lowest bits of the priority are the level and the
rest is the facility.  Whoever may write to the device can write any text, but never with facility
0, which the kernel keeps for itself and turns into 1 where it is asked for.  So only records of
facility 0 count, and only those that begin as the driver's do, because other parts of the kernel
print names that users chose.  A superuser who can load a kernel module can print anything; nothing
in the log proves otherwise.

A record's time is the kernel's own `local_clock`, which nobody keeps in step with the clocks that
are kept right: it may drift by tens of parts per million, seconds in a day.  What was read live is
known to lie between the read before and this one, which bounds its time and corrects the drift.
"""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gpusla.clock import Clock
from gpusla.logs import get_logger
from gpusla.readings import Absence, Absent, XidDetail
from gpusla_agent.sources.xid_lines import PREFIX, XidLine, parse_xid_line

DEVICE = Path("/dev/kmsg")
RECORD_BYTES_MAX = 16_384
"""More than the kernel ever hands out at once (8 KiB before Linux 6.3, less since)."""

RETRY_MS = 30_000
_STANDARD_INPUT = 0
_KERNEL = 0
_LEVEL_BITS = 3
_GONE = {errno.EACCES, errno.EPERM}
_END = {errno.EAGAIN, errno.ENODATA}
_LOOK_AT_CLOCK = 64
"""Records between two looks at the clock; one costs about two microseconds."""

_NUMBERS = 3
_NUMBER_DIGITS_MAX = 20
"""Digits of the largest 64-bit number."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class KernelLogLimits:
    """
    How much one call may do: records and milliseconds, whichever comes first.

    first_records, first_ms: for the first call, which reads what is there already.
    """

    records: int = 2_000
    spent_ms: int = 20
    first_records: int = 200_000
    first_ms: int = 1_000


@dataclass(frozen=True, slots=True)
class KernelXid:
    """
    One record of the kernel about an Xid.

    address: as `xid_lines.normal_address` writes it.  sequence: of the record, within this boot.
    mono_ms, wall_ms: when it happened, by the kernel's clock and what is known of its drift.
    is_past: it was in the log before the reader was there.
    """

    address: str
    xid: int
    detail: XidDetail
    sequence: int
    mono_ms: int
    wall_ms: int
    is_past: bool = False


@dataclass(slots=True)
class KernelLogCounts:
    """
    What was seen since the start.

    records: of the kernel and of others.  lost: overwritten before they were read.  foreign: that
    look like an Xid and are not the kernel's own.  unread: Xid lines of a shape nobody knows.
    """

    records: int = 0
    lost: int = 0
    foreign: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the device gives it; kernel_us: microseconds of the kernel's clock."""

    facility: int
    sequence: int
    kernel_us: int
    text: str


class KernelLog:
    """Reads the kernel's log from a cursor on; one thread calls it."""

    def __init__(
        self,
        clock: Clock,
        *,
        after: int | None = None,
        path: Path = DEVICE,
        limits: KernelLogLimits | None = None,
        open_log: Callable[[], int] | None = None,
        read_record: Callable[[int, int], bytes] = os.read,
    ) -> None:
        """
        Read nothing yet.

        after: sequence of the last record of this boot that is accounted for; None for none, and
        everything of this boot is read.  open_log: returns a descriptor that does not block; by
        default it opens path.  read_record: reads one record from it, of at most so many bytes.
        """
        self._clock = clock
        self._limits = limits or KernelLogLimits()
        self._open_log = open_log or (lambda: open_device(path))
        self._read_record = read_record
        self._after = -1 if after is None else after
        self._last: int | None = None
        self._descriptor: int | None = None
        self._retry_ms = clock.monotonic_ms()
        self._times = KernelTimes()
        self._is_first = True
        self.counts = KernelLogCounts()
        self.is_behind = False
        """Whether the log held more than the last call could read."""
        self.absent: Absent | None = Absent(Absence.UNSUPPORTED, "the kernel's log was not opened")

    def read(self) -> tuple[KernelXid, ...]:
        """
        Return the Xids of the records since the call before, in the log's order.

        Never raises and never waits.  `absent` says afterwards whether the log could be read.
        """
        now_ms, wall_ms = self._clock.monotonic_ms(), self._clock.wall_ms()
        if self._descriptor is None and now_ms >= self._retry_ms:
            self._open()
        if self._descriptor is None:
            return ()
        self._times.start(now_ms, wall_ms)
        found = self._drain(self._descriptor, now_ms)
        self._is_first = False
        return tuple(found)

    def close(self) -> None:
        """Let go of the log."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    # --- the device ---------------------------------------------------------------------------

    def _open(self) -> None:
        try:
            self._descriptor = self._open_log()
        except OSError as cause:
            self._fail(cause)
            return
        if self.absent is not None and not self._is_first:
            _log.info("kernel_log_opened")
        self.absent = None

    def _fail(self, cause: OSError) -> None:
        self.close()
        self._retry_ms = self._clock.monotonic_ms() + RETRY_MS
        absence = Absence.NO_PERMISSION if cause.errno in _GONE else Absence.ERROR
        absent = Absent(absence, f"the kernel's log cannot be read: {cause.strerror}")
        if absent != self.absent:
            _log.warning("kernel_log_failed", cause=absent.detail)
        self.absent = absent

    def _drain(self, descriptor: int, now_ms: int) -> list[KernelXid]:
        limits, found = self._limits, list[KernelXid]()
        records = limits.first_records if self._is_first else limits.records
        self.is_behind = True
        until_ms = now_ms + (limits.first_ms if self._is_first else limits.spent_ms)
        for turn in range(1, records + 1):
            content = self._next(descriptor)
            if content is None:
                self._times.drained()
                self.is_behind = False
                return found
            found.extend(self._take(content))
            if turn % _LOOK_AT_CLOCK == 0 and self._clock.monotonic_ms() >= until_ms:
                return found
        return found

    def _next(self, descriptor: int) -> bytes | None:
        """Return one record, empty where some were overwritten, None at the end."""
        try:
            return self._read_record(descriptor, RECORD_BYTES_MAX) or None
        except OSError as cause:
            if cause.errno == errno.EPIPE:  # The next record's sequence says how many are gone.
                return b""
            if cause.errno not in _END:
                self._fail(cause)
            return None

    # --- one record ---------------------------------------------------------------------------

    def _take(self, content: bytes) -> list[KernelXid]:
        record = parse_record(content)
        if record is None or not self._is_new(record.sequence):
            return []
        mono_ms, wall_ms = self._times.at(record.kernel_us)
        line = self._line(record)
        if line is None:
            return []
        return [
            KernelXid(
                line.address,
                line.xid,
                line.detail,
                record.sequence,
                mono_ms,
                wall_ms,
                is_past=self._is_first,
            )
        ]

    def _is_new(self, sequence: int) -> bool:
        """Whether a record is not accounted for yet; a gap since the last one read is a loss."""
        if self._last is not None:
            self.counts.lost += max(0, sequence - self._last - 1)
        self._last = sequence if self._last is None else max(sequence, self._last)
        if sequence <= self._after:
            return False
        self._after = sequence
        self.counts.records += 1
        return True

    def _line(self, record: Record) -> XidLine | None:
        if PREFIX not in record.text:
            return None
        if record.facility != _KERNEL:
            self.counts.foreign += 1
            return None
        if not record.text.startswith(PREFIX):
            return None
        line = parse_xid_line(record.text)
        self.counts.unread += line is None
        return line


class KernelTimes:
    """
    Turns the kernel's clock into the node's, and learns how far the two have drifted apart.

    A record that is read was written before the read, and after the last time that the log was
    found empty; the correction is moved just as far as that demands.
    """

    def __init__(self) -> None:
        self._ahead_ms = 0
        self._now_ms = self._wall_ms = 0
        self._empty_ms: int | None = None
        self._next_empty_ms: int | None = None

    def start(self, now_ms: int, wall_ms: int) -> None:
        """Begin a read at this instant of the node's clocks."""
        self._now_ms, self._wall_ms = now_ms, wall_ms
        if self._next_empty_ms is not None:
            self._empty_ms = self._next_empty_ms
        self._next_empty_ms = None

    def drained(self) -> None:
        """Note that the log is empty now: what comes later was written after this read began."""
        self._next_empty_ms = self._now_ms

    def at(self, kernel_us: int) -> tuple[int, int]:
        """Return when a record was written: monotonic and wall milliseconds of the node."""
        kernel_ms = kernel_us // 1_000
        mono_ms = min(kernel_ms + self._ahead_ms, self._now_ms)
        if self._empty_ms is not None:
            mono_ms = max(mono_ms, self._empty_ms)
        self._ahead_ms = mono_ms - kernel_ms
        return mono_ms, self._wall_ms - (self._now_ms - mono_ms)


def parse_record(content: bytes) -> Record | None:
    """Return a record of the device without the lines behind its text, None if it is not one."""
    head, mark, body = content.partition(b";")
    fields = head.split(b",")
    numbers = fields[:3]
    if not mark or len(numbers) < _NUMBERS or not all(map(_is_number, numbers)):
        return None
    priority, sequence, kernel_us = map(int, numbers)
    text = _decode(body.partition(b"\n")[0])
    return Record(priority >> _LEVEL_BITS, sequence, kernel_us, text)


def _is_number(field: bytes) -> bool:
    return field.isdigit() and len(field) <= _NUMBER_DIGITS_MAX


def _decode(text: bytes) -> str:
    parts = text.split(b"\\x")
    whole = bytearray(parts[0])
    for part in parts[1:]:
        try:
            whole.append(int(part[:2].decode("ascii"), 16))
            whole += part[2:]
        except ValueError:
            whole += b"\\x" + part
    return whole.decode("utf-8", "replace")


def open_device(path: Path) -> int:
    """
    Return a descriptor of the log that does not block.

    If standard input is that device already, opened by who had the right to (a systemd unit with
    `StandardInput=file:/dev/kmsg`), that is read: then the agent needs no capability at all.
    Raises OSError.
    """
    if _is_handed_over(path):
        descriptor = os.dup(_STANDARD_INPUT)
        os.set_blocking(descriptor, False)
        return descriptor
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)


def _is_handed_over(path: Path) -> bool:
    try:
        given, asked = os.fstat(_STANDARD_INPUT), path.stat()
    except OSError:
        return False
    are_devices = stat.S_ISCHR(given.st_mode) and stat.S_ISCHR(asked.st_mode)
    return are_devices and given.st_rdev == asked.st_rdev
