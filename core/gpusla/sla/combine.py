"""
From the objectives' credits to the period's: combined, capped in order, rounded once, split up.

Source: docs/concepts/sla-engine.md, sections 12.9 to 12.12.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import round_once
from gpusla.contracts.remedies import AcrossObjectives, Base, Cap, ClaimMode
from gpusla.sla.evaluation import (
    Bounds,
    CapStep,
    ClaimStanding,
    CreditLine,
    Outcome,
    Settlement,
)
from gpusla.sla.prices import Prices
from gpusla.sla.sides import Side, each

FEE_FIELD = "fees"
"""What stands for a cap's path where the fee itself is the cap."""


@dataclass(frozen=True, slots=True)
class Ground:
    """
    What a settlement rests on.

    judged: the outcomes with the prices of their windows, in the contract's order.  fee: due for
    the segment.  annual_twelfth: the fee in force on the segment's first day, unprorated.
    """

    contract: ContractVersion
    judged: Sequence[tuple[Outcome, Prices]]
    fee: Fraction
    annual_twelfth: Fraction


def settle(ground: Ground) -> Settlement:
    """Return what the objectives' credits come to together, before anybody has to claim it."""
    given = [outcome.credit for outcome, _ in ground.judged]
    combined = _combined(ground.contract.combination.across, given)
    steps, after = [], combined
    for field, base, limit in _limits(ground):
        after = _least(after, limit)
        steps.append(CapStep(field, base, limit, after))
    minimum = ground.contract.combination.minimum_minor_units
    exact = each(lambda side: side(after) if side(after) >= minimum else Fraction(0))
    lowest = each(lambda side: min(side(step.limit) for step in steps))
    rounding = ground.contract.fees.rounding
    # Rounding up could exceed a cap that is no whole number of minor units.
    rounded = each(lambda side: min(round_once(side(exact), rounding), side(lowest) // 1))
    return Settlement(combined, tuple(steps), exact, rounded)


def owed(
    contract: ContractVersion, settlement: Settlement, claim: ClaimStanding | None
) -> Bounds[int]:
    """Return the credit: nothing where it must be asked for and nobody did in time."""
    if contract.claims.mode is ClaimMode.ON_CLAIM:
        assert claim is not None  # a contract with claims always has a standing
        if claim.claimed_ms is None or claim.claimed_ms >= claim.deadline_ms:
            return Bounds(0, 0, 0)
    return settlement.rounded


def lines_of(
    contract: ContractVersion, outcomes: Sequence[Outcome], credit_minor_units: int
) -> tuple[CreditLine, ...]:
    """
    Return each objective's part of the credit; the parts add up to it.

    In proportion to what each gave, rounded down; what is left goes by the largest remainder,
    earlier objectives first.  Of max and first one objective has all of it.
    """
    if not credit_minor_units:
        return ()
    giving = [outcome for outcome in outcomes if outcome.credit.value > 0]
    match contract.combination.across:
        case AcrossObjectives.MAX:
            giving = [max(giving, key=lambda outcome: outcome.credit.value)]
        case AcrossObjectives.FIRST:
            giving = giving[:1]
        case AcrossObjectives.SUM:
            pass
    parts = apportioned(credit_minor_units, [outcome.credit.value for outcome in giving])
    return tuple(
        CreditLine(outcome.objective.id, part)
        for outcome, part in zip(giving, parts, strict=True)
        if part
    )


def apportioned(minor_units: int, weights: Sequence[Fraction]) -> list[int]:
    """Split an amount in proportion to weights; equal remainders are served in order."""
    total = sum(weights, Fraction(0))
    shares = [minor_units * weight / total for weight in weights]
    parts = [share // 1 for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: parts[i] - shares[i])
    for i in by_remainder[: minor_units - sum(parts)]:
        parts[i] += 1
    return parts


def _combined(across: AcrossObjectives, given: Sequence[Bounds[Fraction]]) -> Bounds[Fraction]:
    match across:
        case AcrossObjectives.SUM:
            return each(lambda side: sum((side(credit) for credit in given), Fraction(0)))
        case AcrossObjectives.MAX:
            return each(lambda side: max((side(credit) for credit in given), default=Fraction(0)))
        case AcrossObjectives.FIRST:
            return _first(given)


def _first(given: Sequence[Bounds[Fraction]]) -> Bounds[Fraction]:
    """Return the first credit that is given; bounds hold all that may come out instead."""
    value = next((credit.value for credit in given if credit.value > 0), Fraction(0))
    possible = []
    for credit in given:
        if credit.high > 0:
            possible.append(credit)
        if credit.low > 0:
            break
    return Bounds(
        min((credit.low for credit in possible), default=Fraction(0)),
        value,
        max((credit.high for credit in possible), default=Fraction(0)),
    )


def _limits(ground: Ground) -> list[tuple[str, Fraction, Bounds[Fraction]]]:
    """Return every cap with its field, base and limit, in order; the fee that is due comes last."""
    limits = [
        (f"combine.caps[{number}]", *_limit(ground, cap))
        for number, cap in enumerate(ground.contract.combination.caps)
    ]
    return [*limits, (FEE_FIELD, ground.fee, _same(ground.fee))]


def _limit(ground: Ground, cap: Cap) -> tuple[Fraction, Bounds[Fraction]]:
    if cap.percent is None:
        assert cap.amount_minor_units is not None  # a cap has one of the two
        amount = Fraction(cap.amount_minor_units)
        return amount, _same(amount)
    bases = _bases(ground, cap.of)
    ratio = cap.percent / 100
    return bases.value, each(lambda side: side(bases) * ratio)


def _bases(ground: Ground, base: Base) -> Bounds[Fraction]:
    match base:
        case Base.PERIOD_FEE:
            return _same(ground.fee)
        case Base.ANNUAL_OVER_12:
            return _same(ground.annual_twelfth)
        case Base.AFFECTED_CHARGES | Base.UNIT_FEE:
            return _ordered(lambda side: _affected(ground, side))


def _affected(ground: Ground, side: Side) -> Fraction:
    """Return the fees of all units that lost something under any objective, each once."""
    fees: dict[str, Fraction] = {}
    for outcome, prices in ground.judged:
        for unit, fee in prices.affected(outcome.objective, outcome.measure, side):
            fees[unit] = max(fee, fees.get(unit, fee))
    return sum(fees.values(), Fraction(0))


def _least(credit: Bounds[Fraction], limit: Bounds[Fraction]) -> Bounds[Fraction]:
    return each(lambda side: min(side(credit), side(limit)))


def _same(amount: Fraction) -> Bounds[Fraction]:
    return Bounds(amount, amount, amount)


def _ordered(amount: Callable[[Side], Fraction]) -> Bounds[Fraction]:
    """Return an amount on each side, the least as low and the most as high."""
    sides = each(amount)
    amounts = (sides.low, sides.value, sides.high)
    return Bounds(min(amounts), sides.value, max(amounts))
