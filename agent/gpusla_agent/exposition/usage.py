"""What contracts used: sums that carry the contract themselves."""

from collections.abc import Callable, Iterator

from gpusla.catalogue import metrics as rows
from gpusla.catalogue.metrics import Metric
from gpusla_agent.exposition.block import Block
from gpusla_agent.exposition.views import NodeView, UsageView

QUANTITIES: tuple[tuple[Metric, Callable[[UsageView], float | None]], ...] = (
    (rows.USAGE_BUSY_SECONDS, lambda one: one.busy_seconds),
    (rows.USAGE_TENSOR_SECONDS, lambda one: one.tensor_seconds),
    (rows.USAGE_ENERGY, lambda one: one.energy_joules),
    (rows.USAGE_NVLINK_BYTES, lambda one: one.nvlink_bytes),
    (rows.USAGE_PCIE_BYTES, lambda one: one.pcie_bytes),
)


def usage(view: NodeView) -> Iterator[Block]:
    """Yield what the page says of usage."""
    labels = [(one.uuid, str(one.index), one.contract, one.tenant) for one in view.usage]
    for row, quantity in QUANTITIES:
        sums = zip(labels, map(quantity, view.usage), strict=True)
        yield row, [(whose, value) for whose, value in sums if value is not None]
