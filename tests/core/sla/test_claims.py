"""A claim is in time up to the last millisecond of a local day, and not after."""

from datetime import date

import pytest

from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import ClaimAnchor, ClaimMode, Claims
from gpusla.instants import format_instant, parse_instant
from gpusla.sla.claims import deadline_ms, is_in_time
from gpusla.sla.periods import period_of, segments
from tests.core.contracts.terms import contract

# anchor | months | days | business | cycles | cycle day | period | first incident | last day for it
#
# 2026-10-31 is a Saturday, 2026-11-26 a Thursday.  Chicago is UTC-5 until 2026-11-01, then UTC-6.
DEADLINES = """
# The period ends with 31 October: 30 days are all of November.
end_of_period | 0 | 30 | no | 0 | 1 | 2026-10 | -                    | 2026-11-30
end_of_period | 0 |  0 | no | 0 | 1 | 2026-10 | -                    | 2026-10-31
end_of_period | 2 |  0 | no | 0 | 1 | 2026-10 | -                    | 2026-12-31
end_of_period | 1 |  0 | no | 0 | 1 | 2026-10 | -                    | 2026-11-30
end_of_period | 1 |  0 | no | 0 | 1 | 2027-01 | -                    | 2027-02-28
end_of_period | 1 |  5 | no | 0 | 1 | 2027-01 | -                    | 2027-03-05

# An incident's own local day: just before and just after midnight in Chicago.
incident      | 0 | 30 | no | 0 | 1 | 2026-10 | 2026-10-10T04:59:59Z | 2026-11-08
incident      | 0 | 30 | no | 0 | 1 | 2026-10 | 2026-10-10T05:00:00Z | 2026-11-09
incident      | 3 |  0 | no | 0 | 1 | 2026-11 | 2026-11-30T12:00:00Z | 2027-02-28
incident      | 0 |  3 | no | 0 | 1 | 2026-10 | 2026-10-30T12:00:00Z | 2026-11-02
incident      | 0 | 30 | no | 0 | 1 | 2026-10 | -                    | 2026-11-30

# Three business days after Friday, and after a Saturday: Monday, Tuesday, Wednesday.
incident      | 0 |  3 | yes | 0 | 1 | 2026-10 | 2026-10-30T12:00:00Z | 2026-11-04
end_of_period | 0 |  3 | yes | 0 | 1 | 2026-10 | -                    | 2026-11-04
end_of_period | 0 |  0 | yes | 0 | 1 | 2026-10 | -                    | 2026-10-31

# By the end of the second billing period after the one at fault.
end_of_billing_cycle | 0 | 0 | no | 2 | 1  | 2026-10 | - | 2026-12-31
end_of_billing_cycle | 0 | 0 | no | 0 | 1  | 2026-10 | - | 2026-10-31
end_of_billing_cycle | 0 | 0 | no | 2 | 15 | 2026-10 | - | 2027-01-14
end_of_billing_cycle | 0 | 0 | no | 1 | 31 | 2026-12 | - | 2027-02-27
end_of_billing_cycle | 0 | 0 | no | 2 | 31 | 2026-12 | - | 2027-03-30
end_of_billing_cycle | 0 | 7 | no | 1 | 1  | 2026-10 | - | 2026-12-07
end_of_billing_cycle | 1 | 0 | no | 1 | 1  | 2026-12 | - | 2027-02-28
"""


def rows(table: str) -> list[list[str]]:
    """The columns of each line that is no remark."""
    lines = (line for line in table.splitlines() if line and not line.startswith("#"))
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def claimed(claims: Claims, cycle_day: int = 1, **term: object) -> ContractVersion:
    """A contract whose credits must be asked for so."""
    return contract(claims=claims, fees={"cycle_day": cycle_day}, term=term)


def within_days(days: int, anchor: ClaimAnchor = ClaimAnchor.END_OF_PERIOD) -> Claims:
    """So many calendar days."""
    return Claims(ClaimMode.ON_CLAIM, anchor, 0, days, business_days=False, cycles=0)


@pytest.mark.parametrize("row", rows(DEADLINES), ids=" ".join)
def test_a26_a_claim_is_too_late_when_its_last_local_day_is_over(row: list[str]) -> None:
    """Months first, then days; calendar days unless business days are agreed."""
    anchor, months, days, business, cycles, cycle_day, key, incident, last_day = row
    terms = claimed(
        Claims(
            ClaimMode.ON_CLAIM,
            ClaimAnchor(anchor),
            int(months),
            int(days),
            business_days=business == "yes",
            cycles=int(cycles),
        ),
        int(cycle_day),
    )
    first_incident_ms = None if incident == "-" else parse_instant(incident)
    found = deadline_ms(terms, period_of(terms, key), first_incident_ms)
    after = date.fromordinal(date.fromisoformat(last_day).toordinal() + 1)
    assert found == start_of_day_ms(after, "America/Chicago")


def test_the_last_millisecond_of_the_day_is_in_time() -> None:
    """Half-open: 30 November 2026 ends in Chicago at six in the morning of UTC."""
    terms = claimed(within_days(30))
    found = deadline_ms(terms, period_of(terms, "2026-10"), None)
    assert format_instant(found) == "2026-12-01T06:00:00Z"
    assert is_in_time(found - 1, found)
    assert not is_in_time(found, found)


def test_a_last_day_without_a_following_midnight_ends_with_the_change() -> None:
    """Beirut: 26 March 2022 is over when the clock goes from 24:00 to 01:00."""
    beirut = claimed(
        within_days(26), timezone="Asia/Beirut", start=date(2022, 1, 1), end=date(2022, 12, 31)
    )
    found = deadline_ms(beirut, period_of(beirut, "2022-02"), None)
    assert format_instant(found) == "2022-03-26T22:00:00Z"


def test_a_segment_has_the_deadline_of_its_billing_period() -> None:
    """An amendment on the 11th gives nobody less time to ask for the first ten days."""
    first = claimed(within_days(30))
    second = contract(version=2, effective_from=date(2026, 10, 11), claims=within_days(30))
    whole = period_of(first, "2026-10")
    parts = segments((first, second), whole)
    found = {deadline_ms(version, segment, None) for version, segment in parts}
    assert found == {deadline_ms(first, whole, None)}
    assert len(parts) == 2
