"""The money of a statement: the answer in a sentence, and the way to it from the objectives."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from gpusla.contracts.remedies import Cap
from gpusla.ledger.entries import Entry
from gpusla.sla.claims import is_in_time
from gpusla.sla.evaluation import ClaimStanding, Evaluation, NextTier, Outcome
from gpusla.statement.claims import open_claim
from gpusla.statement.layout import folded, least_last, shortened, titles
from gpusla.statement.model import Standing, Statement
from gpusla.statement.numbers import gpu_hours, instant, money, percent, shortest
from gpusla.statement.words import MEASURED, across_words, cap_words

CLAUSE_COLUMNS, LABEL_COLUMNS = 18, 48


def headline(statement: Statement) -> Iterator[str]:
    """Yield the answer: what was reached of each promise, and what that is worth."""
    evaluation = statement.evaluation
    if not evaluation.outcomes:
        yield "  No objective's window ends in this period, so there is nothing to credit yet."
        return
    for outcome in evaluation.outcomes:
        yield from folded(reached_words(outcome, is_named=len(evaluation.outcomes) > 1))
    yield from folded(worth_words(statement))


def credit_lines(statement: Statement) -> Iterator[str]:
    """Yield the way from the objectives' credits to what is owed, and how it is booked."""
    evaluation = statement.evaluation
    contract, settlement = evaluation.contract, evaluation.settlement

    def write(amount: Fraction | int) -> str:
        return money(contract, amount)

    yield from titles("CREDIT", "at most", "value", "at least")
    fee = "shadow price" if evaluation.is_shadow else "fee due"
    yield f"  {fee:<22}{'':>24}{money(contract, evaluation.fee_minor_units):>24}"
    if len(evaluation.outcomes) > 1:
        yield from folded(f"Combined: {across_words(contract.combination.across)}.")
        yield least_last("combined", settlement.combined, write)
    yield from _caps(evaluation, write)
    minimum = contract.combination.minimum_minor_units
    if minimum:
        yield f"  Less than {money(contract, minimum)} is nothing."
    yield least_last("rounded once", settlement.rounded, write)
    if evaluation.claim is not None:
        yield from folded(claim_words(evaluation, evaluation.claim))
    yield least_last("CREDIT", evaluation.credit_minor_units, write)
    yield from _parts(evaluation)
    yield from _next_tier(evaluation)
    for entry in statement.entries:
        yield _entry(statement, entry)
        document = statement.document_of(entry)
        if document:
            yield f"        credit note {document}"


def _caps(evaluation: Evaluation, write: Callable[[Fraction | int], str]) -> Iterator[str]:
    """Yield the contract's caps in order; the fee as the last one only where it cuts something."""
    contract, settlement = evaluation.contract, evaluation.settlement
    caps: tuple[Cap | None, ...] = (*contract.combination.caps, None)
    before = settlement.combined
    for cap, step in zip(caps, settlement.caps, strict=True):
        if cap is not None or step.after != before:
            limit = money(contract, step.limit.value)
            here = "" if cap is not None and cap.percent is None else f", here {limit}"
            yield from folded(f"Capped: {cap_words(contract, cap)}{here}.")
            yield least_last("under this cap", step.after, write)
        before = step.after


def reached_words(outcome: Outcome, *, is_named: bool) -> str:
    """Say what was reached of one promise; is_named: whether to begin with its id."""
    objective = outcome.objective
    name = f"{objective.id}: " if is_named else ""
    if outcome.value.value is None:
        return f"{name}Nothing was committed in this time, so there is nothing to deliver."
    return (
        f"{name}{percent(outcome.value.value)} {MEASURED[objective.kind]}; "
        f"{shortest(objective.target * 100)} % is promised."
    )


def worth_words(statement: Statement) -> str:
    """Say what the period is worth so far, and what of it is owed."""
    evaluation = statement.evaluation
    contract, claim = evaluation.contract, open_claim(evaluation)
    amount = money(contract, evaluation.credit_minor_units.value)
    if evaluation.is_shadow:
        return f"At the shadow price that would be worth {amount}. No money is owed."
    if claim is not None:
        claimable = money(contract, claim.claimable_minor_units)
        return (
            f"{claimable} may be claimed before {instant(claim.deadline_ms)}. "
            "Nothing is owed without a claim."
        )
    if statement.standing is Standing.OPEN:
        return f"If the period ended now, {amount} would be owed. Nothing is owed before its close."
    if statement.standing is Standing.PROVISIONAL:
        return f"By what is known so far the credit is {amount}."
    return f"Credit owed: {amount}."


def claim_words(evaluation: Evaluation, claim: ClaimStanding) -> str:
    """Say whether a credit that must be asked for was asked for in time."""
    deadline = instant(claim.deadline_ms)
    amount = money(evaluation.contract, claim.claimable_minor_units)
    if claim.claimed_ms is None and not claim.claimable_minor_units:
        # A claim of the whole billing period may stand, and change nothing of this part of it.
        return f"It must be claimed before {deadline}; for this time there is nothing to claim."
    if claim.claimed_ms is None:
        return f"It must be claimed before {deadline}, and was not so far: {amount}."
    if is_in_time(claim.claimed_ms, claim.deadline_ms):
        return f"It was claimed at {instant(claim.claimed_ms)}, before {deadline}: {amount}."
    return f"It was claimed at {instant(claim.claimed_ms)}, too late: {deadline}."


def _parts(evaluation: Evaluation) -> Iterator[str]:
    for line in evaluation.lines if len(evaluation.lines) > 1 else ():
        part = shortened(f"    of which {line.objective}", LABEL_COLUMNS)
        yield f"{part:<{LABEL_COLUMNS}}{money(evaluation.contract, line.minor_units):>24}"


def _next_tier(evaluation: Evaluation) -> Iterator[str]:
    following = evaluation.next_tier
    if following is not None and not evaluation.is_complete:
        yield from folded(next_tier_words(following))


def next_tier_words(following: NextTier) -> str:
    """Say how much may still be lost before the next tier."""
    below = shortest(following.tier.below * 100)
    return (
        f"{gpu_hours(following.gpu_ms)} hours may still be lost under {following.objective} "
        f"before its tier at {below} % is certain."
    )


def _entry(statement: Statement, entry: Entry) -> str:
    amount = money(statement.evaluation.contract, entry.amount_minor_units)
    takes_back = f"  takes back {entry.reverses[:12]}" if entry.reverses else ""
    clause = shortened(entry.clause, CLAUSE_COLUMNS)
    label = f"  entry {entry.key[:12]} {clause:<{CLAUSE_COLUMNS}} {entry.status.value:<7}"
    return f"{label}{amount:>22}{takes_back}"
