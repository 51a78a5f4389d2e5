"""Local days, months and billing cycles in every kind of zone, counted out by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.calendar import (
    add_business_days,
    add_months,
    cycle_of,
    end_of_day_ms,
    local_date,
    local_days,
    next_month,
    start_of_day_ms,
    zone,
)
from gpusla.instants import Interval, format_instant, parse_instant

DAY = timedelta(days=1)
DAYS = st.dates(date(1999, 1, 1), date(2060, 12, 31))

# day | months | the day so many months later
MONTHS = """
2026-09-30 |  1 | 2026-10-30   the same number, though October has a 31st
2026-07-01 |  3 | 2026-10-01
2026-10-31 |  1 | 2026-11-30   November has 30 days
2026-01-31 |  1 | 2026-02-28
2026-01-29 |  1 | 2026-02-28
2026-01-28 |  1 | 2026-02-28
2028-01-31 |  1 | 2028-02-29   a leap year
2028-01-29 |  1 | 2028-02-29
2024-02-29 | 12 | 2025-02-28
2024-02-29 | 48 | 2028-02-29
2026-12-31 |  2 | 2027-02-28   over the end of the year
2026-12-15 |  1 | 2027-01-15
2026-03-31 | -1 | 2026-02-28
2026-01-15 | -1 | 2025-12-15
2026-02-28 |  1 | 2026-03-28   the end of a month is no property of the day
2026-07-31 |  0 | 2026-07-31
"""

# cycle day | a day | first day of its billing period | first day of the next
CYCLES = """
 1 | 2026-10-31 | 2026-10-01 | 2026-11-01
 1 | 2026-11-01 | 2026-11-01 | 2026-12-01
15 | 2026-10-14 | 2026-09-15 | 2026-10-15
15 | 2026-10-15 | 2026-10-15 | 2026-11-15
15 | 2027-01-01 | 2026-12-15 | 2027-01-15
28 | 2027-02-28 | 2027-02-28 | 2027-03-28
29 | 2027-02-27 | 2027-01-29 | 2027-02-28   February 2027 has no 29th
29 | 2027-02-28 | 2027-02-28 | 2027-03-29
29 | 2028-02-28 | 2028-01-29 | 2028-02-29   February 2028 has
29 | 2028-02-29 | 2028-02-29 | 2028-03-29
30 | 2027-02-28 | 2027-02-28 | 2027-03-30
30 | 2028-02-28 | 2028-01-30 | 2028-02-29
31 | 2027-02-27 | 2027-01-31 | 2027-02-28
31 | 2027-03-30 | 2027-02-28 | 2027-03-31
31 | 2027-04-29 | 2027-03-31 | 2027-04-30
31 | 2027-04-30 | 2027-04-30 | 2027-05-31
31 | 2027-12-31 | 2027-12-31 | 2028-01-31
"""

# day | business days | the day so many later; 2026-10-30 is a Friday
BUSINESS_DAYS = """
2026-10-30 |  0 | 2026-10-30
2026-10-30 |  1 | 2026-11-02   Monday
2026-10-30 |  3 | 2026-11-04
2026-10-30 |  5 | 2026-11-06   Friday again
2026-10-31 |  0 | 2026-10-31   no days after a Saturday is that Saturday
2026-10-31 |  1 | 2026-11-02
2026-11-01 |  5 | 2026-11-06   Monday to Friday
2026-11-01 |  6 | 2026-11-09
2026-12-31 |  1 | 2027-01-01   holidays are business days: no calendar of theirs is agreed
"""

# zone | day | its first instant | the first instant after it
EDGES = """
America/Chicago     | 2026-11-01 | 2026-11-01T05:00:00Z | 2026-11-02T06:00:00Z   25 hours
America/Chicago     | 2027-03-14 | 2027-03-14T06:00:00Z | 2027-03-15T05:00:00Z   23 hours
Australia/Lord_Howe | 2026-10-04 | 2026-10-03T13:30:00Z | 2026-10-04T13:00:00Z   23.5 hours
Australia/Lord_Howe | 2027-04-04 | 2027-04-03T13:00:00Z | 2027-04-04T13:30:00Z   24.5 hours
America/Sao_Paulo   | 2018-11-04 | 2018-11-04T03:00:00Z | 2018-11-05T02:00:00Z   from 01:00 on
Asia/Beirut         | 2022-03-27 | 2022-03-26T22:00:00Z | 2022-03-27T21:00:00Z   from 01:00 on
America/Santiago    | 2026-09-06 | 2026-09-06T04:00:00Z | 2026-09-07T03:00:00Z   from 01:00 on
America/Havana      | 2024-11-03 | 2024-11-03T04:00:00Z | 2024-11-04T05:00:00Z   midnight twice
America/St_Johns    | 2006-10-29 | 2006-10-29T02:30:00Z | 2006-10-30T03:30:00Z   back at 00:01
Pacific/Apia        | 2011-12-30 | 2011-12-30T10:00:00Z | 2011-12-30T10:00:00Z   left out
Asia/Kathmandu      | 2026-10-01 | 2026-09-30T18:15:00Z | 2026-10-01T18:15:00Z
UTC                 | 2028-02-29 | 2028-02-29T00:00:00Z | 2028-03-01T00:00:00Z
"""


def rows(table: str) -> list[list[str]]:
    """The columns of each line, without the remark behind the last."""
    lines = (line.split("|") for line in table.strip().splitlines())
    return [[*(cell.strip() for cell in cells[:-1]), cells[-1].split()[0]] for cells in lines]


@pytest.mark.parametrize(("day", "months", "later"), rows(MONTHS))
def test_a13_a_month_later_is_the_same_number_clamped_to_the_months_end(
    day: str, months: str, later: str
) -> None:
    """One month after the 31st of October is the 30th of November."""
    assert add_months(date.fromisoformat(day), int(months)) == date.fromisoformat(later)


@pytest.mark.parametrize(("cycle_day", "day", "first", "following"), rows(CYCLES))
def test_a_billing_period_begins_on_its_day_or_on_the_last_of_a_shorter_month(
    cycle_day: str, day: str, first: str, following: str
) -> None:
    """The day itself belongs to the period that it begins."""
    expected = date.fromisoformat(first), date.fromisoformat(following)
    assert cycle_of(date.fromisoformat(day), int(cycle_day)) == expected


@given(DAYS, st.integers(1, 31))
def test_billing_periods_follow_one_another_one_a_month(day: date, cycle_day: int) -> None:
    """A day lies in its period, the next one begins where it ends, and never a month is skipped."""
    first, following = cycle_of(day, cycle_day)
    assert first <= day < following
    assert cycle_of(following, cycle_day)[0] == following
    assert cycle_of(following - DAY, cycle_day) == (first, following)
    assert next_month(first.replace(day=1)) == following.replace(day=1)


@pytest.mark.parametrize(("day", "count", "later"), rows(BUSINESS_DAYS))
def test_business_days_skip_saturdays_and_sundays(day: str, count: str, later: str) -> None:
    """The first one counted is the one after the day itself."""
    assert add_business_days(date.fromisoformat(day), int(count)) == date.fromisoformat(later)


@given(DAYS, st.integers(1, 90))
def test_so_many_business_days_lie_after_a_day_up_to_the_one_found(day: date, count: int) -> None:
    """Counted one by one; and the day found is one of them."""
    later = add_business_days(day, count)
    days = [day + DAY * number for number in range(1, (later - day).days + 1)]
    assert sum(each.isoweekday() <= 5 for each in days) == count
    assert later.isoweekday() <= 5


@pytest.mark.parametrize(("timezone", "day", "start", "end"), rows(EDGES))
def test_a_local_day_has_the_length_that_its_zone_gives_it(
    timezone: str, day: str, start: str, end: str
) -> None:
    """Also where its midnight never came, came twice, or the whole day was left out."""
    local = date.fromisoformat(day)
    assert format_instant(start_of_day_ms(local, timezone)) == start
    assert format_instant(end_of_day_ms(local, timezone)) == end


def test_a_midnight_that_never_came_is_the_instant_of_the_change() -> None:
    """Sao Paulo, 4 November 2018: 23:59:59 was followed by 01:00:00."""
    begins = start_of_day_ms(date(2018, 11, 4), "America/Sao_Paulo")
    assert local_date(begins, "America/Sao_Paulo") == date(2018, 11, 4)
    assert local_date(begins - 1, "America/Sao_Paulo") == date(2018, 11, 3)


@pytest.mark.parametrize(
    ("start", "end", "first", "after"),
    [
        ("2026-10-01T05:00:00Z", "2026-10-02T05:00:00Z", "2026-10-01", "2026-10-02"),
        ("2026-10-01T05:00:00Z", "2026-10-02T05:00:00.001Z", "2026-10-01", "2026-10-03"),
        ("2026-10-01T04:59:59.999Z", "2026-10-02T05:00:00Z", "2026-09-30", "2026-10-02"),
        ("2026-10-01T05:00:00Z", "2026-10-01T05:00:00Z", "2026-10-01", "2026-10-02"),
    ],
)
def test_the_days_of_an_interval_are_those_it_touches(
    start: str, end: str, first: str, after: str
) -> None:
    """Half-open: one that ends at midnight in Chicago does not touch the day that begins then."""
    days = local_days(Interval(parse_instant(start), parse_instant(end)), "America/Chicago")
    assert days == (date.fromisoformat(first), date.fromisoformat(after))


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../../etc/passwd", "America", "America/", "zone.tab"]
)
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    """Nor does any name lead out of the database."""
    with pytest.raises(ValueError, match="is not in the IANA time zone database"):
        zone(name)
