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
        until_ms=told["until_ms"],
        account=_account(told["account"]),
        fee_minor_units=from_exact(told["fee_minor_units"]),
        is_shadow=told["is_shadow"],
        outcomes=tuple(_outcome(one, contract) for one in told["outcomes"]),
        settlement=_settlement(told["settlement"]),
        exclusions=tuple(told["exclusions"]),
        refused=tuple(
            RefusedExclusion(one["exclusion"], _span(one), one["reason"]) for one in told["refused"]
        ),
        credit_minor_units=_bounds(told["credit_minor_units"], _whole),
        lines=tuple(CreditLine(objective, amount) for objective, amount in told["lines"]),
        claim=_claim(told["claim"]),
        next_tier=_next_tier(told["next_tier"]),
        losses=tuple(map(_loss, told["losses"])),
        events=tuple(map(_event, told["events"])),
    )


def _period(told: Told, contract: ContractVersion, period: Mapping[str, str]) -> Period:
    interval = _span(told)
    first_day, whole = local_date(interval.start_ms, contract.term.timezone), interval
    if "whole_start" in period:
        first_day = date.fromisoformat(period["first_day"])
        whole = Interval(parse_instant(period["whole_start"]), parse_instant(period["whole_end"]))
    return Period(told["period"], first_day, interval, whole)


def _account(told: Told) -> Account:
    return Account(
        told["committed_gpu_ms"],
        told["committed_period_gpu_ms"],
        _bounds(told["delivered_gpu_ms"], from_exact),
        from_exact(told["lost_gpu_ms"]),
        told["held_gpu_ms"],
        {state: told["states_gpu_ms"][state.value] for state in State},
        from_exact(told["excluded_gpu_ms"]),
        told["committed_gpus_now"],
        from_exact(told["delivered_gpus_now"]),
    )


def _outcome(told: Told, contract: ContractVersion) -> Outcome:
    return Outcome(
        contract.objective(told["objective"]),
        _measure(told["measure"]),
        _bounds(told["value"], _ratio),
        _bounds(told["compared"], _ratio),
        told["is_missed"],
        _bounds(told["tier"], _tier),
        from_exact(told["base_minor_units"]),
        told["granted_minor_units"],
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
        told["held_gpu_ms"],
    )


def _unit(told: Told) -> UnitMeasure:
    total = _bounds(told["total_ms"], from_exact)
    return UnitMeasure(
        told["unit"],
        told["held_gpu_ms"],
        total,
        _bounds(told["lost_ms"], from_exact),
        _bounds(told["down"], _edges),
        _bounds(told["late_steps"], _whole),
        total.value,
    )


def _unit_outcome(told: Told) -> UnitOutcome:
    return UnitOutcome(
        told["unit"],
        from_exact(told["base_minor_units"]),
        _bounds(told["value"], _ratio),
        _bounds(told["tier"], _tier),
        _bounds(told["credit"], from_exact),
    )


def _settlement(told: Told) -> Settlement:
    caps = tuple(
        CapStep(
            cap["field"],
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
        _bounds(told["rounded"], _whole),
    )


def _claim(told: Told | None) -> ClaimStanding | None:
    if told is None:
        return None
    return ClaimStanding(told["deadline_ms"], told["claimed_ms"], told["claimable_minor_units"])


def _next_tier(told: Told | None) -> NextTier | None:
    if told is None:
        return None
    tier = _tier(told["tier"])
    if tier is None:
        message = "a next tier without a tier"
        raise ValueError(message)
    return NextTier(told["objective"], tier, told["gpu_ms"])


def _loss(told: Told) -> Loss:
    gpu_ms, reasons = from_exact(told["gpu_ms"]), tuple(told["reasons"])
    return Loss(told["unit"], _span(told), gpu_ms, reasons, _causes(told["causes"]))


def _event(told: Told) -> Event:
    return Event(told["objective"], told["unit"], _span(told), _causes(told["causes"]))


def _causes(told: Iterable[Told]) -> tuple[Cause, ...]:
    return tuple(
        Cause(
            parse_slot(cause["slot"]),
            State(cause["state"]),
            tuple(Finding(reason, evidence) for reason, evidence in cause["findings"]),
            _evidence(cause["evidence"]),
        )
        for cause in told
    )


def _evidence(told: Told | None) -> Evidence | None:
    if told is None:
        return None
    return Evidence(NodeName(told["node"]), told["first_sequence"], told["last_sequence"])


def _tier(told: Told | None) -> Tier | None:
    return None if told is None else Tier(from_exact(told["below"]), from_exact(told["percent"]))


def _ratio(told: int | str | None) -> Fraction | None:
    return None if told is None else from_exact(told)


def _whole(told: Any) -> int:
    if type(told) is not int:
        message = f"{told!r} is not a whole number"
        raise ValueError(message)
    return told


def _span(told: Told) -> Interval:
    return Interval(_whole(told["start_ms"]), _whole(told["end_ms"]))


def _edges(told: Iterable[tuple[int, int]]) -> tuple[Interval, ...]:
    return tuple(Interval(start_ms, end_ms) for start_ms, end_ms in told)


def _bounds(told: Told, read: Callable[[Any], T]) -> Bounds[T]:
    return Bounds(read(told["low"]), read(told["value"]), read(told["high"]))
