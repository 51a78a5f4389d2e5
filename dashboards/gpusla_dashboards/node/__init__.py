"""
One tray's page: what its slots are in, why, what to do, and everything its GPUs and its agent tell.

For the one who stands before the tray or is about to: every line of a graph is one GPU, in the same
colour on every panel.
"""

from gpusla.catalogue import alerts
from gpusla.catalogue.metrics import SLOT_INFO
from gpusla_dashboards.node.details import details
from gpusla_dashboards.node.faults import what_is_wrong
from gpusla_dashboards.node.history import over_time
from gpusla_dashboards.node.present import now
from gpusla_dashboards.panels import colours
from gpusla_dashboards.panels.model import Mark, Page, Variable
from gpusla_dashboards.panels.promql import series

__all__ = ["page"]


def page() -> Page:
    """Put the tray's page together."""
    return Page(
        uid="gpusla-node",
        title="gpusla: node",
        description="One tray: what each of its GPUs does, what is wrong, and how well it is seen.",
        since="now-1h",
        variables=(
            Variable(
                "domain",
                "Rack",
                f"label_values({SLOT_INFO.name}, domain)",
                "Which rack the node stands in, as site and rack; the same as on the fleet's page.",
            ),
            Variable(
                "node",
                "Node",
                f"label_values({series(SLOT_INFO, domain='$domain')}, node)",
                "Which node of the rack the page is about.",
            ),
        ),
        marks=(not_delivered(),),
        sections=(now(), over_time(), what_is_wrong(), details()),
    )


def not_delivered() -> Mark:
    """Draw on every graph when a slot of the node was down."""
    name = alerts.GPU_NOT_DELIVERED.name
    return Mark(
        "Slot down",
        f'ALERTS{{alertname="{name}",alertstate="firing",node="$node"}}',
        colours.DOWN,
        "{{slot}}",
    )
