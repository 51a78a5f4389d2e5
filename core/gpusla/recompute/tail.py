"""
What a node wrote behind its last block before it died, or before its hour was over.

No block stands for these records, so they are in the bundle themselves, chained to the last block,
and are folded as their node's own blocks were.  A node that has a key signs its journal's head at
once with every event and else each minute; behind the last head that it signed no more is believed
than it can have written by then.  Source: docs/decisions/0158-tails-without-a-block.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gpusla.identity import NodeName
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, Head, follow
from gpusla.journal.codec import decode, digest
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import (
    Envelope,
    HeadSigned,
    KeyIntroduced,
    Observed,
    Opaque,
    ReadingsTaken,
    XidSeen,
)
from gpusla.recompute.bundle import broken
from gpusla.recompute.difference import FigureDifference
from gpusla.statement import Inputs
from gpusla.timeline.fold import Carry, advance, instant_ms
from gpusla.timeline.model import StateSpan

UNSIGNED_MS = 120_000
"""How much time a node with a key may tell of behind its last signature: it signs each minute."""

Read = Sequence[tuple[Envelope, Body]]


@dataclass(frozen=True, slots=True)
class Tail:
    """
    The records of a node behind its last block.

    first_sequence, last_sequence: both included.  from_ms: the node's wall clock at the end of its
    last block, or at the first record where there is none; until_ms: at the last record.  signed:
    the last record that the node signed, be it in a block, and its wall clock then as signed_ms; 0
    and None if none.  spans: what they say as far as it counts, by slot in time order.
    """

    node: NodeName
    first_sequence: int
    last_sequence: int
    from_ms: int
    until_ms: int
    signed: int
    signed_ms: int | None
    spans: tuple[StateSpan, ...]

    @property
    def records(self) -> int:
        """How many there are."""
        return self.last_sequence - self.first_sequence + 1


def tail_of(node: NodeName, lines: Sequence[bytes], *, is_enrolled: bool) -> Tail | None:
    """
    Return what stands behind a node's last block; None if nothing does.

    lines: of the node's hours.  is_enrolled: whether the node has a key of the inventory.
    Raises EvidenceError (`bundle`) if it does not rest on what stands before it, JournalError if it
    is no chain.
    """
    if not lines or isinstance(decode(lines[-1])[1], HourClosed):
        return None
    read = [decode(line) for line in lines]
    closings = (place for place, (_, body) in enumerate(read) if isinstance(body, HourClosed))
    first = max(closings, default=-1) + 1
    has_key = is_enrolled or any(isinstance(body, KeyIntroduced) for _, body in read)
    reader = _Reader(node, has_key=has_key)
    for envelope, body in read[:first]:
        reader.carry, _ = advance(reader.carry, envelope.sequence, body)
    if first:
        envelope, closing = read[first - 1]
        assert isinstance(closing, HourClosed), "the last of them was looked for"
        _require_fitting(reader.carry, closing.block, read[:first])
        reader.begin(closing.block, Head(envelope.sequence, digest(lines[first - 1])))
    for line in lines[first:]:
        reader.add(line)
    return reader.tail()


def first_unsigned(inputs: Inputs, tails: Iterable[Tail]) -> FigureDifference | None:
    """Find a node that the statement says signed more than the heads in its tail show."""
    for tail in tails:
        last = inputs.signed.get(tail.node, 0)
        if last > tail.signed:
            found = f"no signature behind record {tail.signed}"
            return FigureDifference(f"signed by {tail.node}", f"to record {last}", found)
    return None


@dataclass(slots=True)
class _Reader:
    """
    A tail that is read.

    head: the last record that was.  from_ms, until_ms, signed, signed_ms: as `Tail` has them.
    counted: the spans of records that are signed.  waiting: records behind them, with their spans.
    """

    node: NodeName
    has_key: bool
    carry: Carry = field(default_factory=Carry)
    head: Head = EMPTY
    closed: int = 0
    from_ms: int | None = None
    until_ms: int = 0
    signed: int = 0
    signed_ms: int | None = None
    counted: list[StateSpan] = field(default_factory=list)
    waiting: list[tuple[Body, tuple[StateSpan, ...]]] = field(default_factory=list)

    def begin(self, block: HourBlock, head: Head) -> None:
        """Go on behind a block; head: the record that closes it."""
        self.head, self.closed = head, head.sequence
        self.from_ms = self.until_ms = block.until_ms
        if self.has_key:
            self.signed, self.signed_ms = block.last_sequence, block.until_ms

    def add(self, line: bytes) -> None:
        """Take in the next record."""
        self.head, _, body = follow(self.head, line)
        sequence = self.head.sequence
        self.carry, spans = advance(self.carry, sequence, body)
        if isinstance(body, Observed) and not _rests(self.carry, body):
            words = f"record {sequence} of {self.node} rests on a start that is not there"
            raise broken(words)
        self.waiting.append((body, spans))
        if isinstance(body, HeadSigned):
            self.counted += (span for _, told in self.waiting for span in told)
            self.signed, self.signed_ms = sequence - 1, self.until_ms
            self.waiting.clear()
        if not isinstance(body, Opaque):
            self.until_ms = body.at.wall_ms
            self.from_ms = self.until_ms if self.from_ms is None else self.from_ms

    def tail(self) -> Tail:
        """Return what was read."""
        if self.has_key:
            self.counted += _believed(self.waiting)
        else:
            self.counted += (span for _, told in self.waiting for span in told)
        return Tail(
            self.node,
            self.closed + 1,
            self.head.sequence,
            self.until_ms if self.from_ms is None else self.from_ms,
            self.until_ms,
            self.signed,
            self.signed_ms,
            tuple(self.counted),
        )


def _rests(carry: Carry, body: Observed) -> bool:
    """Tell whether the instants of a sample are counted from the start that it belongs to."""
    anchor = carry.anchor
    if carry.node is None or anchor is None:  # a step alone does not say how long a sample speaks
        return False
    return (anchor.boot, anchor.start) == (body.at.boot, body.at.start)


def _believed(waiting: Iterable[tuple[Body, tuple[StateSpan, ...]]]) -> Iterator[StateSpan]:
    """
    Yield the spans of records that no signature covers, as far as a node with a key can have come.

    What happens to the agent is signed in the same write, so that only what it saw can wait, and
    that for a minute.
    """
    first_ms: int | None = None
    for body, spans in waiting:
        if not isinstance(body, Observed | XidSeen | ReadingsTaken):
            return
        if isinstance(body, Observed):
            first_ms = body.from_mono_ms if first_ms is None else first_ms
            if body.from_mono_ms < first_ms or body.at.mono_ms > first_ms + UNSIGNED_MS:
                return
        yield from spans


def _require_fitting(carry: Carry, block: HourBlock, read: Read) -> None:
    """
    See that the last sample before a block's end is when the block, which is signed, says it was.

    A clock step that is kept back would else move all that comes after.
    """
    last, anchor = carry.last, carry.anchor
    if last is None or anchor is None:
        return
    times = {last.at_ms}
    for envelope, body in read:
        if envelope.sequence == last.sequence and isinstance(body, Observed):
            times.add(instant_ms(anchor, body.from_mono_ms))
    for spans in block.spans.values():
        for span in spans:
            if span.last_sequence == last.sequence and span.end_ms not in times:
                raise broken(
                    f"record {last.sequence} of {block.node} is not of the time at which block "
                    f"{block.number} ends a span with it"
                )
