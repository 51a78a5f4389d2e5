"""The timeline of the blocks held against the facts that were judged, slot by slot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.recompute.rebuild import Rebuilt
from gpusla.sla.facts_file import RecordedFacts
from gpusla.timeline.advice import unadvised_span
from gpusla.timeline.build import UNOBSERVED, cover
from gpusla.timeline.model import StateSpan, Timeline

TAIL_MS = 3_600_000 + 60_000 + 30_000
"""
How much time behind its last block a node may have records of that stand in none yet.

A block is closed before the first record of another hour.  A record may run over the hour's end by
a minute, while the disk fails, and the collector gives it 30 s more to arrive (`evidence_lag_ms`).
"""


@dataclass(frozen=True, slots=True)
class SpanDifference:
    """
    Where facts and blocks part: the slot and the first instant.

    told: the span of the facts there.  found: that of the blocks.  is_evidence: both say the same
    of the slot, and name other records for it.
    """

    slot: Slot
    at_ms: int
    told: StateSpan
    found: StateSpan
    is_evidence: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """
    What comparing came to.

    first: of the first slot that differs, None if none does.  slots: how many were compared.
    differing: how many of them differ.  open_gpu_ms: time of slots at the end of the facts that
    stands in no block yet, as an hour has to end before there is one; or that nobody observed.
    """

    first: SpanDifference | None
    slots: int
    differing: int
    open_gpu_ms: int


def compare(recorded: RecordedFacts, rebuilt: Rebuilt, until_ms: int) -> Compared:
    """
    Return where the facts first say something other than the blocks.

    until_ms: up to here the blocks must tell of every slot.  Beyond, where they do not, the facts
    may say something of a slot for TAIL_MS at most, and else that nobody observed it.
    """
    told = recorded.facts.timeline
    assert isinstance(told, Timeline), "a file of facts holds spans"
    reach, open_gpu_ms = told.period, 0
    found = []
    for slot in sorted(rebuilt.spans):
        end_ms = min(reach.end_ms, max(until_ms, rebuilt.until_ms[slot]))
        open_gpu_ms += reach.end_ms - end_ms
        difference = None
        if reach.start_ms < end_ms:
            difference = _of_slot(slot, told, rebuilt, Interval(reach.start_ms, end_ms))
        if difference is None:
            difference = _unsupported(slot, told, end_ms)
        found += [difference] if difference is not None else []
    return Compared(found[0] if found else None, len(rebuilt.spans), len(found), open_gpu_ms)


def _of_slot(
    slot: Slot, told: Timeline, rebuilt: Rebuilt, reach: Interval
) -> SpanDifference | None:
    ours = cover(slot, told.spans.get(slot, ()), reach)
    theirs = _plain(slot, rebuilt.spans[slot], reach)
    if [*map(_edged, ours)] != [*map(_edged, theirs)]:
        return _parting(slot, ours, theirs)
    doubtful = rebuilt.doubtful[slot]
    for one, other in zip(ours, theirs, strict=True):
        if not _is_of_same_records(one, other, reach, doubtful):
            return SpanDifference(slot, one.start_ms, one, other, is_evidence=True)
    return None


def _unsupported(slot: Slot, told: Timeline, end_ms: int) -> SpanDifference | None:
    """Find where facts say more of a slot, behind the end of its blocks, than an open one holds."""
    observed = [
        span
        for span in told.spans.get(slot, ())
        if span.end_ms > end_ms and (span.condition != UNOBSERVED or span.other is not None)
    ]
    if not observed:
        return None
    # Counted from the first that is observed: a node may have been silent before its open block.
    most_ms = max(observed[0].start_ms, end_ms) + TAIL_MS
    beyond = next((span for span in observed if span.end_ms > most_ms), None)
    if beyond is None:
        return None
    at_ms = max(beyond.start_ms, most_ms)
    nothing = StateSpan(slot, at_ms, told.period.end_ms, UNOBSERVED)
    return SpanDifference(slot, at_ms, beyond, nothing)


def _parting(slot: Slot, ours: Sequence[StateSpan], theirs: Sequence[StateSpan]) -> SpanDifference:
    """Return the first instant at which two covers of one reach say something else."""
    place = other_place = 0
    while True:
        # Neighbours that mean the same are joined on both sides, so that an end is never reached.
        told, found = ours[place], theirs[other_place]
        if _meaning(told) != _meaning(found):
            return SpanDifference(slot, max(told.start_ms, found.start_ms), told, found)
        place += told.end_ms <= found.end_ms
        other_place += found.end_ms <= told.end_ms


def _plain(slot: Slot, spans: Iterable[StateSpan], reach: Interval) -> tuple[StateSpan, ...]:
    """Return spans as a file of facts has them: what should be done is not in it."""
    return cover(slot, tuple(map(unadvised_span, spans)), reach)


def _edged(span: StateSpan) -> tuple[object, ...]:
    return span.start_ms, span.end_ms, _meaning(span)


def _meaning(span: StateSpan) -> tuple[object, ...]:
    """Return all that two spans must have in common, but for which records say so."""
    node = None if span.evidence is None else span.evidence.node
    return span.condition, span.other, span.error_ms, span.witness, span.agreed, node


def _is_of_same_records(
    told: StateSpan, found: StateSpan, reach: Interval, doubtful: Sequence[Interval]
) -> bool:
    """
    Tell whether two spans of one meaning rest on the same records.

    A span that was cut at an end of the reach may name other records there than the one that it is
    held against, for neither says when each was taken; so it may where a node's records overlap.
    """
    ours, theirs = told.evidence, found.evidence
    if ours is None or theirs is None or ours == theirs:
        return ours == theirs
    is_loose = any(one.start_ms < told.end_ms and told.start_ms < one.end_ms for one in doubtful)
    is_first = ours.first_sequence == theirs.first_sequence or (
        is_loose or told.start_ms == reach.start_ms
    )
    is_last = ours.last_sequence == theirs.last_sequence or (
        is_loose or told.end_ms == reach.end_ms
    )
    is_common = (
        ours.first_sequence <= theirs.last_sequence and theirs.first_sequence <= ours.last_sequence
    )
    return is_first and is_last and is_common
