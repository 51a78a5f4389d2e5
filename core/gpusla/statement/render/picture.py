"""
A period as a picture: a bar a day, as high as the GPU-hours lost on it, by cause.

Plain SVG with whole numbers as coordinates, so that the same losses draw the same bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.sla.evaluation import Evaluation
from gpusla.statement.hours import written
from gpusla.statement.numbers import gpu_hours, shortest
from gpusla.statement.render.causes import cause_name, causes_of
from gpusla.statement.render.days import Day, Reasons, days_of
from gpusla.statement.render.document import LegendRow, Picture
from gpusla.statement.render.wording import MONTHS

HOUR_MS = 3_600_000
COLOURS = ("#1b4f72", "#c8661b", "#5d8a3a", "#8e4585", "#b8952b")
"""For the dearest causes, in their order; told apart also by those who see fewer colours."""

OTHERS_COLOUR = "#8a8f98"
WIDTH, HEIGHT = 720, 190
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 12, 26
LABELS_EVERY_DAYS = 5
FONT = "'Libertinus Serif', Georgia, serif"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where things stand; top_gpu_ms: what a bar as high as the picture stands for."""

    days: int
    top_gpu_ms: int

    def left(self, number: int) -> int:
        return LEFT + (WIDTH - LEFT - RIGHT) * number // self.days

    def height(self, gpu_ms: Fraction) -> int:
        return int(gpu_ms * (HEIGHT - TOP - BOTTOM) / self.top_gpu_ms)

    @property
    def ground(self) -> int:
        return HEIGHT - BOTTOM


def picture_of(evaluation: Evaluation) -> Picture | None:
    """Return the picture of a period; None if nothing was lost in it."""
    days, groups = days_of(evaluation), causes_of(evaluation)
    most = max((day.lost_gpu_ms for day in days), default=Fraction(0))
    if not most:
        return None
    colours = {group.reasons: COLOURS[rank] for rank, group in enumerate(groups[: len(COLOURS)])}
    scale = _Scale(len(days), _round_above(most))
    legend = [
        LegendRow(colours[group.reasons], cause_name(group.reasons), written(group.hours))
        for group in groups[: len(COLOURS)]
    ]
    rest = groups[len(COLOURS) :]
    if rest:
        hours = written(sum(group.hours for group in rest))
        legend.append(LegendRow(OTHERS_COLOUR, f"{len(rest)} other causes", hours))
    return Picture("".join(_svg(days, colours, scale)), _said(days), tuple(legend))


def _said(days: Sequence[Day]) -> str:
    worst = max(days, key=lambda day: day.lost_gpu_ms)
    hurt = sum(1 for day in days if day.lost_gpu_ms)
    return (
        f"GPU-hours lost on each day: something on {hurt} of {len(days)} days, most on "
        f"{worst.day.isoformat()} with {gpu_hours(worst.lost_gpu_ms)}."
    )


def _round_above(most: Fraction) -> int:
    """Return the least of 1, 2, 4, 5 or 10 times a power of ten hours that is not exceeded."""
    step = Fraction(HOUR_MS, 1000)
    while True:
        for times in (1, 2, 4, 5):
            if most <= step * times:
                return max(int(step * times), 1)
        step *= 10


def _svg(days: Sequence[Day], colours: dict[Reasons, str], scale: _Scale) -> Iterator[str]:
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
    yield f'width="{WIDTH}" height="{HEIGHT}" font-family="{FONT}" font-size="12" fill="#444b55">'
    yield from _grid(scale)
    for number, day in enumerate(days):
        yield from _day(number, day, colours, scale)
    yield f'<path d="M{LEFT} {scale.ground}H{WIDTH - RIGHT}" stroke="#444b55"/>'
    yield "</svg>"


def _grid(scale: _Scale) -> Iterator[str]:
    for quarters in (2, 4):
        value = Fraction(scale.top_gpu_ms * quarters, 4)
        y = scale.ground - scale.height(value)
        yield f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#d5d9de"/>'
        label = shortest(value / HOUR_MS)
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{label} h</text>'


def _day(number: int, day: Day, colours: dict[Reasons, str], scale: _Scale) -> Iterator[str]:
    left, width = scale.left(number), scale.left(number + 1) - scale.left(number)
    if not day.judged.duration_ms:
        box = f'x="{left}" y="{TOP}" width="{width}" height="{scale.ground - TOP}"'
        yield f'<rect {box} fill="#f0f1f3"/>'
    yield from _bar(left + width // 8, max(width - width // 4, 2), day, colours, scale)
    if number % LABELS_EVERY_DAYS == 0:
        x, y = left + width // 2, HEIGHT - 9
        label = f"{day.day.day} {MONTHS[day.day.month - 1][:3]}"
        yield f'<text x="{x}" y="{y}" text-anchor="middle">{label}</text>'


def _bar(x: int, width: int, day: Day, colours: dict[Reasons, str], scale: _Scale) -> Iterator[str]:
    """Yield a day's bar, the dearest cause of the period at its foot."""
    ranks = list(colours)
    parts: dict[str, Fraction] = dict.fromkeys([*colours.values(), OTHERS_COLOUR], Fraction(0))
    for reasons, lost in day.lost_by_reasons.items():
        colour = colours[reasons] if reasons in ranks else OTHERS_COLOUR
        parts[colour] += lost
    below = Fraction(0)
    for colour, lost in parts.items():
        bottom, below = scale.ground - scale.height(below), below + lost
        # What was lost at all is seen, however little it was.
        top = min(scale.ground - scale.height(below), bottom - 1) if lost else bottom
        if lost:
            yield f'<rect x="{x}" y="{top}" width="{width}" height="{bottom - top}" '
            yield f'fill="{colour}"/>'
