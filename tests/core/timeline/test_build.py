"""A timeline has no gaps and no overlaps, and says no more than the records do."""

import time
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.timeline.build import build
from gpusla.timeline.claims import SEVERITY
from gpusla.timeline.model import Evidence, StateSpan
from tests.core.timeline.strategies import (
    ANYBODY,
    CONDITIONS,
    LENGTH_MS,
    PERIOD,
    SLOTS,
    spans,
)

SLOT = SLOTS[0]
OK, DOWN, SLOW, LIMITED, UNSEEN = CONDITIONS
RECORDS = st.lists(spans(SLOTS[:2]), max_size=14)
EVERYBODY = st.lists(spans(SLOTS[:2], ANYBODY), max_size=14)


def span(start_ms: int, end_ms: int, condition: Condition, sequence: int = 1) -> StateSpan:
    """A record of the one slot."""
    evidence = Evidence(NodeName("n1"), sequence, sequence)
    return StateSpan(SLOT, start_ms, end_ms, condition, evidence=evidence)


def one(records: Sequence[StateSpan]) -> tuple[StateSpan, ...]:
    """The slot's timeline."""
    return build(records, [SLOT], PERIOD).spans[SLOT]


@given(EVERYBODY)
def test_every_slot_is_covered_exactly(records: list[StateSpan]) -> None:
    """Each millisecond of the period stands in one span of each slot."""
    timeline = build(records, SLOTS, PERIOD)
    assert set(timeline.spans) == set(SLOTS)
    for slot, covered in timeline.spans.items():
        edges = [PERIOD.start_ms, *(s.end_ms for s in covered)]
        assert [s.start_ms for s in covered] == edges[:-1]
        assert edges[-1] == PERIOD.end_ms
        assert all(s.slot == slot and s.start_ms < s.end_ms for s in covered)


@given(RECORDS)
def test_the_worst_claim_counts_and_silence_is_unknown(records: list[StateSpan]) -> None:
    """At every millisecond, and whatever order the records came in."""
    for covered in one(records):
        for now in range(covered.start_ms, covered.end_ms):
            claims = [r for r in records if r.slot == SLOT and r.start_ms <= now < r.end_ms]
            worst = max(
                (claim.condition.state for claim in claims),
                key=lambda state: SEVERITY[state],
                default=State.UNKNOWN,
            )
            assert covered.condition.state is worst
            assert bool(claims) == (covered.evidence is not None)


@settings(max_examples=60)
@given(EVERYBODY, st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(records: list[StateSpan], chance: Random) -> None:
    """Journals are fetched in any order, and sometimes twice."""
    again = [*records, *records]
    chance.shuffle(again)
    assert build(again, SLOTS, PERIOD) == build(records, SLOTS, PERIOD)


@settings(max_examples=60)
@given(EVERYBODY)
def test_building_again_changes_nothing(records: list[StateSpan]) -> None:
    """What is known of observed time goes through a second time as it is."""
    built = build(records, [SLOT], PERIOD)
    seen = [s for s in built.spans[SLOT] if s.evidence is not None]
    again = build(seen, [SLOT], PERIOD).spans[SLOT]
    assert [s for s in again if s.evidence is not None] == seen


def test_a_gap_is_unknown_and_names_no_records() -> None:
    """Ok on both sides says nothing about the time between."""
    before, gap, after = one([span(0, 5, OK), span(9, LENGTH_MS, OK)])
    assert gap.condition == Condition(State.UNKNOWN, (Finding("not_observed"),))
    assert (gap.start_ms, gap.end_ms, gap.evidence) == (5, 9, None)
    assert before.condition == after.condition == OK


def test_neighbours_that_agree_are_one_span() -> None:
    """A month of samples that say the same is one line with its first and last record."""
    (whole,) = one([span(at, at + 1, OK, at + 1) for at in range(LENGTH_MS)])
    assert whole.evidence == Evidence(NodeName("n1"), 1, LENGTH_MS)


def test_a_disagreement_stays_visible_in_the_bounds() -> None:
    """Down counts, and the other claim is kept beside it."""
    (disputed, *_) = one([span(0, LENGTH_MS, OK), span(0, LENGTH_MS, DOWN)])
    assert (disputed.condition, disputed.other) == (DOWN, OK)


@pytest.mark.parametrize(
    ("worse", "better"),
    [(DOWN, UNSEEN), (DOWN, SLOW), (UNSEEN, SLOW), (UNSEEN, OK), (SLOW, OK)],
)
def test_failure_outranks_not_having_seen_and_that_what_is_well(
    worse: Condition, better: Condition
) -> None:
    """Of two claims over the same time; a failure that somebody saw happened."""
    (disputed,) = one([span(0, LENGTH_MS, better), span(0, LENGTH_MS, worse)])
    assert (disputed.condition, disputed.other) == (worse, better)


def test_records_that_overlap_in_part_count_each_millisecond_once() -> None:
    """A long record and a shorter one that begins inside it and outlasts it."""
    covered = one([span(0, 10, OK), span(4, 14, DOWN), span(12, LENGTH_MS, OK)])
    assert [(s.start_ms, s.end_ms, s.condition, s.other) for s in covered] == [
        (0, 4, OK, None),
        (4, 10, DOWN, OK),
        (10, 12, DOWN, None),
        (12, 14, DOWN, OK),
        (14, LENGTH_MS, OK, None),
    ]


def test_several_other_claims_are_as_wide_as_unknown() -> None:
    """Down counts; what else it may have been is more than one thing."""
    claims = [span(0, LENGTH_MS, condition) for condition in (OK, DOWN, SLOW)]
    (disputed,) = one(claims)
    assert disputed.condition == DOWN
    assert disputed.other == Condition(State.UNKNOWN, (Finding("disputed", "degraded, ok"),))


def test_what_several_found_is_found() -> None:
    """Two records of one state put their findings together."""
    (both,) = one([span(0, LENGTH_MS, SLOW), span(0, LENGTH_MS, LIMITED)])
    assert [finding.reason for finding in both.condition.findings] == [
        "power_limit",
        "thermal_slowdown",
    ]


def test_records_of_other_slots_and_other_times_are_left_out() -> None:
    """Only the slots asked for, only the period."""
    other = StateSpan(SLOTS[5], 0, LENGTH_MS, DOWN)
    outside = [span(-50, 0, DOWN), span(LENGTH_MS, 99, DOWN)]
    (covered,) = one([other, *outside])
    assert covered.condition.state is State.UNKNOWN


@pytest.mark.parametrize("overlapping", [False, True])
def test_the_cost_follows_the_number_of_spans(*, overlapping: bool) -> None:
    """Thirty-two times the records cost nowhere near a thousand times as much."""
    small, large = _seconds(200, overlapping=overlapping), _seconds(6400, overlapping=overlapping)
    assert large < small * 32 * 6


def _seconds(count: int, *, overlapping: bool) -> float:
    records = [span(at * 2, at * 2 + 1, OK, at + 1) for at in range(count)]
    if overlapping:
        records.append(span(0, count * 2, UNSEEN))
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        build(records, [SLOT], Interval(0, count * 2))
        best = min(best, time.perf_counter() - begun)
    return best
