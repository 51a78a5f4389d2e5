"""
From spans in any order to a timeline without gaps or overlaps.

What no span covers is unknown (`not_observed`).  Where spans of one slot overlap and disagree, the
worse claim counts and the other one widens the bounds, so that a disagreement can neither hide a
failure nor pass for certainty.  Source: docs/decisions/0031-overlapping-evidence.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from gpusla.catalogue.reasons import DISPUTED, NOT_OBSERVED, State
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.timeline.model import Evidence, StateSpan, Timeline, worst_error_ms

SEVERITY: dict[State, int] = {State.OK: 0, State.DEGRADED: 1, State.UNKNOWN: 2, State.DOWN: 3}
"""Which of two claims about the same millisecond counts: the larger.  Evidence of failure wins."""

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
    return tuple(_join(_fill(slot, _flatten(clipped), period)))


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


def _flatten(spans: Sequence[StateSpan]) -> Iterator[StateSpan]:
    """Yield spans that do not overlap; the argument is sorted by start."""
    cluster: list[StateSpan] = []
    reach_ms = 0
    for span in spans:
        if cluster and span.start_ms >= reach_ms:
            yield from _decide(cluster)
            cluster = []
        if cluster and span == cluster[-1]:
            continue
        reach_ms = max(reach_ms, span.end_ms) if cluster else span.end_ms
        cluster.append(span)
    if cluster:
        yield from _decide(cluster)


def _decide(cluster: Sequence[StateSpan]) -> Iterator[StateSpan]:
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
        yield _verdict(active, start_ms, end_ms)


def _verdict(claims: Iterable[StateSpan], start_ms: int, end_ms: int) -> StateSpan:
    """Return the one span that stands for all claims over the same time."""
    ordered = sorted(claims, key=lambda span: SEVERITY[span.condition.state])
    counted = ordered[-1]
    condition = _counted(ordered)
    return StateSpan(
        counted.slot,
        start_ms,
        end_ms,
        condition,
        _alternative(condition, ordered),
        worst_error_ms([span.error_ms for span in ordered]),
        _evidence([span for span in ordered if span.condition.state == condition.state]),
    )


def _counted(claims: Sequence[StateSpan]) -> Condition:
    """Return the worst state claimed, with everything that was found by those who claim it."""
    state = claims[-1].condition.state
    findings = {
        f for span in claims if span.condition.state == state for f in span.condition.findings
    }
    return Condition(state, tuple(sorted(findings)))


def _alternative(condition: Condition, claims: Sequence[StateSpan]) -> Condition | None:
    """Return what the time may have been instead; unknown, the widest, if several things."""
    others = {span.condition for span in claims if span.condition.state != condition.state}
    others |= {span.other for span in claims if span.other is not None}
    others.discard(condition)
    if not others:
        return None
    if len(others) == 1:
        return others.pop()
    states = sorted({other.state.value for other in others})
    return Condition(State.UNKNOWN, (Finding(DISPUTED.name, ", ".join(states)),))


def _evidence(claims: Sequence[StateSpan]) -> Evidence | None:
    """Return the records behind the verdict: all that the first node by name has to say."""
    found = [span.evidence for span in claims if span.evidence is not None]
    if not found:
        return None
    node: NodeName = min(evidence.node for evidence in found)
    ours = [evidence for evidence in found if evidence.node == node]
    return Evidence(
        node,
        min(evidence.first_sequence for evidence in ours),
        max(evidence.last_sequence for evidence in ours),
    )


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
