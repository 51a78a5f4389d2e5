"""
Spans of one node, with neighbours that say the same made one.

The same neighbours are joined as in `gpusla.timeline.build`, so that a judgement is the same with
and without it; and what is joined piece by piece is the same as what is joined at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gpusla.identity import Slot
from gpusla.timeline.model import Evidence, StateSpan

Runs = dict[Slot, list[StateSpan]]
"""Spans by slot, each slot's in time order."""


def join(spans: Iterable[StateSpan]) -> Iterator[StateSpan]:
    """
    Yield spans with neighbours that say the same joined, by slot and in time order.

    spans: of one node, each slot's in time order.
    """
    runs: Runs = {}
    for span in spans:
        extend(runs, span)
    for slot in sorted(runs):
        yield from runs[slot]


def extend(runs: Runs, span: StateSpan) -> bool:
    """Take in the next span of its slot; return whether it is not the last one gone on."""
    run = runs.setdefault(span.slot, [])
    if run and _continues(run[-1], span):
        evidence = _both(run[-1].evidence, span.evidence)
        run[-1] = replace(run[-1], end_ms=span.end_ms, evidence=evidence)
        return False
    run.append(span)
    return True


def _continues(before: StateSpan, span: StateSpan) -> bool:
    return (before.end_ms, before.condition, before.other, before.error_ms) == (
        span.start_ms,
        span.condition,
        span.other,
        span.error_ms,
    )


def _both(first: Evidence | None, last: Evidence | None) -> Evidence | None:
    if first is None or last is None:
        return None
    return replace(first, last_sequence=last.last_sequence)
