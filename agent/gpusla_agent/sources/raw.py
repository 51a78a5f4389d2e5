"""
What a driver said of one GPU in one pass, word for word, and what probes make of it.

Codes are NVML's; names and units are those of the calls.  `absence_of` is the one place where a
code becomes the reason why a reading has no value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpusla.catalogue.readings import Consent
from gpusla.readings import Absence, Absent, GpuReadings, Identity, XidEvent

SUCCESS = 0

CAPACITY_ONLY: frozenset[Consent] = frozenset({Consent.CAPACITY})


@dataclass(frozen=True, slots=True)
class RawGpu:
    """
    One GPU's calls in one pass.

    values: return code and value of each call by name, of the families read in this pass only.
    seconds: how long each of these families took.  silent: why the GPU gave no values at all, None
    if it gave some.  families: what was read (`gpusla_agent.sources.families`); what is not in it
    was not due or not allowed.  allowed: what might be read of this GPU when the pass began.
    """

    identity: Identity
    at_mono_ms: int
    values: Mapping[str, tuple[int, Any]]
    seconds: Mapping[str, float]
    silent: Absent | None = None
    families: frozenset[str] = frozenset()
    allowed: frozenset[Consent] = CAPACITY_ONLY


@dataclass(frozen=True, slots=True)
class Interpreted:
    """One GPU's readings, and by probe whether it had no error and how long it took."""

    readings: GpuReadings
    success: Mapping[str, bool]
    seconds: Mapping[str, float]


Told = tuple[str, int, int, str]
"""An Xid as the worker tells it: UUID, number, wall time in milliseconds, origin."""


@dataclass(frozen=True, slots=True)
class Probing:
    """
    The probes as a source takes them, which stands below them.

    identify: from a GPU's index and what it told to who it is.  interpret: one GPU's complete
    readings, of which those that were not read in this pass are taken from the readings before;
    these are None for a GPU that was just found, or found again behind another driver.
    events: Xids from UUID, number, wall time in milliseconds and origin (an
    `gpusla.readings.EventOrigin`).
    """

    identify: Callable[[int, Mapping[str, tuple[int, Any]]], Identity | None]
    interpret: Callable[[RawGpu, GpuReadings | None], Interpreted]
    events: Callable[[Sequence[Told]], tuple[XidEvent, ...]]


_CODES = {
    1: (Absence.ERROR, "the library is not initialised"),
    2: (Absence.ERROR, "invalid argument"),
    3: (Absence.UNSUPPORTED, "not supported"),
    4: (Absence.NO_PERMISSION, "no permission"),
    5: (Absence.ERROR, "already initialised"),
    6: (Absence.ERROR, "not found"),
    7: (Absence.ERROR, "insufficient size"),
    8: (Absence.ERROR, "a power cable is not attached"),
    9: (Absence.ERROR, "the driver is not loaded"),
    10: (Absence.UNOBSERVABLE, "timeout"),
    11: (Absence.ERROR, "interrupt issue of the kernel"),
    12: (Absence.ERROR, "libnvidia-ml.so.1 cannot be found"),
    13: (Absence.UNSUPPORTED, "the driver has no such function"),
    14: (Absence.ERROR, "the inforom is corrupted"),
    15: (Absence.LOST, "the GPU is lost"),
    16: (Absence.RESET_REQUIRED, "the GPU requires a reset"),
    17: (Absence.ERROR, "the operating system refuses control of the GPU"),
    18: (Absence.ERROR, "driver and library versions do not fit"),
    19: (Absence.ERROR, "the GPU is in use"),
    20: (Absence.ERROR, "insufficient memory"),
    21: (Absence.ERROR, "no data"),
    22: (Absence.UNSUPPORTED, "ECC is enabled"),
    23: (Absence.ERROR, "insufficient resources"),
    24: (Absence.UNSUPPORTED, "the frequency is not supported"),
    25: (Absence.UNSUPPORTED, "the driver takes another version of the structure"),
    26: (Absence.UNSUPPORTED, "deprecated"),
    27: (Absence.ERROR, "not ready"),
    28: (Absence.LOST, "the GPU is not found"),
    29: (Absence.ERROR, "invalid state"),
    30: (Absence.UNSUPPORTED, "the reset type is not supported"),
    999: (Absence.ERROR, "unknown error of the driver"),
}


def absence_of(code: int) -> Absent:
    """Return why there is no value; code is not 0."""
    absence, words = _CODES.get(code, (Absence.ERROR, "unknown code"))
    return Absent(absence, f"NVML {code}: {words}")
