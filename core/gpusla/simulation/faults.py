"""What can go wrong with a slot, and what is then true of it."""

from dataclasses import dataclass
from enum import StrEnum

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot

FOREVER_MS = 2**62
"""The end of a fault that nobody has mended yet."""

CLEAR_MS = 30_000
"""A slowdown is over when it was not seen for so long; see `gpusla.catalogue.reasons`."""

ONSET_MS = 30_000
"""Low clocks count only when they were seen for so long; they need time to rise."""

STORM_BLUR_MS = 122_000
"""A storm of corrected errors is over when a whole minute, by an agent's own count, had none."""

RECOVERIES_BEFORE_MS = 600_000
"""So long before a link of the field story goes down, it had recovered hundreds of times."""


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
    XID_ERROR = "xid_error"
    NVLINK_LINK_DOWN = "nvlink_link_down"
    NVLINK_STORY = "nvlink_story"
    PCIE_WIDTH = "pcie_width"
    REMAP_PENDING = "remap_pending"
    ECC_STORM = "ecc_storm"
    CLOCK_FLOOR = "clock_floor"
    UNREPAIRABLE_MEMORY = "unrepairable_memory"


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

    state: what is true of the slot.  reason: its name in the catalogue, where it can be seen; empty
    where there is none.  power_percent: what the GPU draws of what it would draw.  scope: what it
    takes out together: one slot, its tray or its domain.
    elsewhere: what it does to all slots but the first, None if the same.
    also: reasons of lesser states that show beside it.
    """

    state: State
    sight: Sight
    reason: str
    power_percent: int
    scope: str
    elsewhere: "Effect | None" = None
    also: tuple[str, ...] = ()


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
    FaultKind.XID_ERROR: Effect(State.OK, Sight.SEEN, "", 100, "slot"),
    FaultKind.NVLINK_LINK_DOWN: Effect(State.DEGRADED, Sight.SEEN, "nvlink_degraded", 90, "slot"),
    FaultKind.NVLINK_STORY: Effect(
        State.DOWN,
        Sight.SEEN,
        "recovery_action",
        15,
        "domain",
        elsewhere=Effect(State.OK, Sight.SEEN, "", 30, "domain"),
        also=("nvlink_degraded",),
    ),
    FaultKind.PCIE_WIDTH: Effect(State.DEGRADED, Sight.SEEN, "pcie_degraded", 100, "slot"),
    FaultKind.REMAP_PENDING: Effect(State.DEGRADED, Sight.SEEN, "remap_pending", 100, "slot"),
    FaultKind.ECC_STORM: Effect(State.DEGRADED, Sight.SEEN, "corrected_error_storm", 80, "slot"),
    FaultKind.CLOCK_FLOOR: Effect(State.DEGRADED, Sight.SEEN, "clocks_low", 50, "slot"),
    FaultKind.UNREPAIRABLE_MEMORY: Effect(
        State.DOWN, Sight.SEEN, "memory_unrepairable", 15, "slot"
    ),
}

HELD_MS: dict[FaultKind, int] = {
    FaultKind.THERMAL_SLOWDOWN: CLEAR_MS,
    FaultKind.POWER_BRAKE: CLEAR_MS,
    FaultKind.CLOCK_FLOOR: CLEAR_MS,
}
"""Faults that go on to count after their last sign, and for how long."""

HELD_KINDS = frozenset(HELD_MS)

LATE_MS: dict[FaultKind, int] = {FaultKind.CLOCK_FLOOR: ONSET_MS}
"""Faults that count only after their signs were there for so long."""

BLURRED_MS: dict[FaultKind, int] = {FaultKind.ECC_STORM: STORM_BLUR_MS}
"""Faults whose end an agent tells late, by up to so much: when depends on when it was started."""


XIDS_OF_KIND: dict[FaultKind, tuple[int, ...]] = {
    FaultKind.XID_ERROR: (31,),
    FaultKind.NVLINK_STORY: (149,),
}
XID_ELSEWHERE = 145
"""The field story (marin-community/marin issues 8934, 9086): one link, and 145 elsewhere."""


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One thing that goes wrong, over [start_ms, end_ms) and all of its slots at once.

    slots: where a fault begins in one of them, that one is the first.
    Of a held kind, the signs end `HELD_MS` before end_ms, the instant itself included; of a late
    kind they begin `LATE_MS` before start_ms.  Of a silent kind, samples are missing strictly
    between start_ms and end_ms: the last one before is taken at start_ms if that is a sampling
    instant, the first one after at end_ms.
    xids: error numbers that the driver reports at start_ms for each slot; where it begins in one
    slot for that one, and 145 for the others.  Empty: those that belong to the kind.
    """

    id: str
    kind: FaultKind
    slots: tuple[Slot, ...]
    start_ms: int
    end_ms: int = FOREVER_MS
    xids: tuple[int, ...] = ()

    @property
    def effect(self) -> Effect:
        """What this kind of fault does where it begins."""
        return EFFECTS[self.kind]

    def effect_on(self, slot: Slot) -> Effect:
        """Return what the fault does to one of its slots."""
        effect = EFFECTS[self.kind]
        if effect.elsewhere is None or slot == self.slots[0]:
            return effect
        return effect.elsewhere

    def xids_on(self, slot: Slot) -> tuple[int, ...]:
        """Return the error numbers that the driver reports for one of its slots."""
        if EFFECTS[self.kind].elsewhere is not None and slot != self.slots[0]:
            return (XID_ELSEWHERE,)
        return self.xids or XIDS_OF_KIND.get(self.kind, ())

    @property
    def signs_start_ms(self) -> int:
        """The instant from which on something is to be seen of it."""
        return self.start_ms - LATE_MS.get(self.kind, 0)

    @property
    def signs_end_ms(self) -> int:
        """The instant from which on nothing is to be seen of it any more."""
        if self.kind in HELD_MS and self.end_ms < FOREVER_MS:
            return max(self.start_ms, self.end_ms - HELD_MS[self.kind] + 1)
        return self.end_ms

    def is_active(self, at_ms: int) -> bool:
        """Return whether the fault is there at an instant."""
        return self.start_ms <= at_ms < self.end_ms

    def is_sign(self, at_ms: int) -> bool:
        """Return whether a sample at an instant shows it."""
        return self.signs_start_ms <= at_ms < self.signs_end_ms

    def is_mute(self, at_ms: int) -> bool:
        """Return whether it keeps the agent from sampling at an instant."""
        return self.effect.sight is Sight.SILENT and self.start_ms < at_ms < self.end_ms
