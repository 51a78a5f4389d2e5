"""What holds of every measure: nothing but what happened matters, and bounds are bounds."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gpusla.contracts.model import OverDelivery
from gpusla.contracts.promises import Denominator, Granularity, Kind, UnknownPolicy
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.evaluation import Measure
from gpusla.sla.facts import Facts
from gpusla.sla.measure import account, exact, measure, prepare
from gpusla.timeline.columns import NONE, Columns, Integers, columns_of
from gpusla.timeline.model import StateSpan
from tests.core.sla.measure.worlds import LINK_DOWN, SLOTS, TICK_MS, World, at, span, worlds

TIMES = (Kind.TIME_UNIT, Kind.TIME_ANY_DOWN, Kind.TIME_ALL_DOWN, Kind.PERFORMANCE)
KINDS = (Kind.CAPACITY, *TIMES)
seeds = st.integers(0, 2**32 - 1)


def measured(world: World, facts: Facts | None = None, window: Interval | None = None) -> Measure:
    """What a world comes to, or what it would with other facts or another window."""
    return measure(
        world.contract,
        world.objective,
        window or span(*world.window),
        at(world.until),
        facts or world.facts,
        world.excused,
    )


@given(world=worlds(*KINDS), seed=seeds)
def test_splitting_spans_changes_nothing(world: World, seed: int) -> None:
    """Pieces are cut anywhere, even where no tick begins."""
    columns = columns_of(world.timeline)
    chance = Random(seed)  # noqa: S311  (where to cut)
    cut_ms = [chance.randint(a, b) for a, b in zip(columns.start_ms, columns.end_ms, strict=True)]
    rows = np.repeat(np.arange(len(cut_ms)), 2)
    start_ms, end_ms = columns.start_ms[rows], columns.end_ms[rows]
    start_ms[1::2] = end_ms[::2] = cut_ms
    keep = np.flatnonzero(start_ms < end_ms)
    split = rebuilt(columns, rows[keep], start_ms[keep], end_ms[keep])
    assert measured(world, replace(world.facts, timeline=split)) == measured(world)


@given(world=worlds(*KINDS), seed=seeds)
def test_time_that_is_left_to_a_default_counts_as_its_pieces_did(world: World, seed: int) -> None:
    """Any condition and error of a slot may be its default."""
    columns = columns_of(world.timeline)
    chance = Random(seed)  # noqa: S311  (which piece becomes the default)
    keep = np.ones(len(columns.slot), dtype=np.bool_)
    condition, error_ms = columns.default_condition.copy(), columns.default_error_ms.copy()
    for slot in range(len(columns.slots)):
        rows = np.flatnonzero((columns.slot == slot) & (columns.other == NONE))
        if len(rows):
            row = chance.choice(rows.tolist())
            condition[slot], error_ms[slot] = columns.condition[row], columns.error_ms[row]
            same = (columns.condition == condition[slot]) & (columns.error_ms == error_ms[slot])
            keep[rows] &= ~same[rows]
    rows = np.flatnonzero(keep)
    fewer = rebuilt(columns, rows, columns.start_ms[rows], columns.end_ms[rows])
    sparse = replace(fewer, default_condition=condition, default_error_ms=error_ms)
    assert measured(world, replace(world.facts, timeline=sparse)) == measured(world)


@given(world=worlds(*KINDS), seed=seeds)
def test_the_order_of_slots_changes_nothing(world: World, seed: int) -> None:
    """Neither of those held nor of those that were seen, nor of exclusions."""
    chance = Random(seed)  # noqa: S311  (an order)
    held, excused = list(world.held.items()), list(world.excused.items())
    chance.shuffle(held)
    chance.shuffle(excused)
    columns = columns_of(world.timeline)
    slots = list(range(len(columns.slots)))
    chance.shuffle(slots)
    rows = np.concatenate([np.flatnonzero(columns.slot == slot) for slot in slots])
    moved = rebuilt(columns, rows, columns.start_ms[rows], columns.end_ms[rows])
    place = np.argsort(np.array(slots))
    shuffled = replace(
        moved, slots=tuple(columns.slots[slot] for slot in slots), slot=place[moved.slot]
    )
    other = replace(world, held=dict(held), excused=dict(excused))
    assert measured(other, replace(other.facts, timeline=shuffled)) == measured(world)


@given(world=worlds(*KINDS))
def test_facts_that_were_prepared_measure_the_same(world: World) -> None:
    """And preparing them again costs nothing."""
    facts = prepare(world.facts)
    assert prepare(facts) is facts
    assert {slot: tuple(held) for slot, held in facts.held.items()} == world.held
    assert measured(world, facts) == measured(world)


@given(world=worlds(*KINDS))
def test_low_value_and_high_are_in_order(world: World) -> None:
    """Where totals are equal; minutes from an outage's start shift with it, and are left out."""
    assume(world.objective.unknown.policy is not UnknownPolicy.EXCLUDE)
    assume(world.objective.granularity is not Granularity.ELAPSED_MINUTES)
    found = measured(world)
    assert found.total.low == found.total.value == found.total.high
    assert found.lost.low <= found.lost.value <= found.lost.high <= found.total.high
    for unit in found.units:
        assert 0 <= unit.lost_ms.low <= unit.lost_ms.value <= unit.lost_ms.high


@given(
    world=worlds(*KINDS),
    slot=st.sampled_from(SLOTS),
    start=st.integers(0, 60),
    error=st.sampled_from((0, 1, 3)),
)
def test_more_down_time_is_never_less_lost(
    world: World, slot: Slot, start: int, error: int
) -> None:
    """
    A slot is down for some ticks more, for a reason that fails every promise; in each bound.

    All is told by one clock: told by a worse one, what is down is less sure to have lasted so long.
    """
    assume(world.objective.unknown.policy is not UnknownPolicy.EXCLUDE)
    assume(world.objective.granularity is not Granularity.ELAPSED_MINUTES)
    time = span(min(start, world.reach - 1), min(start + 5, world.reach))
    error_ms = error * TICK_MS
    world = replace(world, spans=tuple(replace(one, error_ms=error_ms) for one in world.spans))
    spans = [one for old in world.spans for one in without(old, slot, time)]
    worse = StateSpan(slot, time.start_ms, time.end_ms, LINK_DOWN, error_ms=error_ms)
    before, after = measured(world), measured(replace(world, spans=(*spans, worse)))
    assert before.lost.low <= after.lost.low
    assert before.lost.value <= after.lost.value
    assert before.lost.high <= after.lost.high


@given(world=worlds(*KINDS))
def test_exclusions_never_make_more_lost(world: World) -> None:
    """With a denominator that does not change with them."""
    assume(world.objective.unknown.policy is not UnknownPolicy.EXCLUDE)
    assume(world.objective.granularity is not Granularity.ELAPSED_MINUTES)
    objective = replace(world.objective, denominator=Denominator.FULL_WINDOW)
    with_them = replace(world, objective=objective)
    without_them = replace(with_them, excused={})
    less, more = measured(with_them).lost, measured(without_them).lost
    assert less.low <= more.low
    assert less.value <= more.value
    assert less.high <= more.high


@given(world=worlds(Kind.CAPACITY), middle=st.integers(1, 60))
def test_parts_of_a_window_add_up_to_it(world: World, middle: int) -> None:
    """What an outage is does not depend on where one looks; nothing is banked."""
    capacity = replace(world.contract.capacity, over_delivery=OverDelivery.NOT_BANKED)
    world = replace(world, contract=replace(world.contract, capacity=capacity), until=1000)
    start, end = world.window
    middle = min(start + middle, end)
    assume(end <= world.reach)
    whole = measured(world)
    parts = [measured(world, window=span(*ends)) for ends in ((start, middle), (middle, end))]
    for bound in ("low", "value", "high"):
        assert getattr(whole.lost, bound) == sum(getattr(one.lost, bound) for one in parts)
        assert getattr(whole.total, bound) == sum(getattr(one.total, bound) for one in parts)


@given(world=worlds(Kind.CAPACITY))
def test_the_account_agrees_with_the_objective(world: World) -> None:
    """Its states add up to what was held, and its figures are those of the measure."""
    contract = replace(world.contract, objectives=(world.objective,))
    window, until_ms = span(*world.window), at(world.until)
    found = account(contract, window, until_ms, world.facts, world.excused)
    of = measured(world)
    assert found.lost_gpu_ms == of.lost.value
    assert found.delivered_gpu_ms.low == of.total.high - of.lost.high
    assert found.delivered_gpu_ms.value == of.total.value - of.lost.value
    assert found.delivered_gpu_ms.high == of.total.low - of.lost.low
    assert found.held_gpu_ms == of.held_gpu_ms == sum(found.states_gpu_ms.values())
    bare = measured(replace(world, excused={}))
    assert found.excluded_gpu_ms == bare.lost.value - of.lost.value


@given(world=worlds(*KINDS))
def test_integers_without_an_end_come_to_the_same(world: World) -> None:
    """The same code on Python's own integers, as where 64 bits would not be enough."""
    expected = measured(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "LIMIT", 1)
        assert measured(world) == expected


def rebuilt(columns: Columns, rows: Integers, start_ms: Integers, end_ms: Integers) -> Columns:
    """Return columns of some rows, with other times."""
    return replace(
        columns,
        slot=columns.slot[rows],
        condition=columns.condition[rows],
        other=columns.other[rows],
        error_ms=columns.error_ms[rows],
        start_ms=start_ms,
        end_ms=end_ms,
    )


def without(old: StateSpan, slot: Slot, time: Interval) -> list[StateSpan]:
    """Return what is left of a span outside a time of a slot."""
    if old.slot != slot:
        return [old]
    parts = (
        replace(old, end_ms=min(old.end_ms, time.start_ms)),
        replace(old, start_ms=max(old.start_ms, time.end_ms)),
    )
    return [one for one in parts if one.start_ms < one.end_ms]
