"""An honest bundle with something changed and sealed anew, and what recomputing it comes to."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from gpusla.instants import Interval
from gpusla.journal.hours import HourBlock, HourSpan
from gpusla.ledger.entries import Entry
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.report import Recomputed, recompute
from gpusla.sla.digest import canonical
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts_file import to_json as facts_to_json
from gpusla.statement import Inputs, build, to_json
from gpusla.statement.from_facts import grounds_of
from gpusla.timeline.build import build as build_timeline
from gpusla.timeline.model import StateSpan
from tests.core.recompute.bundles import MONTH, Parts, honest, members, node, resigned


def outcome(parts: Parts) -> Recomputed:
    """What recomputing comes to, from the bundle's bytes alone."""
    return recompute(Bundle(members(parts.write())), lambda _: None)


def with_facts(change: Callable[[Any], None]) -> Parts:
    """The bundle with changed facts; everything is sealed anew."""
    data = json.loads(facts_to_json(honest().facts))
    change(data)
    return replace(honest(), facts_bytes=canonical(data))


def with_block(tray: int, change: Callable[[HourSpan], HourSpan]) -> Parts:
    """The bundle with changed spans of a node, whose own key signs every block anew."""

    def block(one: HourBlock) -> HourBlock:
        return replace(
            one, spans={slot: tuple(map(change, spans)) for slot, spans in one.spans.items()}
        )

    lines = resigned(honest().hours[node(tray)], tray, block)
    return replace(honest(), hours={**honest().hours, node(tray): lines})


def with_statement(path: tuple[str | int, ...], value: Any) -> Parts:
    """The bundle with one value of its statement changed, its digest made anew."""
    data = json.loads(to_json(honest().statement))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    data["evaluation_digest"] = hashlib.sha256(canonical(data["evaluation"])).hexdigest()
    return replace(honest(), statement_bytes=canonical(data))


def judged(
    spans: Iterable[StateSpan],
    until_ms: int,
    inputs: Inputs,
    decided: Callable[[Evaluation], Iterable[Entry]] = lambda _: (),
) -> Parts:
    """The bundle with other spans, judged up to an instant; decided: what of it is booked."""
    whole = honest()
    (contract,) = Bundle(members(whole.write())).versions
    facts, period = whole.facts.facts, whole.statement.evaluation.period
    reach = Interval(MONTH.start_ms, until_ms)
    facts = replace(facts, timeline=build_timeline(spans, facts.held, reach))
    evaluation = evaluate(
        contract, period, min(until_ms, period.interval.end_ms), facts, versions=(contract,)
    )
    grounds = grounds_of(evaluation, facts, inputs)
    statement = build(evaluation, decided(evaluation), inputs, grounds=grounds)
    recorded = replace(whole.facts, until_ms=evaluation.until_ms, facts=facts)
    return replace(whole, facts=recorded, statement=statement)
