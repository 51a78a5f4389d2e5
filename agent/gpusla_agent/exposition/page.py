"""
The page of metrics: what a node shows, by rows of the catalogue.

Absent means absent: what could not be read has no sample, neither zero nor the last value.  Sums
that come from the journal hold durable records only, so they never go back.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.metrics_core import Metric as Family

from gpusla.catalogue.metrics import SeriesSet
from gpusla_agent.exposition.agent import agent
from gpusla_agent.exposition.block import Block, family
from gpusla_agent.exposition.host import host
from gpusla_agent.exposition.slots import slots
from gpusla_agent.exposition.telemetry import telemetry
from gpusla_agent.exposition.text import Texts
from gpusla_agent.exposition.usage import usage
from gpusla_agent.exposition.views import NodeView
from gpusla_agent.exposition.xids import xids

Dialect = Callable[[NodeView], Iterable[Family]]
"""The same facts under the names of another exporter."""

PARTS: tuple[Callable[[NodeView], Iterator[Block]], ...] = (
    slots,
    telemetry,
    xids,
    usage,
    host,
    agent,
)


class Renderer:
    """
    Makes one node's pages, one after another; text of families that did not change is kept.

    series: which of the catalogue's sets to show.  dialects: what to show beside it, for
    dashboards that people have already.  One thread at a time.
    """

    def __init__(
        self, series: SeriesSet = SeriesSet.DEFAULT, dialects: tuple[Dialect, ...] = ()
    ) -> None:
        self._series = series
        self._dialects = dialects
        self._texts = Texts()

    def render(self, view: NodeView, accept: str = "") -> tuple[bytes, str]:
        """
        Return the page and its content type.

        accept: the request's Accept header, which chooses between the two text formats.
        """
        foreign = (one for dialect in self._dialects for one in dialect(view))
        return self._texts.page(blocks(view, self._series), foreign, accept)


def render(
    view: NodeView,
    accept: str = "",
    series: SeriesSet = SeriesSet.DEFAULT,
    dialects: tuple[Dialect, ...] = (),
) -> tuple[bytes, str]:
    """Return one page and its content type, with nothing kept for the next."""
    return Renderer(series, dialects).render(view, accept)


def blocks(view: NodeView, series: SeriesSet = SeriesSet.FULL) -> Iterator[Block]:
    """Yield the metrics of a page that have a sample."""
    is_full = series is SeriesSet.FULL
    for part in PARTS:
        for row, samples in part(view):
            if samples and (is_full or row.series is SeriesSet.DEFAULT):
                yield row, samples


def families(view: NodeView, series: SeriesSet = SeriesSet.DEFAULT) -> Iterator[Family]:
    """Yield the same as the client library has it."""
    for row, samples in blocks(view, series):
        yield family(row, samples)
