"""What is still to come of a contract: its forecast and rights; computed once a judgement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind
from gpusla.contracts.rights import Right, rights
from gpusla.forecast.burn import RULES
from gpusla.forecast.lost import LostBetween, lost_in_losses
from gpusla.forecast.outlook import RATE_MS, Forecast, Outlook, forecast
from gpusla.instants import Interval
from gpusla.sla.chronic import ChronicRight, as_rights, chronic_rights
from gpusla.sla.evaluation import Evaluation, Loss, Outcome
from gpusla.timeline.intervals import clip
from gpusla_collector.usecases.closed_periods import ClosedPeriod

_LOOKED_BACK_MS = max(RATE_MS, *(rule.long_ms for rule in RULES))
"""No figure of a forecast looks further back than this."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """
    What may become of a contract, as of one judgement of its open period.

    burn_rates: by objective and length of the window in milliseconds; a window that reaches into
    time of the objective that was not looked at is not in it.  chronic: None where the contract has
    no such clause.
    """

    forecast: Forecast
    burn_rates: Mapping[str, Mapping[int, Fraction]]
    rights: tuple[Right, ...]
    chronic: tuple[ChronicRight, ...] | None


def prospect_of(evaluation: Evaluation, closed: Iterable[ClosedPeriod], now_ms: int) -> Prospect:
    """
    Say what is still to come.

    evaluation: of the open period, with its losses.  closed: of the same contract, in any order.
    """
    closed, contract = tuple(closed), evaluation.contract
    known = {
        outcome.objective.id: lost
        for outcome in evaluation.outcomes
        if (lost := _known(evaluation, outcome)) is not None
    }
    found = forecast(evaluation, {id_: one.lost_between for id_, one in known.items()}, now_ms)
    chronic = None if contract.chronic is None else _chronic(contract, closed, now_ms)
    return Prospect(
        forecast=found,
        burn_rates={one.objective: _burn_rates(one, known) for one in found.outlooks},
        rights=rights(contract, as_rights(contract, chronic or ())),
        chronic=chronic,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What an objective lost; of its window only what begins at from_ms was looked at."""

    from_ms: int
    lost_between: LostBetween


def _known(evaluation: Evaluation, outcome: Outcome) -> _Known | None:
    """
    Look up what an objective lost lately; None where not even the present rate is known.

    What was lost before the objective's window is none of its budget, and counts as nothing.
    Source: docs/decisions/0119-burn-rates-of-one-budget.md.
    """
    window = outcome.measure.window
    if outcome.objective.kind is not Kind.CAPACITY:
        return _Known(window.start_ms, _lost_in_down(outcome))
    accounted = evaluation.contract.capacity_objective
    from_ms = max(window.start_ms, evaluation.period.interval.start_ms)
    asked_ms = max(window.start_ms, window.end_ms - RATE_MS)
    if accounted is None or outcome.objective.id != accounted.id or asked_ms < from_ms:
        return None
    since_ms = window.end_ms - _LOOKED_BACK_MS
    recent = [loss for loss in evaluation.losses if loss.interval.end_ms > since_ms]
    return _Known(from_ms, _lost_in(recent))


def _lost_in(losses: Sequence[Loss]) -> LostBetween:
    """Pass over what an interval does not touch: most of a bad month, in most of the windows."""

    def lost_between(interval: Interval) -> Fraction:
        start_ms, end_ms = interval.start_ms, interval.end_ms
        touched = [
            one
            for one in losses
            if one.interval.start_ms < end_ms and start_ms < one.interval.end_ms
        ]
        return lost_in_losses(touched)(interval)

    return lost_between


def _lost_in_down(outcome: Outcome) -> LostBetween:
    window = outcome.measure.window
    down = [
        one
        for unit in outcome.measure.units
        for one in clip(unit.down.value, window)
        if one.end_ms > window.end_ms - _LOOKED_BACK_MS
    ]

    def lost_between(interval: Interval) -> Fraction:
        return Fraction(sum(one.duration_ms for one in clip(down, interval)))

    return lost_between


def _burn_rates(outlook: Outlook, known: Mapping[str, _Known]) -> Mapping[int, Fraction]:
    rates: dict[int, Fraction | None] = {}
    for burn in outlook.burns:
        rates |= {burn.rule.short_ms: burn.short, burn.rule.long_ms: burn.long}
    return {
        length_ms: rate
        for length_ms, rate in sorted(rates.items())
        if rate is not None
        and max(outlook.window.start_ms, outlook.until_ms - length_ms)
        >= known[outlook.objective].from_ms
    }


def _chronic(
    contract: ContractVersion, closed: Iterable[ClosedPeriod], now_ms: int
) -> tuple[ChronicRight, ...]:
    outcomes = (
        ended.outcome
        for period in closed
        for ended in period.outcomes
        if contract.chronic is not None and ended.objective == contract.chronic.objective
    )
    return chronic_rights(contract, outcomes, now_ms)
