"""Whether records follow one another: no number missing, none twice, each naming the one before."""

from dataclasses import dataclass

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_FORKED
from gpusla.errors import JournalError
from gpusla.journal.body import Body
from gpusla.journal.codec import decode, digest
from gpusla.journal.model import GENESIS, Envelope


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain as far as it was checked: sequence number and digest of the last line."""

    sequence: int
    digest: str


EMPTY = Head(0, GENESIS)


def follow(head: Head, line: bytes) -> tuple[Head, Envelope, Body]:
    """
    Check that line comes next after head, and read it.

    line: without its line end.  Returns the new head, the envelope and the body.
    Raises JournalError: `journal_corrupt` if the line is malformed or its number is not the next
    one, `journal_forked` if it names another line before it than the one that head stands for.
    """
    envelope, body = decode(line)
    if envelope.sequence != head.sequence + 1:
        raise JournalError(
            JOURNAL_CORRUPT,
            f"record {envelope.sequence} follows record {head.sequence}: numbers are missing",
        )
    if envelope.previous != head.digest:
        raise JournalError(
            JOURNAL_FORKED,
            f"record {envelope.sequence} names {envelope.previous[:12]} as the record before it, "
            f"which is {head.digest[:12]}",
        )
    return Head(envelope.sequence, digest(line)), envelope, body
