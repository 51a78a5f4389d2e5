"""
Whether a GPU is part of its NVLink fabric, and whether that is whole.

Codes and layout of the mask: nvml.h of CUDA 13.5.  A mask of zero is not the test of health: a
healthy GB300 reports 0x1AA (each two-bit field says `false`, the configuration says `none wrong`).
"""

from collections.abc import Iterator
from functools import lru_cache

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import FABRIC_DOWN, FABRIC_UNHEALTHY, HEALTH_UNREADABLE
from gpusla.health.values import found
from gpusla.journal.model import Finding
from gpusla.readings import Absent, Fabric, Present

_COMPLETED = 3
_SUMMARY_NOT_SUPPORTED, _SUMMARY_HEALTHY = 0, 1
_STATES = ("not supported", "not started", "in progress", "completed")
_STATUSES = {3: "not supported", 23: "insufficient resources", 999: "unknown error"}
"""NVML return codes that have been seen here."""

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


def fabric_findings(
    fabric: Present[Fabric] | Absent, *, has_cluster: bool = False
) -> Iterator[Finding]:
    """
    Yield what is wrong with a GPU's place in a fabric that it must be part of.

    has_cluster: the fabric spans nodes, so a GPU in it knows the cluster's UUID.
    """
    if isinstance(fabric, Absent):
        yield found(HEALTH_UNREADABLE, Action.INSPECT, f"agent: fabric: {fabric.absence}")
        return
    seen = fabric.value
    if seen.state != _COMPLETED or seen.status != 0:
        state = _STATES[seen.state] if 0 <= seen.state < len(_STATES) else str(seen.state)
        words = f"driver: fabric state {state}, status {_status(seen.status)}"
        clique = f", clique {seen.clique}" if seen.state == _COMPLETED else ""
        yield found(FABRIC_DOWN, Action.RECOVER_FABRIC, words + clique)
        return
    if has_cluster and _is_zero(seen.cluster_uuid):
        words = "driver: fabric state completed, and no cluster: its UUID is zero"
        yield found(FABRIC_DOWN, Action.RECOVER_FABRIC, words)
        return
    yield from _quality(seen.mask, seen.summary)


def is_fabric_healthy(fabric: Fabric, *, has_cluster: bool = False) -> bool:
    """
    Return whether nothing that the driver says of the fabric names a fault.

    has_cluster: as for `fabric_findings`.
    """
    return next(fabric_findings(Present(fabric), has_cluster=has_cluster), None) is None


def _status(code: int) -> str:
    words = _STATUSES.get(code)
    return f"{code} ({words})" if words else str(code)


def _is_zero(uuid: str) -> bool:
    return bool(uuid) and not uuid.strip("0-")


@lru_cache(maxsize=64)
def _quality(mask: int | None, summary: int | None) -> tuple[Finding, ...]:
    """Return what mask and summary name; they hardly ever change, so they are read once."""
    stated = summary if summary is not None else _SUMMARY_NOT_SUPPORTED
    if mask is None and stated == _SUMMARY_NOT_SUPPORTED:
        words = "driver: fabric with neither health mask nor summary"
        return (found(HEALTH_UNREADABLE, Action.INSPECT, words),)
    return tuple(_named(mask or 0, stated))


def _named(mask: int, summary: int) -> Iterator[Finding]:
    faults = [*_summary_faults(summary), *_mask_faults(mask)]
    if faults:
        words = "driver: fabric " + ", ".join(faults)
        yield found(FABRIC_UNHEALTHY, Action.RECOVER_FABRIC, words)
    undefined = [shift for shift, _, _ in _TWO_BIT_FIELDS if mask >> shift & 3 == _UNDEFINED]
    if undefined:
        words = f"driver: fabric health mask {mask:#x} is not understood"
        yield found(HEALTH_UNREADABLE, Action.CONTACT_SUPPORT, words)


def _summary_faults(summary: int) -> Iterator[str]:
    if summary not in {_SUMMARY_NOT_SUPPORTED, _SUMMARY_HEALTHY}:
        yield "summary " + _SUMMARIES.get(summary, str(summary))


def _mask_faults(mask: int) -> Iterator[str]:
    yield from (words for shift, fault, words in _TWO_BIT_FIELDS if mask >> shift & 3 == fault)
    configuration = mask >> 8 & 0xF
    if configuration > 1:
        yield _CONFIGURATIONS.get(configuration, f"configuration {configuration}")
