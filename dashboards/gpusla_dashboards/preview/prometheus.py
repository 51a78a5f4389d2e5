"""Asks Prometheus what a page's queries ask, over its HTTP API."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from gpusla.catalogue.codes import PROMETHEUS_UNREACHABLE
from gpusla.errors import ServiceError

POINTS = 360
STEP_SECONDS_MIN = 5


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is looked at, in seconds since the epoch; step between two points."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.end - self.start

    @property
    def step(self) -> int:
        """Seconds between two points, so that a graph has no more of them than pixels."""
        return max(STEP_SECONDS_MIN, self.seconds // POINTS)


@dataclass(frozen=True, slots=True)
class Series:
    """What one series was: its labels, and its values by instant; one for an instant query."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


def over_time(client: httpx.Client, expression: str, window: Window) -> tuple[Series, ...]:
    """Ask over the window; raises ServiceError with Prometheus's own words if it refuses."""
    answer = ask(
        client,
        "/api/v1/query_range",
        {"query": expression, "start": window.start, "end": window.end, "step": window.step},
    )
    return whole(read(one["metric"], one["values"]) for one in answer["result"])


def at_end(client: httpx.Client, expression: str, window: Window) -> tuple[Series, ...]:
    """Ask for the window's last instant."""
    answer = ask(client, "/api/v1/query", {"query": expression, "time": window.end})
    if answer["resultType"] == "scalar":
        return whole([read({}, [answer["result"]])])
    return whole(read(one["metric"], [one["value"]]) for one in answer["result"])


def label_values(client: httpx.Client, metric: str, label: str, window: Window) -> list[str]:
    """Give the values that a label of a metric had in the window, sorted."""
    limits: dict[str, str | int] = {"match[]": metric, "start": window.start, "end": window.end}
    return sorted(ask(client, f"/api/v1/label/{label}/values", limits))


def read(labels: Mapping[str, str], values: Sequence[Sequence[Any]]) -> Series:
    """Read one series of an answer; what is not a number is a gap."""
    points = [(float(at), float(value)) for at, value in values]
    return Series(labels, [(at, value) for at, value in points if math.isfinite(value)])


def whole(found: Iterable[Series]) -> tuple[Series, ...]:
    """Leave out series without a single value."""
    return tuple(one for one in found if one.points)


def ask(client: httpx.Client, path: str, parameters: Mapping[str, str | int]) -> Any:
    """Send one question and give the data of its answer."""
    try:
        answer = client.get(path, params=dict(parameters))
        content = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ServiceError(
            PROMETHEUS_UNREACHABLE, f"Prometheus does not answer {path}: {error}"
        ) from error
    if content.get("status") != "success":
        raise ServiceError(
            PROMETHEUS_UNREACHABLE,
            f"Prometheus refuses {parameters.get('query', path)}: {content.get('error')}",
        )
    return content["data"]
