"""
How the credit came about: the rule, the contract field and what it rests on, down to each loss.

`credited` derives what one objective gives; this module what became of that: combined, capped,
rounded, claimed.
"""

from collections.abc import Iterator
from fractions import Fraction

from gpusla.contracts.remedies import Cap
from gpusla.instants import format_instant
from gpusla.sla.evaluation import Bounds, CapStep, Derivation, Evaluation
from gpusla.statement.credited import derive_outcome, events_by_unit
from gpusla.statement.delivered import derive_account, derive_losses
from gpusla.statement.numbers import exact_money, money
from gpusla.statement.words import across_words, cap_words


def derive(evaluation: Evaluation) -> Derivation:
    """Return the credit with everything beneath it, down to each loss and outage by its place."""
    contract = evaluation.contract
    return Derivation(
        "credit",
        _credit_rule(evaluation),
        "fees.rounding",
        money(contract, evaluation.credit_minor_units.value),
        (*_claim(evaluation), _rounded(evaluation), *_lines(evaluation), *_beside(evaluation)),
    )


def _credit_rule(evaluation: Evaluation) -> str:
    if evaluation.is_shadow:
        return "what the shadow price makes of it; no money is owed"
    if evaluation.claim is not None:
        return "what was claimed in time; without a claim in time nothing"
    return "what is left after all caps, in whole minor units"


def _claim(evaluation: Evaluation) -> Iterator[Derivation]:
    claim = evaluation.claim
    if claim is None:
        return
    deadline = format_instant(claim.deadline_ms)
    asked = "never" if claim.claimed_ms is None else format_instant(claim.claimed_ms)
    yield Derivation("claim", f"a credit must be claimed before {deadline}", "claims", asked)


def _rounded(evaluation: Evaluation) -> Derivation:
    contract, settlement = evaluation.contract, evaluation.settlement
    return Derivation(
        "rounded",
        f"rounded once ({contract.fees.rounding.value}), and never above a cap",
        "fees.rounding",
        money(contract, settlement.rounded.value),
        (*_around(evaluation, settlement.rounded), _exact(evaluation)),
    )


def _exact(evaluation: Evaluation) -> Derivation:
    contract = evaluation.contract
    minimum = money(contract, contract.combination.minimum_minor_units)
    return Derivation(
        "exact",
        f"less than {minimum} is nothing",
        "combine.minimum_credit",
        exact_money(contract, evaluation.settlement.exact.value),
        tuple(_capped(evaluation)),
    )


def _capped(evaluation: Evaluation) -> Iterator[Derivation]:
    """Yield each cap in order, then what was combined before the first of them."""
    contract = evaluation.contract
    caps: tuple[Cap | None, ...] = (*contract.combination.caps, None)
    for cap, step in zip(caps, evaluation.settlement.caps, strict=True):
        limit = exact_money(contract, step.limit.value)
        yield Derivation(
            "under a cap",
            f"{cap_words(contract, cap)}: {limit}",
            step.field,
            exact_money(contract, step.after.value),
            () if cap is None or cap.percent is None else (_cap_base(evaluation, step),),
        )
    events = events_by_unit(evaluation)
    yield Derivation(
        "combined",
        across_words(contract.combination.across),
        "combine.across_slos",
        exact_money(contract, evaluation.settlement.combined.value),
        tuple(derive_outcome(evaluation, outcome, events) for outcome in evaluation.outcomes),
    )


def _cap_base(evaluation: Evaluation, step: CapStep) -> Derivation:
    value = exact_money(evaluation.contract, step.base)
    return Derivation("base of the cap", "what its percentage is of", f"{step.field}.of", value)


def _lines(evaluation: Evaluation) -> Iterator[Derivation]:
    contract = evaluation.contract
    paths = {one.id: f"slos[{number}]" for number, one in enumerate(contract.objectives)}
    for line in evaluation.lines:
        yield Derivation(
            f"line {line.objective}",
            "its part of the credit, by what each objective gave; the largest remainders get more",
            paths[line.objective],
            money(contract, line.minor_units),
        )


def _beside(evaluation: Evaluation) -> Iterator[Derivation]:
    """Yield what stands beside the money: the fee, and where the GPU-time went."""
    contract = evaluation.contract
    if evaluation.is_shadow:
        rule, field = "the shadow price that stands in for a zero fee", "fees.shadow"
    else:
        rule, field = f"due for {evaluation.period.key}", f"fees.recurring[{_fee(evaluation)}]"
    yield Derivation("fee", rule, field, exact_money(contract, evaluation.fee_minor_units))
    yield derive_account(evaluation, tuple(derive_losses(evaluation)))


def _fee(evaluation: Evaluation) -> int:
    """Return which fee is in force on the first day."""
    day = evaluation.period.first_day
    begun = [fee.start <= day for fee in evaluation.contract.fees.recurring]
    return max(sum(begun) - 1, 0)


def _around(evaluation: Evaluation, bounds: Bounds[int]) -> Iterator[Derivation]:
    if bounds.low == bounds.high:
        return
    contract = evaluation.contract
    for name, rule, amount in (
        ("at least", "every doubt for the provider", bounds.low),
        ("at most", "every doubt against the provider", bounds.high),
    ):
        yield Derivation(name, rule, "slos", exact_money(contract, Fraction(amount)))
