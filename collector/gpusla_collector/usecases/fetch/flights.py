"""
Requests on their way: so many at once, and none waited for longer than the others can bear.

A request that is older than the patience keeps its thread and counts no more as one of the workers:
another one takes its place, and a round ends without it.  What it brings is taken in by whatever
round it comes home to.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from gpusla.clock import Clock
from gpusla.identity import NodeName
from gpusla_collector.ports import Lease
from gpusla_collector.usecases.fetch.page import Step, Target

STRAGGLERS = 7
"""For each worker so many more threads may wait for nodes that are slow."""

STRAGGLERS_MAX = 256

TICK_SECONDS = 0.05


@dataclass(slots=True)
class Flight:
    """
    A request: under which lease it began, for whom, and when.

    is_answered: the node did its part; what is left is ours.
    """

    lease: Lease
    target: Target
    began_ms: int
    is_answered: bool = False

    def answered(self) -> None:
        """Note that the node's answer is here."""
        self.is_answered = True


@dataclass(frozen=True, slots=True)
class Landed:
    """What a request came home with: a step, or a defect of ours."""

    flight: Flight
    step: Step | BaseException


@dataclass(slots=True)
class Flights:
    """
    The requests of one fetcher, over its rounds.

    patience_ms: None to wait for every one of them.
    """

    workers: int
    patience_ms: int | None
    clock: Clock
    _flying: dict[NodeName, Flight] = field(default_factory=dict)
    _landed: SimpleQueue[Landed] = field(default_factory=SimpleQueue)
    _pool: ThreadPoolExecutor | None = None

    def __contains__(self, node: NodeName) -> bool:
        """Return whether a node is being asked."""
        return node in self._flying

    @property
    def has_room(self) -> bool:
        """
        Return whether another request may begin.

        Twice as many as there are workers: while those that came home are counted, the others
        go on.
        """
        return self.young < 2 * self.workers and len(self._flying) < self._flying_max

    @property
    def young(self) -> int:
        """How many requests are waited for."""
        if self.patience_ms is None:
            return len(self._flying)
        since_ms = self.clock.monotonic_ms() - self.patience_ms
        return sum(one.is_answered or one.began_ms > since_ms for one in self._flying.values())

    @property
    def _flying_max(self) -> int:
        slow = 0 if self.patience_ms is None else min(STRAGGLERS * self.workers, STRAGGLERS_MAX)
        return 2 * self.workers + slow

    def begin(
        self, lease: Lease, target: Target, work: Callable[[Callable[[], None]], Step]
    ) -> None:
        """Send a request on its way; work is given what it calls once the node has answered."""
        flight = Flight(lease, target, self.clock.monotonic_ms())
        self._flying[target.node] = flight
        if self._pool is None:
            threads = self.workers if self.patience_ms is None else self._flying_max
            self._pool = ThreadPoolExecutor(threads, thread_name_prefix="fetch")
        self._pool.submit(self._fly, flight, work)

    def land(self, *, wait: bool) -> Landed | None:
        """Return one that came home; if none has, None, with wait only after a moment."""
        try:
            landed = self._landed.get(timeout=TICK_SECONDS) if wait else self._landed.get_nowait()
        except Empty:
            return None
        del self._flying[landed.flight.target.node]
        return landed

    def close(self) -> None:
        """End the threads; what is on its way is not waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _fly(self, flight: Flight, work: Callable[[Callable[[], None]], Step]) -> None:
        try:
            self._landed.put(Landed(flight, work(flight.answered)))
        except BaseException as defect:  # noqa: BLE001  (raised again where the round is)
            self._landed.put(Landed(flight, defect))
