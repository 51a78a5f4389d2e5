"""Draws states over time as SVG: one bar for each series, coloured by what its value means."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from gpusla_dashboards.preview import look
from gpusla_dashboards.preview.ask import Answered
from gpusla_dashboards.preview.axes import Frame, time_marks
from gpusla_dashboards.preview.prometheus import Series, Window

MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 74, 12, 4, 20
LEGEND_HEIGHT = 22
ROW_MAX = 38


def timeline(answered: Answered, window: Window, width: int, height: int) -> str:
    """Draw the panel's bars, the worst first, and what the colours mean."""
    named = [pair for answer in answered.answers for pair in answer.series]
    named.sort(key=lambda pair: (-max(value for _, value in pair[1].points), pair[0]))
    inside = height - LEGEND_HEIGHT - MARGIN_TOP - MARGIN_BOTTOM
    row = min(ROW_MAX, inside / max(len(named), 1))
    frame = Frame(
        MARGIN_LEFT, MARGIN_TOP, width - MARGIN_LEFT - MARGIN_RIGHT, row * len(named), window, 0, 1
    )
    meanings = look.meanings(answered.panel)
    parts = [*marks(frame)]
    for position, (name, series) in enumerate(named):
        top = MARGIN_TOP + position * row
        parts += bars(name, series, frame, meanings, top=top, row=row)
    entries = "".join(
        f'<span class="entry"><i style="background:{meaning["color"]}"></i>{meaning["text"]}</span>'
        for meaning in meanings.values()
    )
    return (
        f'<svg width="{width}" height="{height - LEGEND_HEIGHT}">{"".join(parts)}</svg>'
        f'<div class="legend">{entries}</div>'
    )


def marks(frame: Frame) -> Iterator[str]:
    """Draw the instants along the foot."""
    for at, text in time_marks(frame.window):
        place = frame.across(at)
        yield (
            f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="{frame.top}" '
            f'y2="{frame.bottom}"/><text class="mark" x="{place:.1f}" y="{frame.bottom + 15:.1f}" '
            f'text-anchor="middle">{text}</text>'
        )


def bars(
    name: str,
    series: Series,
    frame: Frame,
    meanings: Mapping[str, Mapping[str, Any]],
    *,
    top: float,
    row: float,
) -> Iterator[str]:
    """Draw one series: a bar for as long as its value stays the same."""
    yield (
        f'<text class="mark" x="{frame.left - 8}" y="{top + row / 2 + 4:.1f}" text-anchor="end">'
        f"{escape(name)}</text>"
    )
    for start, end, value in stretches(series, frame.window):
        colour = meanings.get(f"{value:.0f}", {}).get("color", look.INK)
        left, right = frame.across(start), frame.across(min(end, frame.window.end))
        yield (
            f'<rect x="{left:.1f}" y="{top + row * 0.1:.1f}" width="{max(right - left, 0.8):.1f}" '
            f'height="{row * 0.8:.1f}" fill="{colour}" fill-opacity="0.85"/>'
        )


def stretches(series: Series, window: Window) -> Iterator[tuple[float, float, float]]:
    """Fold neighbouring points of one value; each point stands for one step."""
    start, end, held = series.points[0][0], series.points[0][0], series.points[0][1]
    for at, value in series.points:
        if value != held or at - end > window.step:
            yield start, end + min(at - end, window.step), held
            start, held = at, value
        end = at
    yield start, end + window.step, held
