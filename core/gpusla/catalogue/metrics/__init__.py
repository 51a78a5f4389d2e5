"""
Every metric the product exports: one row each, and the only place where its name is written.

Names are `gpusla_<subject>_<what>_<base unit>[_total]`.  A name and its set of labels, once
released, are frozen.  Telemetry of a GPU carries few labels; everything else stands on
`gpusla_slot_info` and `gpusla_gpu_info` to join on, except usage, which must carry the contract
itself because a join across a hand-over would be wrong.
"""

from gpusla.catalogue.metrics.agent import *  # noqa: F403  (the rows are this package)
from gpusla.catalogue.metrics.collector import *  # noqa: F403
from gpusla.catalogue.metrics.row import Exporter as Exporter
from gpusla.catalogue.metrics.row import Metric as Metric
from gpusla.catalogue.metrics.row import MetricKind as MetricKind
from gpusla.catalogue.metrics.row import SeriesSet as SeriesSet

METRICS: tuple[Metric, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Metric))
