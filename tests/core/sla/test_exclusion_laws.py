"""What exclusion records give back, against counting every millisecond by itself."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.contracts.remedies import ExclusionRule, HoursPer
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.exclusions import Allowed, allowed
from gpusla.sla.facts import Holding
from tests.core.sla.excluding import SLOTS, record, rule, under

TICKS = 40
PERIODS = [Interval(0, 20), Interval(20, 40)]

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


@dataclass(frozen=True, slots=True)
class Case:
    """Rules, records and who holds what when, and the time that is asked about."""

    rules: list[ExclusionRule]
    records: list[ExclusionRecord]
    held: dict[Slot, tuple[Holding, ...]]
    reach: Interval

    def allowed(self) -> Allowed:
        """What is given back and what is refused."""
        return allowed(under(*self.rules), self.records, self.held, PERIODS, self.reach)


CASES = st.builds(Case, RULE_SETS, record_lists(), HOLDINGS, REACHES)


@given(CASES)
def test_what_counts_is_what_counting_by_the_millisecond_says(case: Case) -> None:
    """Each millisecond of each slot is asked for by itself, in order of time."""
    excused = case.allowed().excused
    counted = {(slot, ms) for slot, several in excused.items() for ms in _ticks(several)}
    plain = set().union(*(_counted(one, case.records, case.held) for one in case.rules))
    within = range(case.reach.start_ms, case.reach.end_ms)
    assert counted == {(slot, ms) for slot, ms in plain if ms in within}


@given(CASES)
def test_what_records_give_back_adds_up_and_stays_inside_them(case: Case) -> None:
    """Each millisecond that is excused is told of exactly one record, which names it."""
    found = case.allowed()
    told: dict[Slot, list[int]] = defaultdict(list)
    by_id = {one.id: one for one in case.records}
    for id_, slots in found.by_record.items():
        for slot, several in slots.items():
            assert slot in by_id[id_].slots
            assert all(by_id[id_].is_effective(ms) for ms in _ticks(several))
            told[slot] += _ticks(several)
    assert {slot: sorted(ms) for slot, ms in told.items()} == {
        slot: _ticks(several) for slot, several in found.excused.items()
    }


@given(CASES)
def test_every_millisecond_of_a_record_counts_or_is_refused(case: Case) -> None:
    """For every slot that is held in it; nothing is dropped without a word."""
    found = case.allowed()
    for one in case.records:
        refused = {
            ms
            for refusal in found.refused
            if refusal.exclusion_id == one.id
            for ms in _ticks([refusal.interval])
        }
        for slot in one.slots:
            owed = {ms for ms in _ticks([case.reach]) if one.is_effective(ms)}
            owed &= set(_ticks([holding.interval for holding in case.held.get(slot, ())]))
            assert owed <= refused | set(_ticks(found.excused.get(slot, ())))


@settings(max_examples=60)
@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(case: Case, chance: Random) -> None:
    """Files are read in any order."""
    shuffled = replace(case, records=chance.sample(case.records, len(case.records)))
    assert shuffled.allowed() == case.allowed()


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
