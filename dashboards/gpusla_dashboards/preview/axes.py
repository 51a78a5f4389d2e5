"""Axes: from time and value to a place in a picture, and where to write what."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gpusla_dashboards.preview.prometheus import Window

HOUR, DAY = 3600, 86400
TIME_STEPS = (60, 300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY)
MARKS_ACROSS = 7
MARKS_UP = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """The inside of a graph: its place in pixels and what its edges stand for."""

    left: float
    top: float
    width: float
    height: float
    window: Window
    bottom_value: float
    top_value: float

    def across(self, at: float) -> float:
        """Give the place of an instant."""
        return self.left + (at - self.window.start) / self.window.seconds * self.width

    def up(self, value: float) -> float:
        """Give the place of a value, kept inside."""
        share = (value - self.bottom_value) / (self.top_value - self.bottom_value)
        return self.top + self.height * (1 - min(max(share, 0.0), 1.0))

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


def limits(values: Sequence[float], lowest: float | None) -> tuple[float, float]:
    """Give the axis round ends that hold all values; lowest fixes the lower end."""
    low, high = min(values), max(values)
    if lowest is not None:
        low = min(low, lowest)
    if high - low < 1e-12:  # noqa: PLR2004  # one value only
        pad = abs(high) * 0.02 or 1.0
        low, high = (low if lowest is not None else low - pad), high + pad
    step = round_step((high - low) / MARKS_UP)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def value_marks(low: float, high: float) -> Iterator[float]:
    """Give the round values between the ends, the ends included."""
    step = round_step((high - low) / MARKS_UP)
    for number in range(round((high - low) / step) + 1):
        yield low + number * step


def round_step(raw: float) -> float:
    """Give the next 1, 2, 2.5 or 5 of any power of ten."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next(
        factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9)
    )


def time_marks(window: Window) -> Iterator[tuple[int, str]]:
    """Give round instants in the window and how they are written."""
    step = next((one for one in TIME_STEPS if window.seconds / one <= MARKS_ACROSS), TIME_STEPS[-1])
    pattern = "%H:%M" if step < DAY else "%b %d"
    for at in range(math.ceil(window.start / step) * step, window.end, step):
        yield at, dt.datetime.fromtimestamp(at, dt.UTC).strftime(pattern)
