"""What a judgement is given beside the contract: what was seen, and what was recorded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gpusla.identity import DomainId, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import Excused
from gpusla.timeline.model import Timeline


def _rack_of(slot: Slot) -> DomainId:
    return slot.domain


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What was observed and recorded.

    timeline: every held slot over the period to date; what it leaves out counts as not observed.
    It may reach beyond the period, so that a change just outside can be weighed with clock error.
    held: when each slot was assigned to the contract, by the assignment records alone.
    skus: the kind of GPU in each slot; a kind that the contract does not accept, or none, is never
    delivered.  excused: approved exclusions; may overlap and may reach outside the period.
    domain_of: the NVLink domain of a slot.
    """

    timeline: Timeline
    held: Mapping[Slot, Sequence[Interval]]
    skus: Mapping[Slot, str]
    excused: Mapping[Slot, Sequence[Excused]] = field(default_factory=dict)
    domain_of: Callable[[Slot], DomainId] = _rack_of
