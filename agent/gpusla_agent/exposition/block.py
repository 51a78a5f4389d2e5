"""One metric on a page: its row of the catalogue and its samples."""

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric as Family

from gpusla.catalogue.metrics import Metric, MetricKind

Sample = tuple[tuple[str, ...], float]
"""The values of the row's labels, in their order, and the number."""

Block = tuple[Metric, list[Sample]]


def family(row: Metric, samples: Iterable[Sample]) -> Family:
    """Return a block as the client library has it."""
    name = row.name
    if row.kind is not MetricKind.GAUGE:
        name = name.removesuffix(f"_{'total' if row.kind is MetricKind.COUNTER else 'info'}")
    unit = row.unit if name.endswith(f"_{row.unit}") else ""
    made = Family(name, row.help, row.kind, unit)
    for labels, value in samples:
        pairs = zip(row.labels, map(_printable, labels), strict=True)
        made.add_sample(row.name, dict(pairs), value)
    return made


def _printable(value: str) -> str:
    # One lone surrogate, as from a file name that is not UTF-8, would lose the whole page.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()
