"""
Credits that go by single outages: their lengths, a table's rows, hours that are not charged.

A window has 1000 hours and costs 1,000,000 unless a case says otherwise: an hour costs 1000.
"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.promises import Kind
from gpusla.contracts.remedies import (
    Credit,
    EventRounding,
    EventRow,
    HourCount,
    HourWaiver,
    Multiple,
    PerEventTable,
)
from gpusla.sla.evaluation import Bounds
from gpusla.sla.event_credits import answered_for
from tests.core.contracts.terms import objective
from tests.core.sla.making import HOUR_MS, bounds, judged, measure, prices, stretches, unit

MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("start", "end", "until", "is_last", "length"),
    [
        # The window is [1000, 2000).
        (500, 1000, 2000, False, None),  # ended exactly with the window before
        (500, 1001, 2000, False, 501),  # ends in this one: its whole length
        (1200, 1300, 2000, False, 100),
        (1500, 2000, 2000, False, 500),  # ends exactly with the window
        (1500, 2001, 2000, False, None),  # runs on: it is the next one's
        (1500, 2001, 2000, True, 500),  # there is no next one
        (1500, 1600, 1600, False, 100),
        (1500, 1900, 1600, False, 100),  # still runs, in a window that still runs
        (500, 1900, 1600, False, 1100),
        (1600, 1900, 1600, False, None),  # has not begun
        (2000, 2100, 2000, True, None),
    ],
)
def test_an_outage_belongs_to_the_window_that_it_ends_in(
    start: int, end: int, until: int, *, is_last: bool, length: int | None
) -> None:
    """With its whole length; one that still runs counts so far."""
    price = prices(window=(1000, 2000), until=until, is_last=is_last)
    found = answered_for(stretches(start, end), price)
    assert [outage.duration_ms for outage in found] == ([] if length is None else [length])


@pytest.mark.parametrize(
    ("multiple", "rounding", "hours_max", "minutes", "hours"),
    [
        ("1", EventRounding.NONE, 0, (90,), "3/2"),
        ("50", EventRounding.NONE, 0, (6,), "5"),  # UpCloud: 6 min * 50 = 300 min
        ("3/2", EventRounding.HOUR_UP, 24, (40,), "1"),  # 40 * 1.5 = 60 min: exactly one hour
        ("3/2", EventRounding.HOUR_UP, 24, (41,), "2"),  # 61.5 min
        ("3/2", EventRounding.HOUR_UP, 24, (960,), "24"),  # 24 h exactly
        ("3/2", EventRounding.HOUR_UP, 24, (961,), "24"),  # 25 h: the limit
        ("3/2", EventRounding.HOUR_UP, 24, (40, 41), "3"),  # each outage by itself
        ("1/7", EventRounding.MINUTE_UP, 0, (10,), "1/30"),  # 1.43 min: 2 min
    ],
)
def test_a_multiple_of_each_outage_at_the_hourly_price(
    multiple: str, rounding: EventRounding, hours_max: int, minutes: tuple[int, ...], hours: str
) -> None:
    """The window has 1000 hours and costs 1,000,000: an hour costs 1000."""
    credit = Multiple(Fraction(multiple), rounding, hours_max)
    assert by_events(credit, minutes) == 1000 * Fraction(hours)


def by_events(credit: Credit, minutes: tuple[int, ...]) -> Fraction:
    """The credit of one unit for outages of so many minutes, a day apart."""
    edges = [edge for at, m in enumerate(minutes) for edge in (at * 1440, at * 1440 + m)]
    down = stretches(*(edge * MINUTE_MS for edge in edges))
    window = 1000 * HOUR_MS
    found = measure(1, window, [unit("a", 1, window, down, held=window)], held=window)
    price = prices(1_000_000, (0, window), committed=window)
    return judged(objective(kind=Kind.TIME_UNIT, credit=credit), found, price).credit.value


TABLE = PerEventTable(
    (
        EventRow(MINUTE_MS, 9 * MINUTE_MS, Fraction(12)),
        EventRow(9 * MINUTE_MS, 60 * MINUTE_MS, Fraction(24)),
        EventRow(60 * MINUTE_MS, None, Fraction(672)),
    )
)


@pytest.mark.parametrize(
    ("minutes", "hours"),
    [
        ((0,), 0),
        ((1,), 12),  # exactly at the first row's start
        ((8,), 12),
        ((9,), 24),  # exactly at the edge: the next row
        ((59,), 24),
        ((60,), 672),
        ((100_00,), 672),  # the last row has no end
        ((8, 9, 60), 12 + 24 + 672),
    ],
)
def test_each_outage_gives_the_hours_of_its_row(minutes: tuple[int, ...], hours: int) -> None:
    """A row holds its start and not its end; below the first row there is nothing."""
    assert by_events(TABLE, minutes) == 1000 * hours


@pytest.mark.parametrize(
    ("count", "minutes", "hours"),
    [
        (HourCount.SUM, (0, 6), 0),  # exactly six minutes are not more than six
        (HourCount.SUM, (0, 7), 1),
        (HourCount.SUM, (0, 4, 30, 33), 1),  # 4 + 3
        (HourCount.CONSECUTIVE, (0, 4, 30, 33), 0),
        (HourCount.CONSECUTIVE, (0, 4, 30, 37), 1),
        (HourCount.SUM, (55, 65), 0),  # five minutes of each of two hours
        (HourCount.SUM, (50, 65), 1),  # ten of the first, five of the second
        (HourCount.CONSECUTIVE, (53, 67), 2),
        (HourCount.SUM, (0, 240), 4),
    ],
)
def test_an_hour_with_too_much_down_time_is_not_charged(
    count: HourCount, minutes: tuple[int, ...], hours: int
) -> None:
    """A6: the sum of the clock hour, or its longest unbroken part."""
    down = stretches(*(minute * MINUTE_MS for minute in minutes))
    window = 1000 * HOUR_MS
    found = measure(1, window, [unit("a", 1, window, down, held=window)], held=window)
    price = prices(1_000_000, (0, window), committed=window)
    promise = objective(kind=Kind.TIME_UNIT, credit=HourWaiver(6 * MINUTE_MS, count))
    assert judged(promise, found, price).credit.value == 1000 * hours


def test_only_down_time_inside_the_window_to_date_waives_an_hour() -> None:
    """What lies before belongs to the hour in the other window."""
    window = (30 * MINUTE_MS, 1000 * HOUR_MS + 30 * MINUTE_MS)
    down = stretches(20 * MINUTE_MS, 36 * MINUTE_MS, 5 * HOUR_MS, 5 * HOUR_MS + 7 * MINUTE_MS)
    length = 1000 * HOUR_MS
    found = measure(1, length, [unit("a", 1, length, down, held=length)], held=length)
    promise = objective(kind=Kind.TIME_UNIT, credit=HourWaiver(6 * MINUTE_MS, HourCount.SUM))
    for until, credit in ((window[1], 1000), (5 * HOUR_MS + 6 * MINUTE_MS, 0)):
        price = prices(1_000_000, window, until, committed=length)
        assert judged(promise, found, price).credit.value == credit


def test_all_units_as_one_thing_cost_the_whole_fee() -> None:
    """Down for one hour of a thousand, at a thousand an hour."""
    window = 1000 * HOUR_MS
    credit = Multiple(Fraction(1), EventRounding.NONE, 0)
    found = measure(1, window, [unit("all", 1, window, stretches(0, HOUR_MS), held=7)], held=7)
    promise = objective(kind=Kind.TIME_ALL_DOWN, credit=credit)
    price = prices(1_000_000, (0, window), committed=window)
    assert judged(promise, found, price).credit.value == 1000


def test_one_long_outage_at_worst_may_be_two_that_give_more() -> None:
    """Two begun hours in the value, one in the bound: the bounds hold both."""
    window = 1000 * HOUR_MS
    two = stretches(0, 10 * MINUTE_MS, 20 * MINUTE_MS, 30 * MINUTE_MS)
    down = Bounds((), two, stretches(0, 30 * MINUTE_MS))
    found = measure(1, window, [unit("a", 1, window, down, held=window)], held=window)
    promise = objective(kind=Kind.TIME_UNIT, credit=Multiple(Fraction(1), EventRounding.HOUR_UP, 0))
    price = prices(1_000_000, (0, window), committed=window)
    assert judged(promise, found, price).credit == bounds((0, 2000, 2000))


edges = st.lists(st.integers(0, 50), min_size=0, max_size=12, unique=True).map(sorted)
tables = st.sampled_from(
    [
        Multiple(Fraction(3, 2), EventRounding.HOUR_UP, 24),
        Multiple(Fraction(1), EventRounding.MINUTE_UP, 0),
        TABLE,
        HourWaiver(6 * MINUTE_MS, HourCount.SUM),
        HourWaiver(6 * MINUTE_MS, HourCount.CONSECUTIVE),
    ]
)


@given(tables, edges, edges, edges)
def test_credits_by_outages_lie_within_their_bounds(
    credit: Credit, least: list[int], at: list[int], most: list[int]
) -> None:
    """However the outages of one bound fall together in another."""
    window = 1000 * HOUR_MS
    down = Bounds(
        *(
            stretches(*(edge * 3 * MINUTE_MS for edge in found[: len(found) // 2 * 2]))
            for found in (least, at, most)
        )
    )
    found = measure(1, window, [unit("a", 1, window, down, held=window)], held=window)
    promise = objective(kind=Kind.TIME_UNIT, credit=credit)
    given_ = judged(promise, found, prices(1_000_000, (0, window), committed=window)).credit
    assert given_.low <= given_.value <= given_.high
