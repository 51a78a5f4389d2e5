"""The engine and the second opinion side by side; where they differ, a case as small as can be."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from gpusla.contracts.promises import Kind
from gpusla.contracts.remedies import Linear, Step
from gpusla.instants import Interval
from gpusla.sla.evaluate import evaluate as engine
from gpusla.sla.evaluation import Account, Bounds, Evaluation, Outcome
from gpusla.sla.periods import Period
from tests.reference.account import Accounted
from tests.reference.case import BOUNDS, Case, Ticks, runs, ticks_of
from tests.reference.credits import Judged
from tests.reference.evaluator import Opinion, evaluate
from tests.reference.generator import Generated
from tests.reference.measured import Thing
from tests.reference.settlement import Settled


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that the two do not agree on."""

    name: str
    engine: object
    reference: object

    def __str__(self) -> str:
        return f"{self.name}: the engine says {self.engine}, the second opinion {self.reference}"


def differences(generated: Generated) -> list[Difference]:
    """Return every figure of a case that the two do not agree on."""
    case = generated.case
    found = _by_engine(generated)
    opinion = evaluate(case)
    pairs = list(_figures(case, found, opinion))
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def _by_engine(generated: Generated) -> Evaluation:
    case = generated.case
    key = f"{generated.month:%Y-%m}"
    if case.window != generated.whole:
        key += f"-v{case.contract.version}"
    first_day = datetime.fromtimestamp(case.window.start_ms // 1_000, tz=UTC).date()
    period = Period(key, first_day, case.window, generated.whole)
    versions = (case.contract,)
    return engine(
        case.contract, period, case.until_ms, case.facts, versions=versions, explain=False
    )


def _figures(case: Case, found: Evaluation, opinion: Opinion) -> Iterator[tuple[str, Any, Any]]:
    yield "fee", found.fee_minor_units, case.fee
    for outcome, judged in zip(found.outcomes, opinion.judged, strict=True):
        for name, engines, reference in _outcome(ticks_of(case), outcome, judged):
            yield f"{judged.objective.id}.{name}", engines, reference
    yield from _account(found.account, opinion.account)
    settled: Settled = opinion.settled
    yield "claimable", _three(found.settlement.rounded), _three(settled.claimable)
    yield "credit", _three(found.credit_minor_units), _three(settled.credit)
    lines = [(line.objective, line.minor_units) for line in found.lines if line.minor_units]
    yield "lines", lines, settled.lines


def _account(found: Account, account: Accounted) -> Iterator[tuple[str, Any, Any]]:
    yield "account.committed", found.committed_gpu_ms, account.committed
    yield "account.committed whole", found.committed_period_gpu_ms, account.committed_whole
    yield "account.delivered", _three(found.delivered_gpu_ms), _three(account.delivered)
    yield "account.lost", found.lost_gpu_ms, account.lost
    yield "account.held", found.held_gpu_ms, account.held
    yield "account.states", found.states_gpu_ms, account.states
    yield "account.excluded", found.excluded_gpu_ms, account.excluded
    now = (found.committed_gpus_now, found.delivered_gpus_now)
    yield "account.now", now, (account.committed_now, account.delivered_now)


def _outcome(ticks: Ticks, outcome: Outcome, judged: Judged) -> Iterator[tuple[str, Any, Any]]:
    measured = judged.measured
    yield "total", _three(outcome.measure.total), _turned(measured.total)
    yield "lost", _three(outcome.measure.lost), _turned(measured.lost)
    yield "whole", outcome.measure.total_whole_window, measured.whole
    if judged.objective.kind is not Kind.REQUEST_RATIO:
        yield "units", _units_of_engine(outcome), _units_of_reference(ticks, judged)
    yield "value", _three(outcome.value), _three(judged.value)
    yield "compared", _three(outcome.compared), _three(judged.compared)
    yield "is_missed", outcome.is_missed, judged.is_missed
    if measured.has_units:
        yield "outcomes of units", _unit_outcomes(outcome), _unit_judgements(judged)
    else:
        yield "tier", _three(outcome.tier), _three(judged.tier)
    if isinstance(judged.objective.credit, Step | Linear) and not measured.has_units:
        yield "base", outcome.base, judged.base
    yield "credit", _three(outcome.credit), _three(judged.credit)


def _unit_outcomes(outcome: Outcome) -> list[tuple[Any, ...]]:
    return [
        (one.unit, one.base, _three(one.value), _three(one.tier), _three(one.credit))
        for one in outcome.units
        if any(credit > 0 for credit in _three(one.credit))
    ]


def _unit_judgements(judged: Judged) -> list[tuple[Any, ...]]:
    return [
        (one.name, one.fee, _three(one.value), _three(one.tier), _three(one.credit))
        for one in judged.units
        if any(credit > 0 for credit in one.credit.values())
    ]


def _units_of_engine(outcome: Outcome) -> list[tuple[Any, ...]]:
    return [
        (
            unit.unit,
            _three(unit.total_ms),
            _three(unit.lost_ms),
            unit.total_whole_window_ms if outcome.objective.kind is not Kind.CAPACITY else None,
            _three(unit.late_steps),
            _three(unit.down) if _has_down(outcome.objective.kind) else None,
        )
        for unit in outcome.measure.units
        if any(lost > 0 for lost in _three(unit.lost_ms))
    ]


def _units_of_reference(ticks: Ticks, judged: Judged) -> list[tuple[Any, ...]]:
    kind = judged.objective.kind
    return [
        (
            thing.name,
            _turned(thing.total),
            _turned(thing.lost),
            thing.whole if kind is not Kind.CAPACITY else None,
            tuple(thing.late_steps.get(bound, 0) for bound in reversed(BOUNDS)),
            _down(ticks, thing) if _has_down(kind) else None,
        )
        for thing in judged.measured.things
        if any(lost > 0 for lost in thing.lost.values())
    ]


def _has_down(kind: Kind) -> bool:
    return kind not in {Kind.CAPACITY, Kind.REPLACEMENT_TIME}


def _down(ticks: Ticks, thing: Thing) -> tuple[tuple[Interval, ...], ...]:
    return tuple(
        tuple(
            Interval(ticks.begin_ms(run.start), ticks.begin_ms(run.stop))
            for run in runs(thing.down[bound], range(ticks.count))
        )
        for bound in reversed(BOUNDS)
    )


def _three(bounds: Bounds[Any] | dict[str, Any]) -> tuple[Any, Any, Any]:
    if isinstance(bounds, dict):
        return bounds["low"], bounds["value"], bounds["high"]
    return bounds.low, bounds.value, bounds.high


def _turned(by_value: dict[str, Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """What belongs to the value's high bound is the engine's low one: the least lost."""
    return by_value["high"], by_value["value"], by_value["low"]
