"""
Xid error numbers: which of them cost the GPU until it is reset.

Source: NVIDIA's Xid catalogue (properties of 2025-09-30, column GB200) and the driver's own names;
the reading as capacity is ours.  The number alone decides little: where the driver's recovery
action or the fabric says what became of the GPU, they judge, and the Xid is kept as evidence.
"""

from enum import Enum


class Effect(Enum):
    """What an Xid says about the GPU's capacity."""

    RESET_NEEDED = "reset_needed"
    NONE = "none"
    JUDGED_ELSEWHERE = "judged_elsewhere"
    UNCLASSIFIED = "unclassified"


_RESET_NEEDED = {
    46: "GPU stopped processing",
    48: "double bit ECC error",
    62: "PMU halt",
    64: "row remapping failed",
    79: "fallen off the bus",
    95: "uncontained ECC error",
    109: "context switch timeout",
    110: "security fault",
    119: "GSP RPC timeout",
    120: "GSP error",
    140: "unrecovered ECC error",
    143: "initialisation error",
    155: "NVLink software error",
    156: "resource retirement",
    158: "fatal timeout",
}

# The application's own faults, what an application restart ends, and what the catalogue ignores.
_NONE = {8, 11, 13, 14, 31, 43, 45, 63, 68, 92, 94, 121, 137, 157, 160, 161, 162, 163, 164, 165}

# 74 is not used on NVLink 5; 144 to 150 need the kernel log's register words; 151 is a VM's key
# rotation; 154 names the recovery action; 171 and 172 are details of a 48.
_JUDGED_ELSEWHERE = {74, *range(144, 151), 151, 154, 171, 172}


def effect_of(xid: int) -> Effect:
    """Return what an Xid says about capacity; a number that is not known is never `none`."""
    if xid in _RESET_NEEDED:
        return Effect.RESET_NEEDED
    if xid in _NONE:
        return Effect.NONE
    if xid in _JUDGED_ELSEWHERE:
        return Effect.JUDGED_ELSEWHERE
    return Effect.UNCLASSIFIED


def describe(xid: int) -> str:
    """Return the number and, where it is known, what it means."""
    words = _RESET_NEEDED.get(xid)
    return f"Xid {xid}: {words}" if words else f"Xid {xid}"
