"""Whether blocks follow one another: no number missing, each naming the one before."""

import hashlib
from dataclasses import dataclass

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_FORKED
from gpusla.errors import JournalError
from gpusla.evidence.envelope import canonical
from gpusla.journal.codec import block_content
from gpusla.journal.hours import HourBlock
from gpusla.journal.model import GENESIS


@dataclass(frozen=True, slots=True)
class HourHead:
    """The end of a chain of blocks: the last one's number, digest and last record."""

    number: int = 0
    digest: str = GENESIS
    last_sequence: int = 0


NO_HOURS = HourHead()


def payload_of(block: HourBlock) -> bytes:
    """Return what of a block is digested and signed: its canonical JSON."""
    return canonical(block_content(block))


def head_of(block: HourBlock, payload: bytes) -> HourHead:
    """Return the end of a chain whose last block this is; payload: as `payload_of` gives it."""
    return HourHead(block.number, hashlib.sha256(payload).hexdigest(), block.last_sequence)


def require_next(node: str, before: HourHead, block: HourBlock) -> None:
    """
    Check that a block is the node's own, and comes next.

    A journal's first block may begin behind its first record: agents wrote journals before they
    wrote blocks.  Raises JournalError: `journal_forked` if it is another node's or names another
    block before it, `journal_corrupt` if blocks or records are missing between the two.
    """
    if block.node != node:
        raise _forked(f"the journal of {node} says that block {block.number} is {block.node}'s")
    if block.number != before.number + 1:
        raise _corrupt(f"{node}: block {block.number} follows block {before.number}")
    if block.previous != before.digest:
        raise _forked(
            f"{node}: block {block.number} names {block.previous[:12]} as the block before it, "
            f"which is {before.digest[:12]}"
        )
    if before.number and block.first_sequence != before.last_sequence + 1:
        raise _corrupt(
            f"{node}: block {block.number} begins with record {block.first_sequence}, the one "
            f"before it ends with record {before.last_sequence}"
        )


def _corrupt(message: str) -> JournalError:
    return JournalError(JOURNAL_CORRUPT, message)


def _forked(message: str) -> JournalError:
    return JournalError(JOURNAL_FORKED, message)
