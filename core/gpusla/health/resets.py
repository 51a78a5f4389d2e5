"""The evidence that ends an error which needs a reset: time alone heals nothing."""

from gpusla.catalogue.reasons import GPU_UNOBSERVABLE
from gpusla.health.memory import Fatal, SlotMemory
from gpusla.health.recovery import NONE
from gpusla.health.values import value_of
from gpusla.journal.model import Finding
from gpusla.readings import GpuReadings


def after_resets(
    memory: SlotMemory, gpu: GpuReadings | None, failure: Finding | None
) -> tuple[tuple[Fatal, ...], bool]:
    """
    Return the errors that still need a reset, and whether one of its signs has been seen.

    Signs: the GPU was lost or missing, asked for a recovery, or its energy counter went back, which
    it does only when the driver is loaded.  It is over when the GPU answers after that and asks for
    nothing.  A GPU that hung is no sign.  failure: why it does not answer.
    """
    if not memory.fatal:
        return (), False
    action = value_of(gpu, "recovery_action") if gpu is not None else None
    energy = value_of(gpu, "energy_joules") if gpu is not None else None
    is_gone = gpu is None or (failure is not None and failure.reason != GPU_UNOBSERVABLE.name)
    is_reloaded = (
        energy is not None and memory.energy_joules is not None and energy < memory.energy_joules
    )
    interrupted = memory.is_interrupted or is_gone or is_reloaded or bool(action)
    if interrupted and failure is None and action == NONE:
        return (), False
    return memory.fatal, interrupted


def energy_after(memory: SlotMemory, gpu: GpuReadings | None) -> float | None:
    """Return the energy counter as last read."""
    energy = value_of(gpu, "energy_joules") if gpu is not None else None
    return memory.energy_joules if energy is None else energy
