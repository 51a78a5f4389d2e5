"""Whether a slot's GPU is there and answers, and what the driver asks for before it can be used."""

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import (
    GPU_LOST,
    GPU_MISSING,
    GPU_UNOBSERVABLE,
    HEALTH_UNREADABLE,
    RESET_REQUIRED,
    SOURCE_UNAVAILABLE,
)
from gpusla.health.recovery import recovery_of
from gpusla.health.values import found, value_of
from gpusla.journal.model import Finding
from gpusla.readings import Absence, Absent, Expected, GpuReadings

_ANSWERS = {
    Absence.LOST: (GPU_LOST, Action.REBOOT_NODE, "the GPU has fallen off the bus"),
    Absence.RESET_REQUIRED: (RESET_REQUIRED, Action.RESET_GPU, "the GPU must be reset"),
}


def source_finding(source: Absent) -> Finding:
    """Return what a source that did not answer does to every slot."""
    words = source.detail or f"no answer of the driver, {source.absence}"
    return found(SOURCE_UNAVAILABLE, Action.INSPECT, f"agent: {words}")


def missing_finding(one: Expected, *, is_unplaced: bool) -> Finding:
    """Return what an empty slot means; is_unplaced: a GPU is listed that may sit in any slot."""
    if is_unplaced:
        words = "agent: the module of a GPU that is listed is not known"
        return found(HEALTH_UNREADABLE, Action.INSPECT, words)
    words = f"inventory: a GPU in module {one.module_id}; the driver lists none"
    return found(GPU_MISSING, Action.REBOOT_NODE, words)


def failure_of(gpu: GpuReadings) -> Finding | None:
    """Return why the GPU itself cannot be judged further, None if it answers."""
    if gpu.answered is not None and gpu.answered.absence in _ANSWERS:
        return _answer(gpu.answered)
    for reading in gpu.numbers.values():
        if type(reading) is Absent and reading.absence in _ANSWERS:
            return _answer(reading)
    if gpu.answered is not None:
        words = gpu.answered.detail or f"no answer, {gpu.answered.absence}"
        return found(GPU_UNOBSERVABLE, Action.INSPECT, f"agent: {words}")
    return None


def recovery_finding(gpu: GpuReadings) -> Finding | None:
    """Return what the driver asks for, None if nothing or if it does not say."""
    value = value_of(gpu, "recovery_action")
    recovery = recovery_of(value) if value is not None else None
    return None if recovery is None else recovery.finding


def _answer(absent: Absent) -> Finding:
    reason, action, words = _ANSWERS[absent.absence]
    return found(reason, action, f"driver: {absent.detail or words}")
