"""What goes wrong in a fleet and when; everything else works."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gpusla.catalogue.codes import UNKNOWN_REFERENCE
from gpusla.errors import InventoryError
from gpusla.identity import Slot
from gpusla.simulation.faults import EFFECTS, Fault, FaultKind


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    A fleet's fate.

    slots: all that exist.  faults: in any order; several may hit a slot at once.
    seed: what telemetry differs by between two fleets with the same fate.
    """

    slots: tuple[Slot, ...]
    faults: tuple[Fault, ...] = ()
    seed: int = 0

    def of(self, slots: Iterable[Slot]) -> tuple[Fault, ...]:
        """Return the faults that hit any of these slots, by their start."""
        wanted = set(slots)
        found = (fault for fault in self.faults if not wanted.isdisjoint(fault.slots))
        return tuple(sorted(found, key=lambda fault: (fault.start_ms, fault.id)))

    def with_faults(self, faults: Iterable[Fault]) -> "Scenario":
        """Return the same fleet with more going wrong."""
        return replace(self, faults=(*self.faults, *faults))


def struck(kind: FaultKind, target: str, slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """
    Return the slots that a fault of this kind takes out when it hits target.

    target: a rack, a tray or a slot, such as c2/r01, c2/r01/t03 or c2/r01/t03/m2; it is widened to
    what the kind takes out together.  Where that begins in one slot, target's first is the first.
    Raises InventoryError(unknown_reference) if no slot is there.
    """
    every = tuple(slots)
    named = [slot for slot in every if f"{slot}/".startswith(f"{target}/")]
    if not named:
        raise InventoryError(UNKNOWN_REFERENCE, f"the fleet has no slot {target!r}")
    together = {_group(slot, EFFECTS[kind].scope) for slot in named}
    hit = [slot for slot in every if _group(slot, EFFECTS[kind].scope) in together]
    if EFFECTS[kind].elsewhere is not None:  # Where it begins stands first.
        hit.sort(key=lambda slot: slot != named[0])
    return tuple(hit)


def _group(slot: Slot, scope: str) -> tuple[str, ...]:
    parts = (slot.site, slot.rack, slot.tray, slot.module)
    return parts[: {"domain": 2, "tray": 3, "slot": 4}[scope]]
