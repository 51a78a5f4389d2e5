"""
A journal's blocks as they are written: when one is closed, and where the open one begins.

What a tally remembers is where the last closed block ended, for that is durable with it; what came
since is read again, which is at most what is written in an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gpusla.catalogue.codes import JOURNAL_CORRUPT
from gpusla.errors import JournalError
from gpusla.evidence.hour_chain import NO_HOURS, HourHead, head_of, payload_of
from gpusla.identity import GpuUuid, NodeName, Slot, parse_slot
from gpusla.journal.body import Body
from gpusla.journal.chain import Head
from gpusla.journal.codec import decode, digest, encode
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import GENESIS, Instant, KeyIntroduced, Started, TailCut
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.hours import BLOCK_BYTES, OpenBlock
from gpusla_agent.recorder.segments import Segment, lines
from gpusla_agent.recorder.signing import Signer

Numbered = tuple[int, Body]


@dataclass(frozen=True, slots=True)
class Opening:
    """
    Where the open block begins.

    behind: the last block, `NO_HOURS` if there is none yet.  after: the last record that is not in
    the open block.  records: those that the fold rests on there: a start, maybe a clock step, maybe
    a sample.  gpus: which GPU was last said to sit in each slot.
    """

    behind: HourHead = NO_HOURS
    after: int = 0
    records: tuple[Numbered, ...] = ()
    gpus: Mapping[Slot, GpuUuid | None] = field(default_factory=dict)

    def write(self) -> dict[str, Any]:
        """Return what a checkpoint holds of it."""
        behind = self.behind
        return {
            "behind": [behind.number, behind.digest, behind.last_sequence],
            "after": self.after,
            "records": write_records(self.records),
            "gpus": {str(slot): gpu for slot, gpu in self.gpus.items()},
        }

    @classmethod
    def read(cls, content: dict[str, Any]) -> "Opening":
        """Return what a checkpoint holds."""
        return cls(
            HourHead(*content["behind"]),
            content["after"],
            tuple(read_records(content["records"])),
            {
                parse_slot(slot): None if gpu is None else GpuUuid(gpu)
                for slot, gpu in content["gpus"].items()
            },
        )


class Blocks:
    """
    The open block of a journal that is being written.

    hour_ms: a block is closed at the multiples of it, on the wall clock.
    """

    def __init__(self, opened: OpenBlock, hour_ms: int) -> None:
        self._open = opened
        self._behind = NO_HOURS
        self._hour_ms = hour_ms

    def is_due(self, body: Body, signer: Signer | None, known: str) -> bool:
        """Return whether to close before a record; known: id of the journal's last key."""
        if not self._open.is_over(body, self._hour_ms):
            return False
        # A key that the journal does not know yet comes with these, and signs what is after them.
        is_beginning = isinstance(body, Started | TailCut | KeyIntroduced)
        return not is_beginning or signer is None or signer.id == known

    def close(self, at: Instant, signer: Signer | None) -> HourClosed:
        """Return the record that closes the block; it must come next."""
        block = self._open.block()
        payload = payload_of(block)
        self._behind = head_of(block, payload)
        if signer is None:
            return HourClosed(at, block)
        return signer.close_hour(at, block, payload)

    def add(self, head: Head, body: Body) -> None:
        """Take in the record that head stands for."""
        if isinstance(body, HourClosed):
            before = self._open
            self._open = OpenBlock(body.block.node, self._behind, before.carry, before.gpus)
        self._open.add(head, body)


def opening_behind(block: HourBlock, records: tuple[Numbered, ...]) -> Opening:
    """Return where the block after this one begins; records: as in `Opening`."""
    behind = head_of(block, payload_of(block))
    return Opening(behind, block.last_sequence, records, block.gpus)


def write_records(records: tuple[Numbered, ...]) -> list[list[Any]]:
    """Return records as a checkpoint holds them, without the chain."""
    return [
        [sequence, encode(sequence, GENESIS, body).decode("ascii")] for sequence, body in records
    ]


def read_records(content: list[list[Any]]) -> list[Numbered]:
    """Return the records of a checkpoint."""
    return [(number, decode(line.encode("ascii"))[1]) for number, line in content]


def reopen(opening: Opening, node: NodeName, segments: list[Segment]) -> OpenBlock:
    """
    Return the open block, from the records since the last one.

    A journal of a time before blocks may hold more than one block can; its first one then begins
    where the rest fits.  Raises JournalError if records are missing.
    """
    carry = Carry()
    for sequence, body in opening.records:
        carry, _ = advance(carry, sequence, body)
    hour = OpenBlock(node, opening.behind, carry, opening.gpus)
    expected = opening.after + 1
    for line in lines(segments, opening.after):
        envelope, body = decode(line)
        if envelope.sequence != expected:
            raise JournalError(
                JOURNAL_CORRUPT,
                f"record {expected} is not in the journal's files, and no block holds it yet",
            )
        if hour.size_bytes >= BLOCK_BYTES and not opening.behind.number:
            hour = OpenBlock(node, NO_HOURS, hour.carry, hour.gpus)
        hour.add(Head(envelope.sequence, digest(line)), body)
        expected += 1
    return hour
