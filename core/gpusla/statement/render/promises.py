"""What was promised and what of it was reached: each objective with its clause and its tiers."""

from collections.abc import Iterator
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.promises import ValueRounding
from gpusla.contracts.remedies import Linear, Step
from gpusla.sla.credits import is_per_unit
from gpusla.sla.evaluation import Evaluation, Outcome
from gpusla.statement.hours import account_hours, written
from gpusla.statement.numbers import decimal, money, percent
from gpusla.statement.render.answer import BOUNDS, bounds_row
from gpusla.statement.render.document import (
    Block,
    Facts,
    Heading,
    Mark,
    Paragraph,
    Row,
    Section,
    Table,
)
from gpusla.statement.render.wording import span_words
from gpusla.statement.words import credit_words, promise_words, tier_words, unknown_words

UNITS_MAX = 20
"""How many units with a credit of their own are listed; the rest is counted and summed."""


def time_section(evaluation: Evaluation) -> Section:
    """Return where the time of all slots went, by what was seen."""
    account, hours = evaluation.account, account_hours(evaluation.account)
    rows = [Row((state.value, written(hours.states[state]))) for state in State]
    rows.append(Row(("held", written(hours.held)), Mark.TOTAL))
    now = (
        f"At the last instant judged {decimal(account.delivered_gpus_now, 1)} of "
        f"{account.committed_gpus_now} GPUs were delivered."
    )
    blocks = (
        Table(("GPU-hours of all slots held, by observed state", ""), tuple(rows), 1),
        Paragraph(now, Mark.QUIET),
    )
    return Section("time", "Where the time went", blocks)


def promises_section(evaluation: Evaluation) -> Section:
    """Return every objective of the contract."""
    judged = {outcome.objective.id for outcome in evaluation.outcomes}
    blocks: list[Block] = []
    for outcome in evaluation.outcomes:
        blocks += _objective(evaluation, outcome)
    blocks += [
        Paragraph(f"{objective.id}: its window ends in a later period.", Mark.QUIET)
        for objective in evaluation.contract.objectives
        if objective.id not in judged
    ]
    return Section("promises", "Promised and delivered", tuple(blocks))


def _objective(evaluation: Evaluation, outcome: Outcome) -> Iterator[Block]:
    objective, contract = outcome.objective, evaluation.contract
    is_nothing = outcome.value.value is None
    badge = "" if is_nothing else "missed" if outcome.is_missed else "met"
    yield Heading(objective.id, badge, not outcome.is_missed)
    yield Paragraph(f"Promised: {promise_words(objective)}.")
    rows = [bounds_row("Reached", outcome.value, percent)]
    if objective.value_rounding is not ValueRounding.NONE:
        rows.append(bounds_row("As compared", outcome.compared, percent))
    rows.append(
        bounds_row("Credit by itself", outcome.credit, lambda amount: money(contract, amount))
    )
    yield Table(("", *BOUNDS), tuple(rows), 3)
    yield from _tiers(outcome)
    yield Facts(tuple(_terms(evaluation, outcome)))
    yield from _units(evaluation, outcome)


def _terms(evaluation: Evaluation, outcome: Outcome) -> Iterator[tuple[str, str]]:
    objective, contract = outcome.objective, evaluation.contract
    credit, number = objective.credit, contract.objectives.index(objective)
    yield "Clause", _clause(evaluation, number)
    has_base = isinstance(credit, Step | Linear) and not is_per_unit(objective)
    base = f", {money(contract, outcome.base)}" if has_base else ""
    yield "Credit", f"{credit_words(credit)}{base}"
    yield "Unobserved", unknown_words(objective)
    if outcome.measure.window.start_ms != evaluation.period.interval.start_ms:
        yield "Window", span_words(outcome.measure.window)
    if outcome.granted_minor_units:
        before = money(contract, outcome.granted_minor_units)
        yield "Taken off", f"{before}, given before for the same time"


def _clause(evaluation: Evaluation, number: int) -> str:
    """Return where an objective stands in the papers, then in the contract's file."""
    field = f"slos[{number}]"
    cited = [one for one in evaluation.contract.citations if one.field.startswith(field)]
    places = [
        " ".join(
            part
            for part in (
                one.document,
                f"clause {one.clause}" if one.clause else "",
                f"page {one.page}" if one.page else "",
            )
            if part
        )
        for one in cited
    ]
    in_file = f"promise {number + 1} in the contract's file, field {field}"
    return "; ".join([*dict.fromkeys(places), in_file])


def _tiers(outcome: Outcome) -> Iterator[Block]:
    credit, comparison = outcome.objective.credit, outcome.objective.comparison
    if not isinstance(credit, Step):
        return
    rows = []
    for tier in credit.tiers:
        is_here = tier == outcome.tier.value
        below, _, gives = tier_words(tier, comparison).partition(": ")
        rows.append(
            Row(
                (below, gives, "reached" if is_here else ""), Mark.REACHED if is_here else Mark.NONE
            )
        )
    if outcome.tier.value is None and not is_per_unit(outcome.objective):
        rows.append(Row(("in no tier", "0 %", "reached"), Mark.REACHED))
    yield Table(("Tier", "gives", ""), tuple(rows), 2)
    if outcome.tier.low != outcome.tier.high:
        split = "The bounds lie in different tiers: evidence that is missing decides about money."
        yield Paragraph(split, Mark.WARNING)


def _units(evaluation: Evaluation, outcome: Outcome) -> Iterator[Block]:
    if not outcome.units:
        return
    contract = evaluation.contract
    most = sorted(outcome.units, key=lambda unit: (-unit.credit.value, unit.unit))
    rows = [
        Row(
            (
                unit.unit,
                percent(unit.value.value),
                money(contract, unit.base),
                money(contract, unit.credit.value),
            )
        )
        for unit in most[:UNITS_MAX]
    ]
    rest = most[UNITS_MAX:]
    if rest:
        total = sum((unit.credit.value for unit in rest), Fraction(0))
        rows.append(Row((f"{len(rest)} more units", "", "", money(contract, total))))
    yield Table(("Unit", "reached", "its fee", "credit"), tuple(rows), 3)
