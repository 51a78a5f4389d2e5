"""
Worked examples: facts in a contract's own words, judged, and held against what they must come to.

All that is committed is held, in whole units, and ok but for the outages; a unit was taken over so
early that it is not burning in when it is first committed.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from gpusla.catalogue.reasons import GPU_LOST, State
from gpusla.contracts.model import CapacityUnit, ContractVersion, ExampleOutage, WorkedExample
from gpusla.contracts.money import format_amount
from gpusla.contracts.promises import Kind, PerformanceSource
from gpusla.errors import InputError
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.model import Condition, Finding
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts, Holding, Measured, RequestSlot
from gpusla.sla.measure.committed import commitment
from gpusla.sla.measure.roster import roster_of
from gpusla.sla.periods import Period, period_of, segments, windows
from gpusla.sla.reach import margin_ms
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.claims import SEVERITY
from gpusla.timeline.intervals import clip, union
from gpusla.timeline.model import StateSpan, Timeline

SITE = "example"
TRAY_GPUS, RACK_GPUS = 4, 72
OK = Condition(State.OK)


def mismatches(contract: ContractVersion) -> tuple[str, ...]:
    """Return one sentence for each example that does not come to what it says."""
    found = (_mismatch(contract, example) for example in contract.examples)
    return tuple(sentence for sentence in found if sentence)


def judged(contract: ContractVersion, example: WorkedExample) -> Evaluation:
    """
    Judge an example as if it had happened.

    Raises InputError (`nothing_to_show`) if the contract has no such period.
    """
    whole = period_of(contract, example.period)
    ((_, segment), *_) = segments((contract,), whole)
    facts = facts_of(contract, example, whole, segment)
    return evaluate(contract, segment, segment.interval.end_ms, facts, explain=False)


def facts_of(
    contract: ContractVersion, example: WorkedExample, whole: Period, segment: Period
) -> Facts:
    """Return the facts that an example stands for; its outages count from the whole's start."""
    due = {one.id: windows((contract,), segment, one) for one in contract.objectives}
    starts = [window.start_ms for window in due.values() if window is not None]
    margin = margin_ms(contract)
    reach = Interval(
        min([segment.interval.start_ms, *starts]) - margin, segment.interval.end_ms + margin
    )
    held = _held(contract, reach)
    at_ms = whole.interval.start_ms
    return Facts(
        timeline=_timeline(tuple(held), example.outages, at_ms, reach),
        held=held,
        exclusions=tuple(_exclusions(contract, example.outages, tuple(held), at_ms)),
        requests=_requests(contract, due),
        measurements=_measurements(contract, held, reach),
        claimed_ms=at_ms,
    )


def _mismatch(contract: ContractVersion, example: WorkedExample) -> str:
    try:
        evaluation = judged(contract, example)
    except InputError as cause:
        return f"example {example.name!r}: {cause}"
    credit = evaluation.credit_minor_units.value
    availability = _availability(contract, evaluation)
    is_met = example.availability is None or availability == example.availability
    if is_met and credit == example.credit_minor_units:
        return ""
    currency = contract.fees.currency
    expected, computed = (
        format_amount(amount, currency) for amount in (example.credit_minor_units, credit)
    )
    promised = "" if example.availability is None else f"availability {example.availability} and "
    reached = "none" if availability is None else str(availability)
    return (
        f"example {example.name!r} of {example.period} expects {promised}a credit of {expected}, "
        f"and its terms give availability {reached} and a credit of {computed}"
    )


def _availability(contract: ContractVersion, evaluation: Evaluation) -> Fraction | None:
    first = contract.objectives[0].id
    for outcome in evaluation.outcomes:
        if outcome.objective.id == first:
            return outcome.value.value
    return None


def _held(contract: ContractVersion, reach: Interval) -> dict[Slot, tuple[Holding, ...]]:
    """Return every slot that is ever committed over reach, whole units at a time."""
    steps = _steps(contract, reach)
    sku = contract.capacity.accepted_skus[0].sku if contract.capacity.accepted_skus else ""
    size = contract.capacity.gpus_per_unit
    units = -(-max((gpus for _, gpus in steps), default=0) // size)
    holdings: dict[tuple[bool, ...], tuple[Holding, ...]] = {}
    held = {}
    for unit in range(units):
        wanted = tuple(gpus > unit * size for _, gpus in steps)
        if wanted not in holdings:
            times = [step for (step, _), is_held in zip(steps, wanted, strict=True) if is_held]
            holdings[wanted] = tuple(Holding(time, sku) for time in union(times))
        for place in range(unit * size, (unit + 1) * size):
            held[_slot(contract, place)] = holdings[wanted]
    return held


def _steps(contract: ContractVersion, reach: Interval) -> list[tuple[Interval, int]]:
    """Return what is committed step by step; each begins early enough for its burning in."""
    committed = commitment(contract)
    starts = [int(at_ms) for at_ms in committed.from_ms]
    early_ms = contract.capacity.acceptance.burn_in_ms
    return [
        (Interval(max(start_ms, reach.start_ms) - early_ms, min(end_ms, reach.end_ms)), int(gpus))
        for start_ms, end_ms, gpus in zip(
            starts, [*starts[1:], reach.end_ms], committed.gpus, strict=True
        )
        if start_ms < reach.end_ms and reach.start_ms < end_ms
    ]


def _slot(contract: ContractVersion, place: int) -> Slot:
    """Return the slot of a number: units one after another, in racks and trays."""
    unit, size = contract.capacity.unit, contract.capacity.gpus_per_unit
    tray_gpus = size if unit is CapacityUnit.NODE else TRAY_GPUS
    rack_gpus = size if unit is CapacityUnit.NVL72_DOMAIN else RACK_GPUS // TRAY_GPUS * tray_gpus
    rack, within = divmod(place, rack_gpus)
    tray, module = divmod(within, tray_gpus)
    return Slot(SITE, f"r{rack + 1:05}", f"t{tray + 1:02}", f"m{module}")


def _timeline(
    slots: Sequence[Slot], outages: Sequence[ExampleOutage], at_ms: int, reach: Interval
) -> Timeline:
    """Return slots that are ok but for the outages; of several at a time the worst counts."""
    spans: dict[Slot, tuple[StateSpan, ...]] = {}
    first = 0
    for count in [*sorted({outage.gpus for outage in outages}), len(slots)]:
        pieces = tuple(_pieces([one for one in outages if one.gpus >= count], at_ms, reach))
        for slot in slots[first:count]:
            spans[slot] = tuple(StateSpan(slot, *span, condition) for span, condition in pieces)
        first = max(first, count)
    return Timeline(reach, spans)


def _pieces(
    outages: Sequence[ExampleOutage], at_ms: int, reach: Interval
) -> Iterator[tuple[tuple[int, int], Condition]]:
    """Yield all of the reach in pieces, and what a slot with these outages is in each."""
    spans = [(_interval(outage, at_ms), _condition(outage.state)) for outage in outages]
    inside = [clip((span,), reach) for span, _ in spans]
    edges = {edge for found in inside for one in found for edge in (one.start_ms, one.end_ms)}
    for start_ms, end_ms in pairwise(sorted(edges | {reach.start_ms, reach.end_ms})):
        now = [seen for span, seen in spans if span.start_ms <= start_ms < span.end_ms]
        yield (start_ms, end_ms), max(now, key=lambda seen: SEVERITY[seen.state], default=OK)


def _condition(state: str) -> Condition:
    if state == State.UNKNOWN:
        return UNOBSERVED
    if state == State.DOWN:
        return Condition(State.DOWN, (Finding(GPU_LOST.name),))
    return Condition(State.DEGRADED, (Finding(state),))


def _interval(outage: ExampleOutage, at_ms: int) -> Interval:
    start_ms = at_ms + outage.start_ms
    return Interval(start_ms, start_ms + outage.duration_ms)


def _exclusions(
    contract: ContractVersion, outages: Sequence[ExampleOutage], slots: Sequence[Slot], at_ms: int
) -> Iterator[ExclusionRecord]:
    """Yield a record, noticed and approved in time, for each outage that was agreed."""
    rules = {rule.id: rule for rule in contract.exclusion_rules}
    for number, outage in enumerate(outages):
        if outage.excluded_by:
            rule, span = rules[outage.excluded_by], _interval(outage, at_ms)
            yield ExclusionRecord(
                id=f"example-{number + 1:03}",
                from_ms=span.start_ms,
                until_ms=span.end_ms,
                recorded_ms=span.start_ms - rule.notice_ms,
                supersedes=None,
                withdrawn=False,
                slots=tuple(slots[: outage.gpus]),
                contract=contract.id,
                kind=rule.kind,
                reason="as the example says",
                clause=rule.id,
                approver="tenant",
                notice_ms=span.start_ms - rule.notice_ms,
            )


def _requests(
    contract: ContractVersion, due: Mapping[str, Interval | None]
) -> dict[str, tuple[RequestSlot, ...]]:
    """Return enough requests in every slot of time, none of which failed."""
    found = {}
    for objective in contract.objectives:
        window, terms = due[objective.id], objective.requests
        if objective.kind is Kind.REQUEST_RATIO and window is not None and terms is not None:
            enough = max(1, terms.min_requests)
            starts = range(window.start_ms, window.end_ms, terms.slot_ms)
            found[objective.id] = tuple(RequestSlot(at_ms, enough, 0) for at_ms in starts)
    return found


def _measurements(
    contract: ContractVersion, held: Mapping[Slot, Sequence[Holding]], reach: Interval
) -> dict[str, dict[str, tuple[Measured, ...]]]:
    """Return measured values at the floor itself, which is enough, for every unit."""
    found = {}
    for objective in contract.objectives:
        terms = objective.performance
        if terms is not None and terms.source is PerformanceSource.MEASUREMENTS:
            _, units = roster_of(held, lambda slot: slot.domain).units(contract.capacity.unit)
            enough: tuple[Measured, ...] = (Measured(reach, terms.floor),)
            found[objective.id] = dict.fromkeys(units, enough)
    return found
