"""
An objective's measure against its promise: value, tier and credit, each with its bounds.

Each bound is judged by itself.  Of a credit, `low` is what the least lost time gives; where many
short outages give more than one long one, the least and the most of the three.
Source: docs/concepts/sla-engine.md, sections 11 and 12.2 to 12.8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.promises import Objective, Scope
from gpusla.contracts.remedies import (
    HourWaiver,
    Lateness,
    Linear,
    LinearOf,
    Multiple,
    NoCredit,
    PerEventTable,
    Step,
    Tier,
)
from gpusla.sla.evaluation import Bounds, Measure, Outcome, UnitMeasure, UnitOutcome
from gpusla.sla.event_credits import answered_for, hours_of, waived_hours
from gpusla.sla.prices import Prices
from gpusla.sla.sides import Side, each, reversed_bounds, value
from gpusla.sla.values import compared, misses, ratio, tier_of

PER_UNIT = (Multiple, PerEventTable, HourWaiver, Lateness)
"""Credits that each unit has by itself, whatever the objective's scope."""


def judge(
    objective: Objective, measure: Measure, prices: Prices, granted_minor_units: int = 0
) -> Outcome:
    """
    Judge an objective over its window, or its part so far.

    granted_minor_units: what earlier windows gave for time that this one covers too.
    """
    judged = _Judged(objective, prices, measure)
    ratios = _ratios(measure.lost, measure.total)
    at = each(lambda side: compared(objective, side(ratios)))
    is_own = is_per_unit(objective)
    units = tuple(judged.unit(unit) for unit in measure.units) if is_own else ()
    given = _summed(units) if is_own else _spread(lambda side: judged.given(side, side(at)))
    taken_off = 0 if objective.window.grants_again else granted_minor_units
    return Outcome(
        objective=objective,
        measure=measure,
        value=reversed_bounds(ratios),
        compared=reversed_bounds(at),
        is_missed=misses(objective, at.value, objective.target),
        tier=Bounds(None, None, None) if is_own else judged.tiers(at),
        base=judged.base(),
        granted_minor_units=taken_off,
        credit=each(lambda side: max(Fraction(0), side(given) - taken_off)),
        units=tuple(unit for unit in units if unit.credit.high),
    )


def is_per_unit(objective: Objective) -> bool:
    """Return whether each unit has a credit of its own."""
    is_own = objective.scope is Scope.UNIT and not isinstance(objective.credit, NoCredit)
    return is_own or isinstance(objective.credit, PER_UNIT)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is judged; values are compared already."""

    objective: Objective
    prices: Prices
    measure: Measure

    def base(self) -> Fraction:
        """Return what a percentage is taken of: for units of their own the fee of all."""
        credit = self.objective.credit
        if is_per_unit(self.objective) or not isinstance(credit, Step | Linear):
            return self.prices.window_fee
        return self.prices.base(self.objective, self.measure, credit.base, value)

    def tiers(self, at: Bounds[Fraction | None]) -> Bounds[Tier | None]:
        """Return the tiers of values, the worst value's first; none without tiers."""
        return reversed_bounds(each(lambda side: self._tier(side(at))))

    def given(self, side: Side, at: Fraction | None) -> Fraction:
        """Return what the contract as a whole is given for this value."""
        match self.objective.credit:
            case Step() as step:
                base = self.prices.base(self.objective, self.measure, step.base, side)
                return self._stepped(base, at)
            case Linear() as linear:
                base = self.prices.base(self.objective, self.measure, linear.base, side)
                lost, whole = side(self.measure.lost), self.measure.total_whole_window
                return self._linear(linear, base, lost, whole)
            case _:
                return Fraction(0)

    def unit(self, unit: UnitMeasure) -> UnitOutcome:
        """Judge one unit by itself."""
        fee = self.prices.unit_fee(self.objective, self.measure, unit)
        ratios = _ratios(unit.lost_ms, unit.total_ms)
        at = each(lambda side: compared(self.objective, side(ratios)))
        credit = _spread(lambda side: self._unit_given(unit, fee, side, side(at)))
        return UnitOutcome(unit.unit, fee, reversed_bounds(ratios), self.tiers(at), credit)

    def _unit_given(
        self, unit: UnitMeasure, fee: Fraction, side: Side, at: Fraction | None
    ) -> Fraction:
        prices, down = self.prices, side(unit.down)
        match self.objective.credit:
            case Step():
                return self._stepped(fee, at)
            case Linear() as linear:
                lost, whole = side(unit.lost_ms), unit.total_whole_window_ms
                return self._linear(linear, fee, lost, whole)
            case Multiple() | PerEventTable() as credit:
                return hours_of(credit, answered_for(down, prices)) * prices.hourly(fee)
            case HourWaiver() as credit:
                return waived_hours(credit, down, prices) * prices.hourly(fee)
            case Lateness() as credit:
                return side(unit.late_steps) * credit.percent * fee / 100
            case NoCredit():
                return Fraction(0)

    def _tier(self, at: Fraction | None) -> Tier | None:
        credit = self.objective.credit
        return tier_of(self.objective, at, credit.tiers) if isinstance(credit, Step) else None

    def _stepped(self, base: Fraction, at: Fraction | None) -> Fraction:
        tier = self._tier(at)
        return base * tier.percent / 100 if tier else Fraction(0)

    def _linear(self, linear: Linear, base: Fraction, lost: Fraction, whole: Fraction) -> Fraction:
        """Return the credit for lost time as a part of the whole window's, to date or not."""
        if not whole:
            return Fraction(0)
        free = (1 - self.objective.target) * whole
        counted = lost if linear.of is LinearOf.ALL_LOST else max(Fraction(0), lost - free)
        return linear.multiple * base * counted / whole


def _ratios(lost: Bounds[Fraction], total: Bounds[Fraction]) -> Bounds[Fraction | None]:
    """Return the values by what was lost, so the highest first; none on the wrong side of value."""
    sides = each(lambda side: ratio(side(lost), side(total)))
    best, at, worst = sides.low, sides.value, sides.high
    if at is None:
        return sides
    return Bounds(
        best if best is None else max(best, at), at, worst if worst is None else min(worst, at)
    )


def _spread(given: Callable[[Side], Fraction]) -> Bounds[Fraction]:
    """Return what the sides give, the least of them as low and the most as high."""
    sides = each(given)
    amounts = (sides.low, sides.value, sides.high)
    return Bounds(min(amounts), sides.value, max(amounts))


def _summed(units: tuple[UnitOutcome, ...]) -> Bounds[Fraction]:
    return each(lambda side: sum((side(unit.credit) for unit in units), Fraction(0)))
