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

from gpusla.errors import JournalError
from gpusla.logs import get_logger
from gpusla_agent.recorder.remaking import Remaking
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

    days: what was written in so many days stays as long as size_bytes_max allows; counted only
    while the clock is known to be in step with the world.
    size_bytes_max: over this, what was fetched goes also sooner, the oldest first.
    """

    days: int = KEEP_DAYS
    size_bytes_max: int = SIZE_BYTES_MAX


class Retiring:
    """
    Removes the segments of one journal that may go; called at each of its checkpoints.

    A tally that was lost is folded again first, a piece at a time: while is_busy, call again
    between two passes.
    """

    def __init__(self) -> None:
        self._remaking: Remaking | None = None
        self._told = ""
        self._is_lost_told = False

    @property
    def is_busy(self) -> bool:
        """Whether a tally is being folded again."""
        return self._remaking is not None

    def retire(
        self,
        segments: Sequence[Segment],
        retention: Retention,
        fetched: int,
        now_wall_ms: int | None,
        disk: Disk,
    ) -> list[Segment]:
        """
        Remove the segments that may go, the oldest first, and return those that stay.

        fetched: number of the last record that whoever collects is known to have.  now_wall_ms: by
        which at most one goes because it is old; None where nobody knows what time it is.  What
        keeps one from going is logged once.
        """
        kept = list(segments)
        try:
            if self._remaking is not None and not self._remaking.step():
                return kept
            self._remaking = None
            self._retire(kept, retention, fetched, now_wall_ms, disk)
        except (OSError, JournalError) as cause:
            self._remaking = None
            if str(cause) != self._told:
                self._told = str(cause)
                _log.error("journal_not_retired", segment=kept[0].path.name, cause=self._told)
        return kept

    def _retire(
        self,
        kept: list[Segment],
        retention: Retention,
        fetched: int,
        now_wall_ms: int | None,
        disk: Disk,
    ) -> None:
        count = len(kept)
        sizes = {segment: segment.path.stat().st_size for segment in kept}
        while len(kept) > SEGMENTS_MIN:
            oldest, following = kept[0], kept[1]
            is_too_much = sum(sizes[segment] for segment in kept) > retention.size_bytes_max
            is_over = is_too_much or _is_old(oldest, retention, now_wall_ms)
            is_due = fetched >= following.first - 1 and is_over
            if not (is_due and self._is_tally_there(kept, disk)):
                break
            _make_safe(tally_before(following), disk)
            oldest.path.unlink()
            kept.pop(0)
            tally_before(oldest).unlink(missing_ok=True)
            self._told = ""
            # A clock that is far ahead finds everything old: then there is time to see it.
            now_wall_ms = now_wall_ms if is_too_much else None
        if len(kept) < count:
            sync_directory(kept[0].path.parent, disk)

    def _is_tally_there(self, kept: list[Segment], disk: Disk) -> bool:
        """Return whether the oldest segment can be done without; have its tally folded if not."""
        if is_tally_before(kept[1]):
            return True
        self._remaking = Remaking(kept[:2], disk)
        if not self._is_lost_told:
            self._is_lost_told = True
            _log.warning("tally_lost", path=str(tally_before(kept[1])), detail="it is folded again")
        return False


def _is_old(segment: Segment, retention: Retention, now_wall_ms: int | None) -> bool:
    if now_wall_ms is None:
        return False
    age_ms = now_wall_ms - segment.path.stat().st_mtime_ns // 1_000_000
    return age_ms > retention.days * DAY_MS


def _make_safe(path: Path, disk: Disk) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        disk.sync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(path.parent, disk)
