"""What a judgement is given beside the contract: what was seen, and what was recorded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from gpusla.identity import DomainId, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.timeline.columns import Columns
from gpusla.timeline.model import Timeline


def rack_of(slot: Slot) -> DomainId:
    """Return the domain of a slot where each rack is one."""
    return slot.domain


@dataclass(frozen=True, slots=True)
class Holding:
    """
    A slot that served the contract over an interval, and the kind of GPU that was in it.

    sku: empty if the inventory knows none; then it counts for nothing.
    """

    interval: Interval
    sku: str


@dataclass(frozen=True, slots=True)
class RequestSlot:
    """Requests of one slot of time that begins at start_ms: how many there were, and failed."""

    start_ms: int
    total: int
    failed: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What a unit was measured to perform over an interval."""

    interval: Interval
    value: Fraction


@dataclass(frozen=True, slots=True)
class Repair:
    """
    One failed unit until it was back.

    identified_ms: when the cause was known; None if it was not.  restored_ms: None if it is not.
    """

    unit: str
    opened_ms: int
    identified_ms: int | None
    restored_ms: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What was observed and recorded.

    timeline: every held slot, over at least the window that is judged, in either form; what it
    leaves out counts as not observed.  It should reach as far beyond both ends as `reach_ms` of
    the contract says, so that an outage over an edge is judged by its whole length.
    held: by slot in time order, without overlaps, by the assignment records alone.
    exclusions: records in force that name this contract; which of them count is judged.
    requests, measurements: by id of the objective; measurements then by unit.  repairs: any order.
    claimed_ms: when the tenant asked for the period's credit; None if not.
    granted_minor_units: by id of the objective: what was credited in earlier periods for time that
    the objective's window covers too.
    domain_of: the NVLink domain of a slot.
    """

    timeline: Timeline | Columns
    held: Mapping[Slot, Sequence[Holding]]
    exclusions: Sequence[ExclusionRecord] = ()
    requests: Mapping[str, Sequence[RequestSlot]] = field(default_factory=dict)
    measurements: Mapping[str, Mapping[str, Sequence[Measured]]] = field(default_factory=dict)
    repairs: Sequence[Repair] = ()
    claimed_ms: int | None = None
    granted_minor_units: Mapping[str, int] = field(default_factory=dict)
    domain_of: Callable[[Slot], DomainId] = rack_of
