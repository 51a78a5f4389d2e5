"""Months of any zone follow one another without a gap, through every change of the clocks."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.calendar import local_date, next_month, start_of_day_ms, zone
from gpusla.errors import InputError
from gpusla.sla.periods import month_period, period_at, period_before, period_of
from tests.core.sla.making import CONTRACT

HOUR_MS = 3_600_000
ZONES = [
    "America/Chicago",
    "America/Havana",  # clocks go back at one in the morning: midnight comes twice
    "America/Sao_Paulo",  # until 2019 clocks went forward at midnight: it never came
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Europe/Dublin",
    "Pacific/Apia",  # left a whole day out in 2011
    "UTC",
]


@pytest.mark.parametrize("timezone", ZONES)
def test_months_from_2000_to_2037_are_contiguous(timezone: str) -> None:
    """The end of one is the start of the next, and both ends lie on the right side."""
    contract = replace(CONTRACT, term=replace(CONTRACT.term, timezone=timezone))
    day = date(2000, 1, 1)
    period = month_period(contract, day)
    while day.year < 2038:
        day = next_month(day)
        following = month_period(contract, day)
        assert period.interval.end_ms == following.interval.start_ms
        assert period_at(contract, following.interval.start_ms) == following
        assert period_at(contract, following.interval.start_ms - 1) == period
        assert period_before(contract, following) == period
        period = following


@given(st.sampled_from(ZONES), st.integers(946_684_800_000, 2_145_916_800_000))
def test_an_instant_lies_in_the_month_of_its_local_date(timezone: str, instant_ms: int) -> None:
    """Half-open, and equal to what the zone's own clock says."""
    contract = replace(CONTRACT, term=replace(CONTRACT.term, timezone=timezone))
    period = period_at(contract, instant_ms)
    assert period.interval.start_ms <= instant_ms < period.interval.end_ms
    local = datetime.fromtimestamp(instant_ms // 1000, ZoneInfo(timezone))
    assert period.key == f"{local:%Y-%m}"


@pytest.mark.parametrize(
    ("key", "hours"),
    [("2026-10", 744), ("2026-11", 721), ("2027-02", 672), ("2027-03", 743), ("2028-02", 696)],
)
def test_a_month_has_the_length_that_its_zone_gives_it(key: str, hours: int) -> None:
    """Chicago: November gains an hour, March loses one."""
    assert period_of(CONTRACT, key).interval.duration_ms == hours * HOUR_MS


def test_a_month_begins_at_local_midnight() -> None:
    """In July Chicago is five hours behind UTC."""
    begins = period_of(CONTRACT, "2026-07").interval.start_ms
    assert begins == 1_782_882_000_000
    assert local_date(begins, "America/Chicago") == date(2026, 7, 1)
    assert local_date(begins - 1, "America/Chicago") == date(2026, 6, 30)


def test_a_midnight_that_never_came_is_the_instant_of_the_change() -> None:
    """Sao Paulo, 4 November 2018: 23:59:59 was followed by 01:00:00."""
    begins = start_of_day_ms(date(2018, 11, 4), "America/Sao_Paulo")
    assert local_date(begins, "America/Sao_Paulo") == date(2018, 11, 4)
    assert local_date(begins - 1, "America/Sao_Paulo") == date(2018, 11, 3)


@pytest.mark.parametrize("key", ["2026-06", "2030-01", "2026-13", "2026-1", "october", "0000-01"])
def test_a_period_outside_the_term_is_nothing_to_show(key: str) -> None:
    """The sentence says which periods there are."""
    with pytest.raises(InputError) as refused:
        period_of(CONTRACT, key)
    assert str(refused.value) == (
        f"contract acme-2026 has no period {key!r}. "
        "Its periods run from 2026-07 to 2029-12. [GS4006]"
    )


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../../etc/passwd", "America", "America/", "zone.tab"]
)
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    """Nor does any name lead out of the database."""
    with pytest.raises(ValueError, match="is not in the IANA time zone database"):
        zone(name)
