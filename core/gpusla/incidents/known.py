"""
What is known of one slot so far: its time in stretches, whatever order it was told in.

Stretches that say the same and touch are one, so it does not matter how time was cut.  Where two
claim the same time, one that somebody observed stands before one that nobody did, then the worse
state, as in `gpusla.timeline.build`; two of the same state are joined.  So late evidence mends what
was not observed before, and telling a thing twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from gpusla.incidents.model import Stretch
from gpusla.timeline.claims import SEVERITY
from gpusla.timeline.model import Evidence, StateSpan


def stretch_of(span: StateSpan) -> Stretch:
    """Return what a span says, without its words."""
    reasons = tuple(sorted({finding.reason for finding in span.condition.findings}))
    return Stretch(
        span.slot, span.start_ms, span.end_ms, span.condition.state, reasons, span.evidence
    )


def learn(known: Sequence[Stretch], told: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """
    Return what is known when told, in any order, is taken in.

    known: as this function gives it.  What goes on where known ends costs no more than itself.
    """
    ordered = sorted((one for one in told if one.start_ms < one.end_ms), key=_order)
    if known and ordered and ordered[0].start_ms < known[-1].end_ms:
        ordered = sorted([*known, *ordered], key=_order)
        known = ()
    joined = list(known[:-1])
    joined += _join([*known[-1:], *_flatten(ordered)])
    return tuple(joined)


def forget(known: Sequence[Stretch], before_ms: int) -> tuple[Stretch, ...]:
    """Return what is known without what ended by then; the last of it stays in any case."""
    kept = tuple(one for one in known if one.end_ms > before_ms)
    return kept or tuple(known[-1:])


def clipped(told: Iterable[Stretch], from_ms: int) -> Iterator[Stretch]:
    """Yield what is told of the time from an instant on."""
    for one in told:
        if one.start_ms >= from_ms:
            yield one
        elif one.end_ms > from_ms:
            yield replace(one, start_ms=from_ms)


def _order(one: Stretch) -> tuple[int, int]:
    return one.start_ms, one.end_ms


def _flatten(ordered: Sequence[Stretch]) -> Iterator[Stretch]:
    """Yield stretches that do not overlap; the argument is sorted by start."""
    cluster: list[Stretch] = []
    reach_ms = 0
    for one in ordered:
        if cluster and one.start_ms >= reach_ms:
            yield from _decide(cluster)
            cluster = []
        reach_ms = max(reach_ms, one.end_ms) if cluster else one.end_ms
        cluster.append(one)
    if cluster:
        yield from _decide(cluster)


def _decide(cluster: Sequence[Stretch]) -> Iterator[Stretch]:
    """Yield what holds over stretches that overlap one another, piece by piece."""
    if len(cluster) == 1:
        yield cluster[0]
        return
    edges = sorted({edge for one in cluster for edge in _order(one)})
    arriving = iter(cluster)
    coming = next(arriving, None)
    active: list[Stretch] = []
    for start_ms, end_ms in pairwise(edges):
        active = [one for one in active if one.end_ms > start_ms]
        while coming is not None and coming.start_ms <= start_ms:
            active.append(coming)
            coming = next(arriving, None)
        yield _verdict(active, start_ms, end_ms)


def _verdict(claims: Sequence[Stretch], start_ms: int, end_ms: int) -> Stretch:
    observed = [one for one in claims if one.evidence is not None] or list(claims)
    state = max((one.state for one in observed), key=SEVERITY.__getitem__)
    counted = [one for one in observed if one.state is state]
    reasons = tuple(sorted({reason for one in counted for reason in one.reasons}))
    return Stretch(counted[0].slot, start_ms, end_ms, state, reasons, _evidence(counted))


def _evidence(claims: Sequence[Stretch]) -> Evidence | None:
    """Return the records behind claims: all that the first node by name has to say."""
    found = [one.evidence for one in claims if one.evidence is not None]
    if not found:
        return None
    node = min(evidence.node for evidence in found)
    ours = [evidence for evidence in found if evidence.node == node]
    return Evidence(
        node,
        min(evidence.first_sequence for evidence in ours),
        max(evidence.last_sequence for evidence in ours),
    )


def _join(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    run: Stretch | None = None
    for one in stretches:
        if run is not None and _goes_on(run, one):
            run = replace(run, end_ms=one.end_ms, evidence=_evidence([run, one]))
            continue
        if run is not None:
            yield run
        run = one
    if run is not None:
        yield run


def _goes_on(run: Stretch, one: Stretch) -> bool:
    return (
        run.end_ms == one.start_ms
        and run.state is one.state
        and run.reasons == one.reasons
        and (run.evidence and run.evidence.node) == (one.evidence and one.evidence.node)
    )
