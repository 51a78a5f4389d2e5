"""
What slows a GPU for a time: heat, a power signal, clocks or a PCIe generation that do not rise.

A slowdown that the driver names counts from its first sample; one that only the clocks show must
last under load.  Each is over when it was not seen for a while, so a flicker at the edge of a limit
is one slowdown.  A software power cap at the full limit is how a GPU works, and no fault.
"""

from collections.abc import Mapping, Sequence

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import (
    CLOCKS_LOW,
    PCIE_DEGRADED,
    POWER_BRAKE,
    THERMAL_SLOWDOWN,
    XID_UNCLASSIFIED,
)
from gpusla.health.memory import Hold
from gpusla.health.profiles import Profile
from gpusla.health.thresholds import HOLDS_MAX, ONSET_MS
from gpusla.health.values import found, is_working, value_of
from gpusla.journal.model import Finding
from gpusla.readings import GpuReadings

# Clock event reasons of nvml.h: software thermal 0x20, hardware thermal 0x40, power brake 0x80.
THERMAL, BRAKE = 0x60, 0x80

_CLOCKS, _GENERATION = "clocks", "pcie_generation"


def named_slowdowns(gpu: GpuReadings) -> list[Finding]:
    """Return the slowdowns that the driver names in this sample."""
    reasons = int(value_of(gpu, "clock_event_reasons") or 0)
    faults = []
    if reasons & THERMAL:
        words = f"driver: clock event reasons {reasons & THERMAL:#x}"
        faults.append(found(THERMAL_SLOWDOWN, Action.INSPECT, words))
    if reasons & BRAKE:
        words = f"driver: clock event reasons {BRAKE:#x}"
        faults.append(found(POWER_BRAKE, Action.INSPECT, words))
    return faults


def slow_under_load(profile: Profile, gpu: GpuReadings) -> dict[str, Finding]:
    """Return by name what does not rise although the GPU works; nothing where that is not known."""
    if not is_working(gpu):
        return {}
    faults = {}
    clock = value_of(gpu, "sm_clock_hertz")
    floor = profile.sm_clock_floor_hertz
    is_named = value_of(gpu, "clock_event_reasons") != 0
    if clock is not None and clock < floor and not is_named:
        words = f"driver: SM clock below {floor // 1_000_000} MHz under load, no cause named"
        faults[_CLOCKS] = found(CLOCKS_LOW, Action.INSPECT, words)
    generation, most = value_of(gpu, "pcie_generation"), value_of(gpu, "pcie_generation_max")
    if generation is not None and most is not None and generation < most:
        words = f"driver: PCIe generation {int(generation)} of {int(most)} under load"
        faults[_GENERATION] = found(PCIE_DEGRADED, Action.INSPECT, words)
    return faults


def lasting(
    faults: Mapping[str, Finding], since: Mapping[str, int], at_ms: int
) -> tuple[dict[str, int], list[Finding]]:
    """Return since when each has been there, and those that have lasted long enough."""
    kept = {name: start for name, start in since.items() if name not in {_CLOCKS, _GENERATION}}
    kept |= {name: min(since.get(name, at_ms), at_ms) for name in faults}
    return kept, [faults[name] for name in faults if at_ms - kept[name] >= ONSET_MS]


def held(holds: Sequence[Hold], new: Sequence[Hold], at_ms: int) -> tuple[Hold, ...]:
    """
    Return what is held from now on: new findings, and earlier ones that are not over.

    A reason is held once, with its newest evidence; of numbers that nobody knows each is, up to a
    bound that a storm of them cannot pass.
    """
    keys = {_key(one.finding) for one in new}
    before = [hold for hold in holds if at_ms < hold.until_ms and _key(hold.finding) not in keys]
    together = [*before, *new]
    unknown = [one for one in together if one.finding.reason == XID_UNCLASSIFIED.name]
    dropped = unknown[:-HOLDS_MAX]
    return tuple(one for one in together if one not in dropped)


def _key(finding: Finding) -> tuple[str, str]:
    is_unknown = finding.reason == XID_UNCLASSIFIED.name
    return finding.reason, finding.evidence if is_unknown else ""
