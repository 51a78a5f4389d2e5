"""An evaluation as canonical JSON, so that two judgements can be compared by one digest."""

import hashlib
import json
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from gpusla.contracts.remedies import Tier
from gpusla.instants import Interval
from gpusla.sla.evaluation import (
    Account,
    Bounds,
    Cause,
    ClaimStanding,
    Evaluation,
    Event,
    Loss,
    Measure,
    NextTier,
    Outcome,
    Settlement,
    UnitMeasure,
    UnitOutcome,
)

DECIMAL_BITS_MAX = 12_000
"""
Up to so many bits a number is written in decimals: some 3,600 digits.

Readers of decimals stop at 4,300 digits (Python) or take time that grows with their square.  A mean
over the five-minute slots of a month is a fraction with ten thousand digits.
"""


def digest(evaluation: Evaluation) -> str:
    """Return the SHA-256 of the evaluation's canonical JSON, in hex."""
    return hashlib.sha256(canonical(plain(evaluation))).hexdigest()


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys, no spaces, ASCII only; it must hold no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def exact(value: Fraction | int | None) -> int | str | None:
    """
    Return a number as JSON can hold it without rounding: an integer, or text such as `2/3`.

    Where either part has more than DECIMAL_BITS_MAX bits both are hexadecimal: `0x2/0x3`.
    """
    if value is None or isinstance(value, int):
        return value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > DECIMAL_BITS_MAX:
        return f"{value.numerator:#x}/{value.denominator:#x}"
    return value.numerator if value.denominator == 1 else str(value)


def from_exact(written: int | str) -> Fraction:
    """Return the number that `exact` wrote."""
    numerator, _, denominator = str(written).partition("/")
    return Fraction(int(numerator, 0), int(denominator or "1", 0))


def plain(evaluation: Evaluation) -> dict[str, Any]:
    """Return every figure, every loss and every event as maps, lists, text and integers."""
    contract = evaluation.contract
    return {
        "contract": contract.id,
        "tenant": contract.tenant,
        "version": contract.version,
        "contract_digest": contract.digest,
        "period": evaluation.period.key,
        "start_ms": evaluation.period.interval.start_ms,
        "end_ms": evaluation.period.interval.end_ms,
        "until_ms": evaluation.until_ms,
        "account": _account(evaluation.account),
        "fee_minor_units": exact(evaluation.fee_minor_units),
        "is_shadow": evaluation.is_shadow,
        "outcomes": [_outcome(outcome) for outcome in evaluation.outcomes],
        "settlement": _settlement(evaluation.settlement),
        "exclusions": list(evaluation.exclusions),
        "refused": [
            {"exclusion": refused.exclusion_id, "reason": refused.reason, **_span(refused.interval)}
            for refused in evaluation.refused
        ],
        "credit_minor_units": _bounds(evaluation.credit_minor_units),
        "lines": [[line.objective, line.minor_units] for line in evaluation.lines],
        "claim": _claim(evaluation.claim),
        "next_tier": _next_tier(evaluation.next_tier),
        "losses": [plain_loss(loss) for loss in evaluation.losses],
        "events": [_event(event) for event in evaluation.events],
    }


def plain_tier(tier: Tier | None) -> dict[str, Any] | None:
    """Return a tier as a map."""
    return None if tier is None else {"below": exact(tier.below), "percent": exact(tier.percent)}


def plain_loss(loss: Loss) -> dict[str, Any]:
    """Return a loss as a map, down to the records behind each slot."""
    return {
        "unit": loss.unit,
        **_span(loss.interval),
        "gpu_ms": exact(loss.gpu_ms),
        "reasons": list(loss.reasons),
        "causes": [_cause(cause) for cause in loss.causes],
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "committed_gpu_ms": account.committed_gpu_ms,
        "committed_period_gpu_ms": account.committed_period_gpu_ms,
        "delivered_gpu_ms": _bounds(account.delivered_gpu_ms),
        "lost_gpu_ms": exact(account.lost_gpu_ms),
        "held_gpu_ms": account.held_gpu_ms,
        "states_gpu_ms": {state.value: ms for state, ms in account.states_gpu_ms.items()},
        "excluded_gpu_ms": exact(account.excluded_gpu_ms),
        "committed_gpus_now": account.committed_gpus_now,
        "delivered_gpus_now": exact(account.delivered_gpus_now),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "objective": outcome.objective.id,
        "measure": _measure(outcome.measure),
        "value": _bounds(outcome.value),
        "compared": _bounds(outcome.compared),
        "is_missed": outcome.is_missed,
        "tier": _tiers(outcome.tier),
        "base_minor_units": exact(outcome.base),
        "granted_minor_units": outcome.granted_minor_units,
        "credit": _bounds(outcome.credit),
        "units": [_unit_outcome(unit) for unit in outcome.units],
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        **_span(measure.window),
        "total": _bounds(measure.total),
        "lost": _bounds(measure.lost),
        "total_whole_window": exact(measure.total_whole_window),
        "held_gpu_ms": measure.held_gpu_ms,
        "units": [_unit(unit) for unit in measure.units],
    }


def _unit(unit: UnitMeasure) -> dict[str, Any]:
    down = unit.down
    return {
        "unit": unit.unit,
        "held_gpu_ms": unit.held_gpu_ms,
        "total_ms": _bounds(unit.total_ms),
        "lost_ms": _bounds(unit.lost_ms),
        "down": {
            "low": _edges(down.low),
            "value": _edges(down.value),
            "high": _edges(down.high),
        },
        "late_steps": _bounds(unit.late_steps),
    }


def _unit_outcome(unit: UnitOutcome) -> dict[str, Any]:
    return {
        "unit": unit.unit,
        "base_minor_units": exact(unit.base),
        "value": _bounds(unit.value),
        "tier": _tiers(unit.tier),
        "credit": _bounds(unit.credit),
    }


def _settlement(settlement: Settlement) -> dict[str, Any]:
    return {
        "combined": _bounds(settlement.combined),
        "caps": [
            {
                "field": cap.field,
                "base": exact(cap.base),
                "limit": _bounds(cap.limit),
                "after": _bounds(cap.after),
            }
            for cap in settlement.caps
        ],
        "exact": _bounds(settlement.exact),
        "rounded": _bounds(settlement.rounded),
    }


def _claim(claim: ClaimStanding | None) -> dict[str, Any] | None:
    if claim is None:
        return None
    return {
        "deadline_ms": claim.deadline_ms,
        "claimed_ms": claim.claimed_ms,
        "claimable_minor_units": claim.claimable_minor_units,
    }


def _next_tier(following: NextTier | None) -> dict[str, Any] | None:
    if following is None:
        return None
    return {
        "objective": following.objective,
        "tier": plain_tier(following.tier),
        "gpu_ms": following.gpu_ms,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "objective": event.objective,
        "unit": event.unit,
        **_span(event.interval),
        "causes": [_cause(cause) for cause in event.causes],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    evidence = cause.evidence
    return {
        "slot": str(cause.slot),
        "state": cause.state.value,
        "findings": [[finding.reason, finding.evidence] for finding in cause.findings],
        "evidence": None
        if evidence is None
        else {
            "node": evidence.node,
            "first_sequence": evidence.first_sequence,
            "last_sequence": evidence.last_sequence,
        },
    }


def _tiers(bounds: Bounds[Tier | None]) -> dict[str, Any]:
    return {
        "low": plain_tier(bounds.low),
        "value": plain_tier(bounds.value),
        "high": plain_tier(bounds.high),
    }


def _span(interval: Interval) -> dict[str, int]:
    return {"start_ms": interval.start_ms, "end_ms": interval.end_ms}


def _edges(intervals: Iterable[Interval]) -> list[list[int]]:
    return [[interval.start_ms, interval.end_ms] for interval in intervals]


def _bounds(bounds: Bounds[Any]) -> dict[str, Any]:
    return {
        "low": exact(bounds.low),
        "value": exact(bounds.value),
        "high": exact(bounds.high),
    }
