"""Readings by name, as the rules of health take them: a value, or none."""

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import Reason
from gpusla.health.thresholds import SM_ACTIVE_HIGH_RATIO, UTILIZATION_HIGH_RATIO
from gpusla.journal.model import Finding
from gpusla.readings import GpuReadings, Present


def value_of(gpu: GpuReadings, name: str) -> float | None:
    """Return what a reading says, None if there is none."""
    reading = gpu.numbers.get(name)
    return reading.value if reading.__class__ is Present else None


def found(reason: Reason, action: Action, evidence: str) -> Finding:
    """Return a finding; evidence begins with who says so."""
    return Finding(reason.name, evidence, action.value)


def is_working(gpu: GpuReadings) -> bool:
    """Return whether a GPU is known to be at work; unknown activity is no work."""
    busy = value_of(gpu, "utilization_ratio")
    if busy is not None and busy >= UTILIZATION_HIGH_RATIO:
        return True
    active = value_of(gpu, "sm_active_ratio")
    return active is not None and active >= SM_ACTIVE_HIGH_RATIO
