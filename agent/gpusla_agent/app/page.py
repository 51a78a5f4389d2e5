"""From what a node knows to what its page shows."""

from collections.abc import Mapping
from dataclasses import dataclass

import gpusla
from gpusla.identity import Slot
from gpusla.journal.model import Instant
from gpusla.readings import Expected, GpuReadings
from gpusla_agent.assignments import Configuration
from gpusla_agent.exposition import AgentView, NodeView, SlotView, UsageView
from gpusla_agent.recorder import Recorder
from gpusla_agent.sampler import Holder, Sampled, Usage
from gpusla_agent.sources.base import Source


@dataclass(frozen=True, slots=True)
class Latest:
    """What the last step saw; never changed, so that other threads may read it."""

    sampled: Sampled
    at: Instant
    located: Mapping[Slot, GpuReadings | None]
    configuration: Configuration
    holders: Mapping[Slot, Holder]
    usage: tuple[UsageView, ...]
    samples: int


def page_of(recorder: Recorder, source: Source, latest: Latest | None) -> NodeView:
    """Return all that a node's page shows; latest is None before the first step."""
    agent = _agent(recorder, source, latest)
    state_ms, xid_counts = recorder.state_ms(), recorder.xid_counts()
    if latest is None:
        return NodeView(recorder.node, agent, state_ms=state_ms, xid_counts=xid_counts)
    return NodeView(
        recorder.node,
        agent,
        tuple(_slot(one, latest) for one in latest.sampled.expected),
        tuple(latest.sampled.seen.gpus.values()),
        state_ms,
        xid_counts,
        latest.usage,
    )


def usage_views(usage: Usage) -> tuple[UsageView, ...]:
    """Return the sums as they stand."""
    return tuple(
        UsageView(
            key.uuid,
            key.index,
            key.holder.contract,
            key.holder.tenant,
            usage.busy_seconds.get(key),
            usage.energy_joules.get(key),
        )
        for key in {**usage.busy_seconds, **usage.energy_joules}
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
    )


def _agent(recorder: Recorder, source: Source, latest: Latest | None) -> AgentView:
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
        seen.probe_success if seen else {},
        seen.probe_seconds if seen else {},
    )
