"""
The rules by which incidents are told apart: a table of families of causes.

A family is what fails for one kind of cause: GPUs that fall out of their fabric, that are too hot,
that nobody sees.  Its rungs say in which places, and how close together, several slots of it are
one incident.  Every figure names where it is from; "ours" marks those that nobody publishes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from gpusla.catalogue.reasons import REASONS, State
from gpusla.incidents.model import Scope

SECOND_MS = 1_000
MINUTE_MS = 60_000

GAP_MS = 10 * MINUTE_MS
"""
What comes back within this time is the same incident; it has flapped.

The catalogue takes ten minutes without another sign as the end of everything that comes in bursts
(`ecc_uncorrected`, `nvlink_recoveries`, `xid_unclassified`).
"""

TOGETHER_MS = MINUTE_MS
"""
Starts so close together are one happening.

Agents sample every few seconds, a library call may hang for tens of seconds, and clocks are off by
seconds.  At a failure of each GPU in five years two of the same rack fall into one minute by chance
once in 2,500 rack-years.  Ours.
"""

LASTING_SHARE = Fraction(1, 2)
"""While so much of a place fails, what fails there in the same way later belongs to it.  Ours."""

XID_MS = MINUTE_MS
"""
How far an after-effect's Xid may lie from the root's, and a state from the Xid behind it.

The field story (marin issues 8934, 9086) has them seconds apart, on nodes with clocks of their own.
"""


@dataclass(frozen=True, slots=True)
class Rung:
    """
    When several slots of a place are one incident.

    start_tolerance_ms: each begins no later than this after the one before it.  share_min: so much
    of the place's slots, and two at least.  domains_min: so many domains that are hit as wholes;
    0 where only the share matters.  because: in words, with its source.
    """

    scope: Scope
    start_tolerance_ms: int
    share_min: Fraction
    domains_min: int
    because: str


@dataclass(frozen=True, slots=True)
class Family:
    """
    One kind of cause.

    reasons: names of the catalogue.  rungs: from the narrowest place to the widest; none if slots
    fail one by one.  brings: families that follow from it on the same slot without a break.
    is_blind: nobody saw what was so; never counted as a failure, and a failure never as it.
    """

    name: str
    meaning: str
    reasons: tuple[str, ...]
    rungs: tuple[Rung, ...]
    brings: tuple[str, ...]
    is_blind: bool = False


def _half(scope: Scope, because: str, tolerance_ms: int = TOGETHER_MS) -> Rung:
    return Rung(scope, tolerance_ms, Fraction(1, 2), 0, because)


def _domains(because: str, tolerance_ms: int = TOGETHER_MS) -> Rung:
    return Rung(Scope.SITE, tolerance_ms, Fraction(0), 3, because)


FAMILIES: tuple[Family, ...] = (
    Family(
        "fabric",
        "GPUs fall out of their NVLink fabric, or their links fail.",
        ("fabric_down", "fabric_unhealthy", "nvlink_degraded"),
        (
            Rung(
                Scope.DOMAIN,
                TOGETHER_MS,
                Fraction(1, 36),
                0,
                "all GPUs of a domain share its switches: two of 72 at once are no chance "
                "(marin issues 8934, 9086: one link, 64 GPUs)",
            ),
        ),
        ("recovery",),
    ),
    Family(
        "cooling",
        "GPUs slow down because they are too hot.",
        ("thermal_slowdown",),
        (
            _half(Scope.NODE, "the GPUs of a tray share its cold plates' loop", 5 * MINUTE_MS),
            _half(Scope.DOMAIN, "the trays of a rack share its manifold", 10 * MINUTE_MS),
            _domains(
                "racks share a coolant loop, and warm up one after another over minutes: three at "
                "once are no chance (ours)",
                10 * MINUTE_MS,
            ),
        ),
        ("clocks", "recovery", "presence"),
    ),
    Family(
        "power",
        "GPUs are held below their power.",
        ("power_brake", "power_limit"),
        (
            _half(Scope.NODE, "the GPUs of a tray share its supply and its limit"),
            _half(Scope.DOMAIN, "the trays of a rack share its power shelves"),
            _domains("racks share feeders, and caps are set for many: three at once are no chance"),
        ),
        ("clocks",),
    ),
    Family(
        "memory",
        "A GPU's memory fails, or waits to be repaired.",
        (
            "memory_missing",
            "remap_pending",
            "remap_failed",
            "memory_unrepairable",
            "repair_pending",
            "sram_threshold",
            "corrected_error_storm",
        ),
        (),
        ("recovery", "presence"),
    ),
    Family(
        "link",
        "A GPU's way to its host is narrower than it should be.",
        ("pcie_degraded", "c2c_down"),
        (_half(Scope.NODE, "the GPUs of a tray share its board"),),
        ("recovery", "presence"),
    ),
    Family(
        "presence",
        "A GPU is not there any more.",
        ("gpu_missing", "gpu_lost"),
        (
            _half(Scope.NODE, "the GPUs of a tray share its board and its host"),
            _half(Scope.DOMAIN, "the trays of a rack share its power and its operators"),
        ),
        ("recovery",),
    ),
    Family(
        "recovery",
        "The driver takes no work for a GPU before something is done.",
        ("recovery_action", "recovery_drain", "reset_required", "xid_fatal", "not_ready"),
        (
            _half(Scope.NODE, "the GPUs of a tray share its driver"),
            _half(Scope.DOMAIN, "what stops half a rack at once began outside its GPUs"),
        ),
        ("presence",),
    ),
    Family(
        "clocks",
        "GPUs work below their clocks and the driver names no cause.",
        ("clocks_low",),
        (
            _half(Scope.NODE, "the GPUs of a tray share its settings"),
            _half(Scope.DOMAIN, "the trays of a rack share its power and cooling"),
        ),
        (),
    ),
    Family(
        "driver",
        "The agent cannot read the driver, or a GPU does not answer it.",
        ("source_unavailable", "health_unreadable", "gpu_unobservable"),
        (_half(Scope.NODE, "the GPUs of a tray share its driver"),),
        (),
        is_blind=True,
    ),
    Family(
        "silence",
        "Nobody observed the slots, or what was observed cannot be used.",
        ("not_observed", "clock_stepped", "format_unknown", "disputed"),
        (
            _half(Scope.NODE, "one agent observes a tray; and the tray has one power supply"),
            _half(Scope.DOMAIN, "the trays of a rack share its power and its network"),
            _domains("racks share networks and the way to the collector: three are no chance"),
        ),
        (),
        is_blind=True,
    ),
)
"""Where one reason could lead to another, the family that explains it stands first."""

BY_NAME: dict[str, Family] = {family.name: family for family in FAMILIES}
_BY_REASON: dict[str, Family] = {reason: family for family in FAMILIES for reason in family.reasons}
_UNNAMED = {State.UNKNOWN: BY_NAME["silence"]}
"""Reasons that this table does not know, and none at all: by the state."""


def family_of(state: State, reasons: Iterable[str]) -> Family:
    """
    Return the family that a state is put down to.

    It is that of the reasons that cause the state, the first of the table; unless another of the
    reasons beside them belongs to a family that brings it.
    """
    present = present_families(state, reasons)
    causing = [
        _BY_REASON[reason]
        for reason in reasons
        if reason in _BY_REASON and REASONS[reason].state is state
    ]
    leading = min(causing or present, key=FAMILIES.index)
    return next((one for one in present if leading.name in one.brings), leading)


def present_families(state: State, reasons: Iterable[str]) -> list[Family]:
    """Return the families of all reasons that fit the state, in the order of the table."""
    is_blind = state is State.UNKNOWN
    found = {_BY_REASON[reason].name for reason in reasons if reason in _BY_REASON}
    fitting = [one for one in FAMILIES if one.name in found and one.is_blind is is_blind]
    return fitting or [_UNNAMED.get(state, BY_NAME["recovery"])]
