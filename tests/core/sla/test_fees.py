"""What is due, to the last fraction of a cent: tables written out by hand, and laws."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.calendar import local_days
from gpusla.contracts.model import ContractVersion, Fees, MonthlyFee, Proration, RampFee, Rebase
from gpusla.instants import Interval
from gpusla.sla.fees import FeeDue, fee_due, fee_on, full_fee, minimum_spend, term_total
from gpusla.sla.periods import days_interval, period_at, period_of, segments, term_of
from tests.core.contracts.terms import contract

START, DAY = date(2026, 7, 1), timedelta(days=1)
CHICAGO, LORD_HOWE = "America/Chicago", "Australia/Lord_Howe"
FEE = 3_100_000
ADDING_UP = [Proration.ACTUAL_DAYS, Proration.ACTUAL_TIME, Proration.THIRTY_360]

FEES: dict[str, dict[str, Any]] = {
    "flat": {},
    "dearer": {"recurring": (MonthlyFee(START, FEE), MonthlyFee(date(2026, 10, 11), 2 * FEE))},
    "ramp": {"ramp": (RampFee(START, date(2026, 10, 10), Fraction(1, 2)),)},
    "rebased": {"rebases": (Rebase(date(2026, 10, 22), 9, 11),)},
    "rebased twice": {"rebases": (Rebase(START, 9, 11), Rebase(date(2026, 10, 22), 10, 11))},
    "all": {
        "recurring": (MonthlyFee(START, FEE), MonthlyFee(date(2026, 10, 11), 2 * FEE)),
        "ramp": (RampFee(START, date(2026, 10, 20), Fraction(1, 2)),),
        "rebases": (Rebase(date(2026, 10, 6), 9, 10),),
    },
    "shadow": {"recurring": (MonthlyFee(START, 0),), "shadow_minor_units": FEE},
    "free first": {
        "recurring": (MonthlyFee(START, 0), MonthlyFee(date(2026, 10, 11), FEE)),
        "shadow_minor_units": FEE,
    },
}

# The fee is 3,100,000, in October 100,000 a day.  A second version of the same words cuts
# October on the 11th into 10 and 21 days, unless another day is given.
#
# fees | proration | zone | cycle day | version 2 from | segment | due
SEGMENTS = """
flat | actual_days | America/Chicago | 1 | - | 2026-10 | 3100000

# The whole of any month is the fee: 721 hours of November, 743 of March, 28 or 29 days.
flat | actual_days | America/Chicago | 1 | - | 2026-11 | 3100000
flat | actual_time | America/Chicago | 1 | - | 2026-11 | 3100000
flat | actual_time | America/Chicago | 1 | - | 2027-03 | 3100000
flat | thirty_360  | America/Chicago | 1 | - | 2027-02 | 3100000
flat | thirty_360  | America/Chicago | 1 | - | 2028-02 | 3100000
flat | thirty_360  | America/Chicago | 31 | - | 2027-02 | 3100000
flat | none        | America/Chicago | 1 | - | 2026-10 | 3100000

# 10/31 and 21/31.
flat | actual_days | America/Chicago | 1 | 2026-10-11 | 2026-10-v1 | 1000000
flat | actual_days | America/Chicago | 1 | 2026-10-11 | 2026-10-v2 | 2100000

# November by days: 10/30, 20/30.  By time: 10 days with the 25-hour 1st are 241 of 721 hours.
flat | actual_days | America/Chicago | 1 | 2026-11-11 | 2026-11-v1 | 3100000/3
flat | actual_days | America/Chicago | 1 | 2026-11-11 | 2026-11-v2 | 6200000/3
flat | actual_time | America/Chicago | 1 | 2026-11-11 | 2026-11-v1 | 747100000/721
flat | actual_time | America/Chicago | 1 | 2026-11-11 | 2026-11-v2 | 1488000000/721

# March 2027: 14 days with the 23-hour 14th are 335 of 743 hours; 3,100,000 x 335 = 1,038,500,000.
flat | actual_time | America/Chicago | 1 | 2027-03-15 | 2027-03-v1 | 1038500000/743

# Lord Howe, October 2026: 4 days with the one of 23.5 hours are 95.5 of 743.5, or 191 of 1487.
flat | actual_time | Australia/Lord_Howe | 1 | 2026-10-05 | 2026-10-v1 | 592100000/1487

# Months of 30 days.  Up to the 10th: 10/30; the rest 20/30.  The 31st is the 30th: from the 1st
# to the start of the 30th and to that of the 31st are both 29 days, and 1 is left.
flat | thirty_360 | America/Chicago | 1 | 2026-10-11 | 2026-10-v1 | 3100000/3
flat | thirty_360 | America/Chicago | 1 | 2026-10-11 | 2026-10-v2 | 6200000/3
flat | thirty_360 | America/Chicago | 1 | 2026-10-30 | 2026-10-v1 | 89900000/30
flat | thirty_360 | America/Chicago | 1 | 2026-10-31 | 2026-10-v1 | 89900000/30
flat | thirty_360 | America/Chicago | 1 | 2026-10-31 | 2026-10-v2 | 3100000/30

# February: 14/30 up to the 14th; the rest is 16/30, though it has 14 days.
flat | thirty_360 | America/Chicago | 1 | 2027-02-15 | 2027-02-v1 | 43400000/30
flat | thirty_360 | America/Chicago | 1 | 2027-02-15 | 2027-02-v2 | 49600000/30

# From 31 January (as the 30th) to 28 February are 28 such days, and 14 to the 14th: a half.
flat | thirty_360  | America/Chicago | 31 | 2027-02-14 | 2027-01-v1 | 1550000
flat | actual_days | America/Chicago | 31 | 2027-02-14 | 2027-01-v1 | 1550000

# Whatever the length.
flat | none | America/Chicago | 1 | 2026-10-31 | 2026-10-v1 | 3100000
flat | none | America/Chicago | 1 | 2026-10-31 | 2026-10-v2 | 3100000

# 10 x 100,000 + 21 x 200,000; by 30-day months 10/30 x 3,100,000 + 20/30 x 6,200,000.
dearer | actual_days | America/Chicago | 1 | - | 2026-10 | 5200000
dearer | actual_time | America/Chicago | 1 | - | 2026-10 | 5200000
dearer | thirty_360  | America/Chicago | 1 | - | 2026-10 | 15500000/3
dearer | none        | America/Chicago | 1 | - | 2026-10 | 3100000
dearer | none        | America/Chicago | 1 | 2026-10-11 | 2026-10-v2 | 6200000

# 10 x 50,000 + 21 x 100,000: the 10th is the last day of the reduced fee.
ramp | actual_days | America/Chicago | 1 | - | 2026-10 | 2600000
ramp | none        | America/Chicago | 1 | - | 2026-10 | 1550000

# 21 x 100,000 + 10 x 100,000 x 9/11 = 2,100,000 + 9,000,000/11.
rebased | actual_days | America/Chicago | 1 | - | 2026-10 | 32100000/11

# The newest alone: 21 x 100,000 x 9/11 + 10 x 100,000 x 10/11 = (18,900,000 + 10,000,000)/11.
rebased twice | actual_days | America/Chicago | 1 | - | 2026-10 | 28900000/11

# 5 x 50,000 + 5 x 50,000 x 0.9 + 10 x 100,000 x 0.9 + 11 x 200,000 x 0.9
# = 250,000 + 225,000 + 900,000 + 1,980,000.
all | actual_days | America/Chicago | 1 | - | 2026-10 | 3355000

# Nothing is owed, so the shadow price stands in; but not where anything at all is owed.
shadow     | actual_days | America/Chicago | 1 | -          | 2026-10    | shadow 3100000
shadow     | actual_days | America/Chicago | 1 | 2026-10-11 | 2026-10-v1 | shadow 1000000
free first | actual_days | America/Chicago | 1 | -          | 2026-10    | 2100000
free first | actual_days | America/Chicago | 1 | 2026-10-11 | 2026-10-v1 | shadow 1000000
free first | actual_days | America/Chicago | 1 | 2026-10-11 | 2026-10-v2 | 2100000
"""

# Windows of days in Chicago, the second day not included, under the fees "dearer":
# 3,100,000 up to 10 October and 6,200,000 from the 11th.
#
# version 2 from | from | to | due
WINDOWS = """
# Three whole months at the old fee; then one of 5,200,000 and two at the new.
- | 2026-07-01 | 2026-10-01 | 9300000
- | 2026-10-01 | 2027-01-01 | 17600000

# 30 days before November: 9 x 100,000 + 21 x 200,000, whether a version cuts them or not.
-          | 2026-10-02 | 2026-11-01 | 5100000
2026-10-20 | 2026-10-02 | 2026-11-01 | 5100000

# 45 days before November: 14/30 of September and all of October.
- | 2026-09-17 | 2026-11-01 | 19940000/3

# What lies before the term costs nothing; 10 days of July do.
- | 2026-06-01 | 2026-07-11 | 1000000
"""


def rows(table: str) -> list[list[str]]:
    """The columns of each line that is no remark."""
    lines = (line for line in table.splitlines() if line and not line.startswith("#"))
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def of_fees(changes: dict[str, Any], **parts: Any) -> ContractVersion:
    """A contract from July 2026 that costs 3,100,000 a period, with other fees if given."""
    return contract(fees={"recurring": (MonthlyFee(START, FEE),), **changes}, **parts)


def amended(first: ContractVersion, starts: Sequence[date]) -> tuple[ContractVersion, ...]:
    """The same words again as versions that take effect on other days."""
    numbered = enumerate(sorted(starts), start=2)
    return (first, *(replace(first, version=n, effective_from=day) for n, day in numbered))


def amended_on(first: ContractVersion, day: str) -> tuple[ContractVersion, ...]:
    """The same words again from a day of the table, or `-`."""
    return amended(first, [] if day == "-" else [date.fromisoformat(day)])


@pytest.mark.parametrize("row", rows(SEGMENTS), ids=lambda row: " ".join(row[:6]))
def test_the_fee_due_for_a_segment_is_exactly(row: list[str]) -> None:
    """A20: the fee after ramp and re-base, prorated; a whole period costs exactly the fee."""
    fees, proration, timezone, cycle_day, day, key, expected = row
    how = {"proration": Proration(proration), "cycle_day": int(cycle_day)}
    versions = amended_on(of_fees(FEES[fees] | how, term={"timezone": timezone}), day)
    segment = period_of(versions[0], key, versions)
    amount = FeeDue(Fraction(expected.removeprefix("shadow ")), expected.startswith("shadow"))
    assert fee_due(versions, segment) == amount
    assert fee_due(versions, segment.interval) == amount


@pytest.mark.parametrize("row", rows(WINDOWS), ids=" ".join)
def test_a_window_costs_what_its_parts_of_segments_cost(row: list[str]) -> None:
    """Also where it begins inside a billing period."""
    day, start, after, expected = row
    window = days_interval(date.fromisoformat(start), date.fromisoformat(after), CHICAGO)
    due = fee_due(amended_on(of_fees(FEES["dearer"]), day), window)
    assert due == FeeDue(Fraction(expected), is_shadow=False)


@given(
    st.sampled_from([CHICAGO, LORD_HOWE, "Pacific/Apia", "America/Sao_Paulo"]),
    st.sampled_from(Proration),
    st.integers(1, 31),
    st.dates(date(2010, 1, 1), date(2030, 12, 31)),
    st.integers(1, 10**12),
)
def test_a_whole_period_costs_the_fee_and_nothing_else(
    timezone: str, proration: Proration, cycle_day: int, day: date, fee: int
) -> None:
    """Whatever its length, and whatever a day of it would cost."""
    terms = contract(
        effective_from=date(2009, 1, 1),
        term={"start": date(2009, 1, 1), "end": date(2031, 12, 31), "timezone": timezone},
        fees={
            "recurring": (MonthlyFee(date(2009, 1, 1), fee),),
            "proration": proration,
            "cycle_day": cycle_day,
        },
    )
    whole = period_at(terms, days_interval(day, day + DAY, timezone).start_ms)
    assert fee_due(terms, whole) == FeeDue(Fraction(fee), is_shadow=False)


@st.composite
def priced(draw: st.DrawFn) -> ContractVersion:
    """A contract whose fees change on days of its first months, in any of the ways there are."""
    days = st.dates(START, date(2026, 12, 31))
    starts = draw(st.lists(days, max_size=3, unique=True))
    ramp_start = draw(days)
    fees = {
        "proration": draw(st.sampled_from(ADDING_UP)),
        "cycle_day": draw(st.sampled_from([1, 15, 28, 31])),
        "recurring": tuple(
            MonthlyFee(day, draw(st.integers(0, 10**6))) for day in sorted({START, *starts})
        ),
        "ramp": (RampFee(ramp_start, ramp_start + 20 * DAY, Fraction(draw(st.integers(0, 4)), 4)),),
        "rebases": tuple(
            Rebase(day, draw(st.integers(1, 9)), 9) for day in draw(st.lists(days, max_size=2))
        ),
    }
    return contract(
        term={"end": date(2027, 3, 17), "timezone": draw(st.sampled_from([CHICAGO, LORD_HOWE]))},
        fees=fees,
    )


@given(priced(), st.lists(st.dates(START + DAY, date(2027, 3, 17)), unique=True, max_size=6))
def test_amendments_that_change_nothing_cost_nothing(
    terms: ContractVersion, starts: list[date]
) -> None:
    """The segments of a period add up to the period, and the periods to the term."""
    versions, term = amended(terms, starts), term_of(terms)
    at_ms, total = term.start_ms, Fraction(0)
    while at_ms < term.end_ms:
        whole = period_at(terms, at_ms)
        dues = [fee_due(version, part).minor_units for version, part in segments(versions, whole)]
        assert sum(dues) == fee_due(terms, whole.interval).minor_units
        total += sum(dues)
        at_ms = whole.interval.end_ms
    assert total == term_total(terms).minor_units == fee_due(versions, term).minor_units


@given(priced(), st.dates(START, date(2027, 3, 17)), st.integers(1, 100))
def test_a_stretch_costs_the_sum_of_its_days(
    terms: ContractVersion, first: date, length: int
) -> None:
    """Section 12.1, word by word: for each day its fee, divided by the period's days."""
    terms = replace(terms, fees=replace(terms.fees, proration=Proration.ACTUAL_DAYS))
    zone = terms.term.timezone
    expected = Fraction(0)
    for number in range(length):
        day = first + number * DAY
        if terms.term.start <= day <= terms.term.end:
            start_ms = days_interval(day, day + DAY, zone).start_ms
            whole_first, after = local_days(period_at(terms, start_ms).whole, zone)
            expected += plain_fee(terms.fees, day) / (after - whole_first).days
    stretch = days_interval(first, first + length * DAY, zone)
    assert fee_due(terms, stretch).minor_units == expected


def plain_fee(fees: Fees, day: date) -> Fraction:
    """The fee in force on a day, found by walking through the days before it."""
    amount, factor = Fraction(0), Fraction(1)
    for number in range((day - START).days + 1):
        now = START + number * DAY
        amount = next((Fraction(f.minor_units) for f in fees.recurring if f.start == now), amount)
        for rebase in fees.rebases[::-1]:
            if rebase.start == now:
                factor = Fraction(rebase.accepted_gpus, rebase.committed_gpus)
    (ramp,) = fees.ramp
    return amount * factor * (ramp.fraction if ramp.start <= day <= ramp.end else 1)


def test_before_the_first_fee_nothing_is_due() -> None:
    """And a version costs nothing before it takes effect."""
    terms = of_fees({})
    assert fee_on(terms.fees, date(2026, 6, 30)) == 0
    later = replace(terms, version=2, effective_from=date(2026, 8, 1))
    assert fee_due(later, term_of(later)).minor_units == 41 * FEE
    assert fee_due(later, Interval(0, 0)) == FeeDue(Fraction(0), is_shadow=False)


def test_the_full_fee_of_a_day_is_not_prorated() -> None:
    """It is reduced and re-based all the same, and a zero fee has its shadow price."""
    terms = of_fees(FEES["all"])
    assert full_fee(terms, date(2026, 10, 20)) == FeeDue(Fraction(2_790_000), is_shadow=False)
    assert full_fee(terms, date(2026, 10, 21)) == FeeDue(Fraction(5_580_000), is_shadow=False)
    assert full_fee(of_fees(FEES["shadow"]), START) == FeeDue(Fraction(FEE), is_shadow=True)


def test_reflections_forty_two_months_cost_6_3_billion() -> None:
    """42 x $150,000,000 = $6,300,000,000, whole months under every proration."""
    totals = {proration: term_total(contract(), proration) for proration in Proration}
    assert set(totals.values()) == {FeeDue(Fraction(630_000_000_000), is_shadow=False)}


def test_googles_thirty_three_months_cost_30_36_billion() -> None:
    """33 x $920,000,000 = $30,360,000,000 from October 2026 to June 2029."""
    days = {"start": date(2026, 10, 1), "end": date(2029, 6, 30)}
    fees = {"recurring": (MonthlyFee(date(2026, 10, 1), 92_000_000_000),)}
    google = contract(effective_from=date(2026, 10, 1), term=days, fees=fees)
    assert term_total(google).minor_units == 3_036_000_000_000


def test_the_least_that_reflection_pays_under_each_reading() -> None:
    """
    Notice after three months ends it with 29 December, notice within them with 30 September.

    Five months are $750,000,000.  29 of 31 days of December are 4,350,000,000/31 dollars:
    75,000,000,000 + 435,000,000,000/31 = 2,760,000,000,000/31 cents.  29 of 30 are
    $145,000,000, and a whole month $150,000,000.
    """
    found = {(one.notice_during_initial, one.proration): one for one in minimum_spend(contract())}
    late = [found[False, proration] for proration in Proration]
    assert {one.last_day for one in late} == {date(2026, 12, 29)}
    assert [one.minor_units for one in late] == [
        Fraction(2_760_000_000_000, 31),
        Fraction(2_760_000_000_000, 31),
        Fraction(89_500_000_000),
        Fraction(90_000_000_000),
    ]
    early = [found[True, proration] for proration in Proration]
    assert {(one.last_day, one.minor_units) for one in early} == {
        (date(2026, 9, 30), Fraction(45_000_000_000))
    }
    assert [key for key, one in found.items() if one.is_agreed] == [(False, Proration.ACTUAL_DAYS)]


def test_the_least_is_the_whole_term_where_nobody_may_end_it() -> None:
    """Both readings are then the same."""
    fixed = contract(term={"termination": {"by": ()}})
    assert {one.minor_units for one in minimum_spend(fixed)} == {Fraction(630_000_000_000)}
