"""
What nodes signed of a period and nobody judged: it stands behind the heads of the statement.

A statement is of what was known when it was made.  Who names early heads leaves out whatever the
nodes said since, and every comparison fits; so what was left out is counted.  So is what a node
said of a slot that it may not speak for by `nodes.json`, which the operator writes, where those
that may said nothing.
Source: docs/decisions/0155-evidence-left-out.md.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.chain import EMPTY, Head
from gpusla.recompute.bundle import Bundle
from gpusla.sla.facts_file import RecordedFacts
from gpusla.timeline.intervals import Intervals, intersect, subtract, total_ms
from gpusla.timeline.model import StateSpan

Ends = Mapping[NodeName, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    Time of slots, while they served the contract, of the part of the period that was judged.

    gpu_ms: all of it.  in_time_gpu_ms: of that, what stands in blocks that were closed by the
    instant until which the contract lets evidence in.  node, from_ms: where it begins.
    """

    gpu_ms: int
    in_time_gpu_ms: int
    node: NodeName
    from_ms: int


@dataclass(slots=True)
class Collected:
    """What blocks say behind the heads, and what the same nodes said before, slot by slot."""

    behind: dict[tuple[Slot, NodeName], list[StateSpan]] = field(default_factory=dict)
    judged: dict[Slot, dict[NodeName, list[Interval]]] = field(default_factory=dict)

    def add(self, node: NodeName, span: StateSpan, known: StateSpan | None) -> None:
        """Take in a span of a node's blocks; known: the part of it that was judged."""
        if known is not None:
            times = self.judged.setdefault(span.slot, {}).setdefault(node, [])
            times.append(Interval(known.start_ms, known.end_ms))
            span = replace(span, start_ms=known.end_ms)
        if span.start_ms < span.end_ms:
            self.behind.setdefault((span.slot, node), []).append(span)

    def left_out(self, bundle: Bundle, recorded: RecordedFacts, ends: Ends) -> LeftOut | None:
        """Return what of it matters; None if nothing does.  ends: as `Rebuilt` has them."""
        evaluation = bundle.statement.evaluation
        interval = evaluation.period.interval
        deadline_ms = interval.end_ms + bundle.version.statement.final_after_ms
        to_date = [Interval(interval.start_ms, evaluation.until_ms)]
        heads = bundle.statement.inputs.journals
        found: dict[Slot, list[Interval]] = {}
        in_time: dict[Slot, list[Interval]] = {}
        first: list[tuple[int, NodeName]] = []
        for (slot, node), spans in sorted(self.behind.items()):
            served = intersect(to_date, [one.interval for one in recorded.facts.held[slot]])
            is_heard = slot in bundle.nodes[node].slots
            window = subtract(served, self._judged(slot, node if is_heard else None))
            head = heads.get(node, EMPTY) if is_heard else EMPTY
            early = _closed_by(deadline_ms, spans, head, ends[node])
            times = _within(spans, window)
            found.setdefault(slot, []).extend(times)
            in_time.setdefault(slot, []).extend(_within(early, window))
            first += [(times[0].start_ms, node)] if times else []
        if not first:
            return None
        from_ms, node = min(first)
        return LeftOut(_gpu_ms(found), _gpu_ms(in_time), node, from_ms)

    def _judged(self, slot: Slot, node: NodeName | None) -> list[Interval]:
        """Return the time of a slot that was judged by what a node said; by any for None."""
        by_node = self.judged.get(slot, {})
        if node is not None:
            return by_node.get(node, [])
        return [one for times in by_node.values() for one in times]


def _within(spans: Sequence[StateSpan], window: Intervals) -> Intervals:
    return intersect([Interval(span.start_ms, span.end_ms) for span in spans], window)


def _gpu_ms(times: Mapping[Slot, Sequence[Interval]]) -> int:
    return sum(map(total_ms, times.values()))


def _closed_by(
    deadline_ms: int, spans: Sequence[StateSpan], head: Head, ends: Mapping[int, int]
) -> list[StateSpan]:
    """Return the spans of which the first block that nobody judged was closed by an instant."""
    found = []
    blocks = sorted((last, until_ms) for until_ms, last in ends.items())
    for span in spans:
        assert span.evidence is not None, "a span of a block names its records"
        first = max(span.evidence.first_sequence, head.sequence + 1)
        place = bisect_left(blocks, (first,))
        is_early = place == len(blocks) or blocks[place][1] <= deadline_ms
        found += [span] if is_early else []
    return found
