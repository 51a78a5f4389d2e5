"""A repair that began before anybody looked: what was agreed then stops its clock all the same."""

from dataclasses import replace
from fractions import Fraction

import pytest

from gpusla.contracts.promises import ClockStart, Kind, Replacement
from gpusla.contracts.remedies import ExclusionRule, HoursPer, NoCredit
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.facts import Repair
from tests.core.contracts.terms import contract, objective
from tests.core.sla.making import HOUR_MS, facts, slot
from tests.core.sla.october import OCTOBER, judged

FREEZE = ExclusionRule("freeze", "freeze", 0, 0, HoursPer.SLOT, 0, needs_approval=False)
OF = contract(
    objectives=(
        objective(
            kind=Kind.REPLACEMENT_TIME,
            replacement=Replacement(24 * HOUR_MS, ClockStart.TICKET_OPEN),
            credit=NoCredit(),
        ),
    ),
    exclusion_rules=(FREEZE,),
)


def frozen(start: int, end: int) -> ExclusionRecord:
    """No work on the first slot, by hours of October."""
    start_ms = OCTOBER.start_ms + start * HOUR_MS
    return ExclusionRecord(
        id="winter-storm",
        from_ms=start_ms,
        until_ms=OCTOBER.start_ms + end * HOUR_MS,
        recorded_ms=start_ms,
        supersedes=None,
        withdrawn=False,
        slots=(slot(0),),
        contract=OF.id,
        kind="freeze",
        reason="nobody reaches the hall",
        clause="freeze",
        approver="provider",
        notice_ms=None,
    )


@pytest.mark.parametrize(("hours", "late"), [((-40, -16), 0), ((-40, -17), 1)])
def test_time_agreed_before_the_facts_reach_stops_the_clock(
    hours: tuple[int, int], late: int
) -> None:
    """Open for 48 hours, 40 of them before October, where the facts begin; the limit is 24."""
    found = facts(OCTOBER, {}, held=Interval(OCTOBER.start_ms - 90 * 24 * HOUR_MS, OCTOBER.end_ms))
    repair = Repair(
        str(slot(0)), OCTOBER.start_ms - 40 * HOUR_MS, None, OCTOBER.start_ms + 8 * HOUR_MS
    )
    found = replace(found, repairs=(repair,), exclusions=(frozen(*hours),))
    measured = judged(OF, found).outcomes[0].measure
    assert (measured.total.value, measured.lost.value) == (Fraction(1), Fraction(late))
