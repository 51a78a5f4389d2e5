"""Section 3 of sla-engine.md: what each slot comes to at each tick, in each bound."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.promises import Denominator, Kind, Objective, UnknownPolicy
from gpusla.identity import Slot
from gpusla.journal.model import Condition
from gpusla.timeline.model import StateSpan
from tests.reference.case import Case, Ticks, reach_of, runs, timeline_of
from tests.reference.excused import Marks

ZERO, ONE = Fraction(0), Fraction(1)
UNSEEN = Condition(State.UNKNOWN)

Worth = Callable[[Condition, str], Fraction]
"""What a condition is worth in a bound."""


@dataclass(frozen=True, slots=True)
class Part:
    """
    One held slot at one tick in one bound.

    is_unseen: out of the count because nobody knows.  is_left_out: out of it for an exclusion.
    """

    level: Fraction
    weight: Fraction
    is_excused: bool = False
    is_unseen: bool = False
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One slot over all ticks in one bound, without and with exclusions; None where not held."""

    raw: list[Part | None]
    judged: list[Part | None]


@dataclass(frozen=True, slots=True)
class Scene:
    """
    What is the same for every objective.

    rows: what slots came to, by objective, slot and bound, so that each is worked out once.
    """

    case: Case
    ticks: Ticks
    reach: range
    to_date: range
    whole: range
    held: dict[Slot, list[str | None]]
    excused: Marks
    rows: dict[tuple[str, Slot, str], SlotRow] = field(default_factory=dict)


def held_ticks(case: Case, ticks: Ticks) -> dict[Slot, list[str | None]]:
    """Return for each slot and tick the SKU it is held with; None where it is not held."""
    held: dict[Slot, list[str | None]] = {}
    for slot, holdings in case.facts.held.items():
        held[slot] = [None for _ in ticks]
        for holding in holdings:
            for tick in ticks.within(holding.interval.start_ms, holding.interval.end_ms):
                held[slot][tick] = holding.sku
    return held


def slot_row(scene: Scene, objective: Objective, slot: Slot, bound: str) -> SlotRow:
    """Return what one slot comes to."""
    key = (objective.id, slot, bound)
    if key not in scene.rows:
        scene.rows[key] = _slot_row(scene, objective, slot, bound)
    return scene.rows[key]


def _slot_row(scene: Scene, objective: Objective, slot: Slot, bound: str) -> SlotRow:
    """Take one slot through section 3, in its order."""
    spans = spans_of(scene, slot)
    is_performance = objective.kind is Kind.PERFORMANCE
    level = _levels(scene, objective, spans, _worth(objective), bound)
    unseen = [False for _ in scene.ticks]
    if bound == "value":
        _settle_unknown(scene, objective, spans, level, unseen)
    is_zero = [False for _ in scene.ticks]
    if not is_performance:  # 8: settle and burn-in do not matter
        _settle(scene, _levels(scene, objective, spans, worth_up, bound), is_zero)
        _burn_in(scene, slot, is_zero)
    row = SlotRow([None for _ in scene.ticks], [None for _ in scene.ticks])
    before: object = None
    for tick in scene.reach:
        sku = scene.held[slot][tick]
        if sku is not None:
            seen = (sku, level[tick], unseen[tick], is_zero[tick])
            if seen != before:
                part = _part(scene, objective, seen)
                excused = _excuse(part, objective)
                before = seen
            row.raw[tick] = part
            row.judged[tick] = excused if scene.excused[slot][tick] else part
    return row


def _part(
    scene: Scene,
    objective: Objective,
    seen: tuple[str, Fraction, bool, bool],
) -> Part:
    sku, level, is_unseen, is_zero = seen
    weight = scene.case.contract.capacity.weight(sku)
    if objective.kind is Kind.PERFORMANCE:  # 8: weights do not change a level
        return Part(level, weight, is_unseen=is_unseen)
    if is_zero or weight == 0:  # 3.2: what cannot count anyway stays in the count
        return Part(ZERO, weight)
    return Part(level * weight, weight, is_unseen=is_unseen)  # 3.8


def _excuse(part: Part, objective: Objective) -> Part:
    """3.9, and 4.3: `exclude` only where the slot is not excused."""
    is_left_out = (
        objective.kind is Kind.CAPACITY and objective.denominator is Denominator.MINUS_EXCLUSIONS
    )
    full = ONE if objective.kind is Kind.PERFORMANCE else part.weight
    return Part(full, part.weight, is_excused=True, is_left_out=is_left_out)


def _worth(objective: Objective) -> Worth:
    is_performance = objective.kind is Kind.PERFORMANCE
    return conforming(objective) if is_performance else delivered(objective)


def delivered(objective: Objective) -> Worth:
    """3.2."""

    def worth(condition: Condition, bound: str) -> Fraction:
        if condition.state is State.OK:
            return ONE
        if condition.state is State.DOWN:
            return ZERO
        if condition.state is State.DEGRADED:
            table, default = objective.degraded.by_reason, objective.degraded.default
            found = [table.get(finding.reason, default) for finding in condition.findings]
            return min(found) if found else default
        return worth_unknown(objective, bound)

    return worth


def conforming(objective: Objective) -> Worth:
    """8, of health reasons; nothing of it matters where conformance is measured."""
    failing = objective.performance.failing_reasons if objective.performance else ()

    def worth(condition: Condition, bound: str) -> Fraction:
        if condition.state is State.UNKNOWN:
            return worth_unknown(objective, bound)
        if condition.state in {State.DOWN, State.DEGRADED}:
            reasons = [finding.reason for finding in condition.findings]
            return ZERO if any(reason in failing for reason in reasons) else ONE
        return ONE

    return worth


def worth_unknown(objective: Objective, bound: str) -> Fraction:
    """3.2: what nobody saw."""
    if bound == "value":
        return ONE if objective.unknown.policy is UnknownPolicy.TENANT_BEARS else ZERO
    return ONE if bound == "high" else ZERO


def worth_up(condition: Condition, bound: str) -> Fraction:
    """3.5."""
    if condition.state is State.UNKNOWN:
        return ZERO if bound == "low" else ONE
    return ZERO if condition.state is State.DOWN else ONE


def spans_of(scene: Scene, slot: Slot) -> list[StateSpan]:
    """3.1 and 3.2: time without a span is unknown, with an error of 0."""
    reach = reach_of(scene.case)
    spans = []
    end_ms = reach.start_ms
    for span in timeline_of(scene.case).spans.get(slot, ()):
        if span.start_ms > end_ms:
            spans.append(StateSpan(slot, end_ms, span.start_ms, UNSEEN))
        spans.append(span)
        end_ms = span.end_ms
    if end_ms < reach.end_ms:
        spans.append(StateSpan(slot, end_ms, reach.end_ms, UNSEEN))
    return spans


def _levels(
    scene: Scene, objective: Objective, spans: list[StateSpan], worth: Worth, bound: str
) -> list[Fraction]:
    """3.2 to 3.4; ticks beyond the reach are never looked at."""
    levels: list[list[Fraction]] = [[] for _ in scene.ticks]
    for span in spans:
        conditions = [span.condition]
        error_ms = 0
        if bound != "value":
            conditions += [span.other] if span.other is not None else []
            error_ms = objective.clock_error_ms if span.error_ms is None else span.error_ms
        could_be = [worth(condition, bound) for condition in conditions]
        for tick in scene.ticks.within(span.start_ms - error_ms, span.end_ms + error_ms):
            levels[tick] += could_be
    worst_or_best = max if bound == "high" else min
    return [worst_or_best(several) if several else ZERO for several in levels]


def _settle_unknown(
    scene: Scene,
    objective: Objective,
    spans: list[StateSpan],
    level: list[Fraction],
    unseen: list[bool],
) -> None:
    """3.2 and 3.3, for value alone: what is carried over, and what is out of the count."""
    worth = _worth(objective)
    seen: list[Condition] = [UNSEEN for _ in scene.ticks]
    for span in spans:
        for tick in scene.ticks.within(span.start_ms, span.end_ms):
            seen[tick] = span.condition
    is_unknown = [condition.state is State.UNKNOWN for condition in seen]
    for run in runs(is_unknown, scene.reach):
        for tick in run:
            since_ms = (tick - run.start) * scene.ticks.length_ms
            is_carried = since_ms < objective.unknown.carry_last_ms
            if is_carried and run.start > scene.reach.start:
                level[tick] = worth(seen[run.start - 1], "value")
            elif objective.unknown.policy is UnknownPolicy.EXCLUDE:
                unseen[tick] = True


def _settle(scene: Scene, up: list[Fraction], is_zero: list[bool]) -> None:
    """3.6."""
    is_down = [worth == 0 for worth in up]
    for run in runs(is_down, scene.reach):
        settle_ms = scene.case.contract.capacity.acceptance.settle_ms
        end_ms = scene.ticks.begin_ms(run.stop)
        if run.stop < scene.reach.stop:
            for tick in scene.ticks.within(end_ms, end_ms + settle_ms):
                is_zero[tick] = True


def _burn_in(scene: Scene, slot: Slot, is_zero: list[bool]) -> None:
    """3.7: touching holdings are one, whatever their SKU."""
    burn_in_ms = scene.case.contract.capacity.acceptance.burn_in_ms
    is_held = [sku is not None for sku in scene.held[slot]]
    for run in runs(is_held, range(scene.ticks.count)):
        start_ms = scene.ticks.begin_ms(run.start)
        for tick in scene.ticks.within(start_ms, start_ms + burn_in_ms):
            is_zero[tick] = True
