"""
The journals' lines as they were fetched: one folder a node, in it segments that only grow.

A segment is `<first sequence>-<epoch>.jsonl`.  How much of it is acknowledged stands in the
database and nowhere else; a crash between the sync here and the commit there leaves bytes that the
next append writes again or cuts off.  What is cut off and holds a whole line is first kept beside
the segment.  A process whose lease was taken can spoil only what is not acknowledged: the new
holder writes segments of its own epoch.  Source: docs/decisions/0051-evidence-files.md.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from urllib.parse import quote

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_WRITE
from gpusla.errors import JournalError
from gpusla.identity import NodeName
from gpusla_collector.adapters.beyond import keep
from gpusla_collector.adapters.folders import sync_folder
from gpusla_collector.ports import Segment

LINE_END = b"\n"
MODE = 0o640


class EvidenceFiles:
    """The port `Evidence` in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def append(self, node: NodeName, segment: Segment, lines: Sequence[bytes]) -> Segment:
        """Write lines after the acknowledged end of segment and sync them to disk."""
        content = b"".join(line + LINE_END for line in lines)
        path = self.path(node, segment)
        with _told(node, path):
            is_new = _make(path)
            with path.open("r+b", buffering=0) as file:
                _cut(file, node, path, segment.byte_length, content)
                _write_all(file.fileno(), content, segment.byte_length)
                os.fdatasync(file.fileno())
            if is_new:
                _sync_folders(path, self._directory)
        return Segment(
            segment.first_sequence,
            segment.epoch,
            segment.last_sequence + len(lines),
            segment.byte_length + len(content),
        )

    def trim(self, node: NodeName, segment: Segment) -> None:
        """Cut off what stands beyond the acknowledged end, and keep it apart."""
        path = self.path(node, segment)
        with _told(node, path), path.open("r+b", buffering=0) as file:
            _cut(file, node, path, segment.byte_length)

    def read(self, node: NodeName, segment: Segment) -> Iterator[bytes]:
        """Give the acknowledged lines of a segment, without their ends."""
        path = self.path(node, segment)
        with _told(node, path), path.open("rb") as file:
            left = segment.byte_length
            while left:
                line = file.readline(left)
                if not line.endswith(LINE_END):
                    raise _lost(node, path)
                left -= len(line)
                yield line[:-1]

    def path(self, node: NodeName, segment: Segment) -> Path:
        """Return where a segment lies; any node name gives a safe name of a folder."""
        folder = quote(node, safe="").replace(".", "%2E")
        return self._directory / folder / f"{segment.first_sequence:020}-{segment.epoch:06}.jsonl"


def _make(path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return False
    path.touch(mode=MODE)
    return True


def _cut(file: FileIO, node: NodeName, path: Path, length: int, coming: bytes = b"") -> None:
    """
    Cut off what stands beyond a length; what holds a whole line is kept first.

    coming: what is written there next.  If the two begin alike nothing is cut: whoever was killed
    here loses nothing, and what is tried again and again leaves one copy.
    """
    size = os.fstat(file.fileno()).st_size
    if size < length:
        raise _lost(node, path)
    if size == length:
        return
    # No more than a segment: its longest is that of the fetcher, and a page.
    file.seek(length)
    beyond = file.read()
    if coming and (beyond.startswith(coming) or coming.startswith(beyond)):
        return
    if LINE_END in beyond:
        keep(path, length, beyond, MODE)
    file.truncate(length)


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


def _sync_folders(path: Path, top: Path) -> None:
    """Make the new name itself survive a loss of power, up to the folder that was there before."""
    for folder in (path.parent, top):
        sync_folder(folder)


@contextmanager
def _told(node: NodeName, path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as cause:
        raise _lost(node, path) from cause
    except OSError as cause:
        raise JournalError(
            JOURNAL_WRITE, f"the evidence of {node} in {path}: {cause.strerror}"
        ) from cause


def _lost(node: NodeName, path: Path) -> JournalError:
    return JournalError(
        JOURNAL_CORRUPT,
        f"the evidence of {node} in {path} is shorter than what was acknowledged",
        fix="Put it back from a backup, or from the same lines of the agent's journal, and leave "
        "the node as it is: docs/operating/database.md, 'A damaged copy'.",
    )
