"""An evaluation as canonical JSON, so that two judgements can be compared by one digest."""

import hashlib
import json
from fractions import Fraction
from typing import Any

from gpusla.contracts.model import Tier
from gpusla.sla.evaluation import Bounds, Cause, Evaluation, Loss


def digest(evaluation: Evaluation) -> str:
    """Return the SHA-256 of the evaluation's canonical JSON, in hex."""
    return hashlib.sha256(canonical(plain(evaluation))).hexdigest()


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys, no spaces, ASCII only; it must hold no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def exact(value: Fraction | int | None) -> int | str | None:
    """Return a number as JSON can hold it without rounding: an integer, or text such as `2/3`."""
    if value is None or isinstance(value, int):
        return value
    return value.numerator if value.denominator == 1 else str(value)


def plain(evaluation: Evaluation) -> dict[str, Any]:
    """Return every figure and every loss as maps, lists, text and integers."""
    contract, following = evaluation.contract, evaluation.next_tier
    return {
        "contract": contract.id,
        "tenant": contract.tenant,
        "version": contract.version,
        "contract_digest": contract.digest,
        "clause": contract.objective.id,
        "period": evaluation.period.key,
        "start_ms": evaluation.period.interval.start_ms,
        "end_ms": evaluation.period.interval.end_ms,
        "until_ms": evaluation.until_ms,
        "committed_gpu_ms": evaluation.committed_gpu_ms,
        "committed_period_gpu_ms": evaluation.committed_period_gpu_ms,
        "delivered_gpu_ms": _bounds(evaluation.delivered_gpu_ms),
        "lost_gpu_ms": exact(evaluation.lost_gpu_ms),
        "held_gpu_ms": evaluation.held_gpu_ms,
        "states_gpu_ms": {state.value: ms for state, ms in evaluation.states_gpu_ms.items()},
        "excluded_gpu_ms": exact(evaluation.excluded_gpu_ms),
        "exclusions": list(evaluation.exclusions),
        "availability": _bounds(evaluation.availability),
        "tier": {
            "low": plain_tier(evaluation.tier.low),
            "value": plain_tier(evaluation.tier.value),
            "high": plain_tier(evaluation.tier.high),
        },
        "base_minor_units": evaluation.base_minor_units,
        "is_shadow": evaluation.is_shadow,
        "credit_minor_units": _bounds(evaluation.credit_minor_units),
        "next_tier": None
        if following is None
        else {"tier": plain_tier(following.tier), "gpu_ms": following.gpu_ms},
        "committed_gpus_now": evaluation.committed_gpus_now,
        "delivered_gpus_now": exact(evaluation.delivered_gpus_now),
        "losses": [plain_loss(loss) for loss in evaluation.losses],
    }


def plain_tier(tier: Tier | None) -> dict[str, Any] | None:
    """Return a tier as a map."""
    return None if tier is None else {"below": exact(tier.below), "percent": exact(tier.percent)}


def plain_loss(loss: Loss) -> dict[str, Any]:
    """Return a loss as a map, down to the records behind each slot."""
    return {
        "unit": loss.unit,
        "start_ms": loss.interval.start_ms,
        "end_ms": loss.interval.end_ms,
        "gpu_ms": exact(loss.gpu_ms),
        "reasons": list(loss.reasons),
        "causes": [_cause(cause) for cause in loss.causes],
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


def _bounds(bounds: Bounds[Any]) -> dict[str, Any]:
    return {
        "low": exact(bounds.low),
        "value": exact(bounds.value),
        "high": exact(bounds.high),
    }
