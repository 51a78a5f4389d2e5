"""
The agents' counters as Prometheus has them, over the HTTP API that all its relatives speak.

Raw samples with their own times are asked for, never `increase` or `rate`: those extrapolate, and
differ between versions by more than an error budget.  An answer that is partial, truncated or
carries a warning is no answer.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

import httpx

from gpusla.catalogue.codes import PROMETHEUS_UNREACHABLE
from gpusla.catalogue.metrics import SLOT_STATE_SECONDS
from gpusla.errors import ServiceError
from gpusla_collector.ports import StateCounter

ANSWER_BYTES_MAX = 32 * 2**20
LOOK_BACK = "2m"
"""How old the newest sample may be; two scrapes at the slowest interval that is sensible."""


class PrometheusCounters:
    """The port `StateCounters`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(timeout=httpx.Timeout(30.0, connect=2.0), trust_env=False)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def at(self, domain: str, instant_ms: int) -> tuple[StateCounter, ...]:
        """Return the last sample at or before an instant of every slot and state of a domain."""
        query = f'{SLOT_STATE_SECONDS.name}{{slot=~"{domain}/.+"}}[{LOOK_BACK}]'
        time = f"{instant_ms // 1000}.{instant_ms % 1000:03}"
        newest: dict[tuple[str, str], StateCounter] = {}
        for series in self._ask({"query": query, "time": time}):
            counter = _last(series)
            key = (counter.slot, counter.state)
            if key not in newest or newest[key].at_ms < counter.at_ms:
                newest[key] = counter
        return tuple(newest[key] for key in sorted(newest))

    def _ask(self, parameters: dict[str, str]) -> list[Any]:
        try:
            answer = self._client.get(f"{self._url}/api/v1/query", params=parameters)
            content = answer.json() if len(answer.content) <= ANSWER_BYTES_MAX else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as cause:
            raise _refused(f"{type(cause).__name__} {cause}".strip()) from cause
        if answer.status_code != httpx.codes.OK or not isinstance(content, dict):
            raise _refused(f"it answers {answer.status_code}")
        if content.get("status") != "success":
            raise _refused(f"it answers {content.get('errorType')}: {content.get('error')}")
        if content.get("warnings") or content.get("isPartial"):
            raise _refused(f"its answer is partial: {content.get('warnings')}")
        found = content.get("data", {})
        if found.get("resultType") != "matrix" or not isinstance(found.get("result"), list):
            raise _refused("its answer holds no samples")
        result: list[Any] = found["result"]
        return result


def _last(series: Any) -> StateCounter:
    try:
        labels = series["metric"]
        at_seconds, value = series["values"][-1]
        return StateCounter(labels["slot"], labels["state"], _ms(str(at_seconds)), _ms(value))
    except (KeyError, IndexError, TypeError, ValueError, InvalidOperation, OverflowError) as cause:
        raise _refused("a series of its answer is malformed") from cause


def _ms(seconds: str) -> int:
    return int(Decimal(seconds).scaleb(3).to_integral_value())


def _refused(why: str) -> ServiceError:
    return ServiceError(PROMETHEUS_UNREACHABLE, f"Prometheus: {why}")
