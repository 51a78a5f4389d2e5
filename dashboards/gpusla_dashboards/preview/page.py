"""Puts the drawn panels on the page's grid, as one HTML file without anything from outside."""

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from gpusla_dashboards.preview.ask import Answered
from gpusla_dashboards.preview.instants import bar_gauge, nothing, stat, table
from gpusla_dashboards.preview.prometheus import Window
from gpusla_dashboards.preview.style import CSS
from gpusla_dashboards.preview.timeline import timeline
from gpusla_dashboards.preview.timeseries import graph

WIDTH, COLUMNS, EDGE, GAP = 1680, 24, 16, 8
ROW = 38
HEADER = 84
TITLE = 30
PADDING = 8


def html(
    page: Mapping[str, Any],
    panels: Sequence[Answered],
    window: Window,
    chosen: Mapping[str, str],
) -> str:
    """Draw the whole page."""
    by_id = {one.panel["id"]: one for one in panels}
    drawn = [
        heading(panel) if panel["type"] == "row" else tile(by_id[panel["id"]], window)
        for panel in page["panels"]
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(page["title"])}'
        f"</title><style>{CSS}</style>"
        f'<body style="width:{WIDTH}px;height:{height(page)}px">{header(page, window, chosen)}'
        f"{''.join(drawn)}</body></html>\n"
    )


def height(page: Mapping[str, Any]) -> int:
    """Give the page's height in pixels."""
    lowest = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in page["panels"])
    return HEADER + int(lowest) * ROW + EDGE


def header(page: Mapping[str, Any], window: Window, chosen: Mapping[str, str]) -> str:
    """Name the page, what was chosen, the time that is looked at, and what this picture is."""
    start, end = (
        dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M")
        for at in (window.start, window.end)
    )
    chips = "".join(
        f'<span class="chip">{escape(name)} <b>{escape(value)}</b></span>'
        for name, value in chosen.items()
    )
    return (
        f"<header><div><h1>{escape(page['title'])}</h1><p>{escape(page['description'])}</p></div>"
        f'<div class="chips">{chips}<span class="chip">{start} to <b>{end} UTC</b></span>'
        f'<span class="chip note">preview, not Grafana</span></div></header>'
    )


def heading(panel: Mapping[str, Any]) -> str:
    """Draw the heading of a section."""
    left, top, width, high = place(panel)
    return (
        f'<h2 style="left:{left}px;top:{top}px;width:{width}px;height:{high}px">'
        f"{escape(panel['title'])}</h2>"
    )


def tile(answered: Answered, window: Window) -> str:
    """Draw one panel in its place, its description on hover."""
    panel = answered.panel
    left, top, width, high = place(panel)
    return (
        f'<section style="left:{left}px;top:{top}px;width:{width}px;height:{high}px" '
        f'title="{escape(panel["description"])}"><h3>{escape(answered.title)}</h3>'
        f"{inside(answered, window, width - 2 * PADDING, high - TITLE - PADDING)}</section>"
    )


def inside(answered: Answered, window: Window, width: int, high: int) -> str:
    """Draw what the panel's kind draws, or say why there is nothing."""
    if answered.trouble:
        return nothing([answered.trouble])
    if answered.is_empty:
        return nothing([answered.panel["fieldConfig"]["defaults"]["noValue"]])
    match answered.panel["type"]:
        case "stat":
            drawn = stat(answered)
        case "bargauge":
            drawn = bar_gauge(answered, high)
        case "table":
            drawn = f'<div class="scroll" style="height:{high}px">{table(answered)}</div>'
        case "state-timeline":
            drawn = timeline(answered, window, width, high)
        case _:
            drawn = graph(answered, window, width, high)
    return drawn


def place(panel: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Give a panel's place in pixels: left, top, width, height."""
    grid = panel["gridPos"]
    column = (WIDTH - 2 * EDGE + GAP) / COLUMNS
    left = EDGE + round(grid["x"] * column)
    right = EDGE + round((grid["x"] + grid["w"]) * column) - GAP
    top = HEADER + grid["y"] * ROW
    return left, top, right - left, grid["h"] * ROW - GAP
