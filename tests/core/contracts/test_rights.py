"""Rights fall on the days that a lawyer with a calendar would count out."""

from datetime import date

import pytest

from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import ContractVersion, LongStop
from gpusla.contracts.rights import Right, earliest_end, first_notice_day, grace_end, notice, rights
from tests.core.contracts.terms import contract

CHICAGO = "America/Chicago"
REFLECTION = contract()
"""From 2026-07-01 to 2029-12-31; three months, then 90 days' notice by either side."""

GOOGLE = contract(
    effective_from=date(2026, 5, 1),
    term={
        "start": date(2026, 5, 1),
        "end": date(2029, 6, 30),
        "termination": {"initial_period_months": 0, "not_before": date(2027, 1, 1)},
    },
    capacity={"long_stop": LongStop(date(2026, 9, 30), 1, 0, ("terminate", "rebase_fee"))},
)
"""Notice after 2026-12-31; the whole ramp by 2026-09-30, and a month of grace."""

# start | initial months | notice days | during initial | not before | given on | last day, or why
#
# 2026-10-01 + 90 days: 31 of October, 30 of November, 29 of December: the start of 2026-12-30.
# 2027-01-01 + 90 days: 31 + 28 + 31: the start of 2027-04-01.
# 2028-01-01 + 90 days: 31 + 29 + 30 of March: the start of 2028-03-31, in a leap year.
# 2027-08-31 with 6 months: 2028-02-29; notice of 30 days then: the start of 2028-03-30.
NOTICES = """
2026-07-01 | 3 | 90 | no  | -          | 2026-09-30 | notice may be given from 2026-10-01 on
2026-07-01 | 3 | 90 | no  | -          | 2026-10-01 | 2026-12-29
2026-07-01 | 3 | 90 | no  | -          | 2026-10-02 | 2026-12-30
2026-07-01 | 3 | 90 | no  | -          | 2029-10-02 | 2029-12-30
2026-07-01 | 3 | 90 | no  | -          | 2029-10-03 | 2029-12-31
2026-07-01 | 3 | 90 | no  | -          | 2029-12-31 | 2029-12-31
2026-07-01 | 3 | 90 | no  | -          | 2030-01-01 | the contract ends with 2029-12-31 by itself
2026-07-01 | 3 | 90 | yes | -          | 2026-06-30 | notice may be given from 2026-07-01 on
2026-07-01 | 3 | 90 | yes | -          | 2026-07-01 | 2026-09-30
2026-07-01 | 3 | 90 | yes | -          | 2026-07-03 | 2026-09-30
2026-07-01 | 3 | 90 | yes | -          | 2026-07-04 | 2026-10-01
2026-05-01 | 0 | 90 | no  | 2027-01-01 | 2026-12-31 | notice may be given from 2027-01-01 on
2026-05-01 | 0 | 90 | no  | 2027-01-01 | 2027-01-01 | 2027-03-31
2026-05-01 | 9 | 90 | no  | 2027-01-01 | 2027-01-01 | notice may be given from 2027-02-01 on
2026-05-01 | 6 | 90 | yes | 2026-08-01 | 2026-07-31 | notice may be given from 2026-08-01 on
2026-05-01 | 6 | 30 | yes | 2026-08-01 | 2026-08-01 | 2026-10-31
2026-07-01 | 0 | 90 | no  | -          | 2028-01-01 | 2028-03-30
2027-08-31 | 6 | 30 | no  | -          | 2028-02-28 | notice may be given from 2028-02-29 on
2027-08-31 | 6 | 30 | no  | -          | 2028-02-29 | 2028-03-29
2026-07-01 | 0 | 1  | no  | -          | 2026-08-10 | 2026-08-10
2026-07-01 | 0 | 0  | no  | -          | 2026-08-10 | 2026-08-10
"""

# long-stop | months | days | last day of the grace
GRACES = """
2026-09-30 | 1 | 0  | 2026-10-30
2026-10-31 | 1 | 0  | 2026-11-30
2027-01-31 | 1 | 0  | 2027-02-28
2028-01-30 | 1 | 0  | 2028-02-29
2027-01-31 | 1 | 10 | 2027-03-10
2026-09-30 | 0 | 30 | 2026-10-30
2026-09-30 | 0 | 0  | 2026-09-30
"""


def rows(table: str) -> list[list[str]]:
    """The columns of each line."""
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def named(found: tuple[Right, ...], name: str) -> Right:
    """The one right of this name."""
    (right,) = (one for one in found if one.name == name)
    return right


def ending(start: str, months: str, days: str, during: str, not_before: str) -> ContractVersion:
    """A contract to the end of 2029 with these terms of termination."""
    how = {
        "initial_period_months": int(months),
        "notice_days": int(days),
        "notice_during_initial": during == "yes",
        "not_before": None if not_before == "-" else date.fromisoformat(not_before),
    }
    return contract(term={"start": date.fromisoformat(start), "termination": how})


@pytest.mark.parametrize("row", rows(NOTICES), ids=lambda row: " ".join(row[:6]))
def test_a12_notice_takes_effect_at_the_start_of_a_local_day(row: list[str]) -> None:
    """The last day is the day before; the initial period is kept in any case."""
    *how, given_on, expected = row
    given = notice(ending(*how), date.fromisoformat(given_on))
    assert (given.refused or str(given.last_day)) == expected
    assert (given.last_day is None) == bool(given.refused)


def test_nobody_may_end_a_contract_that_names_nobody() -> None:
    """It then runs to its end."""
    fixed = contract(term={"termination": {"by": ()}})
    refused = notice(fixed, date(2027, 1, 1))
    assert refused.refused == "nobody may end the contract by notice"
    assert earliest_end(fixed) == date(2029, 12, 31)
    assert [right.name for right in rights(fixed)] == ["initial_period_end", "term_end"]


@pytest.mark.parametrize(("day", "months", "days", "last"), rows(GRACES))
def test_a13_grace_counts_months_then_days_and_ends_with_its_last_local_day(
    day: str, months: str, days: str, last: str
) -> None:
    """Clamped to the month's end before the days are added."""
    long_stop = LongStop(date.fromisoformat(day), int(months), int(days), ("terminate",))
    assert grace_end(long_stop) == date.fromisoformat(last)


def test_reflections_rights_in_order() -> None:
    """The end of three months, then notice, the first end it can bring about, and the term's."""
    assert [
        (right.name, str(right.first_day), str(right.last_day)) for right in rights(REFLECTION)
    ] == [
        ("initial_period_end", "2026-09-30", "2026-09-30"),
        ("notice", "2026-10-01", "2029-10-02"),
        ("earliest_end", "2026-12-29", "2026-12-29"),
        ("term_end", "2029-12-31", "2029-12-31"),
    ]


def test_googles_rights_in_order() -> None:
    """The grace ends with 30 October; on the 31st there is a choice, and in 2027 notice."""
    assert [
        (right.name, str(right.first_day), str(right.last_day)) for right in rights(GOOGLE)
    ] == [
        ("long_stop", "2026-09-30", "2026-09-30"),
        ("grace_end", "2026-10-30", "2026-10-30"),
        ("long_stop_rebase_fee", "2026-10-31", "2029-06-30"),
        ("long_stop_terminate", "2026-10-31", "2029-06-30"),
        ("notice", "2027-01-01", "2029-04-01"),
        ("earliest_end", "2027-03-31", "2027-03-31"),
        ("term_end", "2029-06-30", "2029-06-30"),
    ]


def test_a_right_opens_where_its_first_day_begins_and_closes_where_its_last_day_ends() -> None:
    """Half-open, in the contract's own zone; an end happens at the end of its day."""
    opens = named(rights(REFLECTION), "notice")
    assert opens.opens_ms == start_of_day_ms(date(2026, 10, 1), CHICAGO)
    assert opens.closes_ms == start_of_day_ms(date(2029, 10, 3), CHICAGO)
    grace = named(rights(GOOGLE), "grace_end")
    assert grace.opens_ms == grace.closes_ms == start_of_day_ms(date(2026, 10, 31), CHICAGO)


def test_a_right_says_who_may_under_which_rule_and_field() -> None:
    """In words, so that a list of rights can be read without the contract."""
    opens = named(rights(REFLECTION), "notice")
    assert (opens.by, opens.rule) == (("provider", "tenant"), "notice of 90 days may be given")
    assert opens.field == "term.termination.notice_days"
    remedy = named(rights(GOOGLE), "long_stop_rebase_fee")
    assert remedy.by == ("tenant",)
    assert remedy.field == "capacity.long_stop.remedies"
    assert "accept fewer GPUs" in remedy.rule


def test_notice_that_could_not_shorten_the_term_is_no_right() -> None:
    """Three months of initial period in a term of three months."""
    short = contract(term={"end": date(2026, 9, 30)})
    assert [right.name for right in rights(short)] == ["term_end"]


def test_a_grace_beyond_the_term_leaves_no_remedy() -> None:
    """There is nothing left to terminate."""
    late = contract(
        capacity={"long_stop": LongStop(date(2029, 12, 1), 1, 0, ("terminate",))},
    )
    names = [right.name for right in rights(late)]
    assert names[-3:] == ["long_stop", "term_end", "grace_end"]


def test_rights_that_others_found_are_sorted_in() -> None:
    """Such as those of chronic failure."""
    day = date(2027, 6, 10)
    start = start_of_day_ms(day, CHICAGO)
    other = Right("chronic_terminate", day, day, start, start + 1, ("tenant",), "", "chronic")
    names = [right.name for right in rights(REFLECTION, [other])]
    assert names == [
        "initial_period_end",
        "notice",
        "earliest_end",
        "chronic_terminate",
        "term_end",
    ]


def test_the_other_reading_of_the_initial_period_ends_the_contract_earlier() -> None:
    """Notice by 3 July would end it with September; as agreed December comes first."""
    assert first_notice_day(REFLECTION) == date(2026, 10, 1)
    assert earliest_end(REFLECTION) == date(2026, 12, 29)
    assert earliest_end(REFLECTION, notice_during_initial=True) == date(2026, 9, 30)
