"""
What goes wrong at the line between a collector and the world, drawn from the seed.

`Port` stands before any port, whatever methods it has: it counts each call, lets the watch see
what came of it, and may raise before or after the call took effect.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from gpusla.catalogue.codes import AGENT_UNREACHABLE, JOURNAL_WRITE, STORE_UNAVAILABLE
from gpusla.errors import GpuslaError, JournalError, ServiceError, StoreError
from gpusla_collector.ports import Page

if TYPE_CHECKING:
    from tests.simulation.actors import Host

CRASHED, REFUSED, SLOW, PAUSED, TORN, WRONG = "crash", "refuse", "slow", "pause", "tear", "wrong"
WEIGHTS = {
    "store": {CRASHED: 4, REFUSED: 20, SLOW: 10, PAUSED: 8},
    "book": {CRASHED: 500, REFUSED: 500, PAUSED: 1_200},
    "keep": {CRASHED: 100, REFUSED: 100, PAUSED: 100},
    "advance_all": {CRASHED: 40, REFUSED: 80, SLOW: 10, PAUSED: 60},
    "evidence": {CRASHED: 2, REFUSED: 10, PAUSED: 2},
    "append": {CRASHED: 60, REFUSED: 100, PAUSED: 60, TORN: 100},
    "agents": {CRASHED: 10, REFUSED: 150, SLOW: 40, PAUSED: 30, WRONG: 150},
}
"""
By port, or by method where one is worth more: how many of ten thousand calls go wrong, and how, in
weather of strength 1.
"""

CALLS = 10_000


class CrashError(BaseException):
    """The process that made this call is gone; nothing of it may catch this and go on."""


@dataclass(slots=True)
class Weather:
    """
    How much goes wrong.

    strength: of a seed; 0 for a day without any fault.
    """

    dice: random.Random
    strength: float
    tables: dict[str, tuple[float, tuple[str, ...], tuple[int, ...]]] = field(init=False)

    def __post_init__(self) -> None:
        self.tables = {
            place: (
                self.strength * sum(weights.values()) / CALLS,
                tuple(weights),
                tuple(weights.values()),
            )
            for place, weights in WEIGHTS.items()
        }

    def fault(self, port: str, method: str) -> str | None:
        """Draw what goes wrong with a call, mostly nothing."""
        chance, kinds, weights = self.tables[method if method in self.tables else port]
        if not chance or self.dice.random() >= chance:
            return None
        return self.dice.choices(kinds, weights)[0]


class Call(NamedTuple):
    """One call of a port: which, of what, and with what."""

    port: str
    method: str
    function: Callable[..., Any]
    words: tuple[Any, ...]
    named: dict[str, Any]


class Port:
    """Stands before one port of one process."""

    def __init__(self, name: str, inner: Any, host: "Host") -> None:
        self._name = name
        self._inner = inner
        self._host = host

    def __getattr__(self, method: str) -> Callable[..., Any]:
        """Return a method of the port, with what may go wrong around it."""
        function, name, host = getattr(self._inner, method), self._name, self._host

        def called(*words: Any, **named: Any) -> Any:
            return host.site.call(host, Call(name, method, function, words, named))

        # The next look-up finds it without asking here.
        self.__dict__[method] = called
        return called


def refusal(port: str, method: str) -> GpuslaError:
    """Return the error with which a port says that it could not, and that one may try again."""
    if port == "agents":
        return ServiceError(AGENT_UNREACHABLE, "the answer was lost")
    if port == "evidence":
        return JournalError(JOURNAL_WRITE, f"the disk failed at {method}")
    error = StoreError(STORE_UNAVAILABLE, f"the database was lost at {method}")
    error.retryable = True
    return error


def wrong_page(dice: random.Random, page: Page, earlier: Page | None) -> Page:
    """Return an answer that was cut off, torn within a line, or is one of an earlier question."""
    kind = dice.choice(("cut", "torn", "earlier"))
    if kind == "earlier" and earlier is not None:
        return earlier
    if not page.lines:
        return page
    kept = dice.randint(0, len(page.lines) - 1)
    if kind == "cut":
        return Page(page.lines[:kept], page.head)
    line = page.lines[kept]
    return Page((*page.lines[:kept], line[: dice.randint(0, len(line) - 1)]), page.head)


def torn_lines(dice: random.Random, lines: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return what of some lines is on the disk when the power goes: the last of it is half."""
    kept = dice.randint(0, len(lines) - 1)
    return (*lines[:kept], lines[kept][: dice.randint(0, len(lines[kept]))])
