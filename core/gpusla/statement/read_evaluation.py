"""An evaluation read back from its canonical JSON, figure by figure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from gpusla.catalogue.reasons import State
from gpusla.contracts.calendar import local_date
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import Tier
from gpusla.identity import NodeName, parse_slot
from gpusla.instants import Interval, parse_instant
from gpusla.journal.model import Finding
from gpusla.sla.digest import from_exact
from gpusla.sla.evaluation import (
    Account,
    Bounds,
    CapStep,
    Cause,
    ClaimStanding,
    CreditLine,
    Evaluation,
    Event,
    Loss,
    Measure,
    NextTier,
    Outcome,
    RefusedExclusion,
    Settlement,
    UnitMeasure,
    UnitOutcome,
)
from gpusla.sla.periods import Period
from gpusla.statement.untold import instant, text, truth, whole
from gpusla.timeline.model import Evidence

T = TypeVar("T")
Told = Mapping[str, Any]


def read_evaluation(told: Told, contract: ContractVersion, period: Mapping[str, str]) -> Evaluation:
    """
    Return the evaluation that `gpusla.sla.digest.plain` wrote.

    period: of the statement; format 2 does not say what a segment is a part of.
    What units will have had to lose at the end of a window is not in the JSON: it stands in as what
    they have had so far.  Raises KeyError, TypeError or ValueError if told is nothing of the kind.
    """
    return Evaluation(
        contract=contract,
        period=_period(told, contract, period),
        until_ms=instant(told["until_ms"]),
        account=_account(told["account"]),
        fee_minor_units=from_exact(told["fee_minor_units"]),
        is_shadow=truth(told["is_shadow"]),
        outcomes=tuple(_outcome(one, contract) for one in told["outcomes"]),
        settlement=_settlement(told["settlement"]),
        exclusions=tuple(map(text, told["exclusions"])),
        refused=tuple(
            RefusedExclusion(text(one["exclusion"]), _span(one), text(one["reason"]))
            for one in told["refused"]
        ),
        credit_minor_units=_bounds(told["credit_minor_units"], whole),
        lines=tuple(
            CreditLine(text(objective), whole(amount)) for objective, amount in told["lines"]
        ),
        claim=_claim(told["claim"]),
        next_tier=_next_tier(told["next_tier"]),
        losses=tuple(map(_loss, told["losses"])),
        events=tuple(map(_event, told["events"])),
    )


def _period(told: Told, contract: ContractVersion, period: Mapping[str, str]) -> Period:
    interval = _span(told)
    first_day, all_of_it = local_date(interval.start_ms, contract.term.timezone), interval
    if "whole_start" in period:
        first_day = date.fromisoformat(period["first_day"])
        all_of_it = Interval(
            parse_instant(period["whole_start"]), parse_instant(period["whole_end"])
        )
    return Period(text(told["period"]), first_day, interval, all_of_it)


def _account(told: Told) -> Account:
    return Account(
        whole(told["committed_gpu_ms"]),
        whole(told["committed_period_gpu_ms"]),
        _bounds(told["delivered_gpu_ms"], from_exact),
        from_exact(told["lost_gpu_ms"]),
        whole(told["held_gpu_ms"]),
        {state: whole(told["states_gpu_ms"][state.value]) for state in State},
        from_exact(told["excluded_gpu_ms"]),
        whole(told["committed_gpus_now"]),
        from_exact(told["delivered_gpus_now"]),
    )


def _outcome(told: Told, contract: ContractVersion) -> Outcome:
    return Outcome(
        contract.objective(told["objective"]),
        _measure(told["measure"]),
        _bounds(told["value"], _ratio),
        _bounds(told["compared"], _ratio),
        truth(told["is_missed"]),
        _bounds(told["tier"], _tier),
        from_exact(told["base_minor_units"]),
        whole(told["granted_minor_units"]),
        _bounds(told["credit"], from_exact),
        tuple(map(_unit_outcome, told["units"])),
    )


def _measure(told: Told) -> Measure:
    return Measure(
        _span(told),
        _bounds(told["total"], from_exact),
        _bounds(told["lost"], from_exact),
        from_exact(told["total_whole_window"]),
        tuple(map(_unit, told["units"])),
        whole(told["held_gpu_ms"]),
    )


def _unit(told: Told) -> UnitMeasure:
    total = _bounds(told["total_ms"], from_exact)
    return UnitMeasure(
        text(told["unit"]),
        whole(told["held_gpu_ms"]),
        total,
        _bounds(told["lost_ms"], from_exact),
        _bounds(told["down"], _edges),
        _bounds(told["late_steps"], whole),
        total.value,
    )


def _unit_outcome(told: Told) -> UnitOutcome:
    return UnitOutcome(
        text(told["unit"]),
        from_exact(told["base_minor_units"]),
        _bounds(told["value"], _ratio),
        _bounds(told["tier"], _tier),
        _bounds(told["credit"], from_exact),
    )


def _settlement(told: Told) -> Settlement:
    caps = tuple(
        CapStep(
            text(cap["field"]),
            from_exact(cap["base"]),
            _bounds(cap["limit"], from_exact),
            _bounds(cap["after"], from_exact),
        )
        for cap in told["caps"]
    )
    return Settlement(
        _bounds(told["combined"], from_exact),
        caps,
        _bounds(told["exact"], from_exact),
        _bounds(told["rounded"], whole),
    )


def _claim(told: Told | None) -> ClaimStanding | None:
    if told is None:
        return None
    return ClaimStanding(
        instant(told["deadline_ms"]),
        None if told["claimed_ms"] is None else instant(told["claimed_ms"]),
        whole(told["claimable_minor_units"]),
    )


def _next_tier(told: Told | None) -> NextTier | None:
    if told is None:
        return None
    tier = _tier(told["tier"])
    if tier is None:
        message = "a next tier without a tier"
        raise ValueError(message)
    return NextTier(text(told["objective"]), tier, whole(told["gpu_ms"]))


def _loss(told: Told) -> Loss:
    gpu_ms, reasons = from_exact(told["gpu_ms"]), tuple(map(text, told["reasons"]))
    return Loss(text(told["unit"]), _span(told), gpu_ms, reasons, _causes(told["causes"]))


def _event(told: Told) -> Event:
    return Event(text(told["objective"]), text(told["unit"]), _span(told), _causes(told["causes"]))


def _causes(told: Iterable[Told]) -> tuple[Cause, ...]:
    return tuple(
        Cause(
            parse_slot(cause["slot"]),
            State(cause["state"]),
            tuple(Finding(text(reason), text(evidence)) for reason, evidence in cause["findings"]),
            _evidence(cause["evidence"]),
        )
        for cause in told
    )


def _evidence(told: Told | None) -> Evidence | None:
    if told is None:
        return None
    return Evidence(
        NodeName(text(told["node"])), whole(told["first_sequence"]), whole(told["last_sequence"])
    )


def _tier(told: Told | None) -> Tier | None:
    return None if told is None else Tier(from_exact(told["below"]), from_exact(told["percent"]))


def _ratio(told: int | str | None) -> Fraction | None:
    return None if told is None else from_exact(told)


def _span(told: Told) -> Interval:
    span = Interval(instant(told["start_ms"]), instant(told["end_ms"]))
    if span.end_ms <= span.start_ms:
        message = f"a span ends at {span.end_ms} and begins at {span.start_ms}"
        raise ValueError(message)
    return span


def _edges(told: Iterable[tuple[int, int]]) -> tuple[Interval, ...]:
    return tuple(Interval(whole(start_ms), whole(end_ms)) for start_ms, end_ms in told)


def _bounds(told: Told, read: Callable[[Any], T]) -> Bounds[T]:
    return Bounds(read(told["low"]), read(told["value"]), read(told["high"]))
