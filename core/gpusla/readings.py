"""
What one pass over a node's GPUs saw, and how the pass went.

Every reading is a value or the reason why there is none, with its own time.  None of the absences
is zero, and none of them is healthy.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from gpusla.identity import GpuUuid, Slot

T = TypeVar("T")


class Absence(StrEnum):
    """Why a reading has no value."""

    UNSUPPORTED = "unsupported"
    NO_PERMISSION = "no_permission"
    ERROR = "error"
    STALE = "stale"
    LOST = "lost"
    RESET_REQUIRED = "reset_required"
    UNOBSERVABLE = "unobservable"


@dataclass(frozen=True, slots=True)
class Present(Generic[T]):
    """A value that was read."""

    value: T


@dataclass(frozen=True, slots=True)
class Absent:
    """No value; detail is for people, such as the driver's own words."""

    absence: Absence
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What does not change while a GPU sits in its slot; None for what the driver cannot tell."""

    uuid: GpuUuid
    index: int
    name: str
    serial: str | None = None
    module_id: int | None = None
    chassis_serial: str | None = None
    tray_index: int | None = None
    pci_bus_id: str | None = None
    driver_version: str | None = None
    vbios_version: str | None = None


@dataclass(frozen=True, slots=True)
class Fabric:
    """
    A GPU's place in its NVLink fabric.

    state: 0 not supported, 1 not started, 2 in progress, 3 completed.  status: NVML return code.
    mask: two-bit fields (nvml.h of CUDA 13.5), None below structure version 2.
    summary: 0 not supported, 1 healthy, 2 unhealthy, 3 limited capacity; None below version 3.
    """

    state: int
    status: int
    cluster_uuid: str
    clique: int
    mask: int | None = None
    summary: int | None = None


@dataclass(frozen=True, slots=True)
class XidEvent:
    """The driver reported an error number for a GPU; wall_ms is when the agent learnt of it."""

    uuid: GpuUuid
    xid: int
    wall_ms: int


Reading = Present[float] | Present[int] | Absent


@dataclass(frozen=True, slots=True)
class GpuReadings:
    """
    One GPU in one pass, by reading name (`gpusla_agent.probes` lists them).

    at_mono_ms: when the pass over this GPU ended, on the node's monotonic clock.
    present: False if the driver listed no such GPU or said that it is lost.
    numbers: base units (watts, celsius, hertz, bytes, joules, ratios from 0 to 1) or plain codes.
    """

    identity: Identity
    at_mono_ms: int
    numbers: dict[str, Reading]
    fabric: Present[Fabric] | Absent
    answered: Absent | None = None
    """None if the GPU answered; otherwise why it did not (lost, reset required, unobservable)."""


@dataclass(frozen=True, slots=True)
class Pass:
    """
    One pass over the node.

    at_mono_ms: the instant that the pass speaks for, on the node's monotonic clock.
    source: None if the source answered; otherwise why there are no readings at all.
    gpus: by UUID, only those that the driver listed.
    events: Xid events since the pass before, in order of arrival.
    """

    at_mono_ms: int
    gpus: dict[GpuUuid, GpuReadings]
    events: tuple[XidEvent, ...] = ()
    source: Absent | None = None
    probe_seconds: dict[str, float] = field(default_factory=dict)
    probe_success: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the inventory expects of one slot of this node; uuid None if it does not say which."""

    slot: Slot
    module_id: int
    uuid: GpuUuid | None
    sku: str
