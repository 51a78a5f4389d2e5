"""
The collector's work as turns that may be taken at any time, in any order and any number of times.

They may run at once, in threads of their own; only reading files, judging and closing wait for one
another: a month must not be settled by what a file said that another thread is replacing.

Each turn looks at how things are and does what is missing.  Without the lease a turn does nothing:
another process leads.  Whoever takes the lease knows nothing and reads the files first: others may
have led meanwhile, over other files.  Nothing is judged beyond the instant at which all journals
were last asked for, so that neither a fresh start, nor a slow fetch, nor a node that is new in the
inventory is taken for silence of the agents.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from gpusla.clock import Clock
from gpusla.contracts.model import ContractVersion
from gpusla.errors import InputError, LedgerError, StoreError
from gpusla.identity import ContractId, NodeName
from gpusla.ledger.entries import Entry, Status
from gpusla.logs import get_logger
from gpusla_collector.ports import OPERATOR, Lease, Store
from gpusla_collector.usecases.announce import Announcer
from gpusla_collector.usecases.audit import Audited, audit
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.claims import Claimable, Part, claimables, parts_of
from gpusla_collector.usecases.close_periods import Closer
from gpusla_collector.usecases.closed_periods import ClosedPeriods
from gpusla_collector.usecases.continuity import Continuity
from gpusla_collector.usecases.correct_settled import Corrector
from gpusla_collector.usecases.fetch.journals import Fetcher
from gpusla_collector.usecases.fetch_rounds import FetchRounds
from gpusla_collector.usecases.going_on import is_of_all
from gpusla_collector.usecases.judge import Judge, Judgement, serving
from gpusla_collector.usecases.prospect import prospect_of
from gpusla_collector.usecases.reconcile import Reconciler
from gpusla_collector.usecases.reload_inputs import Reloader
from gpusla_collector.usecases.signing import counted
from gpusla_collector.usecases.standing import StandingBoard
from gpusla_collector.usecases.world import World

LEASE = "collector"
log = get_logger()


@dataclass(slots=True)
class Turns:
    """
    All use cases on one store, and what they leave for one another.

    holder: names this process.  reconciler: None without a Prometheus.  announcer: None where
    nobody is told of bookings.  continuity: None where no database can go back.
    """

    store: Store
    clock: Clock
    board: StandingBoard
    reloader: Reloader
    fetcher: Fetcher
    judge: Judge
    booker: Booker
    closer: Closer
    corrector: Corrector
    reconciler: Reconciler | None
    holder: str
    lease_ms: int
    announcer: Announcer | None = None
    continuity: Continuity | None = None
    _lease: Lease | None = None
    _asked: tuple[World, int] | None = None
    _has_read: bool = False
    _audited: Audited | None = None
    _rounds: FetchRounds = field(init=False)
    _closed: ClosedPeriods = field(init=False)
    _one_world: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        self._closed = ClosedPeriods(self.store)
        self._rounds = FetchRounds(self.store, self.clock, self.board, self.fetcher)

    def lead_turn(self) -> None:
        """
        Take or prolong the lease.

        Nobody leads on a database that went back to an older copy: what is known here is of the
        other one.  Raises LedgerError then.
        """
        if self.continuity is not None:
            try:
                self.continuity.require()
            except LedgerError:
                self._lead(None)
                raise
        self._lead(self.store.acquire(LEASE, self.holder, self.clock.wall_ms(), self.lease_ms))
        self._note()

    def reload_turn(self) -> None:
        """Take in changed files; where one is refused, what was good before stays in force."""
        with self._one_world:
            self._reload()

    def fetch_turn(self) -> None:
        """Take in what the agents have written since."""
        self._with_world(self._fetch)

    def judge_turn(self) -> None:
        """Judge what can still change, and book what it is worth."""
        with self._one_world:
            self._with_asked(self._judge)

    def close_turn(self) -> None:
        """
        Settle months that are due, and correct those that another claim was settled with.

        Not after a reading that broke off: what was not taken in yet may cut months otherwise.
        """
        with self._one_world:
            if self._has_read:
                self._with_asked(self._close)

    def reconcile_turn(self) -> None:
        """Compare journals and Prometheus."""
        self._with_asked(self._reconcile)

    def audit_turn(self) -> None:
        """Ask the ledger whether it balances; raises LedgerError if it does not."""
        if self._lease is not None:
            self._audited = None
            halted = self._halted(self._lease)
            if halted is not None:
                raise halted

    def announce_turn(self) -> None:
        """Tell of what was booked, and count what is still to be told."""
        if self._lease is None or self.announcer is None:
            return
        try:
            self.announcer.announce_all(self._lease)
        finally:
            receiver = self.announcer.receiver.name
            self.board.set_waiting(receiver, self.store.waiting(receiver))

    def once(self) -> bool:
        """Take each turn that makes figures once; returns whether this process leads."""
        self.lead_turn()
        if self._lease is None:
            return False
        for turn in (self.reload_turn, self.fetch_turn, self.judge_turn, self.close_turn):
            turn()
        self._note()
        return True

    def stop(self) -> None:
        """Give the lease back; no turn may be taken any more."""
        if self._lease is not None:
            try:
                self._note()
            finally:
                self.store.release(self._lease)
                self._lease = None

    def _lead(self, lease: Lease | None) -> None:
        """Go on with a lease, or without one; who leads anew knows nothing."""
        before, self._lease = self._lease, lease
        if self._lease != before:
            self._asked = self._audited = None
            self._has_read = False
            self.board.set_world(None)
            self.board.set_leader(is_leader=self._lease is not None)
            if self._lease is None:
                log.warning("lease_lost", holder=self.holder)
            else:
                log.info("lease_taken", holder=self.holder, epoch=self._lease.epoch)
                self._trim(self._lease)

    def _note(self) -> None:
        if self._lease is not None and self.continuity is not None:
            self.continuity.note()

    def _reload(self) -> None:
        lease, world = self._lease, self.board.read().world
        if lease is None:
            return
        self._has_read = False
        try:
            found = self.reloader.reload(lease, world)
        except InputError:
            self._has_read = True
            last_good = self.reloader.last_good() if world is None else None
            if last_good is not None:
                self.board.set_world(last_good)
            raise
        self._has_read = True
        if found is not world:
            self.board.set_world(found)
            log.info(
                "inputs_taken_in",
                contracts=len(found.versions),
                nodes=len(found.inventory.nodes(self.clock.wall_ms())),
            )

    def _with_world(self, work: Callable[[Lease, World], None]) -> None:
        lease, world = self._lease, self.board.read().world
        if lease is not None and world is not None:
            work(lease, world)

    def _with_asked(self, work: Callable[[Lease, World, int], None]) -> None:
        """Work with the instant at which all nodes of the world were asked, once they were."""

        def worked(lease: Lease, world: World) -> None:
            if (asked := self._asked) is not None:
                then, asked_ms = asked
                if world is then or _nodes(world, asked_ms) <= _nodes(then, asked_ms):
                    work(lease, world, asked_ms)

        self._with_world(worked)

    def _trim(self, lease: Lease) -> None:
        """Cut off what an interrupted fetch left behind the acknowledged evidence."""
        for node in self.store.cursors():
            self.fetcher.trim(lease, node)

    def _fetch(self, lease: Lease, world: World) -> None:
        with self._asking_anew():
            self._asked = world, self._rounds.go(lease, world)

    @contextmanager
    def _asking_anew(self) -> Iterator[None]:
        """After a failure of the store nothing counts as asked: it may be an older copy by now."""
        try:
            yield
        except StoreError:
            self._asked = None
            self.closer.asking.interrupt()
            raise

    def _judge(self, lease: Lease, world: World, asked_ms: int) -> None:
        """Judge contract by contract: one that cannot be judged must not hide the others."""
        halted = self._halted(lease)
        failures: list[Exception] = [] if halted is None else [halted]
        cursors = self.fetcher.cursors
        for contract in sorted(world.versions):
            try:
                judgements = self.judge.judge_contract(lease, world, contract, cursors, asked_ms)
                self._show(world, contract, judgements, failures)
                if halted is None:
                    self._book(lease, judgements)
            except LedgerError as error:
                if halted is None and is_of_all(error):
                    raise
                failures.append(error)  # its own entries cannot be read; others are shown
            except Exception as error:
                if is_of_all(error):
                    raise
                failures.append(error)
        if halted is None:
            self.board.set_entries(self._count_entries())
        if failures:
            raise failures[0]

    def _show(
        self,
        world: World,
        contract: ContractId,
        judgements: tuple[Judgement, ...],
        failures: list[Exception],
    ) -> None:
        """Show what was judged, and what may come of it; failing at that hides no judgement."""
        now_ms, prospect = self.clock.wall_ms(), None
        claims: tuple[Claimable, ...] = ()
        try:
            version = world.versions[contract][-1]
            closed = self._closed.of(version, judgements, now_ms)
            claims = self._claims(world, version, parts_of(closed, judgements))
            for judgement in judgements:
                if judgement.is_open:
                    evaluation = judgement.evaluation
                    closed = self._closed.of(evaluation.contract, judgements, now_ms)
                    prospect = prospect_of(evaluation, closed, now_ms)
        except Exception as error:  # the judgement stands whatever is foreseen
            if is_of_all(error):
                raise
            failures.append(error)
        self.board.set_judged(contract, judgements, now_ms, prospect, claims)
        nodes = serving(world, contract, now_ms)
        self.board.set_signing(contract, counted(nodes, world.keys_of, self.board.read().unsigned))

    def _claims(
        self, world: World, version: ContractVersion, parts: Iterable[Part]
    ) -> tuple[Claimable, ...]:
        known = tuple(parts)
        if not known:
            return ()
        entries = self.store.entries(OPERATOR, version.id)
        return tuple(claimables(version, known, entries, world.claims, self.clock.wall_ms()))

    def _halted(self, lease: Lease) -> LedgerError | None:
        """Return why nothing may be booked; a process asks before it books anything."""
        if self._audited is None:
            self._audited = audit(self.store, self.clock, lease)
            self.board.set_audited(self._audited)
        return self._audited.error

    def _book(self, lease: Lease, judgements: Iterable[Judgement]) -> None:
        for judgement in judgements:
            for entry in self.booker.book(lease, judgement, is_final=False):
                _tell_booked("credit_booked", entry)

    def _close(self, lease: Lease, world: World, asked_ms: int) -> None:
        halted = self._halted(lease)
        if halted is not None:
            raise halted
        with self._asking_anew():
            cursors = self.fetcher.kept()
        failures: list[Exception] = []
        for event, settled in (
            ("period_closed", self.closer.close_all(lease, world, asked_ms, cursors)),
            ("period_corrected", self.corrector.correct_all(lease, world)),
        ):
            try:
                for entry in settled:
                    _tell_booked(event, entry)
            except Exception as error:
                if is_of_all(error):
                    raise
                failures.append(error)
        self.board.set_entries(self._count_entries())
        if failures:
            raise failures[0]

    def _reconcile(self, lease: Lease, world: World, asked_ms: int) -> None:
        if self.reconciler is None:
            return
        differences = self.reconciler.reconcile_all(lease, world, asked_ms)
        self.board.set_reconciled(differences, self.clock.wall_ms())
        for found in differences:
            if not found.is_tolerable:
                log.warning(
                    "witnesses_disagreed",
                    contract=found.contract,
                    state=found.state,
                    difference_ms=found.difference_ms,
                    tolerated_ms=found.tolerated_ms,
                    from_ms=found.window.start_ms,
                    until_ms=found.window.end_ms,
                )

    def _count_entries(self) -> Counter[tuple[ContractId, Status]]:
        return Counter((entry.contract, entry.status) for entry in self.store.entries(OPERATOR))


def _nodes(world: World, at_ms: int) -> frozenset[NodeName]:
    return frozenset(record.node for record in world.inventory.nodes(at_ms))


def _tell_booked(event: str, entry: Entry) -> None:
    log.info(
        event,
        contract=entry.contract,
        period=entry.period,
        status=entry.status.value,
        amount_minor_units=entry.amount_minor_units,
        currency=entry.currency,
    )
