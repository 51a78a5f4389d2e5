"""
Whether a GPU is part of its NVLink fabric, and whether that is whole.

Codes and layout of the mask: nvml.h of CUDA 13.5.  A mask of zero is not the test of health: a
healthy GB300 reports 0x1AA (each two-bit field says `false`, the configuration says `none wrong`).
"""

from collections.abc import Iterator

from gpusla.catalogue.reasons import FABRIC_DOWN, FABRIC_UNHEALTHY, HEALTH_UNREADABLE
from gpusla.journal.model import Finding
from gpusla.readings import Absent, Fabric, Present

_COMPLETED = 3
_SUMMARY_NOT_SUPPORTED, _SUMMARY_HEALTHY = 0, 1
_STATES = ("not supported", "not started", "in progress", "completed")
_SUMMARIES = {2: "unhealthy", 3: "limited capacity"}

# Two bits each: 0 not supported, 1 true, 2 false.  The value that is a fault, and its words.
_TWO_BIT_FIELDS = (
    (0, 1, "degraded bandwidth"),
    (2, 1, "route recovery"),
    (4, 1, "route unhealthy"),
    (6, 1, "access timeout recovery"),
    (12, 2, "no partition assigned"),
    (14, 2, "fabric manager disconnected"),
)
_UNDEFINED = 3

# Four bits from bit 8: 0 not supported, 1 nothing wrong.
_CONFIGURATIONS = {
    2: "wrong system GUID",
    3: "chassis serial mismatch",
    4: "no partition",
    5: "too few NVLinks",
    6: "firmware mismatch",
    7: "wrong location",
    8: "GPU state invalid",
}


def fabric_findings(fabric: Present[Fabric] | Absent) -> Iterator[Finding]:
    """Yield what is wrong with a GPU's place in a fabric that it must be part of."""
    if isinstance(fabric, Absent):
        yield Finding(HEALTH_UNREADABLE.name, f"fabric: {fabric.absence}")
        return
    seen = fabric.value
    if seen.state != _COMPLETED or seen.status != 0:
        state = _STATES[seen.state] if 0 <= seen.state < len(_STATES) else str(seen.state)
        yield Finding(FABRIC_DOWN.name, f"fabric state {state}, status {seen.status}")
        return
    yield from _quality(seen)


def is_fabric_healthy(fabric: Fabric) -> bool:
    """Return whether nothing that the driver says of the fabric names a fault."""
    return not list(fabric_findings(Present(fabric)))


def _quality(seen: Fabric) -> Iterator[Finding]:
    summary = seen.summary if seen.summary is not None else _SUMMARY_NOT_SUPPORTED
    if seen.mask is None and summary == _SUMMARY_NOT_SUPPORTED:
        yield Finding(HEALTH_UNREADABLE.name, "fabric: neither health mask nor summary")
        return
    mask = seen.mask or 0
    faults = [*_summary_faults(summary), *_mask_faults(mask)]
    if faults:
        yield Finding(FABRIC_UNHEALTHY.name, "fabric: " + ", ".join(faults))
    undefined = [shift for shift, _, _ in _TWO_BIT_FIELDS if mask >> shift & 3 == _UNDEFINED]
    if undefined:
        yield Finding(HEALTH_UNREADABLE.name, f"fabric: health mask {mask:#x} is not understood")


def _summary_faults(summary: int) -> Iterator[str]:
    if summary not in {_SUMMARY_NOT_SUPPORTED, _SUMMARY_HEALTHY}:
        yield "summary " + _SUMMARIES.get(summary, str(summary))


def _mask_faults(mask: int) -> Iterator[str]:
    yield from (words for shift, fault, words in _TWO_BIT_FIELDS if mask >> shift & 3 == fault)
    configuration = mask >> 8 & 0xF
    if configuration > 1:
        yield _CONFIGURATIONS.get(configuration, f"configuration {configuration}")
