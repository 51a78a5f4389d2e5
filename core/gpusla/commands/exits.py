"""
Exit codes, the same for every command: scripts may rely on them.

0 fine; 1 the thing checked is bad; 2 wrong usage, or a start that is refused; 4 nothing to assess;
5 a source cannot be reached; 6 the integrity of evidence or books is broken.
"""

from enum import IntEnum

from gpusla.catalogue.codes import (
    BUNDLE,
    ENVELOPE,
    JOURNAL_CORRUPT,
    JOURNAL_FORKED,
    JOURNAL_SIGNATURE,
    LEDGER_CONFLICT,
    LEDGER_RESTORED,
    LEDGER_UNBALANCED,
    NOTHING_TO_SHOW,
    STATEMENT_ALTERED,
    STORE_UNAVAILABLE,
)
from gpusla.errors import GpuslaError, ServiceError, SourceError


class Exit(IntEnum):
    """What a command's end means."""

    FINE = 0
    BAD = 1
    REFUSED = 2
    NOTHING = 4
    UNREACHABLE = 5
    INTEGRITY = 6
    INTERRUPTED = 130


_BROKEN = {
    BUNDLE,
    ENVELOPE,
    JOURNAL_CORRUPT,
    JOURNAL_FORKED,
    JOURNAL_SIGNATURE,
    LEDGER_CONFLICT,
    LEDGER_RESTORED,
    LEDGER_UNBALANCED,
    STATEMENT_ALTERED,
}


def exit_of(error: GpuslaError) -> Exit:
    """Return the exit code that an error ends a command with."""
    if error.code is NOTHING_TO_SHOW:
        return Exit.NOTHING
    if error.code in _BROKEN:
        return Exit.INTEGRITY
    if isinstance(error, ServiceError | SourceError) or error.code is STORE_UNAVAILABLE:
        return Exit.UNREACHABLE
    return Exit.REFUSED
