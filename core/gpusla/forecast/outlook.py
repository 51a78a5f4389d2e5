"""The forecast of a period that still runs: an outlook for each objective, the money at stake."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.calendar import local_date
from gpusla.contracts.model import OverDelivery
from gpusla.contracts.promises import Kind, Scope
from gpusla.contracts.remedies import Step
from gpusla.forecast.approach import Approach, Course, approach
from gpusla.forecast.burn import Burn, burns
from gpusla.forecast.commitment import committed_between, rest_of_window
from gpusla.forecast.lost import LostBetween
from gpusla.forecast.stakes import Stakes, objective_credit, stakes
from gpusla.forecast.thresholds import threshold_of
from gpusla.instants import Interval
from gpusla.sla.evaluation import Bounds, Evaluation, Outcome
from gpusla.sla.sides import reversed_bounds

RATE_MS = 3_600_000
"""Over how long the present rate of loss is taken, if nobody asks for another length."""

_CLOCKED = {
    Kind.CAPACITY,
    Kind.TIME_UNIT,
    Kind.TIME_ANY_DOWN,
    Kind.TIME_ALL_DOWN,
    Kind.PERFORMANCE,
}
"""What runs with the clock: the rest of the window can lose no more than its own time."""


@dataclass(frozen=True, slots=True)
class Budget:
    """
    What an objective may lose in its whole window, and what is left of it, in its measure's unit.

    allowed: (1 - target) * total of the whole window.  used: lost to date.  left: allowed - used,
    negative once it is overspent.  used_share: used / allowed; None where nothing is allowed.
    `low` is the smaller figure in each.
    """

    allowed: Bounds[Fraction]
    used: Bounds[Fraction]
    left: Bounds[Fraction]
    used_share: Bounds[Fraction | None]


@dataclass(frozen=True, slots=True)
class TierAhead:
    """
    The highest tier that is not certain yet, and what it would cost to reach it.

    rise: how much more the objective gives once it is reached, in exact minor units, beyond what
    is certain.  left_worth: the GPU-time up to it at the price of the credit's base; `low` first.
    """

    approach: Approach
    rise: Fraction
    left_worth: Bounds[Fraction]


@dataclass(frozen=True, slots=True)
class Outlook:
    """
    How one objective stands, and what its window may still come to.

    window: whole.  rate: lost per millisecond at present; None if nobody said.  burns: empty then.
    tiers: from the highest down.  next_tier: None without tiers, or once all are certain.
    may_be_made_up: later deliveries beyond the commitment count against what was lost; then no
    figure but those of the whole window is certain, and the rest assumes no such deliveries.
    """

    objective: str
    window: Interval
    until_ms: int
    budget: Budget
    rate: Fraction | None
    burns: tuple[Burn, ...]
    target: Approach
    tiers: tuple[Approach, ...]
    next_tier: TierAhead | None
    may_be_made_up: bool


@dataclass(frozen=True, slots=True)
class ClaimDeadline:
    """
    When a credit must have been asked for.

    deadline_ms: first instant that is too late.  days_left: whole local days after today on which
    it may still be claimed, 0 on the last one; None once it is too late.
    """

    deadline_ms: int
    days_left: int | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    What is still to come of a period.

    outlooks: of the objectives that run with the clock, in the contract's order.  claim: None
    where credits are automatic or it was claimed.
    """

    outlooks: tuple[Outlook, ...]
    stakes: Stakes
    claim: ClaimDeadline | None


def forecast(
    evaluation: Evaluation,
    lost_between: Mapping[str, LostBetween],
    now_ms: int,
    rate_ms: int = RATE_MS,
) -> Forecast:
    """
    Say what may still become of an evaluation to date.

    lost_between: by id of the objective.  An outlook without one has no rate and no burns.
    now_ms: for the claim's deadline alone; all else is as of the instant judged until.
    rate_ms: over how long before that instant the present rate is taken, inside the window.
    """
    outcomes = [outcome for outcome in evaluation.outcomes if _is_foreseen(outcome)]
    courses = {
        outcome.objective.id: _course(evaluation, outcome, lost_between, rate_ms)
        for outcome in outcomes
    }
    unsaid = [id_ for id_ in courses if id_ not in lost_between]
    return Forecast(
        tuple(
            _outlook(evaluation, outcome, courses[outcome.objective.id], lost_between)
            for outcome in outcomes
        ),
        stakes(evaluation, courses, unsaid),
        claim_deadline(evaluation, now_ms),
    )


def claim_deadline(evaluation: Evaluation, now_ms: int) -> ClaimDeadline | None:
    """Return when the period's credit must have been asked for; None if nobody has to, or did."""
    claim = evaluation.claim
    if claim is None or claim.claimed_ms is not None:
        return None
    zone = evaluation.contract.term.timezone
    left = local_date(claim.deadline_ms - 1, zone) - local_date(now_ms, zone)
    return ClaimDeadline(claim.deadline_ms, left.days if now_ms < claim.deadline_ms else None)


def _is_foreseen(outcome: Outcome) -> bool:
    objective = outcome.objective
    is_whole = objective.scope is Scope.CONTRACT
    return objective.kind in _CLOCKED and is_whole and outcome.measure.total_whole_window > 0


def _course(
    evaluation: Evaluation,
    outcome: Outcome,
    lost_between: Mapping[str, LostBetween],
    rate_ms: int,
) -> Course:
    measure = outcome.measure
    rest = rest_of_window(evaluation, outcome)
    is_banked = (
        outcome.objective.kind is Kind.CAPACITY
        and evaluation.contract.capacity.over_delivery is OverDelivery.BANKED_IN_WINDOW
    )
    rate = _rate(measure.window, lost_between.get(outcome.objective.id), rate_ms)
    return Course(measure, measure.window.end_ms, rest, rate, is_banked and bool(rest))


def _rate(window: Interval, lost_between: LostBetween | None, rate_ms: int) -> Fraction:
    start_ms = max(window.start_ms, window.end_ms - rate_ms)
    recent = Interval(start_ms, window.end_ms)
    if lost_between is None or not recent.duration_ms:
        return Fraction()
    return lost_between(recent) / recent.duration_ms


def _outlook(
    evaluation: Evaluation,
    outcome: Outcome,
    course: Course,
    lost_between: Mapping[str, LostBetween],
) -> Outlook:
    objective, measure = outcome.objective, outcome.measure
    window = Interval(measure.window.start_ms, evaluation.period.interval.end_ms)
    known = lost_between.get(objective.id)
    tiers = _tiers(outcome, course)
    return Outlook(
        objective=objective.id,
        window=window,
        until_ms=course.from_ms,
        budget=_budget(course, objective.target),
        rate=course.rate if known else None,
        burns=_burns(evaluation, outcome, window, known) if known else (),
        target=approach(course, threshold_of(objective, objective.target), objective.target, None),
        tiers=tiers,
        next_tier=_next_tier(outcome, tiers),
        may_be_made_up=course.may_be_made_up,
    )


def _burns(
    evaluation: Evaluation, outcome: Outcome, window: Interval, lost_between: LostBetween
) -> tuple[Burn, ...]:
    def committed(interval: Interval) -> Fraction:
        return committed_between(evaluation, outcome, interval)

    until_ms = outcome.measure.window.end_ms
    return burns(window, until_ms, outcome.objective.target, lost_between, committed)


def _budget(course: Course, target: Fraction) -> Budget:
    def share(lost: Fraction, whole: Fraction) -> Fraction | None:
        allowed = (1 - target) * whole
        return lost / allowed if allowed else None

    return Budget(
        allowed=course.each(lambda _, whole: (1 - target) * whole),
        used=course.measure.lost,
        left=reversed_bounds(course.each(lambda lost, whole: (1 - target) * whole - lost)),
        used_share=course.each(share),
    )


def _tiers(outcome: Outcome, course: Course) -> tuple[Approach, ...]:
    objective = outcome.objective
    if not isinstance(objective.credit, Step):
        return ()
    tiers = sorted(objective.credit.tiers, key=lambda tier: tier.below, reverse=True)
    return tuple(
        approach(course, threshold_of(objective, tier.below), tier.below, tier.percent)
        for tier in tiers
    )


def _next_tier(outcome: Outcome, tiers: tuple[Approach, ...]) -> TierAhead | None:
    ahead = next((tier for tier in tiers if tier.left_ms.value is not None), None)
    if ahead is None or ahead.percent is None:
        return None
    measure = outcome.measure
    whole = measure.total_whole_window
    reached = outcome.base * ahead.percent / 100 - outcome.granted_minor_units
    certain = objective_credit(outcome, measure.lost.value, whole)
    price = outcome.base / whole
    left = ahead.left_ms
    worth = Bounds(*(price * (part or 0) for part in (left.low, left.value, left.high)))
    return TierAhead(ahead, max(Fraction(), reached - certain), worth)
