"""
Fetches every node's journal as far as it goes: bytes first, then what they say, then the cursor.

A line is on disk before the transaction that counts it, so that a crash anywhere loses nothing and
doubles nothing: what was not counted is fetched again.  Many nodes are counted in one transaction,
and one that has nothing new in none.  A node that does not answer, is slow, or whose journal does
not follow from what was taken in, holds up nobody else.
Source: docs/decisions/0149-fetching-from-25000-nodes.md.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from gpusla.catalogue.codes import FENCED
from gpusla.clock import Clock
from gpusla.errors import GpuslaError, JournalError, StoreError
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla_collector.ports import (
    Agents,
    Cursor,
    Evidence,
    Finding,
    Lease,
    Move,
    Segment,
    Store,
    finding_key,
)
from gpusla_collector.usecases.fetch.flights import Flights, Landed
from gpusla_collector.usecases.fetch.pace import Pace
from gpusla_collector.usecases.fetch.page import Pages, Step, Target

__all__ = ["Fetched", "Fetcher", "Foretell", "Target", "finding_of", "nobody"]

NODE_MS = 10_000
"""How long a round goes on reading from nodes that have more, a last page not counted."""

MOVES_AT_ONCE = 256
"""How many nodes are counted in one transaction."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """
    How it went with one node: records taken in, and the error that ended it, if one did.

    is_asked: False if the node was not asked, or has not answered yet; error is then that of the
    last time.
    """

    node: NodeName
    records: int
    error: GpuslaError | None
    is_asked: bool = True


Foretell = Callable[[Sequence[Move]], None]
"""Called with moves before they are counted: what it keeps is not lost with them."""


def nobody(_moves: Sequence[Move]) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class _Round:
    """
    What one round has to do and has done.

    landed: where nodes are that came home since the last count.
    """

    lease: Lease
    until_ms: int
    queue: deque[Target]
    foretell: Foretell
    landed: dict[NodeName, Cursor] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    records: dict[NodeName, int] = field(default_factory=dict)
    errors: dict[NodeName, GpuslaError | None] = field(default_factory=dict)


@dataclass(slots=True)
class Fetcher:
    """
    What fetching needs; workers is how many nodes are fetched at the same time.

    patience_ms: how long a round waits for a node; None to wait for all.  One fetcher is used by
    one thread; others may ask for its cursors, and whether they are kept.
    """

    agents: Agents
    evidence: Evidence
    store: Store
    clock: Clock
    workers: int
    patience_ms: int | None = None
    _lease: Lease | None = None
    _cursors: dict[NodeName, Cursor] = field(default_factory=dict)
    _counted: dict[NodeName, Cursor] = field(default_factory=dict)
    _owners: dict[str, NodeName] = field(default_factory=dict)
    _gpus: dict[NodeName, dict[Slot, GpuUuid | None]] = field(default_factory=dict)
    _pace: Pace = field(default_factory=Pace)
    _flights: Flights = field(init=False)

    def __post_init__(self) -> None:
        self._flights = Flights(self.workers, self.patience_ms, self.clock)

    @property
    def cursors(self) -> Mapping[NodeName, Cursor]:
        """Where every node is, as far as it is kept."""
        return self.store.cursors() if self._lease is None else dict(self._counted)

    @property
    def gpus(self) -> Mapping[NodeName, Mapping[Slot, GpuUuid | None]]:
        """
        Where each node last said that its GPUs sit, since this process leads.

        Within an hour of that it is known of all nodes that live: each block says it anew.
        """
        return self._gpus

    def kept(self) -> Mapping[NodeName, Cursor]:
        """
        Return where every node is by the database.

        Raises StoreError `fenced` if it is behind what was counted here: it went back to an older
        copy of itself, or somebody else moved it.
        """
        counted = {} if self._lease is None else dict(self._counted)
        kept = self.store.cursors()
        for node, cursor in counted.items():
            head = kept.get(node, Cursor(node)).head
            if head.sequence < cursor.head.sequence:
                self._lease = None
                raise StoreError(
                    FENCED,
                    f"{node}: the database has records up to {head.sequence}, "
                    f"{cursor.head.sequence} were counted in it",
                )
        return kept

    def fetch_all(
        self, lease: Lease, targets: Sequence[Target], foretell: Foretell = nobody
    ) -> tuple[Fetched, ...]:
        """
        Take in what the nodes have, and return how it went with each.

        A node that failed again and again is asked less often.
        Raises StoreError if the database fails or the lease was lost: then nothing else can go on.
        """
        self._remember(lease)
        # Whose the inventory says a key is, it is: a clone may have been the first to use it.
        self._owners |= {key: target.node for target in targets for key in target.keys}
        now_ms = self.clock.monotonic_ms()
        work = _Round(lease, now_ms + NODE_MS, deque(self._due(targets, now_ms)), foretell)
        try:
            self._go_round(work)
        except BaseException:
            # What is in memory may be ahead of what is kept.
            self._lease = None
            raise
        return tuple(self._told(target.node, work) for target in targets)

    def fetch(
        self,
        lease: Lease,
        target: Target,
        cursor: Cursor,
        owners: MutableMapping[str, NodeName] | None = None,
        foretell: Foretell = nobody,
    ) -> Fetched:
        """Take in what one node has, page by page; owners: whose each key is, by its text."""
        pages = Pages(self.agents, self.evidence, self.clock)
        work = _Round(lease, self.clock.monotonic_ms() + NODE_MS, deque(), foretell)
        is_behind = True
        while is_behind and self.clock.monotonic_ms() < work.until_ms:
            step = pages.step(lease, target, cursor, owners)
            is_behind = self._take(work, target, cursor, step)
            self._count(work)
            cursor = step.cursor
            if step.error is not None:
                self._report(lease, target.node, step.error)
        return self._told(target.node, work)

    def trim(self, lease: Lease, node: NodeName, segments: Iterable[Segment] | None = None) -> None:
        """
        Cut off what an interrupted fetch left beyond a node's acknowledged evidence.

        segments: those that it may have written on; None for all.
        """
        for segment in self.store.segments(node) if segments is None else segments:
            try:
                self.evidence.trim(node, segment)
            except JournalError as cause:
                self.store.report(lease, finding_of(node, cause, self.clock.wall_ms()))

    def close(self) -> None:
        """End the threads."""
        self._flights.close()

    def _remember(self, lease: Lease) -> None:
        """Read where the nodes are, unless nobody else can have moved them since."""
        if lease == self._lease:
            return
        self._cursors = dict(self.store.cursors())
        self._counted = dict(self._cursors)
        self._owners = {
            key.public: node for node, one in self._cursors.items() for key in one.keyring.keys
        }
        self._gpus = {}
        self._lease = lease

    def _due(self, targets: Iterable[Target], now_ms: int) -> list[Target]:
        """Return who is asked in this round, those that failed behind all others."""
        due = [
            target
            for target in targets
            if target.node not in self._flights and self._pace.is_due(target.node, now_ms)
        ]
        return sorted(due, key=lambda target: target.node in self._pace.failing)

    def _go_round(self, work: _Round) -> None:
        pages = Pages(self.agents, self.evidence, self.clock)
        while True:
            while work.queue and self._flights.has_room:
                self._begin(pages, work, work.queue.popleft())
            landed = self._flights.land(wait=len(work.moves) == 0)
            if landed is not None:
                self._land(work, landed)
            if work.moves and (landed is None or len(work.moves) >= MOVES_AT_ONCE):
                self._count(work)
            if landed is None and not work.queue and not self._flights.young:
                self._count(work)
                return

    def _begin(self, pages: Pages, work: _Round, target: Target) -> None:
        cursor = self._cursors.get(target.node, Cursor(target.node))
        self._flights.begin(
            work.lease,
            target,
            lambda answered: pages.step(work.lease, target, cursor, self._owners, answered),
        )

    def _land(self, work: _Round, landed: Landed) -> None:
        """Take in what came home; what began under another lease counts for nothing."""
        target, step = landed.flight.target, landed.step
        if isinstance(step, BaseException):
            raise step
        if landed.flight.lease != work.lease:
            # It was left out of this round, which must not take that for the node's silence.
            work.queue.append(target)
            return
        before = self._cursors.get(target.node, Cursor(target.node))
        is_behind = self._take(work, target, before, step)
        self._cursors[target.node] = work.landed[target.node] = step.cursor
        if step.error is None:
            self._pace.answered(target.node)
        else:
            self._pace.failed(target.node, step.error, self.clock.monotonic_ms())
            self._count(work)
            self._report(work.lease, target.node, step.error)
        if is_behind and self.clock.monotonic_ms() < work.until_ms:
            work.queue.append(target)

    def _take(self, work: _Round, target: Target, before: Cursor, step: Step) -> bool:
        """Note what a page brought; returns whether the node is to be asked for more."""
        node = target.node
        count = step.cursor.head.sequence - before.head.sequence
        work.records[node] = work.records.get(node, 0) + count
        work.errors[node] = step.error
        if step.gpus:
            self._gpus.setdefault(node, {}).update(step.gpus)
        if step.move is not None:
            work.moves.append(step.move)
        return step.is_behind and step.error is None

    def _count(self, work: _Round) -> None:
        """Count in one transaction what is on disk; only then may others see it."""
        if work.moves:
            work.foretell(work.moves)
            self.store.advance_all(work.lease, work.moves)
            work.moves = []
        self._counted |= work.landed
        work.landed = {}

    def _report(self, lease: Lease, node: NodeName, error: GpuslaError) -> None:
        """Tell people of a journal that cannot go on; that a node is silent is no finding."""
        if isinstance(error, JournalError):
            self.store.report(lease, finding_of(node, error, self.clock.wall_ms()))

    def _told(self, node: NodeName, work: _Round) -> Fetched:
        if node in work.errors:
            return Fetched(node, work.records[node], work.errors[node])
        known = self._pace.failing.get(node)
        return Fetched(node, 0, None if known is None else known.error, is_asked=False)


def finding_of(node: NodeName, error: JournalError, now_ms: int) -> Finding:
    """Make the row for people of an error about a node's journal."""
    key = finding_key(error.code.name, node, error.message)
    return Finding(key, error.code.name, node, now_ms, str(error))
