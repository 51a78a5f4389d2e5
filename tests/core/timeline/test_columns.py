"""Columns say what a timeline says, and resolving them what building it would."""

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.timeline.build import UNOBSERVED, build
from gpusla.timeline.columns import (
    NONE,
    ClaimColumns,
    Columns,
    claims_of,
    columns_of,
    resolve,
)
from gpusla.timeline.model import StateSpan, Timeline
from tests.core.timeline.strategies import ANYBODY, PERIOD, PROVIDER, SLOTS, spans

Said = tuple[Condition, Condition | None, int | None]


def read(columns: Columns) -> dict[Slot, list[tuple[int, int, Said]]]:
    """Every slot's time with what is said of it, defaults filled in, row by row."""
    found: dict[Slot, list[tuple[int, int, Said]]] = {}
    rows = [int(row) for row in columns.first_row]
    for number, slot in enumerate(columns.slots):
        pieces: list[tuple[int, int, Said]] = []
        reached_ms = columns.reach.start_ms
        for row in range(rows[number], rows[number + 1]):
            start_ms, end_ms = int(columns.start_ms[row]), int(columns.end_ms[row])
            assert reached_ms <= start_ms < end_ms <= columns.reach.end_ms
            pieces += _default(columns, number, reached_ms, start_ms)
            pieces.append((start_ms, end_ms, _said(columns, row)))
            reached_ms = end_ms
        found[slot] = [*pieces, *_default(columns, number, reached_ms, columns.reach.end_ms)]
    return found


def _said(columns: Columns, row: int) -> Said:
    other, error_ms = int(columns.other[row]), int(columns.error_ms[row])
    return (
        columns.conditions[int(columns.condition[row])],
        None if other == NONE else columns.conditions[other],
        None if error_ms == NONE else error_ms,
    )


def _default(
    columns: Columns, number: int, start_ms: int, end_ms: int
) -> list[tuple[int, int, Said]]:
    condition = columns.conditions[int(columns.default_condition[number])]
    error_ms = int(columns.default_error_ms[number])
    said = (condition, None, None if error_ms == NONE else error_ms)
    return [(start_ms, end_ms, said)] if start_ms < end_ms else []


@given(st.lists(spans(SLOTS[:3], ANYBODY), max_size=14))
def test_columns_say_what_the_timeline_says(records: list[StateSpan]) -> None:
    """Neighbours that differ only in their evidence are one piece."""
    timeline = build(records, SLOTS, PERIOD)
    for slot, pieces in read(columns_of(timeline)).items():
        assert [_moment(p, ms) for p in pieces for ms in range(p[0], p[1])] == [
            (ms, (span.condition, span.other, span.error_ms))
            for span in timeline.spans[slot]
            for ms in range(span.start_ms, span.end_ms)
        ]
        assert all(one[2] != two[2] for one, two in pairwise(pieces))


def _moment(piece: tuple[int, int, Said], ms: int) -> tuple[int, Said]:
    return ms, piece[2]


@settings(max_examples=150)
@given(st.lists(spans(SLOTS[:2], ANYBODY), max_size=14))
def test_resolving_says_what_building_says(records: list[StateSpan]) -> None:
    """Whatever several witnesses claim, to the millisecond, the clock error and the words."""
    _same(records, SLOTS[:2])


@settings(max_examples=80)
@given(st.lists(spans(SLOTS[:2], PROVIDER), max_size=14))
def test_resolving_one_witness_says_what_building_says(records: list[StateSpan]) -> None:
    """Records of one party that overlap in every way."""
    _same(records, SLOTS[:2])


@given(st.lists(spans(SLOTS, ANYBODY), max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_claims_changes_nothing(records: list[StateSpan], chance: object) -> None:
    """Rows come as journals come."""
    plain = claims_of(records, SLOTS)
    order = np.array(
        chance.sample(range(len(plain.slot)), len(plain.slot)),  # type: ignore[attr-defined]
        dtype=np.int64,
    )
    columns = [plain.slot, plain.start_ms, plain.end_ms, plain.condition, plain.other]
    shuffled = ClaimColumns(
        plain.slots,
        plain.conditions,
        *(column[order] for column in [*columns, plain.error_ms, plain.witness]),
    )
    assert read(resolve(shuffled, PERIOD)) == read(resolve(plain, PERIOD))


def _same(records: Sequence[StateSpan], slots: Sequence[Slot]) -> None:
    resolved = resolve(claims_of(records, slots), PERIOD)
    assert read(resolved) == read(columns_of(build(records, slots, PERIOD)))
    assert len(set(resolved.conditions)) == len(resolved.conditions)


def test_a_slot_that_nobody_claims_has_no_rows() -> None:
    """It is not observed by default."""
    resolved = resolve(claims_of([], SLOTS), PERIOD)
    assert len(resolved.slot) == 0
    unknown = (PERIOD.start_ms, PERIOD.end_ms, (UNOBSERVED, None, 0))
    assert read(resolved) == {slot: [unknown] for slot in SLOTS}


def test_a_timeline_of_no_slots_has_no_rows() -> None:
    """Nothing is an answer too."""
    assert read(columns_of(Timeline(PERIOD, {}))) == {}


def test_a_hundred_thousand_slots_are_resolved_in_a_moment() -> None:
    """A slot's healthy month is one row; half of the slots failed once."""
    claims, reach = fleet(100_000)
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        resolved = resolve(claims, reach)
        taken.append(time.perf_counter() - begun)
    assert len(resolved.slot) == len(claims.slot)
    assert int((resolved.end_ms - resolved.start_ms).sum()) == 100_000 * reach.duration_ms
    # A tenth of it on a machine that has nothing else to do.
    assert min(taken) < 0.5


def fleet(slots: int) -> tuple[ClaimColumns, Interval]:
    """A month of slots, every second of which was down for an hour."""
    reach = Interval(0, 31 * 86_400_000)
    names = tuple(
        Slot("c2", f"r{n // 72:04}", f"t{n % 72 // 4:02}", f"m{n % 4}") for n in range(slots)
    )
    conditions = (Condition(State.OK), Condition(State.DOWN, (Finding("gpu_lost"),)))
    even = np.arange(0, slots, 2, dtype=np.int64)
    odd = np.arange(1, slots, 2, dtype=np.int64)
    slot = np.concatenate((even, np.repeat(odd, 3)))
    at_ms = odd * 86_400_000 // slots * 30 + 1
    ends = np.stack((at_ms, at_ms + 3_600_000, np.full_like(at_ms, reach.end_ms)), axis=1)
    starts = np.concatenate((np.zeros_like(ends[:, :1]), ends[:, :-1]), axis=1)
    order = np.argsort(slot, kind="stable")
    ok, none = np.zeros_like(even), np.full(len(slot), NONE, dtype=np.int64)
    condition = np.concatenate((ok, np.tile(np.array([0, 1, 0], dtype=np.int64), len(odd))))
    columns = (
        slot,
        np.concatenate((ok, starts.reshape(-1))),
        np.concatenate((ok + reach.end_ms, ends.reshape(-1))),
        condition,
        none,
        np.zeros_like(none),
        np.zeros_like(none),
    )
    return ClaimColumns(names, conditions, *(column[order] for column in columns)), reach
