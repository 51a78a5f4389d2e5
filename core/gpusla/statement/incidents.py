"""The incidents behind what a contract lost, as its statement tells them."""

from dataclasses import dataclass
from fractions import Fraction

from gpusla.identity import Slot
from gpusla.incidents.model import Scope

LISTED_MAX = 50
"""How many incidents are told one by one, the dearest first; the rest is counted and summed."""

SLOTS_MAX = 72
"""How many slots of an incident are named; the rest is counted.  A rack has so many."""


@dataclass(frozen=True, slots=True)
class StatedIncident:
    """
    One cause and everything that followed from it, within the period to date.

    scope, place, family: as `gpusla.incidents.model.Incident` has them.  root: the slot that it
    began at; None if it was the place as a whole.  reason, xid: what was seen there first.
    end_ms: None if it went on at the last instant judged.  slots: the first of them, sorted;
    slots_total: how many there are.  gpu_ms: what was lost through it.  minor_units: the fee for
    so much of what is committed, exact: what the time was worth, and not what is owed for it.
    """

    id: str
    scope: Scope
    place: str
    family: str
    root: Slot | None
    reason: str
    xid: int | None
    start_ms: int
    end_ms: int | None
    slots: tuple[Slot, ...]
    slots_total: int
    flaps: int
    gpu_ms: Fraction
    minor_units: Fraction


@dataclass(frozen=True, slots=True)
class StatedIncidents:
    """
    The incidents through which something was lost.

    listed: the dearest, by what was lost.  more: how many others there are, with what they cost
    together.  harmless: how many took nothing from the contract.
    """

    listed: tuple[StatedIncident, ...]
    more: int
    more_gpu_ms: Fraction
    more_minor_units: Fraction
    harmless: int

    @property
    def gpu_ms(self) -> Fraction:
        """All that was lost through incidents; what no incident explains is not in it."""
        return sum((one.gpu_ms for one in self.listed), Fraction(0)) + self.more_gpu_ms
