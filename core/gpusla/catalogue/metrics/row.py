"""What a row of the catalogue of metrics holds."""

from dataclasses import dataclass
from enum import StrEnum


class MetricKind(StrEnum):
    """How Prometheus treats a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"


class Exporter(StrEnum):
    """Who exports it."""

    AGENT = "agent"
    COLLECTOR = "collector"


class SeriesSet(StrEnum):
    """How much an agent shows: the full set holds the default one."""

    DEFAULT = "default"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Metric:
    """
    One metric.

    name: as it stands on the page, with `_total` or `_info` where its kind has that.
    labels: in the order of the page.  help: one sentence.  unit: base unit, empty for counts.
    series: the smallest set of series that it belongs to.
    """

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    help: str
    unit: str
    exporter: Exporter
    series: SeriesSet = SeriesSet.DEFAULT


def agent_row(name: str, kind: MetricKind, labels: str, help_: str, unit: str = "") -> Metric:
    """Return a row of the agent's default set."""
    return Metric(name, kind, tuple(labels.split()), help_, unit, Exporter.AGENT)


def full_row(name: str, kind: MetricKind, labels: str, help_: str, unit: str = "") -> Metric:
    """Return a row of the agent's full set."""
    return Metric(name, kind, tuple(labels.split()), help_, unit, Exporter.AGENT, SeriesSet.FULL)


def collector_row(name: str, kind: MetricKind, labels: str, help_: str, unit: str = "") -> Metric:
    """Return a row of the collector."""
    return Metric(name, kind, tuple(labels.split()), help_, unit, Exporter.COLLECTOR)


G, C, I = MetricKind.GAUGE, MetricKind.COUNTER, MetricKind.INFO  # noqa: E741
