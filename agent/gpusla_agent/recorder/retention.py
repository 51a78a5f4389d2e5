"""
Which old segments may go: whoever collects has them, and they are old or too much.

What was not fetched never goes, whatever the bounds say: a disk that fills up is seen.  Before a
segment goes, the tally up to its end is safe in a file beside the next one, with the digest of its
last record, so that chain and sums go on.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gpusla.logs import get_logger
from gpusla_agent.recorder.segments import Disk, Segment, sync_directory, tally_before
from gpusla_agent.recorder.tally import is_tally_before

_log = get_logger()

DAY_MS = 86_400_000
KEEP_DAYS = 400
SIZE_BYTES_MAX = 16 * 1024**3
SEGMENTS_MIN = 2
"""The newest ones stay, however old or large they are."""


@dataclass(frozen=True, slots=True)
class Retention:
    """
    How much of a journal stays on the node.

    days: what was written in so many days stays as long as size_bytes_max allows.
    size_bytes_max: over this, what was fetched goes also sooner, the oldest first.
    """

    days: int = KEEP_DAYS
    size_bytes_max: int = SIZE_BYTES_MAX


def retire(
    segments: Sequence[Segment],
    retention: Retention,
    fetched: int,
    now_wall_ms: int,
    disk: Disk,
) -> list[Segment]:
    """
    Remove the segments that may go, the oldest first, and return those that stay.

    fetched: number of the last record that whoever collects is known to have.
    """
    kept = list(segments)
    try:
        _retire(kept, retention, fetched, now_wall_ms, disk)
    except OSError as cause:
        _log.error("journal_not_retired", segment=kept[0].path.name, cause=str(cause))
    return kept


def _retire(
    kept: list[Segment], retention: Retention, fetched: int, now_wall_ms: int, disk: Disk
) -> None:
    count = len(kept)
    sizes = {segment: segment.path.stat().st_size for segment in kept}
    while len(kept) > SEGMENTS_MIN:
        oldest, following = kept[0], kept[1]
        is_old = now_wall_ms - oldest.path.stat().st_mtime_ns // 1_000_000 > (
            retention.days * DAY_MS
        )
        is_too_much = sum(sizes[segment] for segment in kept) > retention.size_bytes_max
        is_due = fetched >= following.first - 1 and (is_old or is_too_much)
        if not (is_due and is_tally_before(following)):
            break
        _make_safe(tally_before(following), disk)
        oldest.path.unlink()
        kept.pop(0)
        tally_before(oldest).unlink(missing_ok=True)
    if len(kept) < count:
        sync_directory(kept[0].path.parent, disk)


def _make_safe(path: Path, disk: Disk) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        disk.sync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(path.parent, disk)
