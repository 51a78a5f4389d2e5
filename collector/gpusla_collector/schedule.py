"""
When the turns are taken.

The scheduler only wakes them; what there is to do they see for themselves.  A wake-up
that is late, lost or doubled is harmless, so the scheduler keeps no store of jobs and merges what
it missed.  It reckons by the wall clock, which may be set while it waits: nothing is made up for
that a leap forward passed over, and after a leap back nobody waits until the clock is there again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Thread

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from gpusla.clock import Clock
from gpusla.logs import get_logger
from gpusla_collector.usecases.standing import StandingBoard, code_of

WATCH_SECONDS = 1.0
"""How often the two clocks are compared."""

STEP_MS = 1_000
"""What the wall clock may gain or lose against the other between two looks: no step is so small."""

log = get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """A turn, and how often it is taken."""

    name: str
    turn: Callable[[], None]
    interval_ms: int


@dataclass(slots=True)
class Guard:
    """The top of every loop: a failure is logged once, counted each time, and tried again."""

    job: Job
    board: StandingBoard
    clock: Clock
    _failing: str = field(default="")

    def __call__(self) -> None:
        """Take the turn."""
        try:
            self.job.turn()
        except Exception as error:  # noqa: BLE001  (the top of a loop)
            self._failed(error)
        else:
            if self._failing:
                log.info("job_recovered", job=self.job.name)
            self._failing = ""
            self.board.add_worked(self.job.name, self.clock.monotonic_ms())

    def _failed(self, error: Exception) -> None:
        code = code_of(error)
        self.board.add_failed(self.job.name, code)
        if code != self._failing:
            is_ours = code == "unexpected"
            log.error(
                "job_failed", job=self.job.name, code=code, error=str(error), exc_info=is_ours
            )
        self._failing = code


class Every(BaseTrigger):  # type: ignore[misc]
    """So long after the last time, whatever was missed."""

    def __init__(self, interval_ms: int) -> None:
        self.interval = timedelta(milliseconds=interval_ms)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return when to wake next; previous_fire_time: None before the first time."""
        return now if previous_fire_time is None else now + self.interval


@dataclass(slots=True)
class Watch:
    """Wakes all jobs after the wall clock was set: set back, they would wait until it is there."""

    scheduler: BackgroundScheduler
    clock: Clock
    _offset_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self._offset_ms = self._offset()

    def run(self) -> None:
        """Look until the scheduler is stopped."""
        while self.scheduler.running:
            self.clock.sleep(WATCH_SECONDS)
            self._look()

    def _look(self) -> None:
        before, self._offset_ms = self._offset_ms, self._offset()
        if abs(self._offset_ms - before) > STEP_MS and self.scheduler.running:
            log.warning("clock_stepped", by_ms=self._offset_ms - before)
            for job in self.scheduler.get_jobs():
                job.modify(next_run_time=_now(self.clock))

    def _offset(self) -> int:
        return self.clock.wall_ms() - self.clock.monotonic_ms()


def start(jobs: list[Job], board: StandingBoard, clock: Clock) -> BackgroundScheduler:
    """Begin to wake the jobs, each at once and then at its interval; returns what stops it."""
    # A turn that outlasts its interval is no news: the health page and the figures' age tell more.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    begin = _now(clock)
    for place, job in enumerate(jobs):
        scheduler.add_job(
            Guard(job, board, clock),
            Every(job.interval_ms),
            name=job.name,
            # One after the other at first, so that each finds what the one before it made.
            next_run_time=begin + timedelta(milliseconds=100 * place),
        )
    scheduler.start()
    Thread(target=Watch(scheduler, clock).run, name="clock-watch", daemon=True).start()
    return scheduler


def _now(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.wall_ms() / 1000, UTC)
