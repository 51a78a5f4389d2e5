"""
What an operator should do about a slot, apart from what its condition means for the tenant.

The driver's own verdict comes first, then what is known of an error; an error that nobody knows
asks for support, never for nothing.  Ordered from the least to the most: a slot takes the last.
"""

from enum import StrEnum


class Action(StrEnum):
    """One thing to do."""

    NONE = "none"
    RESTART_APPLICATION = "restart_application"
    INSPECT = "inspect"
    RESET_GPU = "reset_gpu"
    DRAIN = "drain"
    RECOVER_FABRIC = "recover_fabric"
    REBOOT_NODE = "reboot_node"
    REPLACE = "replace"
    CONTACT_SUPPORT = "contact_support"


MEANINGS: dict[Action, str] = {
    Action.NONE: "Nothing.",
    Action.RESTART_APPLICATION: "Restart the application; the GPU itself is usable.",
    Action.INSPECT: "Look at what the evidence names: a setting, the cooling, the power, a cable.",
    Action.RESET_GPU: "End all work on the GPU and reset it.",
    Action.DRAIN: "Move work away, then reset the GPU.",
    Action.RECOVER_FABRIC: "Recover the IMEX domain or the NVLink fabric of the rack.",
    Action.REBOOT_NODE: "Move work away and reboot the node.",
    Action.REPLACE: "Take the GPU out of service and have it replaced.",
    Action.CONTACT_SUPPORT: "Nobody knows this by itself: keep the evidence and ask the vendor.",
}


def most(actions: list[Action]) -> Action:
    """Return the last of these in the order above; none for an empty list."""
    order = list(Action)
    return max(actions, key=order.index, default=Action.NONE)
