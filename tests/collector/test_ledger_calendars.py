"""
Goal L9: whoever wakes the collector, and whenever, each month is settled once and none is left out.

Years with a day that a zone left out, with half an hour, with changes at midnight and on 1 April.
"""

from collections import Counter
from datetime import date
from random import Random

import pytest

from gpusla.contracts.calendar import start_of_day_ms
from gpusla.ledger.entries import Status
from tests.collector.fakes import HandClock
from tests.collector.journals import Journal, tray_slots
from tests.collector.site import ONE_TRAY
from tests.collector.stage import DAY_MS, HOUR_MS, Stage, texts_of

WAKINGS = 40
YEARS = (
    ("Pacific/Apia", 2011),
    ("Australia/Lord_Howe", 2026),
    ("America/New_York", 2026),
    ("Europe/Berlin", 2036),
    ("Asia/Gaza", 2023),
)


def year_of(timezone: str, year: int) -> tuple[Stage, int, int]:
    """Return a site whose only contract runs from October on for a year, and the term's ends."""
    texts = {
        key: text.replace("2026-07-01", f"{year}-10-01")
        .replace("2026-06-20", f"{year}-09-20")
        .replace("2027-06-30", f"{year + 1}-09-30")
        .replace("timezone: UTC", f"timezone: {timezone}")
        # Slots are there before the term begins in the east.
        .replace(f"{year}-10-01T", f"{year}-09-29T")
        for key, text in texts_of(ONE_TRAY).items()
    }
    start_ms = start_of_day_ms(date(year, 10, 1), timezone)
    end_ms = start_of_day_ms(date(year + 1, 10, 1), timezone)
    stage = Stage(clock=HandClock(start_ms))
    stage.files.texts = texts
    node = ONE_TRAY[0].node
    journal = Journal(node, tray_slots("c2", "r01", "t01"), start_ms - HOUR_MS)
    journal.start(start_ms - HOUR_MS).observe(start_ms - HOUR_MS, end_ms + 5 * DAY_MS)
    stage.agents.journals[node] = journal
    return stage, start_ms, end_ms


@pytest.mark.parametrize(("timezone", "year"), YEARS)
@pytest.mark.parametrize("seed", [1, 2])
def test_each_month_is_settled_once_whenever_the_collector_wakes(
    timezone: str, year: int, seed: int
) -> None:
    """At random instants, some of them twice, some under a new process; late for most months."""
    stage, start_ms, end_ms = year_of(timezone, year)
    chance = Random(seed)  # noqa: S311
    wakings = [chance.randrange(start_ms, end_ms) for _ in range(WAKINGS)]
    wakings += chance.choices(wakings, k=WAKINGS // 4)
    turns = stage.turns()
    for at_ms in [*sorted(wakings), end_ms + 3 * DAY_MS]:
        stage.clock.now_ms = at_ms
        if chance.random() < 0.3:
            turns.stop()
            turns = stage.turns(holder=f"{at_ms}")
        assert turns.once()
    # It waits an hour for what is missing before it settles without.
    stage.clock.now_ms += HOUR_MS
    assert turns.once()
    months = [divmod(year * 12 + 9 + number, 12) for number in range(12)]
    expected = [f"{month_year:04}-{month + 1:02}" for month_year, month in months]
    posted = Counter(e.period for e in stage.entries() if e.status is Status.POSTED)
    assert posted == dict.fromkeys(expected, 1)


def test_a_collector_that_slept_for_the_whole_year_settles_all_of_it_at_once() -> None:
    """Nothing hangs on a waking at the end of a month."""
    stage, _, end_ms = year_of("Pacific/Apia", 2011)
    stage.clock.now_ms = end_ms + 3 * DAY_MS
    assert stage.turns().once()
    posted = [e.period for e in stage.entries() if e.status is Status.POSTED]
    assert len(posted) == len(set(posted)) == 12
