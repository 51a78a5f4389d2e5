"""Work that may take long or hang, kept out of a pass: one thread a run, and its last result."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gpusla.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finished(Generic[T]):
    """A result, when its run began, and how long it took."""

    value: T
    began_mono_ms: int
    seconds: float


class Background(Generic[T]):
    """
    Runs work at most once a period, and never twice at once.

    A run that hangs costs its thread; no other is started beside it.
    """

    def __init__(self, clock: Clock, name: str, period_ms: int) -> None:
        self._clock = clock
        self._name = name
        self._period_ms = period_ms
        self._next_ms: int | None = None
        self._thread: threading.Thread | None = None
        self._finished: Finished[T] | None = None

    def start_if_due(self, now_mono_ms: int, work: Callable[[], T]) -> None:
        """Start a run in a thread of its own if one is due; work must not raise."""
        is_due = self._next_ms is None or now_mono_ms >= self._next_ms
        if not is_due or (self._thread is not None and self._thread.is_alive()):
            return
        self._next_ms = now_mono_ms + self._period_ms
        self._thread = threading.Thread(
            target=self._run, args=(work, now_mono_ms), name=self._name, daemon=True
        )
        self._thread.start()

    @property
    def finished(self) -> Finished[T] | None:
        """The last run that came to its end, None before the first."""
        return self._finished

    def wait(self, seconds: float) -> None:
        """Wait for the run that is under way, if one is."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, work: Callable[[], T], now_mono_ms: int) -> None:
        value = work()
        seconds = (self._clock.monotonic_ms() - now_mono_ms) / 1_000
        self._finished = Finished(value, now_mono_ms, seconds)
