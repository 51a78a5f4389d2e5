"""The page of metrics: what a node shows, in which formats and under which names."""

from gpusla_agent.exposition.page import Dialect, Renderer, blocks, families, render
from gpusla_agent.exposition.views import AgentView, KernelLogView, NodeView, SlotView, UsageView

__all__ = [
    "AgentView",
    "Dialect",
    "KernelLogView",
    "NodeView",
    "Renderer",
    "SlotView",
    "UsageView",
    "blocks",
    "families",
    "render",
]
