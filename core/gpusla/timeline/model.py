"""Spans of state on a slot, and the timeline they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval as Interval  # noqa: PLC0414  (told on: callers find it here)
from gpusla.journal.model import Condition


class Witness(StrEnum):
    """
    Whose word it is.

    provider, tenant: an agent that this party runs under its own key.  independent: a source that
    neither of them runs, such as a board controller, a switch or a scheduler.  The same agent's
    samples read twice, from its journal and from Prometheus, are one witness.
    """

    PROVIDER = "provider"
    TENANT = "tenant"
    INDEPENDENT = "independent"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which records say so: a node's journal from one sequence number to another, both included."""

    node: NodeName
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True, slots=True)
class StateSpan:
    """
    One slot in one condition over [start_ms, end_ms).

    condition: what counts, which is what was seen at start_ms.
    other: what the time may have been instead, so that bounds take the worse and the better of
    both.  At an edge, the condition seen at end_ms, for the change lies somewhere inside; where
    records disagree, what the others say; None where all is agreed.
    error_ms: how far the node's clock may have been off; None if nobody knows.
    evidence: None for time that nobody observed.
    witness: whose records these are.  agreed: further witnesses who say the same state, in the
    order of Witness; empty in what one witness says alone.
    """

    slot: Slot
    start_ms: int
    end_ms: int
    condition: Condition
    other: Condition | None = None
    error_ms: int | None = 0
    evidence: Evidence | None = None
    witness: Witness = Witness.PROVIDER
    agreed: tuple[Witness, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    The states of some slots over a period, without gaps or overlaps.

    period: what is covered.  spans: by slot, in time order; each slot's spans cover period exactly.
    """

    period: Interval
    spans: dict[Slot, tuple[StateSpan, ...]]


def worst_error_ms(errors: Sequence[int | None]) -> int | None:
    """Return the largest of clock errors; None, nobody knows, if any of them is None."""
    known = [error for error in errors if error is not None]
    return max(known) if len(known) == len(errors) else None
