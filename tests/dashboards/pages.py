"""The built pages as Grafana would read them, taken apart for the tests."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gpusla_dashboards import build

ROOT = Path(__file__).resolve().parents[2]
JSON_FOLDER = ROOT / "dashboards" / "json"
Json = dict[str, Any]


@cache
def pages() -> tuple[Json, ...]:
    """Every page."""
    return tuple(json.loads(text) for text in build.built().values())


def panels() -> Iterator[tuple[str, Json]]:
    """Every panel that shows something, with a name for it in a test's output."""
    for page in pages():
        for panel in page["panels"]:
            if panel["type"] != "row":
                yield f"{page['uid']}: {panel['title']}", panel


def queries() -> Iterator[tuple[str, str]]:
    """Every query of every panel, every mark and every variable, with a name for it."""
    for name, panel in panels():
        for target in panel["targets"]:
            yield f"{name} {target['refId']}", target["expr"]
    for page in pages():
        for mark in page["annotations"]["list"]:
            if "expr" in mark:
                yield f"{page['uid']}: {mark['name']}", mark["expr"]


def readable(expression: str) -> str:
    """Put a value where Grafana puts its own and the reader's choices."""
    for name, value in (
        ("$__rate_interval", "1m"),
        ("$__range", "1h"),
        ("$domain", "c1/r01"),
        ("$contract", "acme-1"),
        ("$node", "c1-r01-t01"),
    ):
        expression = expression.replace(name, value)
    return expression
