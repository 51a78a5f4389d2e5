"""What a page is made of: plain values, taken from a node once and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import State
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.model import Condition
from gpusla.readings import GpuReadings, HostReadings, Identity


@dataclass(frozen=True, slots=True)
class SlotView:
    """
    One slot that the node should have.

    gpu: the GPU in it, None if there is none.  contract, tenant: empty if it serves nobody.
    condition: None before the first pass.
    """

    slot: Slot
    sku: str
    gpu: Identity | None
    contract: str
    tenant: str
    condition: Condition | None
    action: Action = Action.NONE


@dataclass(frozen=True, slots=True)
class UsageView:
    """What a contract used of a GPU; None for what could not be read or was not agreed."""

    uuid: GpuUuid
    index: int
    contract: str
    tenant: str
    busy_seconds: float | None
    energy_joules: float | None
    tensor_seconds: float | None = None
    nvlink_bytes: float | None = None
    pcie_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class KernelLogView:
    """
    How reading the kernel's log goes, since the agent started.

    foreign_xids: lines that look like an Xid and are not the kernel's own.  unread_xids: those of
    the kernel in a form that nobody knows.
    """

    is_readable: bool
    lost_records: int = 0
    foreign_xids: int = 0
    unread_xids: int = 0


@dataclass(frozen=True, slots=True)
class AgentView:
    """
    The agent itself; None for what is not known or did not happen yet.

    rejected: how often each reading was refused as impossible, since the agent started.
    events_lost: events of the driver that nobody took in, since the agent started.
    """

    version: str
    source: str
    samples: int
    last_sample_wall_ms: int | None
    journal_sequence: int
    journal_sync_wall_ms: int | None
    journal_errors: int
    source_restarts: int
    clock_error_ms: int | None
    configuration: Mapping[str, bool] = field(default_factory=dict)
    probe_success: Mapping[str, bool] = field(default_factory=dict)
    probe_seconds: Mapping[str, float] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    events_lost: int | None = None
    kernel_log: KernelLogView | None = None


@dataclass(frozen=True, slots=True)
class NodeView:
    """
    All that a node's page shows.

    gpus: those of the last pass.  state_ms, xid_counts, xid_last_wall_ms: from durable journal
    records.  host: None from a source that knows nothing of the node itself.  occupants: GPUs that
    sit in a slot of the node, or sat in it when one was last seen there.
    """

    node: NodeName
    agent: AgentView
    slots: tuple[SlotView, ...] = ()
    gpus: tuple[GpuReadings, ...] = ()
    state_ms: Mapping[tuple[Slot, State], int] = field(default_factory=dict)
    xid_counts: Mapping[tuple[GpuUuid, int], int] = field(default_factory=dict)
    usage: tuple[UsageView, ...] = ()
    xid_last_wall_ms: Mapping[tuple[GpuUuid, int], int] = field(default_factory=dict)
    host: HostReadings | None = None
    occupants: tuple[Identity, ...] = ()
