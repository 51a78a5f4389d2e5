"""
What a period's credit comes to if nothing more is lost, at the present rate, and if all is lost.

Only credits that follow from the time an objective loses as a whole can be foreseen: steps and
linear ones of a contract's fee.  Everything else is held at what it gives today, and named.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.money import round_once
from gpusla.contracts.promises import Objective, Scope
from gpusla.contracts.remedies import AcrossObjectives, Base, Cap, Linear, LinearOf, NoCredit, Step
from gpusla.forecast.approach import Course, losing
from gpusla.forecast.thresholds import threshold_of
from gpusla.sla.evaluation import Bounds, Evaluation, Outcome
from gpusla.sla.sides import Side, each

_KNOWN_BASES = {Base.PERIOD_FEE, Base.ANNUAL_OVER_12}


@dataclass(frozen=True, slots=True)
class Stakes:
    """
    The period's credit in minor units, after caps and rounding, whether claimed or not.

    now: what would be owed if the period ended now.  if_nothing_more, if_all_lost: what is owed at
    the end if from now on everything, or nothing, of what is committed is delivered.  at_rate: if
    what is being lost now goes on.  held: objectives that are taken in all three at what they give
    today, because their credit does not follow from time alone or nobody said what they lose.
    """

    now: Bounds[int]
    if_nothing_more: Bounds[int]
    at_rate: Bounds[int]
    if_all_lost: Bounds[int]
    held: tuple[str, ...]


def is_foreseeable(objective: Objective) -> bool:
    """Return whether an objective's credit follows from the time that it loses as a whole."""
    match objective.credit:
        case NoCredit():
            return True
        case Step() | Linear():
            is_whole = objective.scope is Scope.CONTRACT
            return is_whole and objective.credit.base in _KNOWN_BASES
        case _:
            return False


def stakes(
    evaluation: Evaluation, courses: Mapping[str, Course], unsaid: Sequence[str] = ()
) -> Stakes:
    """
    Say what is at stake.

    courses: by id of the objective, those whose time can be foreseen.  unsaid: those of them whose
    present rate nobody gave; they are named as held, and lose nothing more at the present rate.
    """
    known = {
        outcome.objective.id: courses[outcome.objective.id]
        for outcome in evaluation.outcomes
        if outcome.objective.id in courses and is_foreseeable(outcome.objective)
    }
    ids = [outcome.objective.id for outcome in evaluation.outcomes]
    return Stakes(
        evaluation.settlement.rounded,
        _period_credit(evaluation, known, lambda _: Fraction(), is_more=False),
        _period_credit(evaluation, known, _lost_at_rate, is_more=True),
        _period_credit(evaluation, known, _lost_if_all, is_more=True),
        tuple(id_ for id_ in ids if id_ not in known or id_ in unsaid),
    )


def objective_credit(outcome: Outcome, lost: Fraction, whole: Fraction) -> Fraction:
    """
    Return the exact credit of one objective alone for so much lost in its whole window.

    Step: percent of the lowest tier that is crossed, of the base.  Linear: multiple * base * what
    counts of lost / whole.  Less what earlier windows gave.  Source: docs/concepts/sla-engine.md,
    sections 12.3, 12.4 and 12.8.
    """
    objective = outcome.objective
    credit = objective.credit
    if not whole or not isinstance(credit, Step | Linear):
        return Fraction()
    if isinstance(credit, Step):
        gives = outcome.base * _percent(objective, credit, lost, whole) / 100
    else:
        spared = 1 - objective.target if credit.of is LinearOf.SHORTFALL_BELOW_TARGET else 0
        gives = credit.multiple * outcome.base * max(Fraction(), lost / whole - spared)
    return max(Fraction(), gives - outcome.granted_minor_units)


def _percent(objective: Objective, credit: Step, lost: Fraction, whole: Fraction) -> Fraction:
    crossed = [
        tier for tier in credit.tiers if threshold_of(objective, tier.below).is_crossed(lost, whole)
    ]
    lowest = min(crossed, key=lambda tier: tier.below, default=None)
    return lowest.percent if lowest else Fraction()


def _lost_at_rate(course: Course) -> Fraction:
    losses = (losing(one, course.rate) * one.interval.duration_ms for one in course.rest)
    return sum(losses, Fraction())


def _lost_if_all(course: Course) -> Fraction:
    return sum((one.total for one in course.rest), Fraction())


def _period_credit(
    evaluation: Evaluation,
    courses: Mapping[str, Course],
    further: Callable[[Course], Fraction],
    *,
    is_more: bool,
) -> Bounds[int]:
    """Return what all objectives give together if each course loses so much further."""

    def credit(outcome: Outcome) -> Bounds[Fraction]:
        course = courses.get(outcome.objective.id)
        if course is None:
            return outcome.credit
        more = further(course)
        return course.each(lambda lost, whole: objective_credit(outcome, lost + more, whole))

    given = [credit(outcome) for outcome in evaluation.outcomes]
    combined = _combined(evaluation.contract.combination.across, given)

    def settled(side: Side) -> int:
        return _settled(evaluation, side(combined), _limits(evaluation, side, is_more=is_more))

    return each(settled)


def _combined(across: AcrossObjectives, given: Sequence[Bounds[Fraction]]) -> Bounds[Fraction]:
    """Put the objectives' credits together.  Source: docs/concepts/sla-engine.md, section 12.9."""
    zero = Fraction()
    match across:
        case AcrossObjectives.SUM:
            return each(lambda side: sum((side(one) for one in given), zero))
        case AcrossObjectives.MAX:
            return each(lambda side: max((side(one) for one in given), default=zero))
        case AcrossObjectives.FIRST:
            chosen = _may_be_first(given)
            value = next((one.value for one in given if one.value), zero)
            low = min((one.low for one in chosen), default=zero)
            return Bounds(low, value, max((one.high for one in chosen), default=zero))


def _may_be_first(given: Sequence[Bounds[Fraction]]) -> list[Bounds[Fraction]]:
    """Return those that can give something, up to and including the first that must."""
    chosen: list[Bounds[Fraction]] = []
    for one in given:
        if one.high > 0:
            chosen.append(one)
        if one.low > 0:
            break
    return chosen


def _limits(evaluation: Evaluation, side: Side, *, is_more: bool) -> list[Fraction]:
    """
    Return what the caps and the fee allow.

    A cap of the affected units' charges rises with what is lost; with more lost it is taken as if
    every unit were affected, so that no stake is shown too small.
    """
    steps = evaluation.settlement.caps
    caps = evaluation.contract.combination.caps
    limits = [
        _of_everything(evaluation, cap) if is_more and _is_of_affected(cap) else side(step.limit)
        for cap, step in zip(caps, steps, strict=False)
    ]
    return [*limits, evaluation.fee_minor_units]


def _is_of_affected(cap: Cap) -> bool:
    return cap.percent is not None and cap.of is Base.AFFECTED_CHARGES


def _of_everything(evaluation: Evaluation, cap: Cap) -> Fraction:
    return evaluation.fee_minor_units * (cap.percent or 0) / 100


def _settled(evaluation: Evaluation, combined: Fraction, limits: Sequence[Fraction]) -> int:
    """Cap, drop what is below the minimum, and round once, down where up would pass a limit."""
    limit = min(limits)
    exact = min(combined, limit)
    if exact < evaluation.contract.combination.minimum_minor_units:
        return 0
    rounded = round_once(exact, evaluation.contract.fees.rounding)
    return rounded if rounded <= limit else exact // 1
