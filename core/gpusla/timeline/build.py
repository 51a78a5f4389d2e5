"""
From spans in any order to a timeline without gaps or overlaps.

What no span covers is unknown (`not_observed`).  Where spans of one slot overlap and disagree,
`claims` decides within one party and `witnesses` between parties.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from gpusla.catalogue.reasons import NOT_OBSERVED, State
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.timeline.claims import worst
from gpusla.timeline.model import Evidence, StateSpan, Timeline, Witness, worst_error_ms
from gpusla.timeline.witnesses import between

Verdict: TypeAlias = Callable[[Iterable[StateSpan], int, int], StateSpan]
"""What makes one span of several claims over the same time."""

UNOBSERVED = Condition(State.UNKNOWN, (Finding(NOT_OBSERVED.name),))
"""What is known of time that no record covers."""


def build(spans: Iterable[StateSpan], slots: Iterable[Slot], period: Interval) -> Timeline:
    """
    Return the timeline of slots over period.

    spans: any order, duplicates, overlaps and time outside period are fine; spans of other slots
    are left out.  Every slot comes out, observed or not, and its spans add up to period exactly.
    """
    by_slot: dict[Slot, list[StateSpan]] = {slot: [] for slot in slots}
    for span in spans:
        collected = by_slot.get(span.slot)
        if collected is not None:
            collected.append(span)
    return Timeline(
        period, {slot: cover(slot, collected, period) for slot, collected in by_slot.items()}
    )


def cover(slot: Slot, spans: Sequence[StateSpan], period: Interval) -> tuple[StateSpan, ...]:
    """Return one slot's spans over period: clipped, gaps filled, neighbours that agree joined."""
    clipped = sorted(_clip(spans, period), key=_order)
    return tuple(_join(_fill(slot, _resolved(clipped), period)))


def _resolved(spans: Sequence[StateSpan]) -> Iterator[StateSpan]:
    """Yield spans that do not overlap: each witness's first, then what they come to together."""
    parties: dict[Witness, list[StateSpan]] = {}
    for span in spans:
        parties.setdefault(span.witness, []).append(span)
    if len(parties) <= 1:
        return _flatten(spans, worst)
    alone = [span for party in parties.values() for span in _flatten(party, worst)]
    return _flatten(sorted(alone, key=_order), between)


def _clip(spans: Iterable[StateSpan], period: Interval) -> Iterator[StateSpan]:
    for span in spans:
        start_ms = max(span.start_ms, period.start_ms)
        end_ms = min(span.end_ms, period.end_ms)
        if start_ms == span.start_ms and end_ms == span.end_ms and start_ms < end_ms:
            yield span
        elif start_ms < end_ms:
            yield replace(span, start_ms=start_ms, end_ms=end_ms)


def _order(span: StateSpan) -> tuple[int, int]:
    return span.start_ms, span.end_ms


def _flatten(spans: Sequence[StateSpan], verdict: Verdict) -> Iterator[StateSpan]:
    """Yield spans that do not overlap; the argument is sorted by start."""
    cluster: list[StateSpan] = []
    reach_ms = 0
    for span in spans:
        if cluster and span.start_ms >= reach_ms:
            yield from _decide(cluster, verdict)
            cluster = []
        if cluster and span == cluster[-1]:
            continue
        reach_ms = max(reach_ms, span.end_ms) if cluster else span.end_ms
        cluster.append(span)
    if cluster:
        yield from _decide(cluster, verdict)


def _decide(cluster: Sequence[StateSpan], verdict: Verdict) -> Iterator[StateSpan]:
    """Yield what counts over spans that overlap one another, piece by piece."""
    if len(cluster) == 1:
        yield cluster[0]
        return
    # Only one active set is carried along, so a long run over many short spans stays cheap.
    edges = sorted({edge for span in cluster for edge in (span.start_ms, span.end_ms)})
    active: set[StateSpan] = set()
    arriving = iter(sorted(set(cluster), key=_order))
    coming = next(arriving, None)
    for start_ms, end_ms in pairwise(edges):
        active = {span for span in active if span.end_ms > start_ms}
        while coming is not None and coming.start_ms <= start_ms:
            active.add(coming)
            coming = next(arriving, None)
        yield verdict(active, start_ms, end_ms)


def _fill(slot: Slot, spans: Iterable[StateSpan], period: Interval) -> Iterator[StateSpan]:
    """Yield the spans and, wherever nothing was observed, unknown time of the same clock."""
    reached_ms, error_ms = period.start_ms, None
    first = True
    for span in spans:
        if reached_ms < span.start_ms:
            gap_error_ms = span.error_ms if first else worst_error_ms([error_ms, span.error_ms])
            yield StateSpan(slot, reached_ms, span.start_ms, UNOBSERVED, None, gap_error_ms)
        yield span
        reached_ms, error_ms, first = span.end_ms, span.error_ms, False
    if reached_ms < period.end_ms:
        yield StateSpan(slot, reached_ms, period.end_ms, UNOBSERVED, None, 0 if first else error_ms)


def _join(spans: Iterable[StateSpan]) -> Iterator[StateSpan]:
    """Yield runs of neighbours that say the same as one span, its evidence from first to last."""
    run: StateSpan | None = None
    for span in spans:
        if run is None:
            run = span
        elif _says_the_same(run, span):
            run = replace(run, end_ms=span.end_ms, evidence=_joined(run.evidence, span.evidence))
        else:
            yield run
            run = span
    if run is not None:
        yield run


def _says_the_same(left: StateSpan, right: StateSpan) -> bool:
    return (
        left.condition == right.condition
        and left.other == right.other
        and left.error_ms == right.error_ms
        and (left.witness, left.agreed) == (right.witness, right.agreed)
        and (left.evidence is None) == (right.evidence is None)
        and (
            left.evidence is None
            or right.evidence is None
            or left.evidence.node == right.evidence.node
        )
    )


def _joined(left: Evidence | None, right: Evidence | None) -> Evidence | None:
    if left is None or right is None:
        return None
    return Evidence(
        left.node,
        min(left.first_sequence, right.first_sequence),
        max(left.last_sequence, right.last_sequence),
    )
