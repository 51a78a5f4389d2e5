"""A contract's terms tried on the facts of a month, whether or not they were in force then."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.contracts.model import ContractVersion
from gpusla.errors import InputError
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla.sla.facts_file import RecordedFacts
from gpusla.sla.periods import Period, period_of
from gpusla.statement.claims import open_claim
from gpusla.statement.numbers import gpu_hours, money, percent
from gpusla.timeline.model import Timeline


@dataclass(frozen=True, slots=True)
class Trial:
    """Terms, a month, and what the one makes of the other."""

    contract: ContractVersion
    period: Period
    evaluation: Evaluation


def tried(contract: ContractVersion, recorded: RecordedFacts, *, explain: bool = False) -> Trial:
    """
    Judge a month's facts by the terms, as if they had been in force from the term's first day.

    Raises InputError if the term does not cover the month, or the facts do not.
    """
    always = replace(contract, effective_from=contract.term.start)
    period = period_of(always, recorded.period, (always,))
    timeline = recorded.facts.timeline
    assert isinstance(timeline, Timeline), "a file of facts holds spans"
    reach = timeline.period
    if period.interval.start_ms < reach.start_ms:
        raise InputError(
            NOTHING_TO_SHOW,
            f"the facts begin after period {period.key} of {contract.source} does",
            fix="Take facts of a contract with the same billing periods and time zone.",
        )
    until_ms = min(recorded.until_ms, period.interval.end_ms)
    evaluation = evaluate(
        always, period, until_ms, recorded.facts, versions=(always,), explain=explain
    )
    return Trial(contract, period, evaluation)


def outcome_lines(trial: Trial) -> Iterator[str]:
    """Yield what came out, in a few lines."""
    evaluation, contract = trial.evaluation, trial.contract
    account = evaluation.account
    yield (
        f"  committed {gpu_hours(account.committed_gpu_ms)} GPU-hours, "
        f"lost {gpu_hours(account.lost_gpu_ms)}"
    )
    for outcome in evaluation.outcomes:
        value = outcome.value
        bounds = f"{percent(value.low)} ≤ {percent(value.value)} ≤ {percent(value.high)}"
        verdict = "missed" if outcome.is_missed else "met"
        yield f"  {outcome.objective.id}: {bounds}, target {verdict}"
    yield f"  credit: {credit_words(contract, evaluation.credit_minor_units)}{_standing(trial)}"


def credit_words(contract: ContractVersion, credit: Bounds[int]) -> str:
    """Say a credit, and its bounds where they differ."""
    value = money(contract, credit.value)
    if credit.low == credit.high:
        return value
    return f"{value} (from {money(contract, credit.low)} to {money(contract, credit.high)})"


def _standing(trial: Trial) -> str:
    evaluation = trial.evaluation
    if evaluation.is_shadow:
        return ", on a shadow price: a figure to look at, and no debt"
    claim = open_claim(evaluation)
    if claim is not None:
        return f"; {money(trial.contract, claim.claimable_minor_units)} may be claimed"
    return ""
