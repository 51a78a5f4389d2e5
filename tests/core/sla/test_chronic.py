"""A right of chronic failure opens, is cured, can be used and expires on the days agreed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.calendar import local_date
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import Chronic
from gpusla.contracts.rights import rights
from gpusla.instants import parse_instant
from gpusla.sla.chronic import ChronicRight, FinalOutcome, as_rights, chronic_rights
from tests.core.contracts.terms import DAY_MS, contract

CHICAGO = "America/Chicago"
END_OF_TIME_MS = 4_000_000_000_000

# Outcomes by month from July 2026: `+` met, `x` missed, `f` missed and below the floor of 95 %,
# `o` nothing to be judged, `.` no statement.  Each statement became final at noon of the 10th of
# the next month.  Today is noon of a day.  A right: month that opened it, first and last day on
# which it can be used, its state, and the month that cured it.
#
# misses/periods, floor, days of exercise and of cure | outcomes | today | rights
CASES = """
# Three in a row of three: the third opens, at once and for 30 days after 10 October.
3/3 no  30  0 | xxx    | 2026-10-10 | 2026-09 10-10 11-09 exercisable
3/3 no  30  0 | xxx    | 2026-11-09 | 2026-09 10-10 11-09 exercisable
3/3 no  30  0 | xxx    | 2026-11-10 | 2026-09 10-10 11-09 expired
3/3 no  30  0 | xxx    | 2026-10-09 | -
3/3 no  30  0 | xx     | 2027-06-01 | -
3/3 no  30  0 | xx+x   | 2027-06-01 | -
3/4 no  30  0 | xx+x   | 2026-11-10 | 2026-10 11-10 12-10 exercisable

# July is the first of six up to December, and no more in January.
3/6 no  30  0 | xx+++x  | 2027-01-10 | 2026-12 01-10 02-09 exercisable
3/6 no  30  0 | xx++++x | 2027-03-01 | -

# Billing periods are counted, not statements: one without a judgement takes its place.
3/3 no  30  0 | xxox | 2027-06-01 | -
3/3 no  30  0 | xx.x | 2027-06-01 | -
3/4 no  30  0 | xxox | 2026-11-10 | 2026-10 11-10 12-10 exercisable

# A further miss opens a right of its own; a period that is met opens none, whatever lies behind.
3/6 no  30  0 | xxxx  | 2026-11-10 | 2026-09 10-10 11-09 expired, 2026-10 11-10 12-10 exercisable
3/6 no  30  0 | xxx+  | 2026-11-09 | 2026-09 10-10 11-09 exercisable

# One period below the floor is enough; one that is only missed is not.
0/0 yes 30  0 | +f | 2026-09-10 | 2026-08 09-10 10-10 exercisable
0/0 yes 30  0 | xx | 2026-09-10 | -
3/6 yes 30  0 | xf | 2026-09-10 | 2026-08 09-10 10-10 exercisable
3/6 no  30  0 | ff | 2026-09-10 | -

# With a cure of 40 days the right can be used from the 41st day on: 10 October + 40 days is
# 19 November, and 30 days more are 19 December.
3/3 no  30 40 | xxx   | 2026-10-10 | 2026-09 11-20 12-19 open
3/3 no  30 40 | xxx   | 2026-11-19 | 2026-09 11-20 12-19 open
3/3 no  30 40 | xxx   | 2026-11-20 | 2026-09 11-20 12-19 exercisable
3/3 no  30 40 | xxx   | 2026-12-20 | 2026-09 11-20 12-19 expired
3/3 no  30 40 | xxx+  | 2026-11-09 | 2026-09 11-20 12-19 open
3/3 no  30 40 | xxx+  | 2026-11-10 | 2026-09 11-20 12-19 cured 2026-10

# October's statement of 10 November is the 31st day; within 30 days it is too late.
3/3 no  30 31 | xxx+  | 2026-11-11 | 2026-09 11-11 12-10 cured 2026-10
3/3 no  30 30 | xxx+  | 2026-11-10 | 2026-09 11-10 12-09 exercisable

# Nothing to be judged cures nothing.
3/3 no  30 40 | xxxo  | 2026-11-20 | 2026-09 11-20 12-19 exercisable

# What was cured does not count again; it takes three new ones.
3/6 no  30 40 | xxx+x   | 2026-12-31 | 2026-09 11-20 12-19 cured 2026-10
3/6 no  30 40 | xxx+xxx | 2027-02-10 | 2026-09 11-20 12-19 cured 2026-10, 2027-01 03-23 04-21 open

# What was not cured counts on.
3/6 no  30  0 | xxx+x | 2026-12-10 | 2026-09 10-10 11-09 expired, 2026-11 12-10 01-09 exercisable
"""


def rows(table: str) -> list[list[str]]:
    """The columns of each line that is no remark."""
    lines = (line for line in table.splitlines() if line and not line.startswith("#"))
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def chronic(misses: int, within: int, *, floor: bool, exercise: int, cure: int) -> ContractVersion:
    """A contract that may be terminated for chronic failure."""
    lowest = Fraction(95, 100) if floor else None
    return contract(
        chronic=Chronic("availability", misses, within, lowest, "terminate", exercise, cure)
    )


def agreed(terms: str) -> ContractVersion:
    """The contract of a line."""
    counts, floor, exercise, cure = terms.split()
    misses, within = (int(number) for number in counts.split("/"))
    return chronic(misses, within, floor=floor == "yes", exercise=int(exercise), cure=int(cure))


def noon(day: date) -> int:
    """Noon of a day in UTC, which is morning in Chicago."""
    return parse_instant(f"{day}T12:00:00Z")


def outcomes(text: str) -> list[FinalOutcome]:
    """One outcome for each letter, from July 2026 on."""
    values = {"+": Fraction(1), "x": Fraction(97, 100), "f": Fraction(94, 100), "o": None}
    found = []
    for number, letter in enumerate(text, start=6):
        if letter != ".":
            final = date(2026 + (number + 1) // 12, (number + 1) % 12 + 1, 10)
            key = f"{2026 + number // 12}-{number % 12 + 1:02}"
            found.append(FinalOutcome(key, noon(final), letter in "xf", values[letter]))
    return found


def written(found: tuple[ChronicRight, ...]) -> str:
    """The rights as a line of the table has them."""
    return ", ".join(
        f"{one.opened_by} {local_date(one.exercise.start_ms, CHICAGO):%m-%d} "
        f"{local_date(one.exercise.end_ms - 1, CHICAGO):%m-%d} {one.state} {one.cured_by}".strip()
        for one in found
    )


@pytest.mark.parametrize("row", rows(CASES), ids=" ".join)
def test_the_right_stands_so(row: list[str]) -> None:
    """Whatever the order in which the outcomes come."""
    terms, text, today, expected = row
    now_ms = noon(date.fromisoformat(today))
    for given_outcomes in (outcomes(text), outcomes(text)[::-1]):
        found = chronic_rights(agreed(terms), given_outcomes, now_ms)
        assert (written(found) or "-") == expected


def test_without_a_clause_nothing_opens() -> None:
    """However bad it was."""
    assert chronic_rights(contract(), outcomes("ffffff"), END_OF_TIME_MS) == ()


def test_a_value_exactly_at_the_floor_is_not_below_it() -> None:
    """Below means below."""
    terms = chronic(0, 0, floor=True, exercise=30, cure=0)
    (outcome,) = outcomes("f")
    at_floor = replace(outcome, value=Fraction(95, 100))
    assert chronic_rights(terms, [at_floor], END_OF_TIME_MS) == ()
    assert chronic_rights(terms, [outcome], END_OF_TIME_MS) != ()


def test_the_days_of_use_are_whole_local_days() -> None:
    """From the moment it opened, or the day after the cure's last, to the end of the last."""
    at_once = chronic(0, 0, floor=True, exercise=30, cure=0)
    (right,) = chronic_rights(at_once, outcomes("f"), END_OF_TIME_MS)
    assert right.exercise.start_ms == right.opened_ms == parse_instant("2026-08-10T12:00:00Z")
    assert right.exercise.end_ms == parse_instant("2026-09-10T05:00:00Z")
    curable = chronic(0, 0, floor=True, exercise=30, cure=30)
    (right,) = chronic_rights(curable, outcomes("f"), END_OF_TIME_MS)
    assert right.exercise.start_ms == parse_instant("2026-09-10T05:00:00Z")
    assert right.exercise.end_ms - right.exercise.start_ms == 30 * DAY_MS


def test_a_right_can_be_used_up_to_the_last_millisecond_of_its_days() -> None:
    """Half-open at both ends, to the millisecond."""
    terms = chronic(0, 0, floor=True, exercise=30, cure=30)
    (right,) = chronic_rights(terms, outcomes("f"), END_OF_TIME_MS)
    start_ms, end_ms = right.exercise.start_ms, right.exercise.end_ms
    states = [
        chronic_rights(terms, outcomes("f"), now_ms)[0].state
        for now_ms in (start_ms - 1, start_ms, end_ms - 1, end_ms)
    ]
    assert states == ["open", "exercisable", "exercisable", "expired"]


def test_two_segments_of_a_period_are_one_period() -> None:
    """Missed if either is, met if both are, final when both are, and as low as the lower one."""
    terms = chronic(2, 2, floor=True, exercise=30, cure=40)
    july, august = outcomes("xx")
    first = replace(august, period="2026-08-v1", final_ms=august.final_ms - DAY_MS)
    second = replace(august, period="2026-08-v2", is_missed=False, value=Fraction(1))
    (right,) = chronic_rights(terms, [july, first, second], END_OF_TIME_MS)
    assert (right.opened_by, right.opened_ms) == ("2026-08", august.final_ms)
    assert chronic_rights(terms, [first, replace(second, is_missed=True)], END_OF_TIME_MS) == ()
    low = replace(second, value=Fraction(94, 100))
    assert len(chronic_rights(terms, [first, low], END_OF_TIME_MS)) == 1


def test_a27_a_restated_period_is_judged_again() -> None:
    """August turns out missed in March: the right opens then, and not before."""
    terms = chronic(3, 3, floor=False, exercise=30, cure=0)
    before = outcomes("x+x")
    assert chronic_rights(terms, before, END_OF_TIME_MS) == ()
    restated_ms = noon(date(2027, 3, 5))
    august = replace(before[1], is_missed=True, value=Fraction(1, 2), final_ms=restated_ms)
    after = [before[0], august, before[2]]
    assert chronic_rights(terms, after, restated_ms - 1) == ()
    assert written(chronic_rights(terms, after, restated_ms)) == "2026-09 03-05 04-04 exercisable"


def test_a27_a_right_disappears_with_the_miss_that_opened_it() -> None:
    """Nothing remembers an outcome that no longer holds."""
    terms = chronic(3, 3, floor=False, exercise=30, cure=0)
    misses = outcomes("xxx")
    assert len(chronic_rights(terms, misses, END_OF_TIME_MS)) == 1
    mended = [misses[0], replace(misses[1], is_missed=False, value=Fraction(1)), misses[2]]
    assert chronic_rights(terms, mended, END_OF_TIME_MS) == ()


def test_what_can_be_used_stands_among_the_contracts_rights() -> None:
    """With its days, who may use it, and why; a cured right is none."""
    terms = chronic(3, 3, floor=False, exercise=30, cure=40)
    found = chronic_rights(terms, outcomes("xxx"), END_OF_TIME_MS)
    listed = rights(terms, as_rights(terms, found))
    (right,) = (one for one in listed if one.name == "chronic_terminate")
    assert (right.first_day, right.last_day) == (date(2026, 11, 20), date(2026, 12, 19))
    assert (right.opens_ms, right.closes_ms) == (
        found[0].exercise.start_ms,
        found[0].exercise.end_ms,
    )
    assert (right.by, right.field) == (("tenant",), "chronic")
    assert "2026-09" in right.rule
    cured = chronic_rights(terms, outcomes("xxx+"), END_OF_TIME_MS)
    assert list(as_rights(terms, cured)) == []


@given(st.text("+xo.", max_size=24), st.integers(1, 5), st.integers(0, 4), st.integers(0, 60))
def test_rights_open_exactly_where_the_count_is_full(
    text: str, misses: int, more: int, days: int
) -> None:
    """Without a cure: at each miss that has enough of them in the months up to it."""
    within = misses + more
    terms = chronic(misses, within, floor=False, exercise=days, cure=0)
    opened = {right.opened_by for right in chronic_rights(terms, outcomes(text), END_OF_TIME_MS)}
    expected = {
        f"{2026 + (place + 6) // 12}-{(place + 6) % 12 + 1:02}"
        for place, letter in enumerate(text)
        if letter == "x" and text[max(0, place - within + 1) : place + 1].count("x") >= misses
    }
    assert opened == expected


@given(st.text("+xfo.", max_size=18), st.integers(1, 4), st.integers(0, 70), st.integers(0, 900))
def test_what_is_known_at_an_instant_is_what_was_final_by_then(
    text: str, misses: int, cure: int, day: int
) -> None:
    """Later statements change no answer about an earlier day."""
    terms = chronic(misses, 6, floor=True, exercise=30, cure=cure)
    now = datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=day)
    now_ms = noon(now.date())
    known = [outcome for outcome in outcomes(text) if outcome.final_ms <= now_ms]
    assert chronic_rights(terms, outcomes(text), now_ms) == chronic_rights(terms, known, now_ms)
