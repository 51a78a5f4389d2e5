"""An evaluation to date of one objective, made from what it lost rather than from slots."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective
from gpusla.instants import Interval
from gpusla.sla.evaluation import (
    Account,
    Bounds,
    CapStep,
    Evaluation,
    Measure,
    Outcome,
    Settlement,
)
from gpusla.sla.periods import Period, period_of

ZERO = Fraction(0)
NOTHING = Bounds(ZERO, ZERO, ZERO)


def bounds(*figures: int | Fraction | str) -> Bounds[Fraction]:
    """Return one figure as all bounds, or three as low, value and high."""
    low, value, high = figures if len(figures) == 3 else (figures[0],) * 3
    return Bounds(Fraction(low), Fraction(value), Fraction(high))


def period(contract: ContractVersion, key: str) -> Period:
    """Return a month of the contract."""
    return period_of(contract, key)


def short_period(start_ms: int, end_ms: int) -> Period:
    """Return a period of a few milliseconds, for what is searched millisecond by millisecond."""
    whole = Interval(start_ms, end_ms)
    return Period("2026-10", date(2026, 10, 1), whole, whole)


def outcome(
    objective: Objective,
    window: Interval,
    total: Bounds[Fraction],
    lost: Bounds[Fraction],
    whole: Fraction,
    **changes: Any,
) -> Outcome:
    """Return an objective's outcome to date that gives nothing, unless changes say otherwise."""
    measure = Measure(window, total, lost, whole, (), 0)
    none: Bounds[Any] = Bounds(None, None, None)
    made = Outcome(
        objective=objective,
        measure=measure,
        value=none,
        compared=none,
        is_missed=False,
        tier=none,
        base=ZERO,
        granted_minor_units=0,
        credit=NOTHING,
        units=(),
    )
    return replace(made, **changes)


def evaluation(
    contract: ContractVersion, judged: Period, until_ms: int, *outcomes: Outcome, **changes: Any
) -> Evaluation:
    """Return an evaluation of these outcomes; its settlement has the caps' limits and no credit."""
    fee = Fraction(changes.pop("fee", contract.fees.recurring[0].minor_units))
    limits = [_limit(contract, number, fee) for number in range(len(contract.combination.caps))]
    caps = tuple(CapStep("", fee, bounds(limit), NOTHING) for limit in [*limits, fee])
    made = Evaluation(
        contract=contract,
        period=judged,
        until_ms=until_ms,
        account=Account(0, 0, NOTHING, ZERO, 0, {}, ZERO, 0, ZERO),
        fee_minor_units=fee,
        is_shadow=False,
        outcomes=outcomes,
        settlement=Settlement(NOTHING, caps, NOTHING, Bounds(0, 0, 0)),
        exclusions=(),
        refused=(),
        credit_minor_units=Bounds(0, 0, 0),
        lines=(),
        claim=None,
        next_tier=None,
        losses=(),
        events=(),
    )
    return replace(made, **changes)


def _limit(contract: ContractVersion, number: int, fee: Fraction) -> Fraction:
    cap = contract.combination.caps[number]
    if cap.percent is None:
        assert cap.amount_minor_units is not None
        return Fraction(cap.amount_minor_units)
    return fee * cap.percent / 100
