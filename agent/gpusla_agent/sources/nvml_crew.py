"""
Threads that make calls which may never return.

One thread does all of a batch as long as it gets on, because threads that take turns cost more
processor time than the calls do.  When one call holds it up, another thread goes on with the rest;
so a call that never returns costs the one GPU that it was made on, and the thread that made it.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any

from gpusla.clock import Clock

TURN_MS = 5
"""How long a batch may stand still before another thread goes on with it."""

Task = tuple[int, Callable[[], Any]]
"""Whose task it is, and what is to be done."""


class Batch:
    """
    Tasks that were given together.

    answers: by whose task it was, in the order of their ends; more may come after the deadline.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.pending = deque(tasks)
        self.answers: deque[tuple[int, Any]] = deque()
        self.finished: SimpleQueue[None] = SimpleQueue()
        self._left = len(self.pending)
        self._lock = threading.Lock()

    @property
    def is_finished(self) -> bool:
        """Whether no answer is to come."""
        return self._left == 0 and not self.answers

    def work(self) -> None:
        """Do tasks until none is pending; several threads may."""
        while True:
            try:
                whose, task = self.pending.popleft()
            except IndexError:
                return
            self.answers.append((whose, task()))
            with self._lock:
                self._left -= 1
                is_last = self._left == 0
            if is_last:
                self.finished.put(None)

    def withdraw(self) -> list[int]:
        """Take back what nobody has begun; return whose tasks these were."""
        untouched: list[int] = []
        while True:
            try:
                untouched.append(self.pending.popleft()[0])
            except IndexError:
                break
        with self._lock:
            self._left -= len(untouched)
        return untouched


class Crew:
    """As many threads as calls hang, and one more; they are never ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._idle = 0
        self._lock = threading.Lock()
        self._batches: SimpleQueue[Batch] = SimpleQueue()

    def run(self, batch: Batch, deadline_ms: int) -> list[int]:
        """Work until all is done or the deadline; return whose tasks were not even begun."""
        if not batch.pending:
            return []
        self._put_on(batch)
        until_ms = self._clock.monotonic_ms() + deadline_ms
        done = 0
        while (left_ms := until_ms - self._clock.monotonic_ms()) > 0:
            try:
                batch.finished.get(timeout=min(TURN_MS, left_ms) / 1_000)
            except Empty:
                stands_still = batch.pending and done == len(batch.answers)
                if stands_still and left_ms > TURN_MS:
                    self._put_on(batch)
                done = len(batch.answers)
            else:
                return []
        return batch.withdraw()

    def _put_on(self, batch: Batch) -> None:
        with self._lock:
            is_free = self._idle > 0
            self._idle -= is_free
        self._batches.put(batch)
        if not is_free:
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self._batches.get().work()
            with self._lock:
                self._idle += 1
