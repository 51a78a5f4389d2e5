"""
What the driver itself asks for before a GPU can be used (NVML field 230, the text of Xid 154).

Values: nvml.h of CUDA 13.5.  A value that is not known asks for support and says nothing of the
capacity; it is never taken for none.
"""

from dataclasses import dataclass

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import (
    FABRIC_UNHEALTHY,
    HEALTH_UNREADABLE,
    RECOVERY_ACTION,
    RECOVERY_DRAIN,
    Reason,
    State,
)
from gpusla.journal.model import Finding

NONE = 0


@dataclass(frozen=True, slots=True)
class Recovery:
    """One value of the driver: the reason it gives, what to do, and its words."""

    value: int
    reason: Reason
    action: Action
    words: str

    @property
    def is_down(self) -> bool:
        """Whether the GPU cannot be used until it was done."""
        return self.reason.state is State.DOWN

    @property
    def evidence(self) -> str:
        """Who says so, and what."""
        return f"driver: recovery action {self.value}, {self.words}"

    @property
    def finding(self) -> Finding:
        """What it does to a slot."""
        return Finding(self.reason.name, self.evidence, self.action.value)


RECOVERIES: dict[int, Recovery] = {
    recovery.value: recovery
    for recovery in (
        Recovery(1, RECOVERY_ACTION, Action.RESET_GPU, "GPU reset"),
        Recovery(2, RECOVERY_ACTION, Action.REBOOT_NODE, "node reboot"),
        Recovery(3, RECOVERY_DRAIN, Action.DRAIN, "drain peer-to-peer work"),
        Recovery(4, RECOVERY_ACTION, Action.DRAIN, "drain and reset"),
        Recovery(5, FABRIC_UNHEALTHY, Action.RECOVER_FABRIC, "recover the IMEX domain"),
        Recovery(6, RECOVERY_ACTION, Action.RESET_GPU, "bus reset"),
        Recovery(7, RECOVERY_ACTION, Action.REBOOT_NODE, "system reboot"),
    )
}


def recovery_of(value: float) -> Recovery | None:
    """Return what a value asks for, None if it is none."""
    if value == NONE:
        return None
    known = RECOVERIES.get(int(value)) if value == int(value) else None
    return known or Recovery(int(value), HEALTH_UNREADABLE, Action.CONTACT_SUPPORT, "not known")
