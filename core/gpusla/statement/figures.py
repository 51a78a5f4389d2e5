"""What was delivered of what was promised: the account of all time, then each objective."""

from collections.abc import Iterator
from fractions import Fraction

from gpusla.contracts.promises import ValueRounding
from gpusla.contracts.remedies import Linear, Step
from gpusla.sla.credits import is_per_unit
from gpusla.sla.evaluation import Evaluation, Outcome
from gpusla.statement.hours import NOTE, account_hours, written
from gpusla.statement.layout import COLUMNS, folded, least_last, row, titles, worst_first
from gpusla.statement.numbers import decimal, instant, money, percent
from gpusla.statement.words import credit_words, promise_words, tier_words, unknown_words

UNITS_MAX = 10
"""How many units with a credit of their own are listed; the rest is counted."""


def account_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield where the GPU-time went: every state of what was held, and what was delivered."""
    account, hours = evaluation.account, account_hours(evaluation.account)
    yield from titles("GPU-HOURS", "at worst", "value", "at best")
    yield row("committed", "", written(hours.committed), "")
    yield worst_first("delivered", hours.delivered, written)
    yield least_last("lost", hours.lost, written)
    yield row("given back", "", written(hours.given_back), "")
    yield ""
    width = (COLUMNS - 2) // (len(hours.states) + 1)
    heads = [*(state.value for state in hours.states), "= held"]
    figures = [written(one) for one in (*hours.states.values(), hours.held)]
    yield "  " + "".join(f"{head:>{width}}" for head in heads)
    yield "  " + "".join(f"{figure:>{width}}" for figure in figures)
    yield from folded(NOTE)
    yield (
        f"  at the last instant judged: {decimal(account.delivered_gpus_now, 1)} of "
        f"{account.committed_gpus_now} GPUs delivered"
    )


def objective_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield each objective that was judged: its promise, its value, what it gives by itself."""
    yield from titles("OBJECTIVES", "at worst", "value", "at best")
    for number, outcome in enumerate(evaluation.outcomes):
        if number:
            yield ""
        yield from _objective(evaluation, outcome)
    judged = {outcome.objective.id for outcome in evaluation.outcomes}
    for objective in evaluation.contract.objectives:
        if objective.id not in judged:
            yield f"  {objective.id}: its window ends in a later period"


def _objective(evaluation: Evaluation, outcome: Outcome) -> Iterator[str]:
    objective, contract = outcome.objective, evaluation.contract
    said = "" if outcome.value.value is None else " Missed." if outcome.is_missed else " Met."
    yield from folded(f"{objective.id}: {promise_words(objective)}.{said}")
    window = outcome.measure.window
    if window.start_ms != evaluation.period.interval.start_ms:
        yield f"    judged from {instant(window.start_ms)} to {instant(window.end_ms)}"
    yield worst_first("  value", outcome.value, percent)
    if objective.value_rounding is not ValueRounding.NONE:
        yield worst_first("  as compared", outcome.compared, percent)
    yield from folded(f"Here {unknown_words(objective)}.", indent=4)
    yield from _terms(evaluation, outcome)
    if outcome.granted_minor_units:
        before = money(contract, outcome.granted_minor_units)
        yield f"    given before for the same time, and taken off: {before}"
    yield least_last("  gives by itself", outcome.credit, lambda amount: money(contract, amount))
    yield from _units(evaluation, outcome)


def _terms(evaluation: Evaluation, outcome: Outcome) -> Iterator[str]:
    """Yield how the credit is reckoned, and the tier that was reached."""
    credit, objective = outcome.objective.credit, outcome.objective
    has_base = isinstance(credit, Step | Linear) and not is_per_unit(objective)
    base = f": {money(evaluation.contract, outcome.base)}" if has_base else ""
    yield from folded(f"Credit: {credit_words(credit)}{base}.", indent=4)
    if not isinstance(credit, Step):
        return
    for tier in credit.tiers:
        mark = "->" if tier == outcome.tier.value else "  "
        yield f"    {mark} {tier_words(tier, objective.comparison)}"
    if outcome.tier.value is None and not is_per_unit(objective):
        yield "    -> in no tier"
    if outcome.tier.low != outcome.tier.high:
        yield "    The bounds lie in different tiers: evidence that is missing decides about money."


def _units(evaluation: Evaluation, outcome: Outcome) -> Iterator[str]:
    contract = evaluation.contract
    most = sorted(outcome.units, key=lambda unit: (-unit.credit.value, unit.unit))
    for unit in most[:UNITS_MAX]:
        credit, fee = money(contract, unit.credit.value), money(contract, unit.base)
        yield from folded(
            f"{unit.unit}: {percent(unit.value.value)}, {credit} of its fee of {fee}", indent=6
        )
    rest = most[UNITS_MAX:]
    if rest:
        total = money(contract, sum((unit.credit.value for unit in rest), Fraction(0)))
        yield f"      and {len(rest)} more units with {total} together; they are in the JSON"
