"""
The timeline of a contract's slots made once more from what its nodes signed: blocks, and tails.

The rules are those of the judgement itself: a span counts if the node may speak for the slot, and
`gpusla.timeline.build` decides where several speak.  Only what was known then counts: records up to
those that the statement names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.hours import HourBlock
from gpusla.recompute.bundle import Bundle, blocks_of
from gpusla.recompute.left_out import Collected, LeftOut
from gpusla.recompute.tail import Tail, tail_of
from gpusla.sla.facts_file import RecordedFacts
from gpusla.timeline.build import cover
from gpusla.timeline.hours import spans_of
from gpusla.timeline.join import join
from gpusla.timeline.model import Evidence, StateSpan, Timeline

Tell = Callable[[str], None]
"""What is called with a line about how far the work is."""

TOLD_EVERY = 50
"""After so many nodes a line is told."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """
    What the blocks say.

    spans: by slot, resolved, over the reach of the facts.  doubtful: by slot, where spans of the
    blocks overlap, so that which records are behind what counts depends on how they were joined.
    until_ms: by slot, up to where blocks tell of it at all.  ends: by node, the last record of the
    block that ends at an instant.  left_out: of the period, what blocks say behind the records that
    were judged; None if nothing.  tails: of the nodes that have one, by name; `blocks` and
    `records` are without them.
    """

    spans: Mapping[Slot, tuple[StateSpan, ...]]
    doubtful: Mapping[Slot, tuple[Interval, ...]]
    until_ms: Mapping[Slot, int]
    ends: Mapping[NodeName, Mapping[int, int]]
    left_out: LeftOut | None
    tails: tuple[Tail, ...]
    nodes: int
    blocks: int
    records: int


def rebuild(bundle: Bundle, recorded: RecordedFacts, tell: Tell) -> Rebuilt:
    """Return what the blocks of a bundle say of every slot that is held."""
    told = recorded.facts.timeline
    assert isinstance(told, Timeline), "a file of facts holds spans"
    found: dict[Slot, list[StateSpan]] = {slot: [] for slot in recorded.facts.held}
    counted, collected = _Counted(bundle.nodes), Collected()
    for node in sorted(bundle.nodes):
        head = bundle.statement.inputs.journals.get(node, EMPTY)
        for span in join(counted.spans(bundle, node)):
            if span.slot in found:
                may_speak = span.slot in bundle.nodes[node].slots
                known = _known(span, head, told) if may_speak else None
                collected.add(node, span, known)
                found[span.slot] += [known] if known is not None else []
        counted.tell(tell)
    return Rebuilt(
        {slot: cover(slot, spans, told.period) for slot, spans in found.items()},
        {slot: tuple(overlaps(spans)) for slot, spans in found.items()},
        {
            slot: max((span.end_ms for span in spans), default=told.period.start_ms)
            for slot, spans in found.items()
        },
        counted.ends,
        collected.left_out(bundle, recorded, counted.all_ends),
        tuple(counted.tails),
        counted.nodes,
        counted.blocks,
        counted.records,
    )


def overlaps(spans: Sequence[StateSpan]) -> Iterator[Interval]:
    """Yield where spans of one slot overlap, as the whole time of those that do."""
    start_ms = end_ms = -1
    together = 0
    for span in sorted(spans, key=lambda span: (span.start_ms, span.end_ms)):
        if span.start_ms < end_ms:
            end_ms, together = max(end_ms, span.end_ms), together + 1
            continue
        if together > 1:
            yield Interval(start_ms, end_ms)
        start_ms, end_ms, together = span.start_ms, span.end_ms, 1
    if together > 1:
        yield Interval(start_ms, end_ms)


@dataclass(slots=True)
class _Counted:
    """How much was read."""

    all_nodes: Mapping[NodeName, object]
    nodes: int = 0
    blocks: int = 0
    records: int = 0
    ends: dict[NodeName, dict[int, int]] = field(default_factory=dict)
    tails: list[Tail] = field(default_factory=list)

    @property
    def all_ends(self) -> Mapping[NodeName, Mapping[int, int]]:
        """The ends of blocks and of tails."""
        tails = {tail.node: {tail.until_ms: tail.last_sequence} for tail in self.tails}
        return {node: {**ends, **tails.get(node, {})} for node, ends in self.ends.items()}

    def spans(self, bundle: Bundle, node: NodeName) -> Iterator[StateSpan]:
        """Return what a node's blocks say, and behind them its tail."""
        self.nodes += 1
        lines = bundle.lines(node)
        tail = tail_of(node, lines, is_enrolled=bool(bundle.nodes[node].keys))
        self.tails += [tail] if tail is not None else []
        behind = tail.spans if tail is not None else ()
        return chain(self._of_blocks(node, blocks_of(node, lines)), behind)

    def _of_blocks(self, node: NodeName, blocks: Iterable[HourBlock]) -> Iterator[StateSpan]:
        ends = self.ends[node] = {}
        for block in blocks:
            ends[block.until_ms] = block.last_sequence
            self.blocks += 1
            self.records += block.last_sequence - block.first_sequence + 1
            yield from spans_of(block)

    def tell(self, tell: Tell) -> None:
        if self.nodes % TOLD_EVERY == 0:
            tell(f"{self.nodes} of {len(self.all_nodes)} nodes, {self.blocks} blocks")


def _known(span: StateSpan, head: Head, told: Timeline) -> StateSpan | None:
    """
    Return the part of a span that was known when the statement was made; None if nothing was.

    A block may hold records that came after those; when the last known one was taken only the
    facts say, and they can say no more than that it lies within this very span.
    """
    evidence = span.evidence
    assert evidence is not None, "a span of a block names its records"
    if evidence.last_sequence <= head.sequence:
        return span
    if evidence.first_sequence >= head.sequence:
        return None
    ends = [
        (one.end_ms, one.evidence.last_sequence)
        for one in told.spans.get(span.slot, ())
        if one.evidence is not None
        and one.evidence.node == evidence.node
        and one.evidence.last_sequence <= head.sequence
        and span.start_ms < one.end_ms < span.end_ms
    ]
    if not ends:
        return None
    end_ms, last = max(ends)
    return replace(
        span, end_ms=end_ms, evidence=Evidence(evidence.node, evidence.first_sequence, last)
    )
