"""The page of metrics: what a node shows, in which formats and under which names."""

from gpusla_agent.exposition.page import (
    XIDS_FROM_ZERO,
    AgentView,
    NodeView,
    SlotView,
    UsageView,
    families,
    render,
)

__all__ = [
    "XIDS_FROM_ZERO",
    "AgentView",
    "NodeView",
    "SlotView",
    "UsageView",
    "families",
    "render",
]
