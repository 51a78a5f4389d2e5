"""O6: maintenance that is back-dated, and what holds against it."""

from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.remedies import ExclusionRule, HoursPer
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.exclusions import Allowed, allowed
from gpusla.sla.facts import Holding
from tests.core.contracts.terms import contract

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONTH = Interval(100 * DAY_MS, 130 * DAY_MS)
SLOT = Slot("c2", "r01", "t01", "m1")
INSTANTS = st.integers(95 * DAY_MS, 131 * DAY_MS)
NOTICES = st.integers(1, 7 * DAY_MS)


def rule(notice_ms: int, *, needs_approval: bool = False) -> ExclusionRule:
    """Return a rule for maintenance with notice."""
    return ExclusionRule("planned", "maintenance", notice_ms, 0, HoursPer.SLOT, 0, needs_approval)


def window(start_ms: int, told_ms: int | None, recorded_ms: int, approver: str) -> ExclusionRecord:
    """Return an hour of maintenance."""
    return ExclusionRecord(
        id="e",
        from_ms=start_ms,
        until_ms=start_ms + HOUR_MS,
        recorded_ms=recorded_ms,
        supersedes=None,
        withdrawn=False,
        slots=(SLOT,),
        contract=ContractId("acme-2026"),
        kind="maintenance",
        reason="firmware",
        clause="planned",
        approver=approver,
        notice_ms=told_ms,
    )


def judged(terms: ExclusionRule, record: ExclusionRecord) -> Allowed:
    """Judge one record over a month in which the slot is held."""
    held = {SLOT: (Holding(MONTH, "gb300"),)}
    return allowed(contract(exclusion_rules=(terms,)), (record,), held, (MONTH,), MONTH)


@given(INSTANTS, NOTICES, st.none() | INSTANTS, INSTANTS)
def test_o6_what_was_told_or_recorded_late_excuses_nothing_without_the_other_side(
    start_ms: int, notice_ms: int, told_ms: int | None, recorded_ms: int
) -> None:
    """Whatever the operator writes: one of both behind time is enough, and is flagged."""
    due_ms = start_ms - notice_ms
    found = judged(rule(notice_ms), window(start_ms, told_ms, recorded_ms, "provider"))
    is_in_time = told_ms is not None and max(told_ms, recorded_ms) <= due_ms
    touches = start_ms < MONTH.end_ms and start_ms + HOUR_MS > MONTH.start_ms
    assert bool(found.excused) == (is_in_time and touches)
    assert bool(found.refused) == (touches and not is_in_time)


@given(INSTANTS, NOTICES, INSTANTS)
def test_o6_the_other_sides_word_stands_in_for_the_record_and_not_for_the_notice(
    start_ms: int, notice_ms: int, recorded_ms: int
) -> None:
    """What the tenant approved may be written down late; that it was told in time may not be."""
    due_ms = start_ms - notice_ms
    in_time = judged(rule(notice_ms), window(start_ms, due_ms, recorded_ms, "tenant"))
    too_late = judged(rule(notice_ms), window(start_ms, due_ms + 1, recorded_ms, "tenant"))
    assert not in_time.refused
    assert not too_late.excused


@given(INSTANTS, INSTANTS, st.text(max_size=12))
def test_o6_where_approval_is_asked_for_nobody_elses_counts(
    start_ms: int, recorded_ms: int, approver: str
) -> None:
    """Not the provider's, not an empty one, not one that only looks like the tenant's."""
    terms = rule(0, needs_approval=True)
    found = judged(terms, window(start_ms, None, recorded_ms, approver))
    assert approver == "tenant" or not found.excused


def test_o6_the_sentence_says_when_it_was_due_and_when_it_was_put_on_record() -> None:
    """So that both sides can look."""
    start_ms = 110 * DAY_MS
    record = window(start_ms, start_ms - DAY_MS, start_ms + 5 * HOUR_MS, "provider")
    (found,) = judged(rule(DAY_MS), record).refused
    assert found.reason == (
        "rule 'planned' asks for notice 24 h before the start, by 1970-04-20T00:00:00Z, and it was "
        "put on record at 1970-04-21T05:00:00Z without the approval of 'tenant'"
    )
