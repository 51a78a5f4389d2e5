"""How one objective's credit came about: its base, tier and value, its units and their outages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.promises import Kind, Objective, ValueRounding
from gpusla.contracts.remedies import Linear, Step
from gpusla.instants import format_instant
from gpusla.sla.credits import is_per_unit
from gpusla.sla.evaluation import (
    Bounds,
    Derivation,
    Evaluation,
    Event,
    Outcome,
    UnitMeasure,
    UnitOutcome,
)
from gpusla.statement.delivered import account_terms, around, text
from gpusla.statement.numbers import exact_money
from gpusla.statement.words import (
    BASES,
    credit_words,
    promise_words,
    tier_words,
    unknown_words,
)

LOST = {
    Kind.CAPACITY: "GPU-ms",
    Kind.REQUEST_RATIO: "requests",
    Kind.REPLACEMENT_TIME: "repairs",
}
"""What an objective's total is counted in; of all other kinds the time of units."""


EventsByUnit = Mapping[tuple[str, str], Sequence[tuple[int, Event]]]
"""Events with their places in the list, by objective and unit."""


def events_by_unit(evaluation: Evaluation) -> EventsByUnit:
    """Return an evaluation's events where they are looked for."""
    found: dict[tuple[str, str], list[tuple[int, Event]]] = {}
    for number, event in enumerate(evaluation.events):
        found.setdefault((event.objective, event.unit), []).append((number, event))
    return found


def derive_outcome(evaluation: Evaluation, outcome: Outcome, events: EventsByUnit) -> Derivation:
    """Return what one objective gives by itself."""
    return _Outcome(evaluation, outcome, events).derived()


@dataclass(frozen=True, slots=True)
class _Outcome:
    """An outcome and what it is part of."""

    evaluation: Evaluation
    outcome: Outcome
    events: EventsByUnit

    @property
    def objective(self) -> Objective:
        return self.outcome.objective

    @property
    def path(self) -> str:
        return f"slos[{self.evaluation.contract.objectives.index(self.objective)}]"

    def derived(self) -> Derivation:
        outcome = self.outcome
        taken_off = outcome.granted_minor_units
        less = f", less {self.money(Fraction(taken_off))} given before" if taken_off else ""
        return Derivation(
            f"credit of {self.objective.id}",
            f"{credit_words(self.objective.credit)}{less}",
            f"{self.path}.credit",
            self.money(outcome.credit.value),
            (
                *self.money_around(outcome.credit),
                *self.base(),
                *self.tier(),
                self.value(),
                *(self.unit_credit(unit) for unit in outcome.units),
            ),
        )

    def base(self) -> Iterator[Derivation]:
        credit = self.objective.credit
        if isinstance(credit, Step | Linear) and not is_per_unit(self.objective):
            rule, field = BASES[credit.base], f"{self.path}.credit.base"
            yield Derivation("base", rule, field, self.money(self.outcome.base))
        else:
            rule = "the fee for that time, of which each unit has its part"
            yield Derivation("fee of the window", rule, "fees", self.money(self.outcome.base))

    def tier(self) -> Iterator[Derivation]:
        credit = self.objective.credit
        if not isinstance(credit, Step) or is_per_unit(self.objective):
            return
        tier = self.outcome.tier.value
        place = f"[{credit.tiers.index(tier)}]" if tier is not None else ""
        yield Derivation(
            "tier",
            "the lowest tier that the value misses",
            f"{self.path}.credit.tiers{place}",
            tier_words(tier, self.objective.comparison),
        )

    def value(self) -> Derivation:
        outcome, objective = self.outcome, self.objective
        rounded = objective.value_rounding
        compared = () if rounded is ValueRounding.NONE else (self.compared(),)
        said = "missed" if outcome.is_missed else "met"
        return Derivation(
            "value",
            f"promised is {promise_words(objective)}; {said}",
            f"{self.path}.target",
            text(outcome.value.value),
            (
                *around((outcome.value.low, outcome.value.high), f"{self.path}.clock_error"),
                *compared,
                self.total(),
                self.lost(),
            ),
        )

    def compared(self) -> Derivation:
        objective = self.objective
        return Derivation(
            "compared",
            f"{objective.value_rounding.value} to {objective.value_decimals} decimals of a percent",
            f"{self.path}.value_rounding",
            text(self.outcome.compared.value),
        )

    def total(self) -> Derivation:
        measure, objective = self.outcome.measure, self.objective
        start = format_instant(measure.window.start_ms)
        end = format_instant(measure.window.end_ms)
        return Derivation(
            f"total {self.counted}",
            f"what there was to lose from {start} to {end}",
            "capacity.ramp" if objective.kind is Kind.CAPACITY else f"{self.path}.denominator",
            text(measure.total.value),
        )

    def lost(self) -> Derivation:
        lost, window = self.outcome.measure.lost, self.outcome.measure.window
        is_account = account_terms(self.evaluation)[1] == self.objective
        of_account = is_account and window.start_ms == self.evaluation.period.interval.start_ms
        each = "; the account below tells each loss" if of_account else ""
        return Derivation(
            f"lost {self.counted}",
            f"{unknown_words(self.objective)}{each}",
            f"{self.path}.unknown",
            text(lost.value),
            (
                *around((lost.high, lost.low), f"{self.path}.clock_error"),
                *(self.unit(unit) for unit in self.outcome.measure.units if unit.lost_ms.high),
            ),
        )

    def unit(self, unit: UnitMeasure) -> Derivation:
        """Return what one unit lost, down to each of its outages."""
        held = f"held for {unit.held_gpu_ms} GPU-ms"
        return Derivation(
            f"lost by {unit.unit}",
            f"of {text(unit.total_ms.value)}; {held}",
            "capacity.unit",
            text(unit.lost_ms.value),
            (
                *around((unit.lost_ms.high, unit.lost_ms.low), f"{self.path}.clock_error"),
                *self.outages(unit),
            ),
        )

    def outages(self, unit: UnitMeasure) -> Iterator[Derivation]:
        for number, event in self.events.get((self.objective.id, unit.unit), ()):
            start = format_instant(event.interval.start_ms)
            rule = f"down from {start} to {format_instant(event.interval.end_ms)}"
            length = str(event.interval.duration_ms)
            yield Derivation(f"events[{number}]", rule, f"{self.path}.min_outage", length)

    def unit_credit(self, unit: UnitOutcome) -> Derivation:
        """Return what one unit gives: on its own fee, and by its own value or outages."""
        value = f"value {text(unit.value.value)}"
        tier = unit.tier.value
        reached = f", {tier_words(tier, self.objective.comparison)}" if tier else ""
        return Derivation(
            f"credit of {unit.unit}",
            f"{value}{reached}, on its fee of {self.money(unit.base)}",
            f"{self.path}.credit",
            self.money(unit.credit.value),
            tuple(self.money_around(unit.credit)),
        )

    def money_around(self, bounds: Bounds[Fraction]) -> Iterator[Derivation]:
        if bounds.low != bounds.high:
            field = f"{self.path}.clock_error"
            least, most = self.money(bounds.low), self.money(bounds.high)
            yield Derivation("at least", "every doubt for the provider", field, least)
            yield Derivation("at most", "every doubt against the provider", field, most)

    @property
    def counted(self) -> str:
        return LOST.get(self.objective.kind, "ms")

    def money(self, amount: Fraction) -> str:
        return exact_money(self.evaluation.contract, amount)
