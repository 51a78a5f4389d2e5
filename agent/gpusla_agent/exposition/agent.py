"""The agent itself: whether it samples, writes, and has the files and logs that it needs."""

from collections.abc import Iterator

from gpusla.catalogue import metrics as rows
from gpusla.catalogue.metrics import Metric
from gpusla_agent.exposition.block import Block
from gpusla_agent.exposition.views import AgentView, NodeView


def agent(view: NodeView) -> Iterator[Block]:
    """Yield what the page says of the agent."""
    one = view.agent
    yield rows.AGENT_INFO, [((view.node, one.version, one.source), 1)]
    yield rows.AGENT_PROBE_SUCCESS, [((p,), ok) for p, ok in one.probe_success.items()]
    yield rows.AGENT_PROBE_DURATION, [((p,), s) for p, s in one.probe_seconds.items()]
    yield rows.AGENT_CONFIGURATION, [((s,), ok) for s, ok in one.configuration.items()]
    yield rows.AGENT_REJECTED, [((name,), count) for name, count in sorted(one.rejected.items())]
    for row, value in _plain(one, len(view.slots)):
        yield row, [] if value is None else [((), value)]


def _plain(one: AgentView, expected_gpus: int) -> Iterator[tuple[Metric, float | None]]:
    log = one.kernel_log
    yield rows.AGENT_SAMPLES, one.samples
    yield rows.AGENT_LAST_SAMPLE, _seconds(one.last_sample_wall_ms)
    yield rows.AGENT_JOURNAL_SEQUENCE, one.journal_sequence
    yield rows.AGENT_JOURNAL_SYNC, _seconds(one.journal_sync_wall_ms)
    yield rows.AGENT_JOURNAL_ERRORS, one.journal_errors
    yield rows.AGENT_SOURCE_RESTARTS, one.source_restarts
    yield rows.AGENT_EVENTS_LOST, one.events_lost
    yield rows.AGENT_KERNEL_LOG_READABLE, log.is_readable if log else None
    yield rows.AGENT_KERNEL_LOG_LOST, log.lost_records if log else None
    yield rows.AGENT_KERNEL_LOG_FOREIGN, log.foreign_xids if log else None
    yield rows.AGENT_KERNEL_LOG_UNREAD, log.unread_xids if log else None
    yield rows.AGENT_CLOCK_ERROR, _seconds(one.clock_error_ms)
    yield rows.AGENT_EXPECTED_GPUS, expected_gpus


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1_000
