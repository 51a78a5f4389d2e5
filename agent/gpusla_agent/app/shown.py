"""What a page holds: which of our own series, and whose names beside them."""

from dataclasses import dataclass

from gpusla.catalogue.metrics import SeriesSet
from gpusla_agent.exposition import Renderer
from gpusla_agent.exposition.dcgm import dialect
from gpusla_agent.settings import MetricsSettings


@dataclass(frozen=True, slots=True)
class Shown:
    """dcgm_dialects: of dcgm-exporter, any of `gpusla_agent.exposition.dcgm.DIALECTS`."""

    series: SeriesSet = SeriesSet.DEFAULT
    dcgm_dialects: frozenset[str] = frozenset()


def shown_of(metrics: MetricsSettings) -> Shown:
    """Return what the settings ask for."""
    series = SeriesSet.FULL if metrics.is_full else SeriesSet.DEFAULT
    return Shown(series, frozenset(metrics.dcgm_dialects))


def renderer_of(shown: Shown) -> Renderer:
    """Return what makes such pages."""
    dialects = (dialect(shown.dcgm_dialects),) if shown.dcgm_dialects else ()
    return Renderer(shown.series, dialects)
