"""
Goal L9: through every change of clocks from 2000 to 2037, months follow one another exactly.

A dozen zones with every kind of change here; `GPUSLA_ZONES=all` takes all of the database, as
`./run verify` does.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import available_timezones

import pytest

from gpusla.contracts.calendar import local_date, zone
from gpusla.contracts.model import ContractVersion
from gpusla.sla.periods import Period, period_at, period_on, segments
from tests.core.contracts.terms import contract

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FIRST, LAST = date(2000, 1, 1), date(2037, 12, 31)
MONTHS = 38 * 12
CYCLE_DAYS = (1, 15, 31)
DOZEN = (
    "UTC",
    "America/Chicago",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # no 30 December 2011
    "Pacific/Kwajalein",
    "Africa/Casablanca",  # back for Ramadan
    "Asia/Tehran",  # at midnight
    "Asia/Kathmandu",  # three quarters of an hour
    "America/Sao_Paulo",  # at midnight
    "Asia/Gaza",  # at midnight, on the last day of a month too
    "Antarctica/Troll",  # two hours
)


def zones() -> list[str]:
    """Return the zones to go through."""
    if os.environ.get("GPUSLA_ZONES") != "all":
        return list(DOZEN)
    found = sorted(available_timezones() - {"localtime"})
    assert len(found) >= 590
    return found


@cache
def terms(timezone: str, cycle_day: int) -> ContractVersion:
    """Return a contract of 38 years."""
    return contract(
        term={"start": FIRST, "end": LAST, "timezone": timezone},
        effective_from=FIRST,
        fees={"cycle_day": cycle_day},
    )


def periods(version: ContractVersion) -> list[Period]:
    """Return the billing periods one after the other, as a reconciler comes to them."""
    found = [period_on(version, FIRST)]
    while len(found) < MONTHS:
        found.append(period_at(version, found[-1].interval.end_ms))
    return found


def offset_at(timezone: str, day: date) -> timedelta:
    """Return how far a zone is ahead of UTC as a day begins."""
    found = datetime(day.year, day.month, day.day, tzinfo=zone(timezone)).utcoffset()
    assert found is not None
    return found


def changes_ms(timezone: str) -> Iterator[int]:
    """Yield every instant from 2000 to 2037 at which a zone's clocks change, to the second."""
    there = zone(timezone)

    def offset(at_s: int) -> timedelta | None:
        return datetime.fromtimestamp(at_s, UTC).astimezone(there).utcoffset()

    start, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2038))
    for before in range(start, end, DAY_MS // 1_000):
        low, high = before, before + DAY_MS // 1_000
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
        yield high * 1_000


@pytest.mark.parametrize("timezone", zones())
def test_months_follow_one_another_without_gap_or_overlap(timezone: str) -> None:
    """456 of them, each named by its month, and together as long as the time between in UTC."""
    for cycle_day in CYCLE_DAYS:
        version = terms(timezone, cycle_day)
        found = periods(version)
        first_year, first_month = (int(part) for part in found[0].key.split("-"))
        for number, period in enumerate(found):
            year, month = divmod(first_year * 12 + first_month - 1 + number, 12)
            assert period.key == f"{year:04}-{month + 1:02}"
            assert period.interval.start_ms < period.interval.end_ms
        total_ms = sum(period.interval.duration_ms for period in found)
        assert total_ms == found[-1].interval.end_ms - found[0].interval.start_ms
        # The same by hand: whole days, less what the clocks were put forward by in all.
        after = period_at(version, found[-1].interval.end_ms).first_day
        forward = offset_at(timezone, after) - offset_at(timezone, found[0].first_day)
        days = (after - found[0].first_day).days
        assert total_ms == days * DAY_MS - forward // timedelta(milliseconds=1)


@pytest.mark.parametrize("timezone", zones())
def test_a_month_begins_with_the_first_instant_of_its_day(timezone: str) -> None:
    """The instant before is another day's, whatever the clocks do at midnight."""
    for cycle_day in CYCLE_DAYS:
        for period in periods(terms(timezone, cycle_day)):
            start_ms = period.interval.start_ms
            assert local_date(start_ms - 1, timezone) < period.first_day
            assert local_date(start_ms, timezone) >= period.first_day


@pytest.mark.parametrize("timezone", zones())
def test_every_instant_around_a_change_lies_in_one_month(timezone: str) -> None:
    """The month that it is said to lie in holds it, and is one of those that follow one another."""
    for cycle_day in CYCLE_DAYS:
        version = terms(timezone, cycle_day)
        found = periods(version)
        starts = [period.interval.start_ms for period in found]
        edges = [*changes_ms(timezone), *starts[1:]] if cycle_day == 1 else changes_ms(timezone)
        for edge_ms in edges:
            for instant_ms in (
                edge_ms - 1,
                edge_ms,
                edge_ms + 1,
                edge_ms - HOUR_MS,
                edge_ms + HOUR_MS,
            ):
                if not starts[0] <= instant_ms < found[-1].interval.end_ms:
                    continue
                period = period_at(version, instant_ms)
                assert period.interval.start_ms <= instant_ms < period.interval.end_ms
                assert period == found[bisect_right(starts, instant_ms) - 1]


@pytest.mark.parametrize("timezone", DOZEN)
def test_the_term_is_the_sum_of_its_segments(timezone: str) -> None:
    """What is billed begins with the term and ends with it."""
    version = terms(timezone, 15)
    parts = [part for period in periods(version) for _, part in segments((version,), period)]
    assert parts[0].interval.start_ms == period_on(terms(timezone, 1), FIRST).interval.start_ms
    for before, after in pairwise(parts):
        assert before.interval.end_ms == after.interval.start_ms


def test_the_day_that_apia_left_out_has_no_length_and_no_month_of_its_own() -> None:
    """29 December 2011 ends at UTC 10:00 and 31 December begins: 30 days, not 31."""
    december = period_on(terms("Pacific/Apia", 1), date(2011, 12, 1))
    assert december.interval.duration_ms == 30 * DAY_MS
    assert len(set(changes_ms("Pacific/Apia")) & {1325239200000}) == 1
