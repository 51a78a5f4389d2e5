"""What the collector's own page says of each contract's open period."""

from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from gpusla.catalogue.metrics import CONTRACT_AVAILABILITY

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Figure:
    """Availability of the open period to date, for the eye: low, value and high."""

    low: float
    value: float
    high: float


def read_figures(url: str) -> dict[str, Figure]:
    """Return the figures by contract; none for a contract that was not judged yet."""
    answer = httpx.get(url, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    bounds: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if sample.name == CONTRACT_AVAILABILITY.name:
                contract = bounds.setdefault(sample.labels["contract"], {})
                contract[sample.labels["bound"]] = sample.value
    return {
        contract: Figure(found["low"], found["value"], found["high"])
        for contract, found in bounds.items()
    }
