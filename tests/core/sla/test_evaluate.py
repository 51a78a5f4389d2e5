"""Laws of the judgement, and its agreement with one that was written a second time."""

from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion, UnknownPolicy
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla.sla.facts import Facts
from gpusla.timeline.build import build
from gpusla.timeline.intervals import total_ms
from gpusla.timeline.model import Evidence, StateSpan
from tests.core.sla.brute import totals
from tests.core.sla.making import CONTRACT, SKU, committing, judge, short_period, slot
from tests.core.sla.notation import DOWN, OK
from tests.core.sla.strategies import World, worlds


def judged(world: World) -> Evaluation:
    """What the engine makes of a world."""
    return judge(world.contract, world.period, world.spans, world.held, excused=world.excused)


@settings(max_examples=250, deadline=None)
@given(worlds())
def test_the_engine_agrees_with_a_judgement_by_the_millisecond(world: World) -> None:
    """Value, both bounds, states and exclusions are equal to the last unit."""
    evaluation = judged(world)
    plain = totals(world.contract, world.period.interval, world.spans, world.held, world.excused)
    delivered = evaluation.delivered_gpu_ms
    assert evaluation.committed_gpu_ms == plain.committed
    assert (delivered.low, delivered.value, delivered.high) == (plain.low, plain.value, plain.high)
    assert evaluation.states_gpu_ms == plain.states
    assert evaluation.excluded_gpu_ms == plain.excluded


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_every_committed_millisecond_is_delivered_or_lost_to_somebody(world: World) -> None:
    """Losses by unit add up to the loss, exactly; states add up to held time."""
    evaluation = judged(world)
    lost = sum((loss.gpu_ms for loss in evaluation.losses), Fraction(0))
    assert lost == evaluation.lost_gpu_ms
    assert evaluation.delivered_gpu_ms.value + lost == evaluation.committed_gpu_ms
    held = sum(
        total_ms(Interval(max(h.start_ms, p.start_ms), min(h.end_ms, p.end_ms)) for h in intervals)
        for p in [world.period.interval]
        for intervals in world.held.values()
    )
    assert sum(evaluation.states_gpu_ms.values()) == evaluation.held_gpu_ms == held
    assert all(loss.gpu_ms > 0 for loss in evaluation.losses)


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_the_value_lies_within_its_bounds(world: World) -> None:
    """In capacity, in availability and, the other way round, in money."""
    evaluation = judged(world)
    delivered, credit = evaluation.delivered_gpu_ms, evaluation.credit_minor_units
    assert 0 <= delivered.low <= delivered.value <= delivered.high <= evaluation.committed_gpu_ms
    assert 0 <= credit.low <= credit.value <= credit.high <= evaluation.base_minor_units


@settings(max_examples=60, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_and_duplicates_change_nothing(world: World, chance: Random) -> None:
    """Records may come in any order and more than once."""
    again = [*world.spans, *world.spans]
    chance.shuffle(again)
    assert judged(replace(world, spans=again)) == judged(world)


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_who_bears_the_unknown_moves_the_value_and_no_bound(world: World) -> None:
    """The bounds are what may have been; the policy is who pays for not knowing."""
    provider, tenant = (
        judged(replace(world, contract=_bearing(world, policy))) for policy in UnknownPolicy
    )
    assert provider.delivered_gpu_ms.value <= tenant.delivered_gpu_ms.value
    assert provider.delivered_gpu_ms.low == tenant.delivered_gpu_ms.low
    assert provider.delivered_gpu_ms.high == tenant.delivered_gpu_ms.high


def _bearing(world: World, policy: UnknownPolicy) -> ContractVersion:
    return replace(world.contract, objective=replace(world.contract.objective, unknown=policy))


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_an_exclusion_never_makes_anything_worse(world: World) -> None:
    """It gives back what was lost, and leaves what was promised as it is."""
    with_it, without = judged(world), judged(replace(world, excused={}))
    assert with_it.committed_gpu_ms == without.committed_gpu_ms
    assert with_it.delivered_gpu_ms.value >= without.delivered_gpu_ms.value
    assert with_it.states_gpu_ms == without.states_gpu_ms


def test_the_period_to_date_is_judged_as_if_it_ended_there() -> None:
    """What comes later is neither promised nor lost yet; the next tier sees the whole period."""
    contract = committing(CONTRACT, 1)
    period = short_period(contract, 1000)
    start_ms = period.interval.start_ms
    spans = [StateSpan(slot(0), start_ms, start_ms + 1000, OK)]
    timeline = build(spans, [slot(0)], period.interval)
    facts = Facts(timeline, {slot(0): (period.interval,)}, {slot(0): SKU})
    evaluation = evaluate(contract, period, start_ms + 400, facts)
    assert evaluation.committed_gpu_ms == evaluation.states_gpu_ms[State.OK] == 400
    assert evaluation.committed_period_gpu_ms == 1000
    assert evaluation.next_tier is not None
    assert evaluation.next_tier.gpu_ms == 10
    assert not evaluation.is_complete


def test_before_the_period_begins_there_is_nothing_to_judge() -> None:
    """No availability, no credit, no division by zero."""
    contract = committing(CONTRACT, 1)
    period = short_period(contract, 1000)
    facts = Facts(build([], [slot(0)], period.interval), {slot(0): (period.interval,)}, {})
    evaluation = evaluate(contract, period, period.interval.start_ms - 5, facts)
    assert evaluation.availability.value is None
    assert evaluation.credit_minor_units.value == 0


def test_outside_the_term_nothing_is_promised() -> None:
    """A month before the contract begins owes nothing and costs nothing."""
    period = short_period(CONTRACT, 1000)
    early = replace(period, key="2026-06", first_day=period.first_day.replace(month=6))
    facts = Facts(build([], [], period.interval), {}, {})
    evaluation = evaluate(CONTRACT, early, period.interval.end_ms, facts)
    assert evaluation.committed_gpu_ms == 0
    assert evaluation.base_minor_units == 0


def test_a_slot_that_the_timeline_leaves_out_was_not_observed() -> None:
    """Held and absent from the evidence is unknown, never delivered."""
    period = short_period(CONTRACT, 100)
    facts = Facts(build([], [], period.interval), {slot(0): (period.interval,)}, {slot(0): SKU})
    evaluation = evaluate(CONTRACT, period, period.interval.end_ms, facts)
    assert evaluation.states_gpu_ms[State.UNKNOWN] == 100
    assert evaluation.delivered_gpu_ms.high == 100
    assert evaluation.delivered_gpu_ms.value == 0


def test_a_change_just_before_the_period_is_weighed_with_clock_error() -> None:
    """A timeline that reaches over the edge lets an outage that ended there reach in."""
    period = short_period(CONTRACT, 100)
    start_ms, end_ms = period.interval.start_ms, period.interval.end_ms
    wide = Interval(start_ms - 50, end_ms)
    down = StateSpan(slot(0), start_ms - 50, start_ms, DOWN, error_ms=10)
    spans = [down, StateSpan(slot(0), start_ms, end_ms, OK, error_ms=10)]
    facts = Facts(build(spans, [slot(0)], wide), {slot(0): (period.interval,)}, {slot(0): SKU})
    delivered = evaluate(CONTRACT, period, end_ms, facts).delivered_gpu_ms
    assert delivered == Bounds(Fraction(90), Fraction(100), Fraction(100))


def test_a_loss_names_the_records_behind_it() -> None:
    """The statement can be followed down to the journal lines of a node."""
    period = short_period(CONTRACT, 10)
    start_ms = period.interval.start_ms
    spans = [
        StateSpan(slot(0), start_ms + at, start_ms + at + 1, DOWN, evidence=_records(at))
        for at in range(10)
    ]
    (loss,) = judge(CONTRACT, period, spans, {slot(0): (period.interval,)}).losses
    assert loss.interval == period.interval
    assert loss.evidence == (Evidence(NodeName("n1"), 1, 11),)
    assert loss.slots == (slot(0),)


def test_a_loss_that_nobody_observed_names_no_records() -> None:
    """Silence is a reason of its own, and has no evidence."""
    period = short_period(CONTRACT, 10)
    (loss,) = judge(CONTRACT, period, [], {slot(0): (period.interval,)}).losses
    assert loss.reasons == ("not_observed",)
    assert loss.evidence == ()


def _records(at: int) -> Evidence:
    return Evidence(NodeName("n1"), at + 1, at + 2)
