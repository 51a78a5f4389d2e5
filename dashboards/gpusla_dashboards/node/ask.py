"""Questions about the node that was chosen, by what its series are told apart by."""

from gpusla.catalogue.metrics import SLOT_INFO, Metric
from gpusla_dashboards.panels.promql import Recorded, by, series

NOT_AGREED = "not told: not agreed with all who hold the slots"


def of_node(metric: Metric | Recorded, *matchers: str, **labels: str) -> str:
    """Select the node's series of a metric; the label is the target's."""
    return series(metric, *matchers, **labels, node="$node")


def most(metric: Metric | Recorded, labels: str = "gpu", **chosen: str) -> str:
    """Give the node's newest value for each of labels; the highest where two agents answer."""
    return by(labels, "max", of_node(metric, **chosen))


def one(metric: Metric | Recorded) -> str:
    """Give the node's one value."""
    return f"max({of_node(metric)})"


def grown(metric: Metric, labels: str, **chosen: str) -> str:
    """Say how much a counter grew between two points of a graph, summed by labels."""
    return by(labels, "sum", f"increase({of_node(metric, **chosen)}[$__rate_interval])")


def rate(metric: Metric, labels: str = "", **chosen: str) -> str:
    """Say how fast a counter grows, summed by labels or over all."""
    growth = f"rate({of_node(metric, **chosen)}[$__rate_interval])"
    return by(labels, "sum", growth) if labels else f"sum({growth})"


def beside_place(per_slot: str, labels: str) -> str:
    """Put labels of what stands in a slot beside a value for each slot."""
    place = most(SLOT_INFO, f"slot, {labels}")
    return f"({per_slot}) * on (slot) group_left ({labels}) {place}"
