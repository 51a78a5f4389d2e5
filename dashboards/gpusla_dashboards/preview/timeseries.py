"""Draws a graph over time as SVG: lines, stacks, bands; gaps stay gaps."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from gpusla_dashboards.preview import look
from gpusla_dashboards.preview.ask import Answered
from gpusla_dashboards.preview.axes import Frame, limits, time_marks, value_marks
from gpusla_dashboards.preview.prometheus import Series, Window

MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 62, 12, 8, 20
GAP_STEPS = 1.5
LEGEND_LINE, LEGEND_LETTER, LEGEND_EXTRA_LETTERS = 20, 7, 16
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One series as it is drawn; base: what it stands on in a stack."""

    name: str
    colour: str
    points: Points
    base: Points
    style: Mapping[str, Any]
    last: float


def graph(answered: Answered, window: Window, width: int, height: int) -> str:
    """Draw the panel's graph and its legend."""
    drawn = prepare(answered, window)
    values = [value for one in drawn for _, value in one.points]
    low, high = limits(values, look.defaults(answered.panel).get("min"))
    legend_height = LEGEND_LINE * legend_lines(drawn, width)
    frame = Frame(
        MARGIN_LEFT,
        MARGIN_TOP,
        width - MARGIN_LEFT - MARGIN_RIGHT,
        height - MARGIN_TOP - MARGIN_BOTTOM - legend_height,
        window,
        low,
        high,
    )
    parts = [*grid(answered.panel, frame)]
    parts += [part for one in drawn for part in shape(one, drawn, frame)]
    return (
        f'<svg width="{width}" height="{height - legend_height}">{"".join(parts)}</svg>'
        + legend(answered.panel, drawn, legend_height)
    )


def prepare(answered: Answered, window: Window) -> list[Drawn]:
    """Give every series its colour and, in a stack, what it stands on."""
    panel = answered.panel
    named = [pair for answer in answered.answers for pair in answer.series]
    stacked = look.defaults(panel)["custom"].get("stacking", {}).get("mode") == "normal"
    found: list[Drawn] = []
    floor: dict[float, float] = {}
    for position, (name, series) in enumerate(named):
        style = {**look.defaults(panel)["custom"], **custom(look.overrides(panel, name))}
        base = [(at, floor.get(at, 0.0)) for at, _ in series.points] if stacked else []
        points = raised(series, floor) if stacked else series.points
        floor.update(points if stacked else ())
        colour = look.colour(panel, name, series.last, position)
        fresh = window.end - series.points[-1][0] <= GAP_STEPS * window.step
        found.append(
            Drawn(name, colour, points, base, style, series.last if fresh else float("nan"))
        )
    return found


def raised(series: Series, floor: Mapping[float, float]) -> list[tuple[float, float]]:
    """Put a series on top of what lies below it."""
    return [(at, value + floor.get(at, 0.0)) for at, value in series.points]


def custom(own: Mapping[str, Any]) -> dict[str, Any]:
    """Give a series' own settings by the names they have among the panel's."""
    return {key.removeprefix("custom."): value for key, value in own.items() if "." in key}


def grid(panel: Mapping[str, Any], frame: Frame) -> Iterator[str]:
    """Draw the lines of the grid with what they stand for."""
    for value in value_marks(frame.bottom_value, frame.top_value):
        level = frame.up(value)
        yield (
            f'<line class="grid" x1="{frame.left}" x2="{frame.left + frame.width}" '
            f'y1="{level:.1f}" y2="{level:.1f}"/>'
            f'<text class="mark" x="{frame.left - 8}" y="{level + 4:.1f}" text-anchor="end">'
            f"{escape(look.text(panel, value, axis_places(panel)))}</text>"
        )
    for at, text in time_marks(frame.window):
        place = frame.across(at)
        yield (
            f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="{frame.top}" '
            f'y2="{frame.bottom}"/><text class="mark" x="{place:.1f}" y="{frame.bottom + 15}" '
            f'text-anchor="middle">{text}</text>'
        )


def axis_places(panel: Mapping[str, Any]) -> dict[str, Any]:
    """Write round numbers along the axis as whole ones where the unit is a count."""
    return {"decimals": 0} if look.defaults(panel)["unit"] == "locale" else {}


def shape(one: Drawn, drawn: Sequence[Drawn], frame: Frame) -> Iterator[str]:
    """Draw one series: its area down to what it stands on, then its line."""
    step = GAP_STEPS * frame.window.step
    below = one.base or partner(one, drawn)
    opacity = one.style.get("fillOpacity", 0) / 100
    for run in runs(one.points, step):
        if opacity:
            floor = dict(below)
            rest = frame.bottom_value if frame.bottom_value > 0 or not below else 0.0
            lower = [(at, floor.get(at, rest)) for at, _ in run]
            outline = [*steps(run, frame), *reversed(steps(lower, frame))]
            yield f'<path d="{path(outline)}Z" fill="{one.colour}" fill-opacity="{opacity:.2f}"/>'
        if one.style.get("lineWidth", 1):
            dash = one.style.get("lineStyle", {}).get("dash")
            dashes = f' stroke-dasharray="{dash[0]} {dash[1]}"' if dash else ""
            yield (
                f'<path d="{path(steps(run, frame))}" fill="none" stroke="{one.colour}" '
                f'stroke-width="{one.style["lineWidth"]}"{dashes}/>'
            )


def partner(one: Drawn, drawn: Sequence[Drawn]) -> Points:
    """Give the lower bound of a band, if this is its upper one."""
    name = one.style.get("fillBelowTo")
    return next((other.points for other in drawn if name and other.name == name), [])


def runs(points: Points, gap: float) -> Iterator[list[tuple[float, float]]]:
    """Cut a series where points are missing."""
    run: list[tuple[float, float]] = []
    for at, value in points:
        if run and at - run[-1][0] > gap:
            yield run
            run = []
        run.append((at, value))
    if run:
        yield run


def steps(run: Points, frame: Frame) -> list[tuple[float, float]]:
    """Hold each value until the next, as counts and states are."""
    corners: list[tuple[float, float]] = []
    for at, value in run:
        place = (frame.across(at), frame.up(value))
        if corners:
            corners.append((place[0], corners[-1][1]))
        corners.append(place)
    return corners


def path(corners: Points) -> str:
    """Write corners as a path."""
    return "M" + "L".join(f"{across:.1f} {up:.1f}" for across, up in corners)


def legend_lines(drawn: Sequence[Drawn], width: int) -> int:
    """Guess how many lines the legend takes; two at most, so that the graph keeps its room."""
    taken = sum(LEGEND_LETTER * (len(one.name) + LEGEND_EXTRA_LETTERS) for one in drawn)
    return 1 if taken <= width else 2


def legend(panel: Mapping[str, Any], drawn: Sequence[Drawn], height: int) -> str:
    """Name every series beside its colour and its newest value."""
    entries = []
    for one in drawn:
        last = "" if math.isnan(one.last) else look.text(panel, one.last)
        entries.append(
            f'<span class="entry"><i style="background:{one.colour}"></i>{escape(one.name)}'
            f"<b>{escape(last)}</b></span>"
        )
    return f'<div class="legend" style="height:{height}px">{"".join(entries)}</div>'
