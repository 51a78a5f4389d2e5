"""What can go wrong with a slot, and what is then true of it."""

from dataclasses import dataclass
from enum import StrEnum

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot

FOREVER_MS = 2**62
"""The end of a fault that nobody has mended yet."""

CLEAR_MS = 30_000
"""A slowdown is over when it was not seen for so long; see `gpusla.catalogue.reasons`."""


class FaultKind(StrEnum):
    """What goes wrong; the value is what scenario and control files write."""

    GPU_LOST = "gpu_lost"
    GPU_MISSING = "gpu_missing"
    GPU_HUNG = "gpu_hung"
    RESET_REQUIRED = "reset_required"
    RECOVERY_RESET = "recovery_reset"
    RECOVERY_DRAIN = "recovery_drain"
    NVLINK_SWITCH = "nvlink_switch"
    NVLINK_DEGRADED = "nvlink_degraded"
    MEMORY_MISSING = "memory_missing"
    POWER_LIMIT = "power_limit"
    THERMAL_SLOWDOWN = "thermal_slowdown"
    POWER_BRAKE = "power_brake"
    SOURCE_DOWN = "source_down"
    AGENT_SILENT = "agent_silent"
    TRAY_POWER = "tray_power"


class Sight(StrEnum):
    """What the node's agent can tell of the time of a fault."""

    SEEN = "seen"
    BLIND = "blind"
    """Samples are taken and show nothing."""

    SILENT = "silent"
    """No samples are taken."""


@dataclass(frozen=True, slots=True)
class Effect:
    """
    What a kind of fault does.

    state: what is true of the slot.  reason: its name in the catalogue, where it can be seen.
    power_percent: what the GPU draws of what it would draw.  scope: what it takes out together:
    one slot, its tray or its domain.
    """

    state: State
    sight: Sight
    reason: str
    power_percent: int
    scope: str


EFFECTS: dict[FaultKind, Effect] = {
    FaultKind.GPU_LOST: Effect(State.DOWN, Sight.SEEN, "gpu_lost", 0, "slot"),
    FaultKind.GPU_MISSING: Effect(State.DOWN, Sight.SEEN, "gpu_missing", 0, "slot"),
    FaultKind.GPU_HUNG: Effect(State.DOWN, Sight.BLIND, "gpu_unobservable", 30, "slot"),
    FaultKind.RESET_REQUIRED: Effect(State.DOWN, Sight.SEEN, "reset_required", 15, "slot"),
    FaultKind.RECOVERY_RESET: Effect(State.DOWN, Sight.SEEN, "recovery_action", 15, "slot"),
    FaultKind.RECOVERY_DRAIN: Effect(State.DEGRADED, Sight.SEEN, "recovery_drain", 70, "slot"),
    FaultKind.NVLINK_SWITCH: Effect(State.DOWN, Sight.SEEN, "fabric_down", 20, "domain"),
    FaultKind.NVLINK_DEGRADED: Effect(State.DEGRADED, Sight.SEEN, "fabric_unhealthy", 85, "slot"),
    FaultKind.MEMORY_MISSING: Effect(State.DEGRADED, Sight.SEEN, "memory_missing", 100, "slot"),
    FaultKind.POWER_LIMIT: Effect(State.DEGRADED, Sight.SEEN, "power_limit", 60, "slot"),
    FaultKind.THERMAL_SLOWDOWN: Effect(State.DEGRADED, Sight.SEEN, "thermal_slowdown", 65, "slot"),
    FaultKind.POWER_BRAKE: Effect(State.DEGRADED, Sight.SEEN, "power_brake", 50, "slot"),
    FaultKind.SOURCE_DOWN: Effect(State.OK, Sight.BLIND, "source_unavailable", 100, "tray"),
    FaultKind.AGENT_SILENT: Effect(State.OK, Sight.SILENT, "not_observed", 100, "tray"),
    FaultKind.TRAY_POWER: Effect(State.DOWN, Sight.SILENT, "not_observed", 0, "tray"),
}

HELD_KINDS = frozenset({FaultKind.THERMAL_SLOWDOWN, FaultKind.POWER_BRAKE})
"""Faults that go on to count for `CLEAR_MS` after their last sign."""


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One thing that goes wrong, over [start_ms, end_ms) and all of its slots at once.

    Of a held kind, the signs end `CLEAR_MS` before end_ms, the instant itself included.  Of a
    silent kind, samples are missing strictly between start_ms and end_ms: the last one before is
    taken at start_ms if that is a sampling instant, the first one after at end_ms.
    xids: error numbers that the driver reports at start_ms for each slot.
    """

    id: str
    kind: FaultKind
    slots: tuple[Slot, ...]
    start_ms: int
    end_ms: int = FOREVER_MS
    xids: tuple[int, ...] = ()

    @property
    def effect(self) -> Effect:
        """What this kind of fault does."""
        return EFFECTS[self.kind]

    @property
    def signs_end_ms(self) -> int:
        """The instant from which on nothing is to be seen of it any more."""
        if self.kind in HELD_KINDS and self.end_ms < FOREVER_MS:
            return max(self.start_ms, self.end_ms - CLEAR_MS + 1)
        return self.end_ms

    def is_active(self, at_ms: int) -> bool:
        """Return whether the fault is there at an instant."""
        return self.start_ms <= at_ms < self.end_ms

    def is_sign(self, at_ms: int) -> bool:
        """Return whether a sample at an instant shows it."""
        return self.start_ms <= at_ms < self.signs_end_ms

    def is_mute(self, at_ms: int) -> bool:
        """Return whether it keeps the agent from sampling at an instant."""
        return self.effect.sight is Sight.SILENT and self.start_ms < at_ms < self.end_ms
