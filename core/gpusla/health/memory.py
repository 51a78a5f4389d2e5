"""What a judgement of health rests on beside the pass itself; explicit, so it can be kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gpusla.identity import GpuUuid, Slot, parse_slot


@dataclass(frozen=True, slots=True)
class SlotMemory:
    """
    What is remembered of one slot.

    uuid: the GPU that was last seen in it.  energy_joules: its last reading.
    fatal_xids: errors that need a reset, until there is evidence of one.
    is_interrupted: since the first of them the GPU was lost, missing or asked for a recovery.
    thermal_until_ms, brake_until_ms, unclassified_until_ms: monotonic, when a finding that was last
    seen some time ago is over; the reasons and numbers beside them are the evidence.
    """

    uuid: GpuUuid | None = None
    energy_joules: float | None = None
    fatal_xids: tuple[int, ...] = ()
    is_interrupted: bool = False
    thermal_reasons: int = 0
    thermal_until_ms: int = 0
    brake_until_ms: int = 0
    unclassified_xids: tuple[int, ...] = ()
    unclassified_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a node; good for one boot of it."""

    slots: Mapping[Slot, SlotMemory] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the memory as JSON data."""
        return {str(slot): asdict(memory) for slot, memory in self.slots.items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Mapping[str, Any]]) -> "Memory":
        """
        Read what to_json gave.

        Raises TypeError, ValueError or InputError if it is something else.
        """
        return cls({parse_slot(slot): _slot_memory(fields) for slot, fields in stored.items()})


def _slot_memory(fields: Mapping[str, Any]) -> SlotMemory:
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return SlotMemory(**{**fields, **lists})
