"""Tells the story: each step with its figures and its time, and where the time went at the end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gpusla.catalogue.codes import DEMO_STEP
from gpusla.errors import GpuslaError

BAR_CELLS = 30
CLEAR_LINE = "\r\x1b[K"

Figures = list[tuple[str, str]]
"""Names and values of a step, in the order in which they are shown."""


class StepFailedError(GpuslaError):
    """A step of the demo did not happen."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(DEMO_STEP, message, fix=fix)


@dataclass(slots=True)
class Teller:
    """Prints to standard output; `took` has each step's seconds in order."""

    started: float = field(default_factory=time.monotonic)
    took: list[tuple[str, float]] = field(default_factory=list)

    def say(self, text: str = "") -> None:
        """Print a line."""
        print(text, flush=True)  # noqa: T201  (the story is the output)

    @contextmanager
    def step(self, title: str) -> Iterator[Figures]:
        """Time a step; give the list that takes its figures, and print them when it is over."""
        begun, figures = time.monotonic(), Figures()
        number = len(self.took) + 1
        if sys.stdout.isatty():
            print(f"{number:>3} … {title}", end="", flush=True)  # noqa: T201
        happened = False
        try:
            yield figures
            happened = True
        finally:
            self.took.append((title, time.monotonic() - begun))
            clear = CLEAR_LINE if sys.stdout.isatty() else ""
            self.say(f"{clear}{number:>3} {'✓' if happened else '✗'} {title}")
            self._tell(figures)

    def tell_time(self) -> None:
        """Say where the time went."""
        total = time.monotonic() - self.started
        self.say()
        self.say(f"Where the {total:.0f} seconds went:")
        longest = max((seconds for _, seconds in self.took), default=1.0)
        for title, seconds in self.took:
            bar = "█" * max(1, round(BAR_CELLS * seconds / longest))
            self.say(f"  {seconds:6.1f} s  {bar:<{BAR_CELLS}}  {title}")

    def _tell(self, figures: Figures) -> None:
        width = max((len(name) for name, _ in figures), default=0)
        for name, text in figures:
            self.say(f"      {name:<{width}}  {text}")
