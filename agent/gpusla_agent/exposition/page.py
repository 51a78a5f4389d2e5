"""
The page of metrics: what a node shows, by rows of the catalogue.

Absent means absent: what could not be read has no sample, neither zero nor the last value.  Sums
that come from the journal hold durable records only, so they never go back.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from gpusla.catalogue import metrics as rows
from gpusla.catalogue.metrics import Metric, MetricKind
from gpusla.catalogue.reasons import State
from gpusla.health import is_fabric_healthy
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.model import Condition
from gpusla.readings import GpuReadings, Identity, Present

Sample = tuple[tuple[str, ...], float]

XIDS_FROM_ZERO = (48, 79, 95, 119)
"""Counted from zero before they were seen, so that the first one is an increase."""

_GAUGES = {
    "power_watts": rows.GPU_POWER,
    "power_limit_watts": rows.GPU_POWER_LIMIT,
    "energy_joules": rows.GPU_ENERGY,
    "temperature_celsius": rows.GPU_TEMPERATURE,
    "temperature_margin_celsius": rows.GPU_TEMPERATURE_MARGIN,
    "sm_clock_hertz": rows.GPU_SM_CLOCK,
    "memory_clock_hertz": rows.GPU_MEMORY_CLOCK,
    "memory_total_bytes": rows.GPU_MEMORY_TOTAL,
    "memory_used_bytes": rows.GPU_MEMORY_USED,
}
_RECOVERY_ACTIONS = (
    "none",
    "gpu_reset",
    "node_reboot",
    "drain_peer_to_peer",
    "drain_and_reset",
    "recover_imex_domain",
    "bus_reset",
    "system_reboot",
)
_FABRIC_STATES = ("not_supported", "not_started", "in_progress", "completed")


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


@dataclass(frozen=True, slots=True)
class UsageView:
    """What a contract used of a GPU; None for what could not be read."""

    uuid: GpuUuid
    index: int
    contract: str
    tenant: str
    busy_seconds: float | None
    energy_joules: float | None


@dataclass(frozen=True, slots=True)
class AgentView:
    """The agent itself; None for what is not known or did not happen yet."""

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


@dataclass(frozen=True, slots=True)
class NodeView:
    """
    All that a node's page shows.

    gpus: those of the last pass.  state_ms, xid_counts: from durable journal records.
    """

    node: NodeName
    agent: AgentView
    slots: tuple[SlotView, ...] = ()
    gpus: tuple[GpuReadings, ...] = ()
    state_ms: Mapping[tuple[Slot, State], int] = field(default_factory=dict)
    xid_counts: Mapping[tuple[GpuUuid, int], int] = field(default_factory=dict)
    usage: tuple[UsageView, ...] = ()


def render(view: NodeView, accept: str = "") -> tuple[bytes, str]:
    """
    Return the page and its content type.

    accept: the request's Accept header, which chooses between the two text formats.
    """
    encode, content_type = choose_encoder(accept)
    return encode(_Page(view)), content_type


class _Page(Collector):
    """What the client library asks for the families."""

    def __init__(self, view: NodeView) -> None:
        self._view = view

    def collect(self) -> Iterator[Family]:
        yield from families(self._view)


def families(view: NodeView) -> Iterator[Family]:
    """Yield the families of a page that have a sample."""
    for row, samples in (*_slots(view), *_telemetry(view), *_usage(view), *_agent(view)):
        found = list(samples)
        if found:
            yield _family(row, found)


def _family(row: Metric, samples: Iterable[Sample]) -> Family:
    name = row.name
    if row.kind is not MetricKind.GAUGE:
        name = name.removesuffix(f"_{'total' if row.kind is MetricKind.COUNTER else 'info'}")
    unit = row.unit if name.endswith(f"_{row.unit}") else ""
    family = Family(name, row.help, row.kind, unit)
    for labels, value in samples:
        pairs = zip(row.labels, map(_printable, labels), strict=True)
        family.add_sample(row.name, dict(pairs), value)
    return family


def _printable(value: str) -> str:
    # One lone surrogate, as from a file name that is not UTF-8, would lose the whole page.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _slots(view: NodeView) -> Iterator[tuple[Metric, Iterator[Sample]]]:
    yield rows.SLOT_INFO, ((_info(view.node, one), 1) for one in view.slots)
    yield (
        rows.SLOT_STATE,
        (
            ((str(one.slot), state), one.condition.state is state)
            for one in view.slots
            if one.condition is not None
            for state in State
        ),
    )
    yield (
        rows.SLOT_STATE_SECONDS,
        (
            ((str(slot), state), view.state_ms.get((slot, state), 0) / 1_000)
            for slot in sorted(
                {one.slot for one in view.slots} | {slot for slot, _ in view.state_ms}
            )
            for state in State
        ),
    )
    yield (
        rows.SLOT_REASON,
        (
            ((str(one.slot), reason), 1)
            for one in view.slots
            if one.condition is not None
            for reason in sorted({finding.reason for finding in one.condition.findings})
        ),
    )


def _info(node: NodeName, one: SlotView) -> tuple[str, ...]:
    slot, gpu = one.slot, one.gpu
    return (
        str(slot),
        node,
        slot.site,
        slot.rack,
        slot.tray,
        slot.module,
        slot.domain,
        gpu.uuid if gpu else "",
        str(gpu.index) if gpu else "",
        one.sku,
        one.contract,
        one.tenant,
    )


def _telemetry(view: NodeView) -> Iterator[tuple[Metric, Iterator[Sample]]]:
    answering = [gpu for gpu in view.gpus if gpu.answered is None]
    for name, row in _GAUGES.items():
        yield row, _numbers(answering, name)
    yield (
        rows.GPU_RECOVERY_ACTION,
        (
            ((*labels, words), number == value)
            for labels, value in _numbers(answering, "recovery_action")
            for number, words in enumerate(_RECOVERY_ACTIONS)
        ),
    )
    fabrics = [
        (_labels(gpu.identity), gpu.fabric.value)
        for gpu in answering
        if isinstance(gpu.fabric, Present)
    ]
    yield (
        rows.GPU_FABRIC_STATE,
        (
            ((*labels, words), number == fabric.state)
            for labels, fabric in fabrics
            for number, words in enumerate(_FABRIC_STATES)
        ),
    )
    yield (
        rows.GPU_FABRIC_HEALTHY,
        ((labels, is_fabric_healthy(fabric)) for labels, fabric in fabrics),
    )
    yield rows.GPU_XID_EVENTS, _xids(view)


def _numbers(gpus: Iterable[GpuReadings], name: str) -> Iterator[Sample]:
    for gpu in gpus:
        reading = gpu.numbers.get(name)
        if isinstance(reading, Present):
            yield _labels(gpu.identity), reading.value


def _labels(identity: Identity) -> tuple[str, str]:
    return identity.uuid, str(identity.index)


def _xids(view: NodeView) -> Iterator[Sample]:
    for gpu in view.gpus:
        uuid, index = _labels(gpu.identity)
        seen = {xid for counted, xid in view.xid_counts if counted == uuid}
        for xid in sorted(seen.union(XIDS_FROM_ZERO)):
            yield (uuid, index, str(xid)), view.xid_counts.get((gpu.identity.uuid, xid), 0)


def _usage(view: NodeView) -> Iterator[tuple[Metric, Iterator[Sample]]]:
    yield (
        rows.USAGE_BUSY_SECONDS,
        (
            (_usage_labels(one), one.busy_seconds)
            for one in view.usage
            if one.busy_seconds is not None
        ),
    )
    yield (
        rows.USAGE_ENERGY,
        (
            (_usage_labels(one), one.energy_joules)
            for one in view.usage
            if one.energy_joules is not None
        ),
    )
    holders = {one.gpu.uuid: (one.contract, one.tenant) for one in view.slots if one.gpu}
    yield (
        rows.GPU_UTILIZATION,
        (
            ((*labels, *holders.get(GpuUuid(labels[0]), ("", ""))), value)
            for labels, value in _numbers(
                (gpu for gpu in view.gpus if gpu.answered is None), "utilization_ratio"
            )
        ),
    )


def _usage_labels(one: UsageView) -> tuple[str, ...]:
    return one.uuid, str(one.index), one.contract, one.tenant


def _agent(view: NodeView) -> Iterator[tuple[Metric, Iterator[Sample]]]:
    agent = view.agent
    yield rows.AGENT_INFO, iter([((view.node, agent.version, agent.source), 1)])
    yield rows.AGENT_PROBE_SUCCESS, (((p,), ok) for p, ok in agent.probe_success.items())
    yield rows.AGENT_PROBE_DURATION, (((p,), s) for p, s in agent.probe_seconds.items())
    yield rows.AGENT_CONFIGURATION, (((s,), ok) for s, ok in agent.configuration.items())
    yield from (
        (row, iter([((), value)] if value is not None else []))
        for row, value in (
            (rows.AGENT_SAMPLES, agent.samples),
            (rows.AGENT_LAST_SAMPLE, _seconds(agent.last_sample_wall_ms)),
            (rows.AGENT_JOURNAL_SEQUENCE, agent.journal_sequence),
            (rows.AGENT_JOURNAL_SYNC, _seconds(agent.journal_sync_wall_ms)),
            (rows.AGENT_JOURNAL_ERRORS, agent.journal_errors),
            (rows.AGENT_SOURCE_RESTARTS, agent.source_restarts),
            (rows.AGENT_CLOCK_ERROR, _seconds(agent.clock_error_ms)),
            (rows.AGENT_EXPECTED_GPUS, len(view.slots)),
        )
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1_000
