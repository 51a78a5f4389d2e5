"""Which exclusion records count: never more than agreed, and every refusal says why."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import ExclusionRule, HoursPer
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval, parse_instant
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.exclusions import Allowed, allowed
from gpusla.sla.facts import Holding
from tests.core.contracts.terms import CONTRACT, contract

HOUR_MS = 3_600_000
START_MS = parse_instant("2026-10-01T05:00:00Z")
MONTH = Interval(START_MS, START_MS + 31 * 24 * HOUR_MS)
NEXT = Interval(MONTH.end_ms, MONTH.end_ms + 30 * 24 * HOUR_MS)
SLOTS = [Slot("c2", "r01", "t01", f"m{module}") for module in range(4)]
HELD = {slot: (Holding(Interval(START_MS, NEXT.end_ms), "gb300"),) for slot in SLOTS}

# The random worlds below count in single milliseconds.
TICKS = 40
PERIODS = [Interval(0, 20), Interval(20, 40)]


def rule(id_: str = "planned", **terms: object) -> ExclusionRule:
    """A rule for maintenance that asks for nothing else unless it is said."""
    plain: dict[str, object] = {
        "kind": "maintenance",
        "notice_ms": 0,
        "hours_max_ms": 0,
        "hours_per": HoursPer.SLOT,
        "length_max_ms": 0,
        "needs_approval": False,
    }
    return ExclusionRule(id=id_, **(plain | terms))  # type: ignore[arg-type]


def record(
    start_ms: int,
    end_ms: int | None,
    *,
    id_: str = "e1",
    slots: Sequence[Slot] = SLOTS[:1],
    kind: str = "maintenance",
    clause: str = "planned",
    approver: str = "provider",
    notice_ms: int | None = None,
    recorded_ms: int = -9,
) -> ExclusionRecord:
    """An exclusion of the first slot."""
    return ExclusionRecord(
        id_,
        start_ms,
        end_ms,
        recorded_ms,
        None,
        False,  # noqa: FBT003
        tuple(slots),
        ContractId("acme-2026"),
        kind,
        "firmware",
        clause,
        approver,
        notice_ms,
    )


def judged(terms: ExclusionRule, *records: ExclusionRecord, reach: Interval = MONTH) -> Allowed:
    """What counts in October under one rule."""
    return allowed(under(terms), records, HELD, [MONTH, NEXT], reach)


def under(*rules: ExclusionRule) -> ContractVersion:
    """The contract with these rules."""
    return contract(exclusion_rules=rules)


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


RULES = st.builds(
    rule,
    st.sampled_from(["planned", "urgent"]),
    kind=st.sampled_from(["maintenance", "emergency"]),
    notice_ms=st.sampled_from([0, 0, 3]),
    hours_max_ms=st.sampled_from([0, 1, 4, 9]),
    hours_per=st.sampled_from(HoursPer),
    length_max_ms=st.sampled_from([0, 0, 5]),
    needs_approval=st.booleans(),
)
RULE_SETS = st.lists(RULES, max_size=2, unique_by=lambda one: one.id)
SPANS = st.tuples(st.integers(-4, TICKS + 4), st.integers(-4, TICKS + 4)).map(sorted)


@st.composite
def record_lists(draw: st.DrawFn) -> list[ExclusionRecord]:
    """Up to six records, some of which may count."""
    return [
        record(
            *draw(SPANS),
            id_=f"e{number}",
            slots=draw(st.lists(st.sampled_from(SLOTS), min_size=1, max_size=3, unique=True)),
            kind=draw(st.sampled_from(["maintenance", "maintenance", "emergency"])),
            clause=draw(st.sampled_from(["planned", "planned", "urgent"])),
            approver=draw(st.sampled_from(["tenant", "tenant", "provider"])),
            notice_ms=draw(st.sampled_from([None, -9, -9, 10])),
            recorded_ms=draw(st.sampled_from([-9, -9, 10])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


HOLDINGS = st.fixed_dictionaries(
    {
        slot: st.sampled_from(
            [
                (Holding(Interval(-9, TICKS + 9), "gb300"),),
                (Holding(Interval(0, 9), "gb300"), Holding(Interval(11, 30), "gb300")),
                (),
            ]
        )
        for slot in SLOTS[:3]
    }
)
REACHES = SPANS.map(lambda pair: Interval(pair[0], pair[1]))


@given(RULE_SETS, record_lists(), HOLDINGS, REACHES)
def test_what_counts_is_what_counting_by_the_millisecond_says(
    rules: list[ExclusionRule],
    records: list[ExclusionRecord],
    held: dict[Slot, tuple[Holding, ...]],
    reach: Interval,
) -> None:
    """Each millisecond of each slot is asked for by itself, in order of time."""
    found = allowed(under(*rules), records, held, PERIODS, reach)
    counted = {(slot, ms) for slot, several in found.excused.items() for ms in _ticks(several)}
    plain = set().union(*(_counted(one, records, held) for one in rules))
    assert counted == {(slot, ms) for slot, ms in plain if reach.start_ms <= ms < reach.end_ms}


@given(RULE_SETS, record_lists(), HOLDINGS, REACHES)
def test_what_records_give_back_adds_up_and_stays_inside_them(
    rules: list[ExclusionRule],
    records: list[ExclusionRecord],
    held: dict[Slot, tuple[Holding, ...]],
    reach: Interval,
) -> None:
    """Each millisecond that is excused is told of exactly one record, which names it."""
    found = allowed(under(*rules), records, held, PERIODS, reach)
    told: dict[Slot, list[int]] = defaultdict(list)
    by_id = {one.id: one for one in records}
    for id_, slots in found.by_record.items():
        for slot, several in slots.items():
            assert slot in by_id[id_].slots
            assert all(by_id[id_].is_effective(ms) for ms in _ticks(several))
            told[slot] += _ticks(several)
    assert {slot: sorted(ms) for slot, ms in told.items()} == {
        slot: _ticks(several) for slot, several in found.excused.items()
    }


@given(RULE_SETS, record_lists(), HOLDINGS, REACHES)
def test_every_millisecond_of_a_record_counts_or_is_refused(
    rules: list[ExclusionRule],
    records: list[ExclusionRecord],
    held: dict[Slot, tuple[Holding, ...]],
    reach: Interval,
) -> None:
    """For every slot that is held in it; nothing is dropped without a word."""
    found = allowed(under(*rules), records, held, PERIODS, reach)
    for one in records:
        refused = {
            ms
            for refusal in found.refused
            if refusal.exclusion_id == one.id
            for ms in _ticks([refusal.interval])
        }
        for slot in one.slots:
            owed = {ms for ms in range(reach.start_ms, reach.end_ms) if one.is_effective(ms)}
            owed &= set(_ticks([holding.interval for holding in held.get(slot, ())]))
            assert owed <= refused | set(_ticks(found.excused.get(slot, ())))


@settings(max_examples=60)
@given(RULE_SETS, record_lists(), HOLDINGS, REACHES, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(
    rules: list[ExclusionRule],
    records: list[ExclusionRecord],
    held: dict[Slot, tuple[Holding, ...]],
    reach: Interval,
    chance: Random,
) -> None:
    """Files are read in any order."""
    shuffled = chance.sample(records, len(records))
    assert allowed(under(*rules), shuffled, held, PERIODS, reach) == allowed(
        under(*rules), records, held, PERIODS, reach
    )


def _ticks(intervals: Sequence[Interval]) -> list[int]:
    return [ms for one in intervals for ms in range(one.start_ms, one.end_ms)]


def _counted(
    terms: ExclusionRule,
    records: Sequence[ExclusionRecord],
    held: dict[Slot, tuple[Holding, ...]],
) -> set[tuple[Slot, int]]:
    """Go through time once and spend each period's hours as they come."""
    spent: dict[Slot | None, int] = defaultdict(int)
    counted = set()
    for ms in range(-20, TICKS + 20):
        if any(ms in (period.start_ms, period.end_ms) for period in PERIODS):
            spent.clear()
        wanted = {
            slot
            for slot in held
            if any(one.interval.start_ms <= ms < one.interval.end_ms for one in held[slot])
            and any(_names(terms, one, slot, ms) for one in records)
        }
        is_shared = terms.hours_per is HoursPer.CONTRACT
        for slot in wanted:
            if not terms.hours_max_ms or spent[None if is_shared else slot] < terms.hours_max_ms:
                counted.add((slot, ms))
        for purse in {None} if is_shared and wanted else wanted:
            spent[purse] += 1
    return counted


def _names(terms: ExclusionRule, one: ExclusionRecord, slot: Slot, ms: int) -> bool:
    is_in_time = not terms.notice_ms or (
        one.notice_ms is not None
        and one.notice_ms + terms.notice_ms <= one.from_ms
        and (one.approver == "tenant" or one.recorded_ms + terms.notice_ms <= one.from_ms)
    )
    return (
        slot in one.slots
        and one.is_effective(ms)
        and (one.clause, one.kind) == (terms.id, terms.kind)
        and is_in_time
        and (one.approver == "tenant" or not terms.needs_approval)
        and (not terms.length_max_ms or ms < one.from_ms + terms.length_max_ms)
    )
