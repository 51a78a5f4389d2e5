"""What the journal's tests share: clocks that are set by hand, disks that fail, conditions."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName, Slot
from gpusla.journal.chain import EMPTY, follow
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import ClockState, Condition, Finding, Started
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.hours import HOUR_MS, spans_of
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from gpusla_agent.recorder import ClockReading, Disk, Recorder

MIB = 1 << 20
NODE = NodeName("c2-r01-t03")
M1 = Slot("c2", "r01", "t03", "m1")
M2 = Slot("c2", "r01", "t03", "m2")
OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost", "NVML 15"),))
ALL_OK = {M1: OK, M2: OK}
ONE_DOWN = {M1: OK, M2: DOWN}


@dataclass(slots=True)
class HandClock:
    """All clocks of a node, moved by hand."""

    mono_ms: int = 1_000
    wall_ms: int = 1_790_000_000_000
    boot: str = "boot-1"
    state: ClockState = ClockState.SYNCHRONISED

    def read(self) -> ClockReading:
        """Read the clocks."""
        return ClockReading(self.boot, self.mono_ms, self.wall_ms, self.state, 5)

    def pass_ms(self, milliseconds: int) -> None:
        """Let time pass on both clocks."""
        self.mono_ms += milliseconds
        self.wall_ms += milliseconds


@dataclass(slots=True)
class FailingDisk:
    """
    A disk that fails on demand.

    error: what each call in fails_on raises while it is set.  written_bytes_max: how much of one
    write gets through before it fails.
    """

    error: int = errno.EIO
    fails_on: set[str] = field(default_factory=set)
    written_bytes_max: int = 0

    def write(self, descriptor: int, content: bytes) -> int:
        """Write some of the content, or fail behind it."""
        if "write" not in self.fails_on:
            return os.write(descriptor, content)
        os.write(descriptor, content[: self.written_bytes_max])
        raise OSError(self.error, os.strerror(self.error))

    def sync(self, descriptor: int) -> None:
        """Sync, or fail."""
        self._check("sync")
        os.fdatasync(descriptor)

    def sync_directory(self, descriptor: int) -> None:
        """Sync a directory, or fail."""
        self._check("sync_directory")
        os.fsync(descriptor)

    def truncate(self, descriptor: int, length: int) -> None:
        """Refuse to cut a file; nothing asks this of a disk that works."""
        del descriptor, length
        self._check("truncate")

    def _check(self, call: str) -> None:
        if call in self.fails_on:
            raise OSError(self.error, os.strerror(self.error))

    def as_disk(self) -> Disk:
        """Return the disk as the recorder takes it."""
        return Disk(self.write, self.sync, self.sync_directory)


def open_recorder(
    directory: Path,
    clock: HandClock,
    *,
    interval_ms: int = 1_000,
    segment_bytes: int = 1 << 20,
    disk: Disk | None = None,
    hour_ms: int = HOUR_MS,
) -> Recorder:
    """Open a journal and record that the agent started."""
    recorder = Recorder(
        directory, NODE, clock.read, segment_bytes=segment_bytes, disk=disk, hour_ms=hour_ms
    )
    recorder.append(Started(recorder.now(), NODE, "0.1.0", "fake", interval_ms, 2_500))
    recorder.sync()
    return recorder


def observe_for(
    recorder: Recorder,
    clock: HandClock,
    seconds: int,
    conditions: dict[Slot, Condition],
    *,
    after: Callable[[], object] | None = None,
) -> None:
    """Sample once a second."""
    for _ in range(seconds):
        clock.pass_ms(1_000)
        recorder.observe(recorder.now(), conditions)
        (after or recorder.sync)()


def all_lines(recorder: Recorder) -> list[bytes]:
    """Return every durable line."""
    return recorder.read(0, 100_000, 100 * MIB)


def verify(lines: list[bytes]) -> None:
    """Follow the chain from its first record."""
    head = EMPTY
    for line in lines:
        head, _, _ = follow(head, line)


def require_blocks(lines: list[bytes]) -> list[HourBlock]:
    """Return the blocks, which hold all records up to the last of them and say the same."""
    carry, found = Carry(), list[StateSpan]()
    blocks: list[HourBlock] = []
    known: list[StateSpan] = []
    for sequence, line in enumerate(lines, 1):
        body = decode(line)[1]
        if isinstance(body, HourClosed):
            assert body.block.first_sequence == (blocks[-1].last_sequence + 1 if blocks else 1)
            assert body.block.last_sequence == sequence - 1
            blocks.append(body.block)
            known = list(found)
        carry, spans = advance(carry, sequence, body)
        found += spans
    assert list(join(span for block in blocks for span in spans_of(block))) == list(join(known))
    return blocks


def crash(recorder: Recorder) -> None:
    """Leave everything as a killed process does: the lock is free, nothing is tidied."""
    os.close(recorder._lock)
