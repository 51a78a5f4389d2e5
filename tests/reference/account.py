"""Section 13 of sla-engine.md: where the contract's GPU-time went."""

from dataclasses import dataclass, replace
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.promises import (
    Comparison,
    Degraded,
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Objective,
    RunCount,
    Scope,
    Unknown,
    UnknownPolicy,
    ValueRounding,
    Window,
    WindowKind,
)
from gpusla.contracts.remedies import NoCredit
from tests.reference.case import BOUNDS
from tests.reference.delivery import committed_gpus, delivery, lost_and_total
from tests.reference.slots import ZERO, Scene, spans_of

PLAIN = Objective(
    id="account",
    kind=Kind.CAPACITY,
    target=Fraction(1),
    comparison=Comparison.BELOW,
    window=Window(WindowKind.BILLING_PERIOD, 0, grants_again=False),
    scope=Scope.CONTRACT,
    min_outage=MinOutage(0, RunCount.WHOLE_RUN, splits=False),
    granularity=Granularity.EXACT,
    denominator=Denominator.FULL_WINDOW,
    value_rounding=ValueRounding.NONE,
    value_decimals=0,
    unknown=Unknown(UnknownPolicy.PROVIDER_BEARS, 0),
    degraded=Degraded(Fraction(1), {}),
    clock_error_ms=0,
    requests=None,
    performance=None,
    replacement=None,
    credit=NoCredit(),
)
"""13.1: the plain terms of a contract without an objective of kind capacity."""


@dataclass(frozen=True, slots=True)
class Accounted:
    """The account's figures in GPU-milliseconds; delivered by bound of the value."""

    committed: int
    committed_whole: int
    delivered: dict[str, Fraction]
    lost: Fraction
    held: int
    states: dict[State, int]
    excluded: Fraction
    committed_now: int
    delivered_now: Fraction


def account(scene: Scene) -> Accounted:
    """13."""
    capacities = [one for one in scene.case.contract.objectives if one.kind is Kind.CAPACITY]
    objective = capacities[0] if capacities else PLAIN
    by_bound = {bound: lost_and_total(scene, objective, bound) for bound in BOUNDS}
    lost, _ = by_bound["value"]
    committed_now, delivered_now = _now(scene, objective)
    states = _states(scene)
    return Accounted(
        committed=_committed(scene, scene.to_date),
        committed_whole=_committed(scene, scene.whole),
        delivered={bound: total - lost for bound, (lost, total) in by_bound.items()},
        lost=lost,
        held=sum(states.values()),
        states=states,
        excluded=_lost_without_exclusions(scene, objective, lost) - lost,
        committed_now=committed_now,
        delivered_now=delivered_now,
    )


def _committed(scene: Scene, where: range) -> int:
    return sum(committed_gpus(scene, tick) for tick in where) * scene.ticks.length_ms


def _states(scene: Scene) -> dict[State, int]:
    """13.2: of held slots, by the condition alone."""
    found = dict.fromkeys(State, 0)
    for slot, held in scene.held.items():
        for span in spans_of(scene, slot):
            for tick in scene.ticks.within(span.start_ms, span.end_ms):
                if tick in scene.to_date and held[tick] is not None:
                    found[span.condition.state] += scene.ticks.length_ms
    return found


def _now(scene: Scene, objective: Objective) -> tuple[int, Fraction]:
    """13.3."""
    if not scene.to_date:
        return 0, ZERO
    last = scene.to_date[-1]
    delivered, committed = delivery(scene, objective, "value")
    return committed_gpus(scene, last), min(delivered[last], Fraction(committed[last]))


def _lost_without_exclusions(scene: Scene, objective: Objective, lost: Fraction) -> Fraction:
    """13.2: as if none counted."""
    if not any(any(flags) for flags in scene.excused.values()):
        return lost
    excused = {slot: [False for _ in scene.ticks] for slot in scene.held}
    lost, _ = lost_and_total(replace(scene, excused=excused, rows={}), objective, "value")
    return lost
