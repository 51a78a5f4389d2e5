"""
When the turns are taken.

The scheduler only wakes them; what there is to do they see for themselves.  A wake-up
that is late, lost or doubled is harmless, so the scheduler keeps no store of jobs and merges what
it missed.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from gpusla.clock import Clock
from gpusla.logs import get_logger
from gpusla_collector.usecases.standing import StandingBoard, code_of

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


def start(jobs: list[Job], board: StandingBoard, clock: Clock) -> BackgroundScheduler:
    """Begin to wake the jobs, each at once and then at its interval; returns what stops it."""
    # A turn that outlasts its interval is no news: the health page and the figures' age tell more.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    begin = datetime.fromtimestamp(clock.wall_ms() / 1000, UTC)
    for place, job in enumerate(jobs):
        scheduler.add_job(
            Guard(job, board, clock),
            "interval",
            seconds=job.interval_ms / 1000,
            name=job.name,
            # One after the other at first, so that each finds what the one before it made.
            next_run_time=begin + timedelta(milliseconds=100 * place),
        )
    scheduler.start()
    return scheduler
