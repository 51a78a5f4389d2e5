"""What a judgement of health rests on beside the pass itself; explicit, so it can be kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gpusla.health.company import Recent
from gpusla.health.grade import by_catalogue
from gpusla.identity import GpuUuid, Slot, parse_slot
from gpusla.journal.model import Finding


@dataclass(frozen=True, slots=True)
class Fatal:
    """An error that needs a reset, with its first evidence and `Action` by value."""

    xid: int
    evidence: str
    action: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A finding that is shown until an instant although it may not be seen any more."""

    finding: Finding
    until_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding and the readings that it rests on; it stands while one of them is absent."""

    finding: Finding
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """
    A counter since an instant.

    reached_until_ms: until when it is shown that its limit was reached; 0 if it is not.
    """

    start_ms: int
    count: float
    reached_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class SlotMemory:
    """
    What is remembered of one slot; all instants are monotonic.

    uuid: the GPU that was last seen in it.  energy_joules: its last reading.
    fatal: errors that need a reset, until there is evidence of one.
    is_interrupted: since the first of them the GPU was lost, missing or asked for a recovery.
    holds: findings that were last seen some time ago and are not over.
    standing: findings from readings that a verdict of ok does not need.
    windows: by reading, for counters whose rate is judged.
    since: by name, when something began that is a finding only if it lasts.
    advice: by action, until when an event asks for it.
    down_since_ms: None if the slot is not down.
    """

    uuid: GpuUuid | None = None
    energy_joules: float | None = None
    fatal: tuple[Fatal, ...] = ()
    is_interrupted: bool = False
    holds: tuple[Hold, ...] = ()
    standing: tuple[Standing, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)
    since: Mapping[str, int] = field(default_factory=dict)
    advice: Mapping[str, int] = field(default_factory=dict)
    down_since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """
    What is remembered of a node; good for one boot of it.

    recent: events that later ones may belong to.
    """

    slots: Mapping[Slot, SlotMemory] = field(default_factory=dict)
    recent: tuple[Recent, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the memory as JSON data."""
        return {
            "slots": {str(slot): asdict(memory) for slot, memory in self.slots.items()},
            "recent": [asdict(one) for one in self.recent],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Memory":
        """
        Read what to_json gave, or what the agents up to 0.1 kept: slots without the key `slots`.

        Raises KeyError, TypeError, ValueError, AttributeError or InputError if it is neither.
        """
        if "slots" not in stored:
            return cls({parse_slot(slot): _before_0_2(one) for slot, one in stored.items()})
        slots = {parse_slot(slot): _slot_memory(one) for slot, one in stored["slots"].items()}
        return cls(slots, tuple(Recent(**one) for one in stored["recent"]))


def _slot_memory(stored: Mapping[str, Any]) -> SlotMemory:
    for name in ("since", "advice"):
        if not all(type(value) is int for value in stored[name].values()):
            raise TypeError(name)
    return SlotMemory(
        stored["uuid"],
        _energy(stored["energy_joules"]),
        tuple(Fatal(**one) for one in stored["fatal"]),
        bool(stored["is_interrupted"]),
        tuple(_hold(one) for one in stored["holds"]),
        tuple(_standing(one) for one in stored["standing"]),
        {name: _window(one) for name, one in stored["windows"].items()},
        dict(stored["since"]),
        dict(stored["advice"]),
        None if stored["down_since_ms"] is None else int(stored["down_since_ms"]),
    )


def _energy(stored: object) -> float | None:
    if stored is not None and type(stored) not in {int, float}:
        raise TypeError(stored)
    return stored  # type: ignore[return-value]


def _window(stored: Mapping[str, Any]) -> Window:
    return Window(int(stored["start_ms"]), stored["count"] + 0, int(stored["reached_until_ms"]))


def _hold(stored: Mapping[str, Any]) -> Hold:
    return Hold(Finding(**stored["finding"]), int(stored["until_ms"]))


def _standing(stored: Mapping[str, Any]) -> Standing:
    return Standing(Finding(**stored["finding"]), tuple(stored["readings"]))


def _before_0_2(stored: Mapping[str, Any]) -> SlotMemory:
    """Read the errors that need a reset; what else was kept then is over within minutes."""
    grades = {int(xid): by_catalogue(int(xid), "") for xid in stored["fatal_xids"]}
    return SlotMemory(
        stored["uuid"],
        _energy(stored["energy_joules"]),
        tuple(Fatal(xid, one.evidence, one.action.value) for xid, one in grades.items()),
        is_interrupted=stored["is_interrupted"],
    )
