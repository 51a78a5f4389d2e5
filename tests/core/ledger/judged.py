"""Judgements that come to given credits, without facts: what the ledger's arithmetic rests on."""

from collections.abc import Mapping
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.remedies import NoCredit
from gpusla.instants import Interval
from gpusla.sla.evaluation import Account, Bounds, CreditLine, Evaluation, Settlement
from gpusla.sla.periods import Period, period_of
from tests.core.contracts.terms import contract, objective
from tests.core.sla.making import judged, measure

CLAUSES = ("availability", "api", "watched")
CONTRACT = contract(
    objectives=tuple(
        objective(id=clause, **({"credit": NoCredit()} if clause == "watched" else {}))
        for clause in CLAUSES
    )
)
PERIOD: Period = period_of(CONTRACT, "2026-10")
NOTHING = Bounds(Fraction(0), Fraction(0), Fraction(0))


def owing(
    lines: Mapping[str, int] | int,
    *,
    until_ms: int | None = None,
    due: tuple[str, ...] = CLAUSES,
    fee: int = 15_000_000_000,
    is_shadow: bool = False,
) -> Evaluation:
    """
    A judgement that comes to these lines; a number is the first objective's.

    due: the objectives whose window ends in the period.
    """
    amounts = {"availability": lines} if isinstance(lines, int) else lines
    total = sum(amounts.values())
    interval: Interval = PERIOD.interval
    return Evaluation(
        contract=CONTRACT,
        period=PERIOD,
        until_ms=interval.end_ms if until_ms is None else until_ms,
        account=Account(
            0, 0, NOTHING, Fraction(0), 0, dict.fromkeys(State, 0), Fraction(0), 0, Fraction(0)
        ),
        fee_minor_units=Fraction(fee),
        is_shadow=is_shadow,
        outcomes=tuple(judged(CONTRACT.objective(clause), measure(0)) for clause in due),
        settlement=Settlement(NOTHING, (), NOTHING, Bounds(total, total, total)),
        exclusions=(),
        refused=(),
        credit_minor_units=Bounds(total, total, total),
        lines=tuple(CreditLine(clause, amount) for clause, amount in amounts.items() if amount),
        claim=None,
        next_tier=None,
        losses=(),
        events=(),
    )
