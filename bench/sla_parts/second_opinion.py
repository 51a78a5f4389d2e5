"""
The engine beside the reference evaluator of tests/, on a few racks: `python -m ... SEED`.

Everything lies on a grid of 30 seconds, because the reference goes through time tick by tick.  The
engine is given the claims as columns; the reference what `build` makes of the same claims, span by
span, so that resolving them is checked too.  Prints JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from gpusla.contracts.model import ContractVersion, Proration
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.evaluate import evaluate as engine
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla.sla.periods import Period
from gpusla.timeline.build import build
from gpusla.timeline.columns import NONE, WITNESSES, ClaimColumns, resolve
from gpusla.timeline.model import StateSpan
from sla_parts.claims import claims_of
from sla_parts.facts import contract_of, facts_of, slots_of
from sla_parts.month import Fleet, Month, draw
from sla_parts.rates import DAY_MS
from tests.reference.case import BOUNDS, Case
from tests.reference.evaluator import Opinion, evaluate
from tests.reference.generator import as_case, midnight_ms

GRAIN_MS = 30_000
FLEET = Fleet(racks=4, factor=30, grain_ms=GRAIN_MS, handed_over=0.5)
MONTH, AFTER, FIRST_DAY = date(2026, 11, 1), date(2026, 12, 1), date(2026, 11, 3)
DAYS = 1


def main() -> int:
    """Judge a sample twice and print both answers."""
    start_ms = midnight_ms(FIRST_DAY)
    month = draw(FLEET, int(sys.argv[1]), Interval(start_ms, start_ms + DAYS * DAY_MS))
    slots = slots_of(FLEET.racks)
    claims = claims_of(month, slots, GRAIN_MS)
    engines = _by_engine(month, slots, claims)
    started = time.perf_counter()
    opinion = evaluate(_case(month, slots, claims))
    found = {
        "gpus": month.gpus,
        "intervals": month.intervals,
        "ticks": month.reach.duration_ms // GRAIN_MS,
        "reference_seconds": round(time.perf_counter() - started, 1),
        "engine": _engines(engines),
        "reference": _references(opinion),
    }
    found["agree"] = found["engine"] == found["reference"]
    print(json.dumps(found))
    return 0


def _contract(month: Month) -> ContractVersion:
    """Return the bench's contract in UTC, with an error of a clock that fits the grid."""
    contract = contract_of(month.committed_gpus)
    objective = replace(contract.objectives[0], clock_error_ms=GRAIN_MS)
    return replace(
        contract,
        term=replace(contract.term, timezone="UTC"),
        fees=replace(contract.fees, proration=Proration.ACTUAL_TIME),
        objectives=(objective,),
    )


def _by_engine(month: Month, slots: tuple[Slot, ...], claims: ClaimColumns) -> Evaluation:
    window = month.reach
    period = Period("2026-11-v1", FIRST_DAY, window, Interval(*map(midnight_ms, (MONTH, AFTER))))
    facts = facts_of(month, slots, resolve(claims, window))
    return engine(_contract(month), period, window.end_ms, facts, explain=False)


def _case(month: Month, slots: tuple[Slot, ...], claims: ClaimColumns) -> Case:
    whole = Interval(*map(midnight_ms, (MONTH, AFTER)))
    facts = facts_of(month, slots, build(_spans(claims), slots, month.reach))
    # The reference lays out all time that it is told of; what lies outside makes no difference.
    held = {
        slot: tuple(replace(one, interval=_clipped(one.interval, month.reach)) for one in several)
        for slot, several in facts.held.items()
    }
    return as_case(
        _contract(month), month.reach, month.reach.end_ms, replace(facts, held=held), whole
    )


def _clipped(interval: Interval, within: Interval) -> Interval:
    return Interval(max(interval.start_ms, within.start_ms), min(interval.end_ms, within.end_ms))


def _spans(claims: ClaimColumns) -> Iterator[StateSpan]:
    """Yield claims as spans."""
    conditions = claims.conditions
    for slot, start, end, condition, other, error, witness in zip(
        claims.slot.tolist(),
        claims.start_ms.tolist(),
        claims.end_ms.tolist(),
        claims.condition.tolist(),
        claims.other.tolist(),
        claims.error_ms.tolist(),
        claims.witness.tolist(),
        strict=True,
    ):
        yield StateSpan(
            claims.slots[slot],
            start,
            end,
            conditions[condition],
            None if other == NONE else conditions[other],
            None if error == NONE else error,
            witness=WITNESSES[witness],
        )


def _engines(found: Evaluation) -> dict[str, Any]:
    measure = found.outcomes[0].measure
    return {
        "total_gpu_ms": _three(measure.total),
        "lost_gpu_ms": _three(measure.lost),
        "credit_minor_units": _three(found.credit_minor_units),
    }


def _references(opinion: Opinion) -> dict[str, Any]:
    measured = opinion.judged[0].measured
    turned = [*reversed(BOUNDS)]  # the least lost belongs to the value's high bound
    return {
        "total_gpu_ms": [int(measured.total[bound]) for bound in turned],
        "lost_gpu_ms": [int(measured.lost[bound]) for bound in turned],
        "credit_minor_units": [int(opinion.settled.credit[bound]) for bound in BOUNDS],
    }


def _three(bounds: Bounds[Any]) -> list[int]:
    return [int(one) for one in (bounds.low, bounds.value, bounds.high)]


if __name__ == "__main__":
    sys.exit(main())
