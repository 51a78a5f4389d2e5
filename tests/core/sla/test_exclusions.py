"""Which exclusion records count: never more than agreed, and every refusal says why."""

import pytest

from gpusla.contracts.remedies import ExclusionRule, HoursPer
from gpusla.identity import Slot
from gpusla.instants import INSTANT_MIN_MS, Interval, parse_instant
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.exclusions import Allowed, allowed
from gpusla.sla.facts import Holding
from tests.core.contracts.terms import CONTRACT
from tests.core.sla.excluding import SLOTS, record, rule, under

HOUR_MS = 3_600_000
START_MS = parse_instant("2026-10-01T05:00:00Z")
MONTH = Interval(START_MS, START_MS + 31 * 24 * HOUR_MS)
NEXT = Interval(MONTH.end_ms, MONTH.end_ms + 30 * 24 * HOUR_MS)
HELD = {slot: (Holding(Interval(START_MS, NEXT.end_ms), "gb300"),) for slot in SLOTS}


def judged(terms: ExclusionRule, *records: ExclusionRecord, reach: Interval = MONTH) -> Allowed:
    """What counts in October under one rule."""
    return allowed(under(terms), records, HELD, [MONTH, NEXT], reach)


def hours(first: int, last: int) -> Interval:
    """Hours counted from the start of October."""
    return Interval(START_MS + first * HOUR_MS, START_MS + last * HOUR_MS)


def at(hour: int) -> int:
    """An instant by its hour of October."""
    return START_MS + hour * HOUR_MS


REFUSED = [
    (
        rule(),
        record(at(0), at(2), clause="emergency"),
        "the contract has no exclusion rule 'emergency'; it has 'planned'",
    ),
    (
        rule(),
        record(at(0), at(2), kind="emergency"),
        "its kind is 'emergency', and rule 'planned' is for 'maintenance'",
    ),
    (
        rule(notice_ms=2 * HOUR_MS),
        record(at(0), at(2)),
        "rule 'planned' asks for notice 2 h before the start, and no notice is recorded",
    ),
    (
        rule(notice_ms=2 * HOUR_MS),
        record(at(9), at(10), notice_ms=at(7) + 1),
        (
            "rule 'planned' asks for notice 2 h before the start, by 2026-10-01T12:00:00Z, "
            "and it was given at 2026-10-01T12:00:00.001Z"
        ),
    ),
    (
        rule(needs_approval=True),
        record(at(0), at(2)),
        "rule 'planned' asks for the approval of 'tenant', and the approver is 'provider'",
    ),
    (
        rule(),
        record(at(0), at(2), slots=[Slot("c2", "r09", "t01", "m0")] * 3),
        "none of its 3 slots is held then",
    ),
]


@pytest.mark.parametrize(("terms", "one", "why"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_record_that_breaks_its_rule_gives_nothing_and_is_told_why(
    terms: ExclusionRule, one: ExclusionRecord, why: str
) -> None:
    """The whole record is refused, in words with the values."""
    found = judged(terms, one)
    assert not found.excused
    (refusal,) = found.refused
    assert (refusal.exclusion_id, refusal.reason) == ("e1", why)
    assert refusal.interval == Interval(one.from_ms, one.until_ms or 0)


def test_a_notice_that_was_due_before_the_year_1_is_refused_without_that_date() -> None:
    """Who writes that a record holds from the first instant on can have given no notice of it."""
    one = record(INSTANT_MIN_MS, at(2), notice_ms=at(7))
    (refused,) = judged(rule(notice_ms=HOUR_MS), one).refused
    assert refused.reason == (
        "rule 'planned' asks for notice 1 h before the start, and it was given at "
        "2026-10-01T12:00:00Z"
    )


def test_notice_given_at_the_last_instant_is_in_time() -> None:
    """Late is later than that."""
    one = record(at(9), at(10), notice_ms=at(7))
    assert judged(rule(notice_ms=2 * HOUR_MS), one).excused == {SLOTS[0]: (hours(9, 10),)}


def test_a_contract_without_rules_excuses_nothing() -> None:
    """And says that it has none."""
    found = allowed(CONTRACT, [record(at(0), at(2))], HELD, [MONTH], MONTH)
    assert [one.reason for one in found.refused] == [
        "the contract has no exclusion rule 'planned'; it has none"
    ]


def test_a_record_that_is_too_long_counts_from_its_start() -> None:
    """Its rest is refused."""
    found = judged(rule(length_max_ms=90 * 60_000), record(at(3), at(6)))
    middle = at(4) + HOUR_MS // 2
    assert found.excused == {SLOTS[0]: (Interval(at(3), middle),)}
    assert [(one.interval, one.reason) for one in found.refused] == [
        (
            Interval(middle, at(6)),
            "rule 'planned' gives a record at most 1 h 30 min from its start",
        )
    ]


def test_hours_of_each_slot_go_to_the_earliest_time() -> None:
    """Two slots of one record had used up different parts of their hours before."""
    found = judged(
        rule(hours_max_ms=4 * HOUR_MS),
        record(at(10), at(14), id_="e2", slots=SLOTS[:2]),
        record(at(0), at(3)),
    )
    assert found.excused == {SLOTS[0]: (hours(0, 3), hours(10, 11)), SLOTS[1]: (hours(10, 14),)}
    assert [(one.exclusion_id, one.interval, one.reason) for one in found.refused] == [
        (
            "e2",
            hours(11, 14),
            (
                "rule 'planned' gives each slot at most 4 h in the billing period from "
                "2026-10-01T05:00:00Z, and they are used up for 1 of its 2 slots"
            ),
        )
    ]


def test_hours_of_the_contract_run_while_anything_is_excluded() -> None:
    """Slots that are excluded together use the same hours, one after the other each their own."""
    found = judged(
        rule(hours_max_ms=4 * HOUR_MS, hours_per=HoursPer.CONTRACT),
        record(at(0), at(3), id_="e1", slots=SLOTS[:1]),
        record(at(1), at(3), id_="e2", slots=SLOTS[1:2]),
        record(at(5), at(7), id_="e3", slots=SLOTS[1:3]),
    )
    assert found.excused == {
        SLOTS[0]: (hours(0, 3),),
        SLOTS[1]: (hours(1, 3), hours(5, 6)),
        SLOTS[2]: (hours(5, 6),),
    }
    assert [(one.exclusion_id, one.interval) for one in found.refused] == [("e3", hours(6, 7))]
    assert "gives the contract at most 4 h" in found.refused[0].reason


def test_each_billing_period_has_its_own_hours() -> None:
    """A record over the end of October uses both months' hours."""
    end = 31 * 24
    terms = rule(hours_max_ms=2 * HOUR_MS)
    found = judged(terms, record(at(end - 3), at(end + 3)), reach=hours(0, end + 24))
    assert found.excused == {SLOTS[0]: (hours(end - 3, end - 1), hours(end, end + 2))}


def test_hours_used_before_the_reach_are_used_up() -> None:
    """What is judged may begin inside a billing period."""
    terms, early = rule(hours_max_ms=2 * HOUR_MS), record(at(0), at(2))
    found = judged(terms, early, record(at(50), at(51), id_="e2"), reach=hours(48, 72))
    assert not found.excused
    assert [one.exclusion_id for one in found.refused] == ["e2"]


def test_time_in_which_the_slot_is_not_held_uses_no_hours() -> None:
    """Hours are for time that would have counted."""
    held = {SLOTS[0]: (Holding(hours(2, 9), "gb300"),)}
    terms = under(rule(hours_max_ms=2 * HOUR_MS))
    found = allowed(
        terms, [record(at(0), at(3)), record(at(4), at(6), id_="e2")], held, [MONTH], MONTH
    )
    assert found.excused == {SLOTS[0]: (hours(2, 3), hours(4, 5))}


def test_time_that_several_records_give_back_is_told_of_the_first() -> None:
    """So what records gave back adds up to what was excused."""
    found = judged(
        rule(),
        record(at(2), at(6), id_="a"),
        record(at(1), at(4), id_="b"),
        record(at(1), at(3), id_="c"),
    )
    assert found.by_record == {
        "a": {SLOTS[0]: (hours(4, 6),)},
        "b": {SLOTS[0]: (hours(1, 4),)},
    }
    assert found.excused == {SLOTS[0]: (hours(1, 6),)}


def test_a_record_without_an_end_reaches_as_far_as_is_judged() -> None:
    """It is still open."""
    assert judged(rule(), record(at(5), None)).excused == {
        SLOTS[0]: (Interval(at(5), MONTH.end_ms),)
    }
