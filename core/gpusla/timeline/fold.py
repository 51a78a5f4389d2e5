"""
From records to state spans, one record at a time.

The agent's counters and the collector's judgement both go through this fold, so they cannot
disagree about what a journal says.  A sample's condition holds until the next sample if that comes
within `valid_ms`; a longer silence gives no span at all, and what no span covers is unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gpusla.identity import NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.model import (
    ClockStepped,
    Condition,
    Instant,
    Observed,
    Opaque,
    Started,
    Stopped,
)
from gpusla.timeline.model import Evidence, StateSpan, Witness, worst_error_ms


@dataclass(frozen=True, slots=True)
class Sample:
    """
    The last sample that was folded: its instant in UTC milliseconds, and what it saw.

    error_ms: how far the clock may have been off then; None if nobody knew.
    """

    at_ms: int
    sequence: int
    conditions: dict[Slot, Condition]
    error_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Carry:
    """
    What the fold remembers between two records of one node's journal.

    anchor: the record whose clocks all instants are counted from.  last: None after a start, a
    stop, a clock step or a record that could not be understood.
    """

    node: NodeName | None = None
    anchor: Instant | None = None
    valid_ms: int = 0
    last: Sample | None = None


def advance(
    carry: Carry, sequence: int, body: Body, witness: Witness = Witness.PROVIDER
) -> tuple[Carry, tuple[StateSpan, ...]]:
    """
    Take in one record of a journal that a witness keeps.

    Returns the new carry and the spans that became known, in time order for each slot.  Records
    must come in the order of their sequence; the chain is checked elsewhere.
    """
    match body:
        case Started():
            return Carry(body.node, body.at, body.valid_ms), ()
        case ClockStepped():
            return replace(carry, anchor=body.at, last=None), ()
        case Stopped() | Opaque():
            return replace(carry, last=None), ()
        case Observed():
            return _observe(carry, sequence, body, witness)
        case _:  # About the journal itself, or about GPUs and not their states.
            return carry, ()


def instant_ms(anchor: Instant, mono_ms: int) -> int:
    """Return the UTC millisecond of a monotonic reading in the anchor's boot."""
    return anchor.wall_ms + (mono_ms - anchor.mono_ms)


def _observe(
    carry: Carry, sequence: int, body: Observed, witness: Witness
) -> tuple[Carry, tuple[StateSpan, ...]]:
    anchor, node = carry.anchor, carry.node
    if anchor is None or node is None or anchor.boot != body.at.boot:
        return replace(carry, last=None), ()
    first_ms = instant_ms(anchor, body.from_mono_ms)
    last_ms = instant_ms(anchor, body.at.mono_ms)
    spans = tuple(_since(carry, first_ms, sequence, body, witness)) + tuple(
        StateSpan(
            slot,
            first_ms,
            last_ms,
            condition,
            error_ms=body.at.error_ms,
            evidence=Evidence(node, sequence, sequence),
            witness=witness,
        )
        for slot, condition in body.conditions.items()
        if first_ms < last_ms and body.gap_ms <= carry.valid_ms
    )
    return replace(carry, last=Sample(last_ms, sequence, body.conditions, body.at.error_ms)), spans


def _since(
    carry: Carry, now_ms: int, sequence: int, body: Observed, witness: Witness
) -> Iterator[StateSpan]:
    last = carry.last
    assert carry.node is not None  # _observe returned before: a start names its node
    if last is None or not last.at_ms < now_ms <= last.at_ms + carry.valid_ms:
        return
    evidence = Evidence(carry.node, last.sequence, sequence)
    error_ms = worst_error_ms([last.error_ms, body.at.error_ms])
    for slot, condition in body.conditions.items():
        before = last.conditions.get(slot)
        if before is None:
            continue
        other = condition if condition != before else None
        yield StateSpan(slot, last.at_ms, now_ms, before, other, error_ms, evidence, witness)
