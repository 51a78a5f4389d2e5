"""The composition root: builds the collector from its settings, starts it and stops it."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gpusla.catalogue.codes import BAD_SETTING, FENCED
from gpusla.clock import Clock
from gpusla.errors import GpuslaError, Position, SettingsError, StoreError
from gpusla.logs import get_logger
from gpusla_collector import schedule
from gpusla_collector.adapters.agents import HttpAgents
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.files import InputFilesOnDisk
from gpusla_collector.adapters.ledger_mark import LedgerMark
from gpusla_collector.adapters.prometheus import PrometheusCounters
from gpusla_collector.adapters.sql.chain_end import SqlChain
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.schema import migrate, require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.adapters.webhook import Webhook
from gpusla_collector.ports import Store
from gpusla_collector.settings import Settings
from gpusla_collector.usecases.announce import Announcer
from gpusla_collector.usecases.asking import Asking
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.close_periods import Closer
from gpusla_collector.usecases.continuity import Continuity
from gpusla_collector.usecases.correct_settled import Corrector
from gpusla_collector.usecases.fetch.journals import Fetcher
from gpusla_collector.usecases.judge import Judge, Rules
from gpusla_collector.usecases.reconcile import Reconciler
from gpusla_collector.usecases.reload_inputs import Reloader
from gpusla_collector.usecases.standing import StandingBoard, code_of
from gpusla_collector.usecases.turns import Turns
from gpusla_collector.web.application import Liveness, application
from gpusla_collector.web.server import listen, serve

STALLED_TURNS = 6
STALLED_MS = 60_000
"""A job is stalled when it did not go through for so many turns, and at least for so long."""

PATIENCE_MS = 1_000
"""An agent answers within milliseconds; who takes longer than this is waited for by nobody."""

AUDIT_MS = 60_000
"""How often the ledger is asked whether debits and credits are the same."""

PAUSE_MS = 600_000
"""No shorter time between two rounds of asking is a break: 25,000 agents take minutes."""

log = get_logger()


@dataclass(frozen=True, slots=True)
class Collector:
    """Everything that is built, and what has to be closed."""

    settings: Settings
    clock: Clock
    board: StandingBoard
    turns: Turns


def run(settings: Settings, clock: Clock) -> None:
    """
    Work and serve until SIGTERM.

    Raises SettingsError if the address is taken and StoreError if the schema is another; nothing
    was begun then.
    """
    with (
        listen(settings.host, settings.port) as listener,
        opened(settings, clock, patience_ms=PATIENCE_MS) as collector,
    ):
        log.info("collector_started", address=f"{settings.host}:{settings.port}")
        jobs = _jobs(collector)
        scheduler = schedule.start(jobs, collector.board, clock)
        try:
            liveness = Liveness(
                {job.name: max(STALLED_TURNS * job.interval_ms, STALLED_MS) for job in jobs}
            )
            lag_ms = settings.form.evidence_lag_ms
            serve(application(collector.board.read, clock, liveness, lag_ms), listener)
        finally:
            scheduler.shutdown(wait=True)
            log.info("collector_stopped")


def once(settings: Settings, clock: Clock) -> Collector:
    """
    Take in, judge, book and close what there is, once.

    Waits for the lease of a collector that was killed to run out.  Raises StoreError `fenced` if
    another one works.
    """
    with opened(settings, clock) as collector:
        deadline_ms = clock.monotonic_ms() + 2 * settings.form.lease_ms
        while not collector.turns.once():
            if clock.monotonic_ms() > deadline_ms:
                raise StoreError(
                    FENCED, "another collector works on this database", fix="Stop it first."
                )
            clock.sleep(0.1)
        return collector


@contextmanager
def opened(
    settings: Settings, clock: Clock, *, patience_ms: int | None = None
) -> Iterator[Collector]:
    """
    Build a collector on an open database; gives the lease back and closes all at the end.

    patience_ms: how long a round of fetching waits for a node; None to wait for all.
    """
    make_data_directory(settings)
    with _database(settings) as database, HttpAgents(clock) as agents:
        counters = _counters(settings)
        store, evidence = SqlStore(database), EvidenceFiles(settings.evidence)
        fetcher = Fetcher(agents, evidence, store, clock, settings.form.fetch_workers, patience_ms)
        continuity = Continuity(SqlChain(database), LedgerMark(settings.data_directory))
        collector = _build(settings, clock, fetcher, counters, continuity)
        try:
            yield collector
        finally:
            _release(collector)
            fetcher.close()
            if counters is not None:
                counters.close()
            if collector.turns.announcer is not None:
                collector.turns.announcer.receiver.close()


def make_data_directory(settings: Settings) -> None:
    """Make the folder that the settings name, if it is not there; raises SettingsError if not."""
    try:
        settings.data_directory.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise SettingsError(
            BAD_SETTING,
            f"data_directory: {settings.data_directory} cannot be made: {cause.strerror}",
            fix="Name a folder that the collector's user may write to.",
            position=Position(str(settings.file)),
        ) from cause


def upgrade(settings: Settings) -> str:
    """Bring the database to the newest schema; returns its revision."""
    make_data_directory(settings)
    database = open_database(settings.database)
    try:
        return migrate(database)
    finally:
        database.close()


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.database)
    try:
        require_newest(database)
        yield database
    finally:
        database.close()


def _counters(settings: Settings) -> PrometheusCounters | None:
    url = settings.form.prometheus
    return None if url is None else PrometheusCounters(url)


def _build(
    settings: Settings,
    clock: Clock,
    fetcher: Fetcher,
    counters: PrometheusCounters | None,
    continuity: Continuity,
) -> Collector:
    form, board, store = settings.form, StandingBoard(), fetcher.store
    judge = Judge(store, clock, Rules(form.evidence_lag_ms, form.metered_from))
    booker = Booker(store, clock, settings.policy)
    pause_ms = max(
        PAUSE_MS, STALLED_TURNS * form.fetch_interval_ms, STALLED_TURNS * form.close_interval_ms
    )
    closer = Closer(
        store, judge, booker, Asking(pause_ms), form.close_patience_ms, form.final_after_ms
    )
    turns = Turns(
        store=store,
        clock=clock,
        board=board,
        reloader=Reloader(input_files(settings), store, clock),
        fetcher=fetcher,
        judge=judge,
        booker=booker,
        closer=closer,
        corrector=Corrector(store, fetcher.evidence, clock, booker),
        reconciler=None if counters is None else _reconciler(settings, clock, store, counters),
        holder=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
        lease_ms=form.lease_ms,
        announcer=_announcer(settings, clock, store),
        continuity=continuity,
    )
    return Collector(settings, clock, board, turns)


def _announcer(settings: Settings, clock: Clock, store: Store) -> Announcer | None:
    form = settings.form.announcements
    return None if form is None else Announcer(store, Webhook(form.name, form.url, clock), clock)


def input_files(settings: Settings) -> InputFilesOnDisk:
    """Return the files that the settings name."""
    return InputFilesOnDisk(
        settings.inventory,
        settings.assignments,
        settings.exclusions,
        settings.claims,
        settings.contracts,
    )


def _reconciler(
    settings: Settings, clock: Clock, store: Store, counters: PrometheusCounters
) -> Reconciler:
    form = settings.form
    return Reconciler(
        counters,
        store,
        clock,
        form.reconcile_window_ms,
        form.scrape_interval_ms,
        form.evidence_lag_ms,
    )


def _jobs(collector: Collector) -> list[schedule.Job]:
    turns, form = collector.turns, collector.settings.form
    jobs = [
        schedule.Job("lead", turns.lead_turn, max(form.lease_ms // 3, 50)),
        schedule.Job("audit", turns.audit_turn, AUDIT_MS),
        schedule.Job("reload", turns.reload_turn, form.reload_interval_ms),
        schedule.Job("fetch", turns.fetch_turn, form.fetch_interval_ms),
        schedule.Job("judge", turns.judge_turn, form.judge_interval_ms),
        schedule.Job("close", turns.close_turn, form.close_interval_ms),
    ]
    if turns.reconciler is not None:
        jobs.append(schedule.Job("reconcile", turns.reconcile_turn, form.reconcile_interval_ms))
    if form.announcements is not None:
        jobs.append(schedule.Job("announce", turns.announce_turn, form.announcements.interval_ms))
    return jobs


def _release(collector: Collector) -> None:
    """Give the lease back; what is in the way of it must not hide why we stop."""
    try:
        collector.turns.stop()
    except GpuslaError as error:
        log.warning("stopped_with_an_error", code=code_of(error), error=str(error))
