"""Two parties and a third: gaps are covered, contradictions are disputed, nobody gains by both."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.model import ClockState, Condition, Finding, Instant, Observed, Started
from gpusla.timeline.build import build
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.model import Evidence, StateSpan, Witness
from gpusla.timeline.witnesses import Grade, grade
from tests.core.timeline.strategies import ANYBODY, LENGTH_MS, PERIOD, SLOTS, spans

SLOT = SLOTS[0]
PROVIDER, TENANT, INDEPENDENT = Witness
OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost", "driver: gone"),))
FABRIC = Condition(State.DOWN, (Finding("fabric_down"),))
SLOW = Condition(State.DEGRADED, (Finding("thermal_slowdown"),))
UNSEEN = Condition(State.UNKNOWN, (Finding("gpu_unobservable"),))
KNOWN = [OK, DOWN, FABRIC, SLOW]

Said = tuple[Witness, Condition] | tuple[Witness, Condition, Condition]


def said(*claims: Said) -> StateSpan:
    """What claims over the whole period come to."""
    (whole,) = timeline([claim(*one) for one in claims])
    return whole


def claim(
    witness: Witness, condition: Condition, other: Condition | None = None, error_ms: int | None = 0
) -> StateSpan:
    """One witness's record over the whole period; each has a journal of its own on the node."""
    numbers = {PROVIDER: 10, TENANT: 20, INDEPENDENT: 30}
    evidence = Evidence(NodeName("n1"), numbers[witness], numbers[witness])
    return StateSpan(SLOT, 0, LENGTH_MS, condition, other, error_ms, evidence, witness)


def timeline(records: Sequence[StateSpan]) -> tuple[StateSpan, ...]:
    """The slot's timeline."""
    return build(records, [SLOT], PERIOD).spans[SLOT]


def disputed(words: str) -> Condition:
    """Unknown, because of what several say."""
    return Condition(State.UNKNOWN, (Finding("disputed", words),))


VERDICTS: list[tuple[list[Said], Condition, Condition | None, Grade]] = [
    # One side alone, and a side that has nothing to say.
    ([(PROVIDER, OK)], OK, None, Grade.B),
    ([(PROVIDER, UNSEEN)], UNSEEN, None, Grade.C),
    ([(PROVIDER, UNSEEN), (TENANT, OK)], OK, None, Grade.B),
    ([(PROVIDER, UNSEEN), (TENANT, DOWN)], DOWN, None, Grade.B),
    ([(PROVIDER, UNSEEN), (TENANT, UNSEEN)], UNSEEN, None, Grade.C),
    # Two that agree, with what each of them found.
    ([(PROVIDER, OK), (TENANT, OK)], OK, None, Grade.A),
    (
        [(PROVIDER, DOWN), (TENANT, FABRIC)],
        Condition(State.DOWN, (Finding("fabric_down"), Finding("gpu_lost", "driver: gone"))),
        None,
        Grade.A,
    ),
    # Two that contradict each other, and a third who settles nothing.
    (
        [(PROVIDER, OK), (TENANT, DOWN)],
        disputed("provider: ok; tenant: down (gpu_lost)"),
        None,
        Grade.C,
    ),
    (
        [(PROVIDER, OK), (TENANT, SLOW)],
        disputed("provider: ok; tenant: degraded (thermal_slowdown)"),
        None,
        Grade.C,
    ),
    (
        [(PROVIDER, OK), (TENANT, DOWN), (INDEPENDENT, DOWN)],
        disputed("provider: ok; tenant: down (gpu_lost); independent: down (gpu_lost)"),
        None,
        Grade.C,
    ),
    # An edge of one of them allows what the other one saw, and the bounds keep both.
    ([(PROVIDER, OK, DOWN), (TENANT, OK)], OK, DOWN, Grade.A),
    ([(PROVIDER, OK, DOWN), (TENANT, DOWN)], DOWN, OK, Grade.B),
    ([(PROVIDER, DOWN, OK), (TENANT, OK)], OK, DOWN, Grade.B),
    ([(PROVIDER, OK, DOWN), (TENANT, DOWN, OK)], DOWN, OK, Grade.B),
    (
        [(PROVIDER, OK, SLOW), (TENANT, DOWN, SLOW)],
        SLOW,
        disputed("down, ok"),
        Grade.B,
    ),
    # The end of somebody's watch is no doubt while another one watches on.
    ([(PROVIDER, OK, UNSEEN), (TENANT, OK)], OK, None, Grade.A),
    ([(PROVIDER, OK, UNSEEN), (TENANT, UNSEEN)], OK, UNSEEN, Grade.B),
    ([(PROVIDER, OK, UNSEEN), (TENANT, UNSEEN, OK)], OK, UNSEEN, Grade.B),
    ([(PROVIDER, UNSEEN, OK), (TENANT, DOWN)], DOWN, OK, Grade.B),
    # Within one party evidence of failure outranks everything.
    ([(TENANT, OK), (TENANT, DOWN)], DOWN, OK, Grade.B),
]


@pytest.mark.parametrize(("claims", "condition", "other", "proven"), VERDICTS)
def test_what_witnesses_come_to(
    claims: list[Said], condition: Condition, other: Condition | None, proven: Grade
) -> None:
    """What counts, what it may have been instead, and how well it is proven."""
    found = said(*claims)
    assert (found.condition, found.other) == (condition, other)
    assert grade(found) is proven


def test_agreement_names_one_journal_and_who_else_says_so() -> None:
    """Numbers of two journals are never mixed, although both are of one node."""
    found = said((TENANT, DOWN), (INDEPENDENT, DOWN), (PROVIDER, DOWN))
    assert (found.witness, found.agreed) == (PROVIDER, (TENANT, INDEPENDENT))
    assert found.evidence == Evidence(NodeName("n1"), 10, 10)


def test_clock_errors_of_those_who_make_no_claim_are_left_out() -> None:
    """The worst clock of the others holds."""
    silent = claim(PROVIDER, UNSEEN, error_ms=None)
    told = [claim(TENANT, OK, error_ms=4), claim(INDEPENDENT, OK, error_ms=9)]
    assert timeline([silent, *told])[0].error_ms == 9


def test_a_gap_of_one_is_covered_by_the_other() -> None:
    """The provider's agent was away; the tenant's was not."""
    here = [
        StateSpan(SLOT, start, end, OK, evidence=Evidence(NodeName("n1"), 1, 1))
        for start, end in [(0, 5), (9, LENGTH_MS)]
    ]
    covered = timeline([*here, claim(TENANT, OK)])
    assert [(s.start_ms, s.end_ms, s.condition, grade(s)) for s in covered] == [
        (0, 5, OK, Grade.A),
        (5, 9, OK, Grade.B),
        (9, LENGTH_MS, OK, Grade.A),
    ]


def test_a_time_that_both_saw_from_their_own_samples_is_not_disputed_at_its_edges() -> None:
    """Two honest agents never sample at the same instant."""
    found = timeline([*_sampled(PROVIDER, 3), *_sampled(TENANT, 5)])
    assert "disputed" not in {f.reason for s in found for f in s.condition.findings}
    assert found[0].condition == OK
    assert {s.condition.state for s in found} == {State.OK, State.DOWN}


def _sampled(witness: Witness, offset_ms: int) -> list[StateSpan]:
    """Records of an agent that samples every 4 ms a GPU that is down from 8 to 16."""
    evidence = Evidence(NodeName("n1"), 1, 1)
    instants = [0, *range(offset_ms, LENGTH_MS, 4), LENGTH_MS]
    seen = [DOWN if 8 <= ms < 16 else OK for ms in instants]
    return [
        StateSpan(SLOT, start, end, was, None if was == then else then, 0, evidence, witness)
        for start, end, was, then in zip(instants, instants[1:], seen, seen[1:], strict=False)
    ]


@given(st.lists(st.sampled_from(KNOWN), min_size=1, max_size=3), st.sampled_from(KNOWN))
def test_nobody_gains_by_saying_two_things_at_once(
    provider: list[Condition], tenant: Condition
) -> None:
    """Beside a tenant's plain word, several claims give the provider nothing but that word."""
    found = said(*[(PROVIDER, one) for one in provider], (TENANT, tenant))
    assert found.condition.state in {tenant.state, State.UNKNOWN}


@settings(max_examples=60)
@given(st.lists(spans(SLOTS[:1], ANYBODY), max_size=12))
def test_a_witness_that_was_never_there_changes_nothing(records: list[StateSpan]) -> None:
    """Silence, told as unknown over the whole period, is no claim."""
    there = [record for record in records if record.witness is not INDEPENDENT]
    silent = claim(INDEPENDENT, UNSEEN)
    for plain, other in _aligned(timeline(there), timeline([*there, silent])):
        if plain.condition.state is not State.UNKNOWN:
            assert (plain.condition, plain.other) == (other.condition, other.other)
            assert grade(plain) is grade(other)


@given(st.lists(spans(SLOTS[:1], ANYBODY), max_size=12))
def test_only_what_another_party_says_too_has_the_best_grade(records: list[StateSpan]) -> None:
    """Each of those who are named says so at that time, if it is asked alone."""
    alone = {w: timeline([one for one in records if one.witness is w]) for w in Witness}
    for whole in timeline(records):
        assert (grade(whole) is Grade.A) == (
            bool(whole.agreed) and whole.condition.state is not State.UNKNOWN
        )
        for witness in whole.agreed:
            states = {
                span.condition.state
                for span in alone[witness]
                if span.start_ms < whole.end_ms and whole.start_ms < span.end_ms
            }
            assert states == {whole.condition.state}


def _aligned(
    left: Sequence[StateSpan], right: Sequence[StateSpan]
) -> list[tuple[StateSpan, StateSpan]]:
    return [
        (one, two)
        for one in left
        for two in right
        if one.start_ms < two.end_ms and two.start_ms < one.end_ms
    ]


def test_the_journal_of_a_witness_gives_spans_of_that_witness() -> None:
    """Whoever folds it says whose it is."""
    seen = Observed(_instant(2000), 1000, 2, 1000, {SLOT: OK})
    carry, _ = advance(Carry(), 1, Started(_instant(0), NodeName("n1"), "1", "nvml", 1000, 2500))
    _, found = advance(carry, 2, seen, TENANT)
    assert [span.witness for span in found] == [TENANT]


def _instant(mono_ms: int) -> Instant:
    return Instant("b1", 1, mono_ms, mono_ms, ClockState.SYNCHRONISED, 0)


def test_another_gpu_in_the_slot_is_still_the_slot() -> None:
    """Records before and after a replacement are about one place, from whatever node."""
    replaced = [
        StateSpan(SLOT, start, end, condition, evidence=Evidence(NodeName(node), 1, 1))
        for start, end, condition, node in [
            (0, 8, DOWN, "n1"),
            (8, 12, UNSEEN, "n1"),
            (12, 24, OK, "n7"),
        ]
    ]
    found = build(replaced, [SLOT], PERIOD)
    assert list(found.spans) == [SLOT]
    assert [(s.start_ms, s.end_ms, s.condition) for s in found.spans[SLOT]] == [
        (0, 8, DOWN),
        (8, 12, UNSEEN),
        (12, 24, OK),
    ]


def test_a_hand_over_between_tenants_cuts_time_and_loses_none() -> None:
    """Two periods that meet cover the slot once: what each has adds up to the whole."""
    records = [claim(PROVIDER, OK), claim(TENANT, DOWN)]
    early, late = Interval(0, 10), Interval(10, LENGTH_MS)
    parts = [build(records, [SLOT], part).spans[SLOT] for part in (early, late)]
    assert [(p[0].start_ms, p[-1].end_ms) for p in parts] == [(0, 10), (10, LENGTH_MS)]
    assert _by_state(s for part in parts for s in part) == _by_state(timeline(records))


@given(st.lists(spans(SLOTS, ANYBODY), max_size=16), st.integers(1, LENGTH_MS - 1))
def test_time_that_is_cut_in_two_says_what_it_said_whole(
    records: list[StateSpan], cut_ms: int
) -> None:
    """Whatever the records; so a hand-over counts nothing twice and drops nothing."""
    whole = build(records, SLOTS, PERIOD)
    early = build(records, SLOTS, Interval(0, cut_ms))
    late = build(records, SLOTS, Interval(cut_ms, LENGTH_MS))
    for slot in SLOTS:
        parts = (*early.spans[slot], *late.spans[slot])
        assert _by_moment(parts) == _by_moment(whole.spans[slot])


def test_a_domain_of_seventy_two_slots_is_seventy_two_timelines() -> None:
    """One switch fails: every slot has its own time, and together they have it once each."""
    rack = [Slot("c2", "r01", f"t{n // 4:02}", f"m{n % 4}") for n in range(72)]
    evidence = Evidence(NodeName("n1"), 1, 1)
    records = [
        StateSpan(slot, start, end, condition, evidence=evidence, witness=witness)
        for slot in rack
        for witness in (PROVIDER, TENANT)
        for start, end, condition in [(0, 6, OK), (6, 18, FABRIC), (18, LENGTH_MS, OK)]
    ]
    found = build([*records, *records], rack, PERIOD)
    assert list(found.spans) == rack
    spent = _by_state(span for several in found.spans.values() for span in several)
    assert spent == {State.OK: 72 * 12, State.DOWN: 72 * 12}


def _by_state(several: object) -> dict[State, int]:
    spent: dict[State, int] = {}
    for span in several:  # type: ignore[attr-defined]
        length_ms = span.end_ms - span.start_ms
        spent[span.condition.state] = spent.get(span.condition.state, 0) + length_ms
    return spent


def _by_moment(several: Sequence[StateSpan]) -> list[tuple[Condition, Condition | None, object]]:
    return [
        (span.condition, span.other, span.agreed)
        for span in several
        for _ in range(span.start_ms, span.end_ms)
    ]
