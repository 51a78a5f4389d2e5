"""
What else readings say of a GPU that is there and whole: links, lanes, memory under repair,
readiness.

A verdict of ok does not rest on these: a reading that the driver does not have is no fault.  But
once one of them showed a fault, only the same reading ends it; while it is absent, the fault
stands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import (
    C2C_DOWN,
    MEMORY_UNREPAIRABLE,
    MIG_ENABLED,
    NOT_READY,
    NVLINK_DEGRADED,
    PCIE_DEGRADED,
    REMAP_FAILED,
    REMAP_PENDING,
    REPAIR_PENDING,
    SRAM_THRESHOLD,
    Reason,
)
from gpusla.health.memory import Standing
from gpusla.health.profiles import Profile
from gpusla.health.thresholds import LINK_SPEED_TOLERANCE_PERCENT
from gpusla.health.values import found, value_of
from gpusla.readings import GpuReadings, Present

_BYTES_PER_MEGABYTE = 1_000_000
_ACTIVE, _SPEED = "nvlink_links_active", "nvlink_speed_min_bytes_per_second"
_C2C = ("c2c_links", "c2c_links_active")


@dataclass(frozen=True, slots=True)
class Flag:
    """A reading that is a fault at one of its two values."""

    reading: str
    bad: int
    fault: Standing


def _flag(reading: str, bad: int, reason: Reason, action: Action, words: str) -> Flag:
    return Flag(reading, bad, Standing(found(reason, action, f"driver: {words}"), (reading,)))


FLAGS = (
    _flag("remap_pending", 1, REMAP_PENDING, Action.RESET_GPU, "a memory row waits for a reset"),
    _flag("remap_failed", 1, REMAP_FAILED, Action.REPLACE, "a memory row could not be remapped"),
    _flag(
        "unrepairable_memory", 1, MEMORY_UNREPAIRABLE, Action.REPLACE, "memory cannot be repaired"
    ),
    _flag(
        "channel_repair_pending",
        1,
        REPAIR_PENDING,
        Action.RESET_GPU,
        "a memory channel waits for a reset to be repaired",
    ),
    _flag(
        "tpc_repair_pending",
        1,
        REPAIR_PENDING,
        Action.RESET_GPU,
        "a processing cluster waits for a reset to be repaired",
    ),
    _flag(
        "sram_threshold_exceeded",
        1,
        SRAM_THRESHOLD,
        Action.REPLACE,
        "uncorrected errors of the SRAM are over its threshold",
    ),
    _flag(
        "confidential_computing_ready",
        0,
        NOT_READY,
        Action.INSPECT,
        "confidential computing is on, and the GPUs are not ready",
    ),
)

_MIG = _flag("mig_mode", 1, MIG_ENABLED, Action.NONE, "MIG mode is on")


def condition_findings(profile: Profile | None, gpu: GpuReadings) -> list[Standing]:
    """Return what the readings show; profile: None of a kind that is not known."""
    faults = []
    numbers = gpu.numbers
    for flag in FLAGS:
        reading = numbers.get(flag.reading)
        if reading.__class__ is Present and reading.value == flag.bad:
            faults.append(flag.fault)
    faults.extend(_c2c(gpu))
    if profile is not None:
        if profile.links:
            faults.extend(_links(profile, gpu))
        faults.extend(_pcie_width(profile, gpu))
        if profile.is_whole and value_of(gpu, _MIG.reading) == _MIG.bad:
            faults.append(_MIG.fault)
    return faults


def still_standing(standing: Sequence[Standing], gpu: GpuReadings | None) -> list[Standing]:
    """Return earlier findings that cannot be looked at now."""
    return [
        one
        for one in standing
        if gpu is None or any(value_of(gpu, name) is None for name in one.readings)
    ]


def _links(profile: Profile, gpu: GpuReadings) -> Iterator[Standing]:
    active = value_of(gpu, _ACTIVE)
    if active is not None and active < profile.links:
        words = f"driver: {int(active)} of {profile.links} NVLinks active{_inactive(gpu)}"
        yield Standing(found(NVLINK_DEGRADED, Action.RESET_GPU, words), (_ACTIVE,))
    speed = value_of(gpu, _SPEED)
    sold = profile.link_bytes_per_second
    if speed is not None and speed * 100 < sold * (100 - LINK_SPEED_TOLERANCE_PERCENT):
        mega, sold_mega = (int(figure) // _BYTES_PER_MEGABYTE for figure in (speed, sold))
        words = f"driver: slowest NVLink {mega} of {sold_mega} MB/s"
        yield Standing(found(NVLINK_DEGRADED, Action.INSPECT, words), (_SPEED,))


def _inactive(gpu: GpuReadings) -> str:
    if not isinstance(gpu.links, Present):
        return ""
    numbers = [str(link.number) for link in gpu.links.value if not link.is_active]
    return ", inactive: " + " ".join(numbers) if numbers else ""


def _pcie_width(profile: Profile, gpu: GpuReadings) -> Iterator[Standing]:
    width = value_of(gpu, "pcie_width")
    if width is None:
        return
    most = value_of(gpu, "pcie_width_max") or profile.pcie_width
    if width < most:
        words = f"driver: {int(width)} of {int(most)} PCIe lanes"
        yield Standing(found(PCIE_DEGRADED, Action.INSPECT, words), ("pcie_width",))


def _c2c(gpu: GpuReadings) -> Iterator[Standing]:
    links, active = (value_of(gpu, name) for name in _C2C)
    if links is not None and active is not None and active < links:
        words = f"driver: {int(active)} of {int(links)} chip-to-chip links are up"
        yield Standing(found(C2C_DOWN, Action.REBOOT_NODE, words), _C2C)
