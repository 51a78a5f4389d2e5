"""A case that shows a difference, made as small as it can be while it still does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import OverDelivery, Partial, Proration, RampStep, Rounding
from gpusla.contracts.promises import Degraded, Objective, Scope, Unknown
from gpusla.contracts.remedies import AcrossObjectives, Base, NoCredit, Step, Tier
from gpusla.journal.model import Condition
from gpusla.sla.facts import Facts, Holding
from gpusla.timeline.model import StateSpan
from tests.core.contracts.terms import CONTRACT, OBJECTIVE
from tests.reference.case import timeline_of
from tests.reference.generator import Generated, as_case

OK = Condition(State.OK)
SIMPLE_STEP = Step(Base.PERIOD_FEE, (Tier(Fraction(99, 100), Fraction(10)),))
SIMPLE_FIELDS = (
    "min_outage",
    "granularity",
    "denominator",
    "comparison",
    "value_rounding",
    "clock_error_ms",
    "target",
    "window",
)


def shrink(made: Generated, is_wrong: Callable[[Generated], bool]) -> Generated:
    """Take away and simplify what can be, again and again, while the case stays wrong."""
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for smaller in _smaller(made):
            if smaller.case != made.case and is_wrong(smaller):
                made, is_smaller = smaller, True
                break
    return made


def _smaller(made: Generated) -> Iterator[Generated]:
    for change in (_contracts, _objectives, _facts, _spans):
        yield from change(made)
    case = made.case
    if case.until_ms < case.window.end_ms:
        again = as_case(case.contract, case.window, case.window.end_ms, case.facts, made.whole)
        yield replace(made, case=again)


def _rebuilt(made: Generated, contract: Any = None, facts: Facts | None = None) -> Generated:
    case = made.case
    contract = contract or case.contract
    again = as_case(contract, case.window, case.until_ms, facts or case.facts, made.whole)
    return replace(made, case=again)


def _contracts(made: Generated) -> Iterator[Generated]:
    contract = made.case.contract
    for one in contract.objectives:
        if len(contract.objectives) > 1:
            yield _rebuilt(made, replace(contract, objectives=(one,)))
    capacity, fees = contract.capacity, contract.fees
    committed = max((step.gpus for step in capacity.ramp), default=0)
    for simple in (
        replace(contract, combination=replace(contract.combination, caps=())),
        replace(contract, combination=replace(contract.combination, minimum_minor_units=0)),
        replace(contract, combination=CONTRACT.combination),
        replace(contract, claims=CONTRACT.claims),
        replace(contract, fees=replace(fees, ramp=(), rebases=())),
        replace(contract, fees=replace(fees, proration=Proration.NONE)),
        replace(contract, fees=replace(fees, rounding=Rounding.DOWN)),
        replace(contract, exclusion_rules=()),
        replace(contract, exclusion_rules=contract.exclusion_rules[:1]),
        replace(contract, capacity=replace(capacity, acceptance=CONTRACT.capacity.acceptance)),
        replace(contract, capacity=replace(capacity, over_delivery=OverDelivery.NOT_BANKED)),
        replace(contract, capacity=replace(capacity, partial=Partial.PER_GPU)),
        replace(
            contract, capacity=replace(capacity, ramp=(RampStep(contract.term.start, committed),))
        ),
        replace(contract, combination=replace(contract.combination, across=AcrossObjectives.SUM)),
    ):
        yield _rebuilt(made, simple)


def _objectives(made: Generated) -> Iterator[Generated]:
    contract = made.case.contract
    for number, one in enumerate(contract.objectives):
        for simple in _simple_objectives(one):
            objectives = list(contract.objectives)
            objectives[number] = simple
            yield _rebuilt(made, replace(contract, objectives=tuple(objectives)))


def _simple_objectives(one: Objective) -> Iterator[Objective]:
    yield replace(one, credit=NoCredit())
    if not isinstance(one.credit, NoCredit):
        yield replace(one, credit=SIMPLE_STEP, scope=Scope.CONTRACT)
    for name in SIMPLE_FIELDS:
        yield replace(one, **{name: getattr(OBJECTIVE, name)})
    yield replace(one, unknown=Unknown(one.unknown.policy, 0))
    yield replace(one, unknown=OBJECTIVE.unknown)
    yield replace(one, degraded=Degraded(Fraction(1), {}))


def _facts(made: Generated) -> Iterator[Generated]:
    facts = made.case.facts
    timeline = timeline_of(made.case)
    for slot in facts.held:
        if len(facts.held) > 1:
            held = {other: facts.held[other] for other in facts.held if other != slot}
            spans = {other: timeline.spans[other] for other in timeline.spans if other != slot}
            yield _rebuilt(
                made, facts=replace(facts, held=held, timeline=replace(timeline, spans=spans))
            )
        for number in range(len(facts.held[slot])):
            holdings = list(facts.held[slot])
            if len(holdings) > 1:
                del holdings[number]
            else:
                holdings = [Holding(timeline.period, "gb300")]
            yield _rebuilt(made, facts=replace(facts, held={**facts.held, slot: holdings}))
    for one in facts.exclusions:
        fewer = [other for other in facts.exclusions if other is not one]
        yield _rebuilt(made, facts=replace(facts, exclusions=fewer))
    for repair in facts.repairs:
        left = [other for other in facts.repairs if other is not repair]
        yield _rebuilt(made, facts=replace(facts, repairs=left))
    for id_, given in facts.requests.items():
        for number in range(len(given)):
            rest = [one for index, one in enumerate(given) if index != number]
            yield _rebuilt(made, facts=replace(facts, requests={**facts.requests, id_: rest}))
    yield _rebuilt(made, facts=replace(facts, granted_minor_units={}))
    if len(facts.requests) > 1 or len(facts.measurements) > 1:
        yield _rebuilt(made, facts=replace(facts, measurements={}))


def _spans(made: Generated) -> Iterator[Generated]:
    """Let a span be like its neighbour before, or plainly ok."""
    facts = made.case.facts
    timeline = timeline_of(made.case)
    for slot, spans in timeline.spans.items():
        for number, span in enumerate(spans):
            for simple in _simple_spans(spans, number, span):
                again = replace(timeline, spans={**timeline.spans, slot: simple})
                yield _rebuilt(made, facts=replace(facts, timeline=again))


def _simple_spans(
    spans: tuple[StateSpan, ...], number: int, span: StateSpan
) -> Iterator[tuple[StateSpan, ...]]:
    before, after = spans[:number], spans[number + 1 :]
    if before:
        yield (*before[:-1], replace(before[-1], end_ms=span.end_ms), *after)
    if after:
        yield (*before, replace(after[0], start_ms=span.start_ms), *after[1:])
    if span.other is not None:
        yield (*before, replace(span, other=None), *after)
    if span.error_ms != 0:
        yield (*before, replace(span, error_ms=0), *after)
    if span.condition != OK:
        yield (*before, replace(span, condition=OK), *after)
