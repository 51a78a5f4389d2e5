"""What the demo believes: Alertmanager's and Prometheus' own answers, read anew each time."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.25


def wait_for(look: Callable[[], T | None], seconds_max: float) -> T | None:
    """Look until there is something to see; None if there was nothing within seconds_max."""
    deadline = time.monotonic() + seconds_max
    while True:
        seen = look()
        if seen is not None or time.monotonic() >= deadline:
            return seen
        time.sleep(POLL_SECONDS)


def firing_alert(alertmanager: str, name: str, labels: dict[str, str]) -> dict[str, Any] | None:
    """Return the active alert of this name and these labels from Alertmanager's API, if any."""
    answer = httpx.get(
        f"{alertmanager}/api/v2/alerts",
        params={"active": "true", "filter": f'alertname="{name}"'},
        timeout=TIMEOUT_SECONDS,
    )
    answer.raise_for_status()
    alerts: list[dict[str, Any]] = answer.json()
    for alert in alerts:
        if labels.items() <= alert["labels"].items():
            return alert
    return None


def query(prometheus: str, expression: str) -> list[dict[str, Any]]:
    """Return the instant vector of an expression, an empty list if it selects nothing."""
    answer = httpx.get(
        f"{prometheus}/api/v1/query", params={"query": expression}, timeout=TIMEOUT_SECONDS
    )
    answer.raise_for_status()
    result: list[dict[str, Any]] = answer.json()["data"]["result"]
    return result


def value(prometheus: str, expression: str) -> float | None:
    """Return the one value of an expression, None if it selects nothing or more than one."""
    result = query(prometheus, expression)
    return float(result[0]["value"][1]) if len(result) == 1 else None
