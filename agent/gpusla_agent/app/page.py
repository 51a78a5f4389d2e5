"""From what a node knows to what its page shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import gpusla
from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import NOT_OBSERVED, State
from gpusla.identity import Slot
from gpusla.journal.model import Condition, Finding, Instant
from gpusla.readings import Expected, GpuReadings, HostReadings, Identity, Pass
from gpusla_agent.assignments import Configuration
from gpusla_agent.exposition import AgentView, KernelLogView, NodeView, SlotView, UsageView
from gpusla_agent.recorder import Recorder
from gpusla_agent.sampler import Holder, Quantity, Sampled, Usage
from gpusla_agent.sources.base import Source


@dataclass(frozen=True, slots=True)
class Latest:
    """
    What the last step saw; never changed, so that other threads may read it.

    occupants: as `gpusla_agent.exposition.NodeView` has them.
    """

    sampled: Sampled
    at: Instant
    located: Mapping[Slot, GpuReadings | None]
    configuration: Configuration
    holders: Mapping[Slot, Holder]
    usage: tuple[UsageView, ...]
    samples: int
    occupants: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """
    How listening goes, beside the passes; None for what nobody listens to.

    events_lost: events of the driver that nobody took in, since the agent started.
    """

    events_lost: int | None = None
    kernel_log: KernelLogView | None = None


_NOT_OBSERVED = Condition(
    State.UNKNOWN, (Finding(NOT_OBSERVED.name, "agent: the passes stand still"),)
)


def page_of(
    recorder: Recorder,
    source: Source,
    latest: Latest | None,
    heard: Heard,
    *,
    is_silent: bool = False,
) -> NodeView:
    """
    Return all that a node's page shows; latest is None before the first step.

    is_silent: the last step is so long ago that what it saw says nothing of now.
    """
    view = _view(recorder, source, latest, heard)
    return _without_present(view) if is_silent else view


def _without_present(view: NodeView) -> NodeView:
    """Return the page of a metering that stands still: sums and names, and nothing of now."""
    slots = (replace(one, condition=_NOT_OBSERVED, action=Action.INSPECT) for one in view.slots)
    agent = replace(view.agent, probe_success={}, probe_seconds={}, clock_error_ms=None)
    return replace(view, agent=agent, slots=tuple(slots), gpus=(), host=None)


def _view(recorder: Recorder, source: Source, latest: Latest | None, heard: Heard) -> NodeView:
    agent = _agent(recorder, source, latest, heard)
    state_ms, xid_counts = recorder.state_ms(), recorder.xid_counts()
    last_wall_ms = recorder.xid_last_wall_ms()
    if latest is None:
        return NodeView(
            recorder.node,
            agent,
            state_ms=state_ms,
            xid_counts=xid_counts,
            xid_last_wall_ms=last_wall_ms,
        )
    return NodeView(
        recorder.node,
        agent,
        tuple(_slot(one, latest) for one in latest.sampled.expected),
        tuple(latest.sampled.seen.gpus.values()),
        state_ms,
        xid_counts,
        latest.usage,
        xid_last_wall_ms=last_wall_ms,
        host=latest.sampled.seen.host,
        occupants=latest.occupants,
    )


def usage_views(usage: Usage) -> tuple[UsageView, ...]:
    """Return the sums as they stand."""
    return tuple(
        UsageView(
            key.uuid,
            key.index,
            key.holder.contract,
            key.holder.tenant,
            totals.get(Quantity.BUSY_SECONDS),
            totals.get(Quantity.ENERGY_JOULES),
            totals.get(Quantity.TENSOR_SECONDS),
            totals.get(Quantity.NVLINK_BYTES),
            totals.get(Quantity.PCIE_BYTES),
        )
        for key, totals in usage.shown()
    )


def _slot(one: Expected, latest: Latest) -> SlotView:
    gpu, holder = latest.located.get(one.slot), latest.holders[one.slot]
    return SlotView(
        one.slot,
        one.sku,
        gpu.identity if gpu is not None else None,
        holder.contract,
        holder.tenant,
        latest.sampled.conditions.get(one.slot),
        latest.sampled.judged.actions.get(one.slot, Action.NONE),
    )


def _agent(recorder: Recorder, source: Source, latest: Latest | None, heard: Heard) -> AgentView:
    journal = recorder.health
    seen = latest.sampled.seen if latest else None
    return AgentView(
        gpusla.__version__,
        source.name,
        latest.samples if latest else 0,
        latest.at.wall_ms if latest else None,
        recorder.durable.sequence,
        journal.synced_wall_ms,
        journal.errors,
        source.restarts,
        latest.at.error_ms if latest else None,
        latest.configuration.validity if latest else {},
        *_probes(seen),
        latest.sampled.rejected if latest else {},
        heard.events_lost,
        heard.kernel_log,
    )


def _probes(seen: Pass | None) -> tuple[Mapping[str, bool], Mapping[str, float]]:
    if seen is None:
        return {}, {}
    host = seen.host or HostReadings()
    return (
        {**seen.probe_success, **host.probe_success},
        {**seen.probe_seconds, **host.probe_seconds},
    )
