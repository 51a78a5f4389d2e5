"""
Folding again what a lost tally said, a piece at a time.

A tally between two segments is written once: a full disk may leave none, and so may a power cut, as
no directory is synced for it.  Without it the segment before could never go, so it is folded from
the tally before that segment.
"""

from itertools import islice

from gpusla.catalogue.codes import JOURNAL_CORRUPT
from gpusla.errors import JournalError
from gpusla.journal.chain import follow
from gpusla_agent.recorder.segments import Disk, Segment, lines, tally_before
from gpusla_agent.recorder.tally import tally_at_start

PIECE_RECORDS = 200
"""How many records are folded between two passes: some 30 ms on a slow core."""


class Remaking:
    """
    The tally of all before the second of some segments, on its way.

    Raises JournalError if what was before the first segment is not known.
    """

    def __init__(self, segments: list[Segment], disk: Disk) -> None:
        self._disk = disk
        self._tally = tally_at_start(segments)
        self._following = segments[1]
        self._lines = lines(segments[:2], self._tally.head.sequence)

    def step(self) -> bool:
        """
        Fold the next piece; return whether the tally is on disk with it.

        Raises JournalError if a record does not follow the one before it, OSError if the disk
        refuses.
        """
        piece = list(islice(self._lines, PIECE_RECORDS))
        if not piece:
            raise JournalError(
                JOURNAL_CORRUPT, f"{self._following.path}: its first record is not there"
            )
        for line in piece:
            head, _, body = follow(self._tally.head, line)
            if head.sequence == self._following.first:
                self._tally.save(tally_before(self._following), self._disk)
                return True
            self._tally.add(head, body)
        return False
