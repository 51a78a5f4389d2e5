"""Billing periods follow one another without a gap, and are cut where something changes."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.calendar import cycle_of, local_days, start_of_day_ms
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective, Window, WindowKind
from gpusla.errors import InputError
from gpusla.instants import Interval
from gpusla.sla.periods import (
    Period,
    period_at,
    period_before,
    period_of,
    period_on,
    segments,
    term_of,
    version_on,
    windows,
)
from tests.core.contracts.terms import contract, objective

HOUR_MS = 3_600_000
CHICAGO = "America/Chicago"
ZONES = [
    CHICAGO,
    "America/Havana",  # clocks went back at one in the morning: midnight came twice
    "America/St_Johns",  # until 2011 they went back at 00:01: a minute of the day came before
    "America/Sao_Paulo",  # until 2019 clocks went forward at midnight: it never came
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Europe/Dublin",
    "Pacific/Apia",  # left a whole day out in 2011
    "UTC",
]

# zone | cycle day | key | first day | first day of the next | hours
LENGTHS = """
America/Chicago     |  1 | 2026-10 | 2026-10-01 | 2026-11-01 | 744
America/Chicago     |  1 | 2026-11 | 2026-11-01 | 2026-12-01 | 721
America/Chicago     |  1 | 2027-02 | 2027-02-01 | 2027-03-01 | 672
America/Chicago     |  1 | 2027-03 | 2027-03-01 | 2027-04-01 | 743
America/Chicago     |  1 | 2028-02 | 2028-02-01 | 2028-03-01 | 696
America/Chicago     | 15 | 2026-10 | 2026-10-15 | 2026-11-15 | 745
America/Chicago     | 15 | 2027-03 | 2027-03-15 | 2027-04-15 | 744
America/Chicago     | 29 | 2028-02 | 2028-02-29 | 2028-03-29 | 695
America/Chicago     | 30 | 2027-02 | 2027-02-28 | 2027-03-30 | 719
America/Chicago     | 31 | 2027-01 | 2027-01-31 | 2027-02-28 | 672
America/Chicago     | 31 | 2027-02 | 2027-02-28 | 2027-03-31 | 743
America/Chicago     | 31 | 2028-01 | 2028-01-31 | 2028-02-29 | 696
America/Chicago     | 31 | 2027-12 | 2027-12-31 | 2028-01-31 | 744
America/Santiago    |  1 | 2026-09 | 2026-09-01 | 2026-10-01 | 719
Africa/Cairo        |  1 | 2027-04 | 2027-04-01 | 2027-05-01 | 719
UTC                 |  1 | 2026-11 | 2026-11-01 | 2026-12-01 | 720
"""

# term | cycle day | versions from | period | edges and versions of its segments, `=` is all of it
SEGMENTS = """
2026-07-01 2029-12-31 |  1 | -                     | 2026-10 | 10-01 = 11-01
2026-07-01 2029-12-31 |  1 | 2026-10-01            | 2026-10 | 10-01 = 11-01
2026-07-01 2029-12-31 |  1 | 2026-11-01            | 2026-10 | 10-01 = 11-01
2026-07-01 2029-12-31 |  1 | 2026-10-02            | 2026-10 | 10-01 v1 10-02 v2 11-01
2026-07-01 2029-12-31 |  1 | 2026-10-31            | 2026-10 | 10-01 v1 10-31 v2 11-01
2026-07-01 2029-12-31 |  1 | 2026-10-11 2026-10-21 | 2026-10 | 10-01 v1 10-11 v2 10-21 v3 11-01
2026-07-01 2029-12-31 | 15 | 2026-11-01            | 2026-10 | 10-15 v1 11-01 v2 11-15
2026-07-01 2029-12-31 | 31 | 2027-02-01            | 2027-01 | 01-31 v1 02-01 v2 02-28
2026-07-11 2029-12-31 |  1 | -                     | 2026-07 | 07-11 v1 08-01
2026-07-01 2026-10-10 |  1 | -                     | 2026-10 | 10-01 v1 10-11
2026-10-05 2026-10-10 |  1 | 2026-10-07            | 2026-10 | 10-05 v1 10-07 v2 10-11
2026-07-01 2026-10-31 |  1 | -                     | 2026-10 | 10-01 = 11-01
2026-07-01 2026-09-30 |  1 | -                     | 2026-10 | -
"""

# window | term | version 2 from | key of the segment | first day of the window, the day after it
WINDOWS = """
billing_period    | 2026-07-01 2029-12-31 | -          | 2026-10    | 2026-10-01 2026-11-01
billing_period    | 2026-07-01 2029-12-31 | 2026-10-11 | 2026-10-v1 | 2026-10-01 2026-10-11
billing_period    | 2026-07-01 2029-12-31 | 2026-10-11 | 2026-10-v2 | 2026-10-11 2026-11-01
billing_period    | 2026-07-11 2029-12-31 | -          | 2026-07-v1 | 2026-07-11 2026-08-01
rolling_days 30   | 2026-07-01 2029-12-31 | -          | 2026-10    | 2026-10-02 2026-11-01
rolling_days 30   | 2026-07-01 2029-12-31 | -          | 2026-09    | 2026-09-01 2026-10-01
rolling_days 30   | 2026-07-01 2029-12-31 | -          | 2027-02    | 2027-01-30 2027-03-01
rolling_days 30   | 2026-07-01 2029-12-31 | 2026-10-11 | 2026-10-v1 | -
rolling_days 30   | 2026-07-01 2029-12-31 | 2026-10-11 | 2026-10-v2 | 2026-10-02 2026-11-01
rolling_days 90   | 2026-07-01 2029-12-31 | -          | 2026-07    | 2026-07-01 2026-08-01
rolling_days 90   | 2026-07-01 2029-12-31 | -          | 2026-09    | 2026-07-03 2026-10-01
rolling_days 30   | 2026-07-01 2026-10-10 | -          | 2026-10-v1 | 2026-10-02 2026-10-11
rolling_days 7    | 2026-07-01 2026-10-10 | -          | 2026-10-v1 | -
quarter           | 2026-07-01 2029-12-31 | -          | 2026-07    | -
quarter           | 2026-07-01 2029-12-31 | -          | 2026-08    | -
quarter           | 2026-07-01 2029-12-31 | -          | 2026-09    | 2026-07-01 2026-10-01
quarter           | 2026-07-01 2029-12-31 | -          | 2027-03    | 2027-01-01 2027-04-01
quarter           | 2026-07-01 2029-12-31 | 2026-12-11 | 2026-12-v1 | -
quarter           | 2026-07-01 2029-12-31 | 2026-12-11 | 2026-12-v2 | 2026-10-01 2027-01-01
quarter           | 2026-08-11 2029-12-31 | -          | 2026-09    | 2026-08-11 2026-10-01
quarter           | 2026-07-01 2026-10-10 | -          | 2026-10-v1 | 2026-10-01 2026-10-11
quarter           | 2026-07-01 2026-11-30 | -          | 2026-10    | -
quarter           | 2026-07-01 2026-11-30 | -          | 2026-11    | 2026-10-01 2026-12-01
term              | 2026-07-01 2026-11-30 | -          | 2026-10    | -
term              | 2026-07-01 2026-11-30 | -          | 2026-11    | 2026-07-01 2026-12-01
term              | 2026-07-01 2026-11-10 | 2026-11-06 | 2026-11-v1 | -
term              | 2026-07-01 2026-11-10 | 2026-11-06 | 2026-11-v2 | 2026-07-01 2026-11-11
"""


def rows(table: str) -> list[list[str]]:
    """The columns of each line."""
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def in_zone(timezone: str, cycle_day: int = 1) -> ContractVersion:
    """A contract of a zone whose periods begin on some day of the month."""
    return contract(term={"timezone": timezone}, fees={"cycle_day": cycle_day})


def versions_of(term: str, starts: str, cycle_day: int = 1) -> tuple[ContractVersion, ...]:
    """All versions of a contract of this term; `-` for one that is never amended."""
    start, end = (date.fromisoformat(day) for day in term.split())
    first = contract(
        effective_from=start, term={"start": start, "end": end}, fees={"cycle_day": cycle_day}
    )
    later = [date.fromisoformat(day) for day in starts.split() if day != "-"]
    numbered = enumerate(later, start=2)
    return (first, *(replace(first, version=n, effective_from=day) for n, day in numbered))


def of_days(first: str, after: str) -> Interval:
    """From the start of one day in Chicago to the start of another."""
    days = (date.fromisoformat(day) for day in (first, after))
    return Interval(*(start_of_day_ms(day, CHICAGO) for day in days))


def windowed(text: str) -> Objective:
    """An objective with a window such as `rolling_days 30`."""
    kind, _, days = text.partition(" ")
    return objective(window=Window(WindowKind(kind), int(days or 0), grants_again=False))


@pytest.mark.parametrize("timezone", ZONES)
@pytest.mark.parametrize("cycle_day", [1, 31])
def test_periods_from_2000_to_2037_are_contiguous(timezone: str, cycle_day: int) -> None:
    """The end of one is the start of the next, and both ends lie on the right side."""
    terms = in_zone(timezone, cycle_day)
    period = period_on(terms, date(2000, 2, 1))
    while period.first_day.year < 2038:
        following = period_on(terms, cycle_of(period.first_day, cycle_day)[1])
        assert period.interval.end_ms == following.interval.start_ms
        assert period_at(terms, following.interval.start_ms) == following
        assert period_at(terms, following.interval.start_ms - 1) == period
        assert period_before(terms, following) == period
        period = following


@given(st.sampled_from(ZONES), st.integers(1, 31), st.integers(946_684_800_000, 2_145_916_800_000))
def test_an_instant_lies_in_its_period(timezone: str, cycle_day: int, instant_ms: int) -> None:
    """Half-open, whatever the clocks do."""
    whole = period_at(in_zone(timezone, cycle_day), instant_ms)
    assert whole.interval.start_ms <= instant_ms < whole.interval.end_ms
    assert whole.is_whole


@given(st.sampled_from(ZONES), st.integers(1_325_376_000_000, 2_145_916_800_000))
def test_a_calendar_month_is_what_the_zones_own_clock_says(timezone: str, instant_ms: int) -> None:
    """Since 2012 no zone's clocks went back over midnight into the month before."""
    local = datetime.fromtimestamp(instant_ms // 1000, ZoneInfo(timezone))
    assert period_at(in_zone(timezone), instant_ms).key == f"{local:%Y-%m}"


def test_an_end_of_a_day_that_comes_twice_belongs_to_the_first_day_that_began() -> None:
    """St. John's, 29 October 2006: at 00:01 it was 23:01 of the 28th again."""
    terms = in_zone("America/St_Johns", 29)
    begins = start_of_day_ms(date(2006, 10, 29), "America/St_Johns")
    for minutes in (0, 1, 30, 61):
        assert period_at(terms, begins + minutes * 60_000).key == "2006-10"


@pytest.mark.parametrize("row", rows(LENGTHS), ids=lambda row: " ".join(row[:3]))
def test_a_period_has_the_length_that_its_zone_gives_it(row: list[str]) -> None:
    """Chicago: November gains an hour, March loses one; a cycle may do either, or both."""
    timezone, cycle_day, key, first, following, hours = row
    period = period_of(in_zone(timezone, int(cycle_day)), key)
    assert str(period.first_day) == first
    assert period.interval.end_ms == start_of_day_ms(date.fromisoformat(following), timezone)
    assert period.interval.duration_ms == int(hours) * HOUR_MS


def test_half_an_hour_of_daylight_saving_is_half_an_hour_of_a_period() -> None:
    """Lord Howe: October 2026 has 743.5 hours, April 2027 has 720.5."""
    october, april = (period_of(in_zone("Australia/Lord_Howe"), k) for k in ("2026-10", "2027-04"))
    assert 2 * october.interval.duration_ms == 1487 * HOUR_MS
    assert 2 * april.interval.duration_ms == 1441 * HOUR_MS


@pytest.mark.parametrize(
    "key",
    ["2026-06", "2030-01", "2026-13", "2026-1", "october", "0000-01", "2026-10-v1", "2026-10-v0"],
)
def test_a_period_outside_the_term_is_nothing_to_show(key: str) -> None:
    """The sentence says which periods there are; a whole period is none of its own segments."""
    with pytest.raises(InputError) as refused:
        period_of(contract(), key)
    assert str(refused.value) == (
        f"contract acme-2026 has no period {key!r}. "
        "Its periods run from 2026-07 to 2029-12. [GS4006]"
    )


@pytest.mark.parametrize("row", rows(SEGMENTS), ids=lambda row: " ".join(row[:4]))
def test_a_period_is_cut_where_the_term_or_a_version_begins_or_ends(row: list[str]) -> None:
    """A14: each segment is judged by itself; the one that is everything keeps the plain key."""
    term, cycle_day, starts, key, expected = row
    versions = versions_of(term, starts, int(cycle_day))
    whole = period_of(contract(fees={"cycle_day": int(cycle_day)}), key)
    found = segments(versions[::-1], whole)
    assert written([segment for _, segment in found]) == expected
    for version, segment in found:
        assert segment.whole == whole.interval
        assert version_on(versions, segment.first_day) == version
        assert period_of(version, segment.key, versions) == segment
        assert period_before(version, segment) == period_before(version, whole)


def written(found: list[Period]) -> str:
    """The first day, then version and end of each segment, as in the table."""
    words = [f"{found[0].first_day:%m-%d}" if found else "-"]
    for segment in found:
        first, after = local_days(segment.interval, CHICAGO)
        assert first == segment.first_day
        assert f"{first:%m-%d}" == words[-1]
        words += ["=" if segment.is_whole else segment.key[8:], f"{after:%m-%d}"]
    return " ".join(words)


@given(
    st.integers(1, 31),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.integers(0, 700),
    st.lists(st.dates(date(2026, 1, 1), date(2028, 6, 30)), unique=True, max_size=6),
)
def test_segments_cover_the_term_exactly_once(
    cycle_day: int, start: date, length_days: int, starts: list[date]
) -> None:
    """Without a gap or an overlap, each under one version, each with a key of its own."""
    end = date.fromordinal(start.toordinal() + length_days)
    later = " ".join(str(day) for day in sorted(starts) if day > start) or "-"
    versions = versions_of(f"{start} {end}", later, cycle_day)
    term = term_of(versions[0])
    at_ms, keys = term.start_ms, []
    while at_ms < term.end_ms:
        for version, segment in segments(versions, period_at(versions[0], at_ms)):
            assert segment.interval.start_ms == at_ms
            assert version_on(versions, segment.first_day) == version
            assert segment.is_whole == ("-v" not in segment.key)
            at_ms = segment.interval.end_ms
            keys.append(segment.key)
    assert at_ms == term.end_ms
    assert len(keys) == len({*keys})


def test_a_version_of_a_day_that_was_left_out_has_no_segment() -> None:
    """Apia had no 30 December 2011; what would have held on it alone holds at no time."""
    days = {"start": date(2011, 1, 1), "end": date(2012, 12, 31), "timezone": "Pacific/Apia"}
    first = contract(effective_from=date(2011, 1, 1), term=days)
    second = replace(first, version=2, effective_from=date(2011, 12, 30))
    third = replace(first, version=3, effective_from=date(2011, 12, 31))
    found = segments((first, second, third), period_of(first, "2011-12"))
    assert [segment.key for _, segment in found] == ["2011-12-v1", "2011-12-v3"]


def test_a_version_may_end_the_term_earlier_or_later() -> None:
    """The term that counts on a day is that of the version in force on it."""
    first = contract(term={"end": date(2026, 12, 31)})
    longer = contract(version=2, effective_from=date(2026, 10, 1), term={"end": date(2027, 6, 30)})
    shorter = contract(version=3, effective_from=date(2027, 2, 1), term={"end": date(2027, 3, 10)})
    versions = (first, longer, shorter)
    days = [date(2026, 9, 30), date(2027, 1, 1), date(2027, 3, 10), date(2027, 3, 11)]
    assert [version_on(versions, day) for day in days] == [first, longer, shorter, None]
    assert version_on(versions, date(2026, 6, 30)) is None


@pytest.mark.parametrize("row", rows(WINDOWS), ids=lambda row: " ".join(row[:4]))
def test_a_window_is_judged_in_the_segment_that_it_ends_in(row: list[str]) -> None:
    """Clipped to the term, and nowhere else."""
    window, term, starts, key, expected = row
    versions = versions_of(term, starts)
    segment = period_of(versions[0], key, versions)
    found = windows(versions, segment, windowed(window))
    assert found == (None if expected == "-" else of_days(*expected.split()))


@pytest.mark.parametrize("window", ["billing_period", "rolling_days 40", "quarter", "term"])
@given(st.lists(st.dates(date(2026, 7, 2), date(2027, 6, 20)), unique=True, max_size=5))
def test_amendments_never_lose_or_double_a_window(window: str, starts: list[date]) -> None:
    """The windows judged are those without amendments; billing periods are cut, not lost."""
    term = "2026-07-01 2027-06-20"
    amended = versions_of(term, " ".join(map(str, sorted(starts))) or "-")
    found, plain = judged(amended, window), judged(amended[:1], window)
    if window == "billing_period":
        assert sum(each.duration_ms for each in found) == sum(each.duration_ms for each in plain)
    else:
        assert found == plain


def judged(versions: tuple[ContractVersion, ...], window: str) -> list[Interval]:
    """All windows of the term, in order."""
    term = term_of(versions[0])
    at_ms, found = term.start_ms, []
    while at_ms < term.end_ms:
        whole = period_at(versions[0], at_ms)
        each = [windows(versions, part, windowed(window)) for _, part in segments(versions, whole)]
        found += [one for one in each if one is not None]
        at_ms = whole.interval.end_ms
    return found


def test_a_quarter_is_three_billing_periods_by_the_months_they_begin_in() -> None:
    """With cycle day 31 the first of 2027 runs from 31 January to 30 April."""
    versions = versions_of("2026-07-01 2029-12-31", "-", 31)
    march = period_of(versions[0], "2027-03")
    assert windows(versions, march, windowed("quarter")) == of_days("2027-01-31", "2027-04-30")
