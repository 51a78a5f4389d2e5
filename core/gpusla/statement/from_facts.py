"""
What a statement tells of the facts beside their judgement: grades of evidence, and incidents.

Apart from everything else here because facts come with arrays, and reading a statement needs none.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from gpusla.instants import Interval
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts
from gpusla.sla.incident_costs import IncidentCost, incident_costs
from gpusla.statement.grades import Graded, Signed, Worth, by_worth, graded
from gpusla.statement.incidents import LISTED_MAX, SLOTS_MAX, StatedIncident, StatedIncidents
from gpusla.statement.model import Grounds, Inputs
from gpusla.timeline.model import StateSpan, Timeline


def grounds_of(evaluation: Evaluation, facts: Facts, inputs: Inputs) -> Grounds:
    """
    Return what stands behind an evaluation of these facts, which must be spans.

    inputs: of the same judgement; they say how far the journals are signed.  evaluation: with its
    losses, which incidents are charged with.
    """
    to_date = Interval(evaluation.period.interval.start_ms, evaluation.until_ms)
    signed = inputs.signatures
    windows = {to_date, *(outcome.measure.window for outcome in evaluation.outcomes)}
    by_window = {window: _held(facts, window, signed) for window in windows}
    return Grounds(
        by_window[to_date],
        tuple((one.objective.id, by_window[one.measure.window]) for one in evaluation.outcomes),
        stated(incident_costs(evaluation, facts)),
    )


def stated(costs: tuple[IncidentCost, ...]) -> StatedIncidents:
    """Return what is told of incidents; costs: the dearest first."""
    dear = [cost for cost in costs if cost.gpu_ms]
    rest = dear[LISTED_MAX:]
    return StatedIncidents(
        tuple(map(_stated, dear[:LISTED_MAX])),
        len(rest),
        sum((cost.gpu_ms for cost in rest), Fraction(0)),
        sum((cost.minor_units for cost in rest), Fraction(0)),
        len(costs) - len(dear),
    )


def _stated(cost: IncidentCost) -> StatedIncident:
    incident = cost.incident
    slots = incident.slots
    return StatedIncident(
        incident.id,
        incident.scope,
        incident.place,
        incident.family,
        incident.root.slot,
        incident.root.reason,
        incident.root.xid,
        incident.start_ms,
        incident.end_ms,
        tuple(islice(slots, SLOTS_MAX)),
        len(slots),
        incident.flaps,
        cost.gpu_ms,
        cost.minor_units,
    )


def _held(facts: Facts, window: Interval, signed: Signed) -> Graded:
    """Return the time that slots served the contract in a window, by grade."""
    return graded(_parts(facts, window, signed))


def _parts(facts: Facts, window: Interval, signed: Signed) -> Iterator[tuple[Worth, int]]:
    timeline = facts.timeline
    assert isinstance(timeline, Timeline), "grades are of spans, which have evidence"
    for slot, holdings in facts.held.items():
        spans = timeline.spans.get(slot, ())
        for holding in holdings:
            start_ms = max(holding.interval.start_ms, window.start_ms)
            end_ms = min(holding.interval.end_ms, window.end_ms)
            if start_ms < end_ms:
                seen = list(_within(spans, start_ms, end_ms, signed))
                yield from seen
                # What no span covers nobody observed.
                yield Worth.NONE, end_ms - start_ms - sum(gpu_ms for _, gpu_ms in seen)


def _within(
    spans: tuple[StateSpan, ...], start_ms: int, end_ms: int, signed: Signed
) -> Iterator[tuple[Worth, int]]:
    for span in spans:
        time = Interval(max(span.start_ms, start_ms), min(span.end_ms, end_ms))
        if time.start_ms < time.end_ms:
            yield from by_worth(span.evidence, time, signed)
