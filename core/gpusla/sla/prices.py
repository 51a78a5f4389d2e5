"""What an objective's window costs, as a whole, for a unit and for an hour of it; exact."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.promises import Kind, Objective
from gpusla.contracts.remedies import Base
from gpusla.instants import Interval
from gpusla.sla.clock_hours import HOUR_MS
from gpusla.sla.evaluation import Measure, UnitMeasure
from gpusla.sla.sides import Side

WHOLE_CONTRACT = (Kind.TIME_ANY_DOWN, Kind.TIME_ALL_DOWN)
"""Kinds that judge all units as one thing, whose fee is the whole window's."""


@dataclass(frozen=True, slots=True)
class Prices:
    """
    Prices of an objective's window, in exact minor units.

    window: the whole of it, of which until_ms may be far from the end.  window_fee: due for the
    whole of it.  annual_twelfth: the fee in force on its first day, unprorated.
    committed_gpu_ms: to date.  is_last: the term ends with the window.  timezone: of clock hours.
    """

    window: Interval
    until_ms: int
    window_fee: Fraction
    annual_twelfth: Fraction
    committed_gpu_ms: int
    is_last: bool
    timezone: str

    def unit_fee(self, objective: Objective, measure: Measure, unit: UnitMeasure) -> Fraction:
        """Return a unit's part of the window's fee: by what was held of it."""
        if objective.kind in WHOLE_CONTRACT:
            return self.window_fee
        all_gpu_ms = max(self.committed_gpu_ms, measure.held_gpu_ms)
        return self.window_fee * unit.held_gpu_ms / all_gpu_ms if all_gpu_ms else Fraction(0)

    def hourly(self, unit_fee: Fraction) -> Fraction:
        """Return the price of an hour of a unit: its fee over the hours of the whole window."""
        length_ms = self.window.duration_ms
        return unit_fee * HOUR_MS / length_ms if length_ms else Fraction(0)

    def base(self, objective: Objective, measure: Measure, base: Base, side: Side) -> Fraction:
        """Return what a percentage is taken of, for all units together."""
        match base:
            case Base.PERIOD_FEE:
                return self.window_fee
            case Base.ANNUAL_OVER_12:
                return self.annual_twelfth
            case Base.UNIT_FEE | Base.AFFECTED_CHARGES:
                fees = self.affected(objective, measure, side)
                return sum((fee for _, fee in fees), Fraction(0))

    def affected(
        self, objective: Objective, measure: Measure, side: Side
    ) -> Iterator[tuple[str, Fraction]]:
        """Yield the units that lost something on a side, with their fees."""
        for unit in measure.units:
            if side(unit.lost_ms) > 0:
                yield unit.unit, self.unit_fee(objective, measure, unit)
