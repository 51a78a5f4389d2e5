"""The blocks of a bundle behind a loss: which node said what, in which block and records."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from gpusla.identity import NodeName
from gpusla.instants import format_instant
from gpusla.journal.hours import HourBlock, HourSpan
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.words import condition_words
from gpusla.sla.evaluation import Cause, Event, Loss

SPANS_MAX = 4
"""How many spans of a slot's part in a loss are told; the rest is counted."""

NODES_KEPT = 64
"""So many nodes' blocks are kept at once; a rack has eighteen."""


class Blocks:
    """Tells which blocks of a bundle say what a statement says of a slot; verifies nothing."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        """Take a bundle's members, which are read node by node while it tells."""
        bundle = Bundle(members)

        def blocks(node: NodeName) -> tuple[HourBlock, ...]:
            return tuple(bundle.blocks(node))

        self._of_node = lru_cache(NODES_KEPT)(blocks)

    def behind(self, stretch: Loss | Event, cause: Cause) -> Iterator[str]:
        """Yield the spans of blocks that say a slot's state over the time of a loss or an event."""
        evidence, time = cause.evidence, stretch.interval
        if evidence is None:
            return
        told = [
            _told(block, span)
            for block in self._of_node(evidence.node)
            for span in block.spans.get(cause.slot, ())
            if span.start_ms < time.end_ms
            and time.start_ms < span.end_ms
            and span.condition.state == cause.state
        ]
        yield from told[:SPANS_MAX]
        if not told:
            yield f"no block of {evidence.node} in the bundle says so"
        if len(told) > SPANS_MAX:
            yield f"and {len(told) - SPANS_MAX} more spans"


def _told(block: HourBlock, span: HourSpan) -> str:
    start, end = format_instant(span.start_ms), format_instant(span.end_ms)
    either = "" if span.other is None else f", or {condition_words(span.other)}"
    return (
        f"block {block.number} of {block.node}, records {span.first_sequence} to "
        f"{span.last_sequence}: {condition_words(span.condition)}{either} from {start} to {end}"
    )
