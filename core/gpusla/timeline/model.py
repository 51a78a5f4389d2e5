"""Spans of state on a slot, and the timeline they add up to."""

from dataclasses import dataclass

from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval as Interval  # noqa: PLC0414  (told on: callers find it here)
from gpusla.journal.model import Condition


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
    other: None where both neighbouring samples agree; otherwise the condition seen at end_ms, so
    the change lies somewhere inside this span and bounds take the worse and the better of the two.
    error_ms: how far the node's clock may have been off; None if nobody knows.
    evidence: None for time that nobody observed.
    """

    slot: Slot
    start_ms: int
    end_ms: int
    condition: Condition
    other: Condition | None = None
    error_ms: int | None = 0
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    The states of some slots over a period, without gaps or overlaps.

    period: what is covered.  spans: by slot, in time order; each slot's spans cover period exactly.
    """

    period: Interval
    spans: dict[Slot, tuple[StateSpan, ...]]
