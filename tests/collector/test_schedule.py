"""The scheduler, by a clock that is set while it runs."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from gpusla.clock import SystemClock
from gpusla_collector import schedule
from gpusla_collector.schedule import Job
from gpusla_collector.usecases.standing import StandingBoard

INTERVAL_MS = 20
WITHIN_SECONDS = 10.0


class SetClock(SystemClock):
    """The machine's clocks; the wall clock can be set."""

    ahead = timedelta()

    def wall_ms(self) -> int:
        """Return the wall time as it was set."""
        return super().wall_ms() + int(self.ahead.total_seconds() * 1000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """A clock that the scheduler's library and ours both read."""
    clock = SetClock()

    class Shown(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(clock.wall_ms() / 1000, tz)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Shown)
    monkeypatch.setattr(schedule, "WATCH_SECONDS", 0.05)
    return clock


@pytest.mark.parametrize("by", [timedelta(hours=-1), timedelta(days=-400), timedelta(days=20_000)])
def test_turns_go_on_when_the_clock_is_set(clock: SetClock, by: timedelta) -> None:
    """Back by an hour or more they are not waited for; from 1970 to now none is made up for."""
    taken: list[int] = []
    job = Job("turn", lambda: taken.append(clock.monotonic_ms()), INTERVAL_MS)
    scheduler = schedule.start([job], StandingBoard(), clock)
    try:
        assert more(taken, 5)
        clock.ahead = by
        assert more(taken, 20)
    finally:
        scheduler.shutdown(wait=True)


def more(taken: list[int], count: int) -> bool:
    """Tell whether so many turns more are taken in time."""
    before, until = len(taken), time.monotonic() + WITHIN_SECONDS
    while len(taken) < before + count:
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
