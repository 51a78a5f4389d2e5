"""Which incidents took the time that a contract lost, and what that time would have cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from gpusla.identity import Slot
from gpusla.incidents import Incident, Lost, Watch, cost, fold, incidents, places_of, share_out
from gpusla.instants import Interval
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts
from gpusla.timeline.build import cover
from gpusla.timeline.model import StateSpan, Timeline


@dataclass(frozen=True, slots=True)
class IncidentCost:
    """
    An incident and its part in what the contract lost.

    gpu_ms: lost through it.  minor_units: the fee for so much of what is committed, exact; it is
    what the time was worth, not what is owed for it.
    """

    incident: Incident
    gpu_ms: Fraction
    minor_units: Fraction


def incident_costs(evaluation: Evaluation, facts: Facts) -> tuple[IncidentCost, ...]:
    """
    Return every incident on the contract's slots in the period to date, the dearest first.

    evaluation: of these facts, with its losses, which are shared out among the incidents; what no
    incident explains, such as slots that were never assigned, is in none.
    """
    window = Interval(evaluation.period.interval.start_ms, evaluation.until_ms)
    watch = fold(Watch(places_of(facts.held, facts.domain_of)), _spans(facts, window))
    found = incidents(watch)
    lost = share_out(
        (Lost(loss.interval, loss.gpu_ms, loss.slots) for loss in evaluation.losses), found
    )
    price = evaluation.price_per_gpu_ms
    costs = [
        IncidentCost(one, lost.get(one.id, Fraction(0)), cost(one, price, lost)) for one in found
    ]
    return tuple(
        sorted(costs, key=lambda one: (-one.gpu_ms, one.incident.start_ms, one.incident.id))
    )


def _spans(facts: Facts, window: Interval) -> Iterator[StateSpan]:
    """Yield the spans of each slot while it served the contract."""
    timeline = facts.timeline
    assert isinstance(timeline, Timeline), "incidents are told from spans, which have evidence"
    for slot, holdings in facts.held.items():
        for holding in holdings:
            yield from _within(slot, timeline, holding.interval, window)


def _within(
    slot: Slot, timeline: Timeline, held: Interval, window: Interval
) -> tuple[StateSpan, ...]:
    start_ms = max(held.start_ms, window.start_ms)
    end_ms = min(held.end_ms, window.end_ms)
    if start_ms >= end_ms:
        return ()
    return cover(slot, timeline.spans.get(slot, ()), Interval(start_ms, end_ms))
