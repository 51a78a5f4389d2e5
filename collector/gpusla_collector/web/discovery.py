"""
The list of scrape targets, as Prometheus's http_sd wants it: always whole, or an error.

A shorter list would make Prometheus forget nodes, and their silence would raise no alert.
"""

from typing import Any
from urllib.parse import urlsplit

from gpusla.inventory.model import NodeRecord
from gpusla_collector.usecases.world import World

DEFAULT_PORTS = {"http": 80, "https": 443}


def targets(world: World, now_ms: int) -> list[dict[str, Any]]:
    """Return one group for each node that should be there now."""
    return [_group(node) for node in world.inventory.nodes(now_ms)]


def _group(node: NodeRecord) -> dict[str, Any]:
    parts = urlsplit(node.address)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return {
        "targets": [f"{host}:{port}"],
        "labels": {
            "__scheme__": parts.scheme,
            "__metrics_path__": f"{parts.path.rstrip('/')}/metrics",
            "node": node.node,
            "site": node.site,
            "rack": node.rack,
        },
    }
