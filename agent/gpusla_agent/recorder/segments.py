"""
The files of a journal: `journal-<sequence of its first record, 20 digits>.jsonl`.

Line number i of a segment, counted from 0, is record first + i.  A segment ends where the next one
begins: what a failed write left behind that is unacknowledged and not read.
"""

import fcntl
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_LOCKED, JOURNAL_WRITE
from gpusla.errors import JournalError
from gpusla.journal.chain import EMPTY, Head, follow
from gpusla.journal.codec import digest

_NAME = re.compile(r"journal-([0-9]{20})\.jsonl")
_TAIL = re.compile(
    rb',"kind":"[a-z_]+","prev":"([0-9a-f]{64})","seq":([1-9][0-9]*),"v":[1-9][0-9]*}$'
)
"""How the canonical bytes of an envelope end, whatever the body and its version."""

_PLACES_MAX = 16


@dataclass(frozen=True, slots=True)
class Disk:
    """What the journal asks of the disk; a test hands in one that fails."""

    write: Callable[[int, bytes], int] = os.write
    sync: Callable[[int], None] = os.fdatasync
    sync_directory: Callable[[int], None] = os.fsync


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a journal and the sequence number of its first record."""

    path: Path
    first: int


def tally_before(segment: Segment) -> Path:
    """Return where the tally of all records before a segment is."""
    return segment.path.with_name(f"tally-{segment.first:020}.json")


class SegmentFile:
    """
    The segment that is written to.

    durable_bytes: how much of it is known to be on disk.
    """

    def __init__(self, segment: Segment, descriptor: int, durable_bytes: int, disk: Disk) -> None:
        self.segment = segment
        self.durable_bytes = durable_bytes
        self._descriptor = descriptor
        self._disk = disk

    @classmethod
    def create(cls, directory: Path, first: int, disk: Disk) -> "SegmentFile":
        """Make an empty segment; it holds nothing acknowledged if one of this name was there."""
        segment = Segment(directory / f"journal-{first:020}.jsonl", first)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(segment.path, flags, 0o640)
        try:
            sync_directory(directory, disk)
        except OSError:
            os.close(descriptor)
            raise
        return cls(segment, descriptor, 0, disk)

    @classmethod
    def resume(cls, segment: Segment, disk: Disk) -> "SegmentFile":
        """Open a segment to go on behind its last line, and make sure that it is on disk."""
        descriptor = os.open(segment.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            disk.sync(descriptor)
            sync_directory(segment.path.parent, disk)
            return cls(segment, descriptor, os.fstat(descriptor).st_size, disk)
        except OSError:
            os.close(descriptor)
            raise

    def append(self, content: bytes) -> None:
        """Write content and sync it; OSError leaves the end of the file in doubt."""
        remaining = memoryview(content)
        while remaining:
            remaining = remaining[self._disk.write(self._descriptor, bytes(remaining)) :]
        self._disk.sync(self._descriptor)
        self.durable_bytes += len(content)

    def abandon(self) -> None:
        """Give the file up after a failed write, and cut off what is in doubt if that works."""
        with suppress(OSError):  # The next segment's name says where this one ends all the same.
            os.ftruncate(self._descriptor, self.durable_bytes)
        self.close()

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def sync_directory(directory: Path, disk: Disk) -> None:
    """Make the names in directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        disk.sync_directory(descriptor)
    finally:
        os.close(descriptor)


def list_segments(directory: Path) -> list[Segment]:
    """Return the segments in the order of their records."""
    matches = [(path, _NAME.fullmatch(path.name)) for path in directory.iterdir()]
    return sorted(
        (Segment(path, int(match[1])) for path, match in matches if match),
        key=lambda segment: segment.first,
    )


def cut_torn_end(segments: list[Segment], known: int = 0) -> int:
    """
    Remove what a crash tore: an unfinished last line, a hole of zeros and what is behind it, and a
    last segment without any line.

    None of it was ever acknowledged, because lines and their ends are written before they are
    synced.  known: number of a record that is known to have been on disk, 0 for none.  Changes the
    list and the files, and returns how many bytes went.
    Raises JournalError(journal_corrupt), and changes nothing, if what is left would end before
    known, in whatever way: the number of a record that somebody may have fetched would go to
    another one.
    """
    left, kept_bytes, kept_lines = list(segments), 0, 0
    while left:
        kept_bytes, kept_lines = _whole_lines(left[-1])
        if kept_lines:
            break
        known = max(known, left.pop().first - 1)  # A segment begins behind what is on disk.
    end = left[-1].first - 1 + kept_lines if left else 0
    # Where there is no file at all, nothing is damaged: it is another journal that begins.
    if segments and end < known:
        raise JournalError(
            JOURNAL_CORRUPT,
            f"journal {segments[0].path.parent}: record {known} was on disk, by its checkpoint or "
            f"a later file, and what can be read ends with record {end}",
        )
    return _cut(segments, len(left), kept_bytes)


def _whole_lines(segment: Segment) -> tuple[int, int]:
    """Return the bytes and the number of the lines before whatever is torn."""
    content = segment.path.read_bytes()
    end = content.rfind(b"\n") + 1
    # A power cut can leave a hole of zeros in what was not synced yet, also where a later page of
    # the same batch is on disk; no record holds a zero.
    hole = content.find(b"\0", 0, end)
    if hole >= 0:
        end = content.rfind(b"\n", 0, hole) + 1
    return end, content.count(b"\n", 0, end)


def _cut(segments: list[Segment], kept: int, last_bytes: int) -> int:
    """Keep so many segments, and so much of the last of them; returns how many bytes went."""
    cut_bytes = 0
    while len(segments) > kept:
        path = segments.pop().path
        cut_bytes += path.stat().st_size
        path.unlink()
    if segments:
        path = segments[-1].path
        torn_bytes = path.stat().st_size - last_bytes
        if torn_bytes:
            os.truncate(path, last_bytes)
        cut_bytes += torn_bytes
    return cut_bytes


def verify_last_segment(segments: Sequence[Segment]) -> Head:
    """
    Check the chain of the last segment and return its end.

    Raises JournalError if a line does not follow the one before it.
    """
    if not segments:
        return EMPTY
    first = segments[-1].first
    head = EMPTY if first == 1 else Head(first - 1, line_digest(segments, first - 1))
    for line in lines(segments, first - 1):
        head = _follow_envelope(head, line)
    return head


def _follow_envelope(head: Head, line: bytes) -> Head:
    match = _TAIL.search(line)
    if match and int(match[2]) == head.sequence + 1 and match[1] == head.digest.encode():
        return Head(head.sequence + 1, digest(line))
    return follow(head, line)[0]  # Slower, and says what is wrong.


def line_digest(segments: Sequence[Segment], sequence: int) -> str:
    """Return the digest of one record; raises JournalError if it is not there."""
    for line in lines(segments, sequence - 1):
        return digest(line)
    raise JournalError(JOURNAL_CORRUPT, f"record {sequence} is not in the journal's files")


def require_there(segments: Sequence[Segment], head: Head) -> None:
    """Raise JournalError if the record of head is not what it was, or not there."""
    if head.sequence and line_digest(segments, head.sequence) != head.digest:
        raise JournalError(
            JOURNAL_CORRUPT, f"record {head.sequence} is no longer what was acknowledged"
        )


class Place(NamedTuple):
    """Where a record ends: its segment, its sequence number, the offset behind its line."""

    segment: Segment
    sequence: int
    offset: int


def lines(segments: Sequence[Segment], after: int) -> Iterator[bytes]:
    """Yield the lines of all records with a sequence number over after, without line ends."""
    for line, _ in placed_lines(segments, after):
        yield line


def placed_lines(
    segments: Sequence[Segment], after: int, known: Place | None = None
) -> Iterator[tuple[bytes, Place]]:
    """
    Yield the lines of all records with a sequence number over after, and where each ends.

    known: where record after ends, if somebody remembers; it spares the way to that place.
    """
    for index, segment in enumerate(segments):
        stop = segments[index + 1].first if index + 1 < len(segments) else None
        if stop is not None and stop <= after + 1:
            continue
        begin = Place(segment, segment.first - 1, 0)
        if known is not None and known.segment == segment:
            begin = known
        yield from _segment_lines(begin, after, stop)


def _segment_lines(begin: Place, after: int, stop: int | None) -> Iterator[tuple[bytes, Place]]:
    offset = begin.offset
    with begin.segment.path.open("rb") as file:
        file.seek(offset)
        for sequence, line in enumerate(file, begin.sequence + 1):
            if stop is not None and sequence >= stop:
                return
            offset += len(line)
            if sequence > after:
                yield line.rstrip(b"\n"), Place(begin.segment, sequence, offset)


class Reader:
    """Reads durable records for many readers, and remembers where the last few of them stopped."""

    def __init__(self) -> None:
        self._places: OrderedDict[int, Place] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self, segments: Sequence[Segment], after: int, limit_records: int, limit_bytes: int
    ) -> list[bytes]:
        """
        Return at most limit_records lines of the records over after, in order.

        limit_bytes: line ends included; one line is given even if it is longer.
        """
        found: list[bytes] = []
        if limit_records < 1:
            return found
        with self._lock:
            known = self._places.get(after)
        size = 0
        for line, place in placed_lines(segments, after, known):
            size += len(line) + 1
            if found and size > limit_bytes:
                break
            found.append(line)
            known = place
            if len(found) >= limit_records:
                break
        self._remember(known)
        return found

    def _remember(self, place: Place | None) -> None:
        if place is None:
            return
        with self._lock:
            self._places[place.sequence] = place
            while len(self._places) > _PLACES_MAX:
                self._places.popitem(last=False)


def lock(directory: Path) -> int:
    """
    Return the descriptor of the lock on a journal's folder, which is made if it is not there.

    Raises JournalError: `journal_locked` if another process has it, `journal_write` if the disk
    refuses.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as cause:
        raise JournalError(JOURNAL_WRITE, f"journal {directory}: {cause}") from cause
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        os.close(descriptor)
        raise JournalError(JOURNAL_LOCKED, f"journal {directory} is being written") from cause
    return descriptor
