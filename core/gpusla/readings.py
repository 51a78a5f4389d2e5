"""
What one pass over a node's GPUs saw, and how the pass went.

Every reading is a value or the reason why there is none, with its own time.  None of the absences
is zero, and none of them is healthy.
"""

from collections.abc import Mapping
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
    chassis_slot: int | None = None
    host_id: int | None = None
    peer_type: int | None = None
    """How the GPU reaches its NVLink peers: 0 directly, 1 through switches."""
    board_part_number: str | None = None


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


class EventOrigin(StrEnum):
    """Who told of an event first."""

    NVML = "nvml"
    KERNEL_LOG = "kernel_log"
    OPERATIONAL_EVENT = "operational_event"


@dataclass(frozen=True, slots=True)
class XidDetail:
    """
    What the kernel's log line says beyond the number; None or empty for what it does not say.

    unit: the part of the GPU, such as `NETIR_LINK_EVT`.  severity: the printed word in lower case,
    `fatal` or `non-fatal`.  link: number of the NVLink, None also where the line says -1.
    intrinfo, error_status: the two register words of an NVLink 5 error (Xid 144 to 150).
    caused_by: the Xid that a 45 names as its cause.  recovery_action: the action that a 154 names.
    text: the line after the Xid's number, at most 200 characters, printable ASCII.
    """

    unit: str = ""
    severity: str = ""
    link: int | None = None
    intrinfo: int | None = None
    error_status: int | None = None
    caused_by: int | None = None
    recovery_action: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class XidEvent:
    """
    The driver reported an error number for a GPU, counted once whoever told of it.

    wall_ms: when it happened, as exactly as the origin tells.  detail: None if only the number is
    known.  kernel_sequence: number of the kernel log's record, None if that did not tell of it.
    is_past: it happened before the agent was there to see, and was found in the log since.
    """

    uuid: GpuUuid
    xid: int
    wall_ms: int
    origin: EventOrigin = EventOrigin.NVML
    detail: XidDetail | None = None
    kernel_sequence: int | None = None
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class NvLink:
    """
    One NVLink of a GPU.

    speed: bytes a second in each direction as the driver states it, None if it does not.
    """

    number: int
    is_active: bool
    speed_bytes_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a GPU; name is empty unless it was agreed that names may be sampled."""

    pid: int
    memory_bytes: int | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class MigInstance:
    """A MIG instance of a GPU: its own UUID and the ids of its GPU and compute instance."""

    uuid: GpuUuid
    gpu_instance: int
    compute_instance: int
    memory_total_bytes: int | None = None


Reading = Present[float] | Present[int] | Absent


@dataclass(frozen=True, slots=True)
class GpuReadings:
    """
    One GPU in one pass, by reading name (`gpusla.catalogue.readings` lists them).

    at_mono_ms: when the pass over this GPU ended, on the node's monotonic clock.
    numbers: base units (watts, celsius, hertz, bytes, joules, ratios from 0 to 1) or plain codes.
    read_at_mono_ms: by probe, when its readings were taken; slow ones are older than the pass.
    A probe that is not in it was never read.
    rejected: names of readings that the driver gave in this pass and that cannot be true; they are
    absent in numbers.
    family_read_at_mono_ms: the same by family of driver calls, of which a probe may rest on several
    that are read at different times; empty from a source that reads all at once.
    """

    identity: Identity
    at_mono_ms: int
    numbers: dict[str, Reading]
    fabric: Present[Fabric] | Absent
    answered: Absent | None = None
    """None if the GPU answered; otherwise why it did not (lost, reset required, unobservable)."""
    links: Present[tuple[NvLink, ...]] | Absent = Absent(Absence.UNSUPPORTED)
    processes: Present[tuple[Process, ...]] | Absent = Absent(Absence.UNSUPPORTED)
    instances: Present[tuple[MigInstance, ...]] | Absent = Absent(Absence.UNSUPPORTED)
    read_at_mono_ms: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[str, ...] = ()
    family_read_at_mono_ms: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NetworkPort:
    """
    One port of a network adapter; by reading name (`gpusla.catalogue.readings.PORT`).

    device: the kernel's name, such as `mlx5_0`.
    """

    device: str
    port: int
    numbers: Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor of the tray's BMC: `leak` (0 dry, 1 leaking) or a coolant reading in base units."""

    name: str
    kind: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class HostReadings:
    """
    The node itself, by reading name (`gpusla.catalogue.readings.HOST`).

    read_at_mono_ms: by probe, when its readings were taken.
    """

    numbers: Mapping[str, Reading] = field(default_factory=dict)
    ports: tuple[NetworkPort, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    read_at_mono_ms: Mapping[str, int] = field(default_factory=dict)
    probe_seconds: Mapping[str, float] = field(default_factory=dict)
    probe_success: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pass:
    """
    One pass over the node.

    at_mono_ms: the instant that the pass speaks for, on the node's monotonic clock.
    source: None if the source answered; otherwise why there are no readings at all.
    gpus: by UUID, only those that the driver listed.
    events: Xid events since the pass before, in order of arrival.
    probe_seconds: how long each probe took when it was last read; slow ones are not read at every
    pass.  probe_success: whether it did well then.
    """

    at_mono_ms: int
    gpus: dict[GpuUuid, GpuReadings]
    events: tuple[XidEvent, ...] = ()
    source: Absent | None = None
    probe_seconds: dict[str, float] = field(default_factory=dict)
    probe_success: dict[str, bool] = field(default_factory=dict)
    host: HostReadings | None = None
    """None from a source that knows nothing of the node itself."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the inventory expects of one slot of this node; uuid None if it does not say which."""

    slot: Slot
    module_id: int
    uuid: GpuUuid | None
    sku: str
