"""Reads a page's JSON and runs every query in it, its variables filled in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from gpusla.errors import ServiceError
from gpusla_dashboards.preview.prometheus import Series, Window, at_end, label_values, over_time

LABEL_VALUES = re.compile(r"label_values\((\w+(?:\{[^}]*\})?), (\w+)\)")
LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
RATE_INTERVAL_SECONDS_MIN = 60
MAY_BE_EMPTY = "no data"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query gave: series with the names that the legend gives them."""

    letter: str
    expression: str
    series: tuple[tuple[str, Series], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A panel's JSON with the answers to its queries; trouble: a sentence if one was refused."""

    panel: Mapping[str, Any]
    title: str
    answers: tuple[Answer, ...]
    trouble: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether no query gave anything."""
        return not any(answer.series for answer in self.answers)

    @property
    def may_be_empty(self) -> bool:
        """Whether the panel has words of its own for nothing, so that nothing is an answer."""
        return bool(self.panel["fieldConfig"]["defaults"]["noValue"] != MAY_BE_EMPTY)


def choose(
    client: httpx.Client, page: Mapping[str, Any], window: Window, given: Mapping[str, str]
) -> dict[str, str]:
    """
    Give every variable of the page a value: the given one, or the first there is.

    In the page's order, since one may depend on what was chosen before it.
    """
    chosen: dict[str, str] = {}
    for variable in page["templating"]["list"]:
        if variable["type"] == "query" and (found := LABEL_VALUES.match(variable["query"])):
            values = label_values(client, fill(found[1], chosen, window), found[2], window)
            wanted = given.get(variable["name"])
            chosen[variable["name"]] = wanted or next(iter(values), "")
    return chosen


def answered(
    client: httpx.Client, page: Mapping[str, Any], window: Window, chosen: Mapping[str, str]
) -> Iterator[Answered]:
    """Run the queries of every panel, in the page's order; headings are left out."""
    for panel in page["panels"]:
        if panel["type"] == "row":
            continue
        title = fill(panel["title"], chosen, window)
        try:
            answers = tuple(
                run(client, panel, target, window, chosen) for target in panel["targets"]
            )
        except ServiceError as error:
            yield Answered(panel, title, (), str(error))
        else:
            yield Answered(panel, title, answers)


def run(
    client: httpx.Client,
    panel: Mapping[str, Any],
    target: Mapping[str, Any],
    window: Window,
    chosen: Mapping[str, str],
) -> Answer:
    """Run one query as its panel's kind wants it."""
    expression = fill(target["expr"], chosen, window)
    question = over_time if panel["type"] in {"timeseries", "state-timeline"} else at_end
    found = question(client, expression, window)
    legend = target.get("legendFormat", "")
    return Answer(
        target["refId"], expression, tuple((named(legend, one.labels), one) for one in found)
    )


def fill(text: str, chosen: Mapping[str, str], window: Window) -> str:
    """Put the variables' values in, Grafana's own as well."""
    values = {
        "__range": f"{window.seconds}s",
        "__rate_interval": f"{max(RATE_INTERVAL_SECONDS_MIN, 4 * window.step)}s",
        "__interval": f"{window.step}s",
        **chosen,
    }
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(f"${{{name}}}", values[name]).replace(f"${name}", values[name])
    return text


def named(legend: str, labels: Mapping[str, str]) -> str:
    """Name a series: by the legend, or by its labels where there is none."""
    if legend in {"", "__auto"}:
        return ", ".join(value for key, value in labels.items() if key != "__name__")
    return LABEL.sub(lambda found: labels.get(found[1], ""), legend)
