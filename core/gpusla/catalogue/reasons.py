"""
The states a slot can be in and the reasons that put it there.

A reason's name is what journals, statements, alerts and pages show.  `state` is the state that the
reason causes on its own; a slot takes the worst state of all its reasons, where unknown yields to
positive evidence of failure (`gpusla.health`).
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What was observed of a slot.  Delivered or excluded are judgements, not states."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """
    Why a slot is not `ok`.

    name: lower case words joined by `_`.  state: what it causes.  meaning: one sentence for a
    tenant.  clears: the evidence that ends it.
    """

    name: str
    state: State
    meaning: str
    clears: str


GPU_MISSING = Reason(
    "gpu_missing", State.DOWN, "The inventory expects a GPU in this slot and the driver lists none.",
    "The driver lists a GPU in the slot again.",
)
GPU_LOST = Reason(
    "gpu_lost", State.DOWN, "The driver says that the GPU has fallen off the bus.",
    "The GPU answers again.",
)
RESET_REQUIRED = Reason(
    "reset_required", State.DOWN, "The driver refuses work on the GPU until it is reset.",
    "The GPU answers again and its recovery action is none.",
)
RECOVERY_ACTION = Reason(
    "recovery_action", State.DOWN,
    "The driver asks for a reset, a reboot or a drain before the GPU can be used.",
    "The recovery action is none again.",
)
RECOVERY_DRAIN = Reason(
    "recovery_drain", State.DEGRADED,
    "The driver asks to drain peer-to-peer work; the GPU itself still computes.",
    "The recovery action is none again.",
)
FABRIC_DOWN = Reason(
    "fabric_down", State.DOWN, "The GPU is not part of its NVLink fabric.",
    "The fabric state is completed with status success again, in a cluster that has a name.",
)
FABRIC_UNHEALTHY = Reason(
    "fabric_unhealthy", State.DEGRADED,
    "The GPU is part of its NVLink fabric, whose health mask or summary names a fault.",
    "The health summary is healthy and no bit of the mask names a fault.",
)
MEMORY_MISSING = Reason(
    "memory_missing", State.DEGRADED,
    "The GPU reports over one percent less memory than its kind is sold with.",
    "The memory is whole again.",
)
POWER_LIMIT = Reason(
    "power_limit", State.DEGRADED, "The enforced power limit is below what the kind is sold with.",
    "The enforced limit is back at its nominal value.",
)
THERMAL_SLOWDOWN = Reason(
    "thermal_slowdown", State.DEGRADED, "The GPU slows its clocks because it is too hot.",
    "No thermal slowdown for 30 seconds.",
)
POWER_BRAKE = Reason(
    "power_brake", State.DEGRADED, "The GPU slows its clocks at an external power signal.",
    "No power brake for 30 seconds.",
)
CLOCKS_LOW = Reason(
    "clocks_low", State.DEGRADED,
    "The GPU works with clocks below the floor of its kind and the driver names no cause.",
    "30 seconds without it: the clocks are up, the load is gone, or the driver names a cause.",
)
NVLINK_DEGRADED = Reason(
    "nvlink_degraded", State.DEGRADED,
    "Fewer NVLinks are active than the kind is sold with, or one of them is slower.",
    "All NVLinks are active at full speed again.",
)
PCIE_DEGRADED = Reason(
    "pcie_degraded", State.DEGRADED,
    "The PCIe link has fewer lanes than GPU and port can have, or a lower generation under load.",
    "All lanes are there again; for the generation, 30 seconds without it.",
)
C2C_DOWN = Reason(
    "c2c_down", State.DEGRADED,
    "A chip-to-chip link between the GPU and its CPU is down.", "All these links are up again.",
)
REMAP_PENDING = Reason(
    "remap_pending", State.DEGRADED,
    "A faulty memory row waits for a reset to be replaced by a spare one; the GPU goes on working.",
    "No row is pending any more, which takes a reset.",
)
REMAP_FAILED = Reason(
    "remap_failed", State.DOWN, "A faulty memory row could not be replaced by a spare one.",
    "The driver no longer says so, or another GPU sits in the slot.",
)
MEMORY_UNREPAIRABLE = Reason(
    "memory_unrepairable", State.DOWN, "The driver says that the memory cannot be repaired any more.",
    "The driver no longer says so, or another GPU sits in the slot.",
)
REPAIR_PENDING = Reason(
    "repair_pending", State.DEGRADED,
    "A memory channel or a processing cluster waits for a reset to be repaired.",
    "No repair is pending any more, which takes a reset.",
)
SRAM_THRESHOLD = Reason(
    "sram_threshold", State.DEGRADED,
    "Uncorrected errors of the on-chip memory are over the driver's own threshold.",
    "The driver no longer says so, or another GPU sits in the slot.",
)
CORRECTED_ERROR_STORM = Reason(
    "corrected_error_storm", State.DEGRADED,
    "The memory corrects so many errors that the GPU is held up by them.",
    "A whole minute below the rate.",
)
NOT_READY = Reason(
    "not_ready", State.DOWN,
    "Confidential computing is on and the GPU takes no work until an operator lets it.",
    "The driver says that the GPUs are ready.",
)
ECC_UNCORRECTED = Reason(
    "ecc_uncorrected", State.OK,
    "Memory errors were counted that could not be corrected, and no Xid says what became of them.",
    "Ten minutes without another, or an Xid that explains them.",
)
NVLINK_RECOVERIES = Reason(
    "nvlink_recoveries", State.OK,
    "NVLinks recover often, or could not recover: an early sign; the links are still counted as they are.",
    "Ten minutes below the rate.",
)
MIG_ENABLED = Reason(
    "mig_enabled", State.OK,
    "The GPU is divided into MIG instances although it is sold as a whole.", "The mode is off again.",
)
XID_FATAL = Reason(
    "xid_fatal", State.DOWN, "The driver reported an error after which the GPU must be reset.",
    "The GPU was reset or the node restarted since.",
)
XID_UNCLASSIFIED = Reason(
    "xid_unclassified", State.OK,
    "The driver reported an error that nobody knows by itself; the GPU goes on working.",
    "Ten minutes without it.",
)
GPU_UNOBSERVABLE = Reason(
    "gpu_unobservable", State.UNKNOWN, "The GPU did not answer the agent in time.",
    "The GPU answers again.",
)
SOURCE_UNAVAILABLE = Reason(
    "source_unavailable", State.UNKNOWN, "The agent could not reach the driver at all.",
    "The driver answers again.",
)
HEALTH_UNREADABLE = Reason(
    "health_unreadable", State.UNKNOWN,
    "A reading that the judgement of health rests on could not be had.", "It can be read again.",
)
NOT_OBSERVED = Reason(
    "not_observed", State.UNKNOWN, "No agent observed the slot in this time.",
    "An agent observes it again.",
)
CLOCK_STEPPED = Reason(
    "clock_stepped", State.UNKNOWN, "The node's clock was stepped over this time.",
    "The clock runs on.",
)
FORMAT_UNKNOWN = Reason(
    "format_unknown", State.UNKNOWN,
    "The evidence for this time is in a journal version that this program does not know.",
    "A newer program reads it.",
)
DISPUTED = Reason(
    "disputed", State.UNKNOWN, "Records or witnesses contradict each other about this time.",
    "They agree again.",
)

REASONS: dict[str, Reason] = {
    value.name: value for value in list(globals().values()) if isinstance(value, Reason)
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    Why capacity was not delivered although no record says that a GPU failed.

    A judgement under a contract, never an observation: it stands on statements, not in journals.
    """

    name: str
    meaning: str
    clears: str


UNIT_BELOW_MINIMUM = Judgement(
    "unit_below_minimum",
    "Fewer GPUs of the unit were healthy than the contract needs, so none of them counts.",
    "As many GPUs of the unit are healthy at the same time as the contract needs.",
)
NOT_ASSIGNED = Judgement(
    "not_assigned", "Fewer slots were assigned to the contract than GPUs are committed.",
    "Enough slots are assigned.",
)
SKU_NOT_ACCEPTED = Judgement(
    "sku_not_accepted", "The slot holds a kind of GPU that the contract does not accept.",
    "The slot holds an accepted kind, or the contract accepts this one.",
)
BURNING_IN = Judgement(
    "burning_in",
    "The slot was assigned so short a time ago that the contract does not count it yet.",
    "The time that the contract sets for burning in is over.",
)
SETTLING = Judgement(
    "settling",
    "The slot was down so short a time ago that the contract does not count it yet.",
    "The time that the contract sets for settling is over.",
)
WEIGHTED = Judgement(
    "weighted",
    "The slot holds a kind of GPU that the contract counts for less than one.",
    "The slot holds a kind that counts in full.",
)
CARRIED_LAST = Judgement(
    "carried_last",
    "Nobody observed the slot, and for a while the contract counts it as it was last seen.",
    "An agent observes the slot again, or the time that the contract sets for this is over.",
)

JUDGEMENTS: dict[str, Judgement] = {
    value.name: value for value in list(globals().values()) if isinstance(value, Judgement)
}
