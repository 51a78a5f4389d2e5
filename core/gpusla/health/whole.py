"""
Whether a GPU is what its kind is sold with: the readings that a verdict of ok rests on.

Without each of them nothing says that a GPU is whole, so one that is absent makes the slot unknown.
"""

from collections.abc import Iterator

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import HEALTH_UNREADABLE, MEMORY_MISSING, POWER_LIMIT
from gpusla.health.fabric import fabric_findings
from gpusla.health.profiles import Profile
from gpusla.health.thresholds import (
    MEMORY_TOLERANCE_PERCENT,
    POWER_LIMIT_STEP_WATTS,
    POWER_LIMIT_TOLERANCE_WATTS,
)
from gpusla.health.values import found, value_of
from gpusla.journal.model import Finding
from gpusla.readings import Absence, Absent, GpuReadings

REQUIRED = ("recovery_action", "memory_total_bytes", "power_limit_watts", "clock_event_reasons")
_UNSUPPORTED = Absent(Absence.UNSUPPORTED)


def whole_findings(profile: Profile, gpu: GpuReadings) -> Iterator[Finding]:
    """Yield what keeps a GPU that answers from being what was sold."""
    for name in REQUIRED:
        reading = gpu.numbers.get(name, _UNSUPPORTED)
        if isinstance(reading, Absent):
            words = f"agent: {name}: {reading.absence}"
            yield found(HEALTH_UNREADABLE, Action.INSPECT, words)
    if profile.has_fabric:
        yield from fabric_findings(gpu.fabric, has_cluster=profile.has_cluster)
    total = value_of(gpu, "memory_total_bytes")
    least = profile.memory_total_bytes * (100 - MEMORY_TOLERANCE_PERCENT)
    if total is not None and total * 100 < least:
        words = f"driver: {int(total)} of {profile.memory_total_bytes} bytes of memory"
        yield found(MEMORY_MISSING, Action.CONTACT_SUPPORT, words)
    limit = value_of(gpu, "power_limit_watts")
    if limit is not None and limit < profile.power_limit_watts - POWER_LIMIT_TOLERANCE_WATTS:
        yield found(POWER_LIMIT, Action.INSPECT, _power_words(profile, gpu, limit))


def _power_words(profile: Profile, gpu: GpuReadings, limit: float) -> str:
    """Say how low the limit is and who could have set it."""
    requested = value_of(gpu, "power_limit_requested_watts")
    default = value_of(gpu, "power_limit_default_watts")
    nominal = profile.power_limit_watts
    if requested is None:
        return f"driver: power limit {limit:g} of {nominal} watts"
    if limit < requested - POWER_LIMIT_TOLERANCE_WATTS:
        step = int(limit // POWER_LIMIT_STEP_WATTS) * POWER_LIMIT_STEP_WATTS
        return (
            f"driver: power limit {step} or a little more of {nominal} watts, {requested:g} "
            "requested: set by the platform (BMC, module limit, heat)"
        )
    words = f"driver: power limit {limit:g} of {nominal} watts, as requested: "
    if default is not None and default <= limit + POWER_LIMIT_TOLERANCE_WATTS:
        return words + "the default of the VBIOS"
    return words + "set by software (root, through NVML or nvidia-smi, or a power profile)"
