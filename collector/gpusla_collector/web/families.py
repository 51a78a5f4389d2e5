"""Rows of the catalogue as families of a page, and what figures of a contract have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from gpusla.catalogue.metrics import Metric as Row
from gpusla.catalogue.metrics import MetricKind
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import EXPONENTS
from gpusla.sla.evaluation import Bounds, Evaluation

Samples = Iterable[tuple[Sequence[str], float]]


def family(row: Row, samples: Samples) -> Metric:
    """Return a row with its samples: label values in the row's order, and a value."""
    match row.kind:
        case MetricKind.COUNTER:
            counter = CounterMetricFamily(row.name, row.help, labels=row.labels)
            for labels, value in samples:
                counter.add_metric(labels, value)
            return counter
        case MetricKind.GAUGE:
            gauge = GaugeMetricFamily(row.name, row.help, labels=row.labels)
            for labels, value in samples:
                gauge.add_metric(labels, value)
            return gauge
        case MetricKind.INFO:
            info = InfoMetricFamily(row.name.removesuffix("_info"), row.help, labels=row.labels)
            for labels, _ in samples:
                info.add_metric((), dict(zip(row.labels, labels, strict=True)))
            return info


def who(evaluation: Evaluation) -> tuple[str, str]:
    """Return the values of the labels `contract` and `tenant`."""
    return evaluation.contract.id, evaluation.contract.tenant


def each_bound(
    bounds: Bounds[Fraction] | Bounds[Fraction | None] | Bounds[int] | Bounds[bool],
    scale: int = 1,
) -> Iterator[tuple[str, float]]:
    """Yield the name of each bound with its figure divided by scale; none for what is unknown."""
    for name in ("low", "value", "high"):
        found = getattr(bounds, name)
        if found is not None:
            yield name, float(Fraction(found) / scale)


def one_each(
    figure: Callable[[Evaluation], float],
) -> Callable[[Evaluation], Samples]:
    """Return a function that gives one sample for each contract."""
    return lambda evaluation: [(who(evaluation), figure(evaluation))]


def units_of(currency: str, minor_units: int) -> float:
    """Return an amount in whole units of a currency, for looking at."""
    return float(Decimal(minor_units).scaleb(-EXPONENTS[currency]))


def whole_units(contract: ContractVersion, minor_units: int | Fraction) -> float:
    """Return an amount in whole units of the contract's currency, for looking at."""
    if isinstance(minor_units, int):
        return float(Decimal(minor_units).scaleb(-contract.fees.exponent))
    return float(minor_units / 10**contract.fees.exponent)
