"""What is known of one contract over one period, and what was seen of its slots."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from gpusla.catalogue.reasons import State
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.measure.committed import commitment
from gpusla.timeline.build import cover
from gpusla.timeline.intervals import Intervals, clip, subtract, union
from gpusla.timeline.model import StateSpan, Timeline


@dataclass(frozen=True, slots=True)
class Case:
    """A contract's judgement over a period, or its segment of one, and the facts that it is of."""

    evaluation: Evaluation
    facts: Facts


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What was seen of a slot while it was held, in sets of time that compare whatever the terms.

    lost: from when it was seen down until it was seen otherwise; a tray that is pulled for repair
    is not seen at all.  unknown: without what is lost.  restored_ms: when lost time ended so that
    the slot was seen to work; not where it was taken away, or the facts end.
    """

    held: Intervals
    lost: Intervals
    degraded: Intervals
    unknown: Intervals
    restored_ms: frozenset[int]


@dataclass(frozen=True, slots=True)
class History:
    """
    One contract's period, of one segment or of several.

    evaluations: by time.  window: what was judged.  reach: what the facts cover, window included.
    """

    evaluations: tuple[Evaluation, ...]
    window: Interval
    reach: Interval
    held: Mapping[Slot, tuple[Holding, ...]]
    spans: Mapping[Slot, tuple[StateSpan, ...]]
    exclusions: tuple[ExclusionRecord, ...]

    @property
    def contract(self) -> ContractId:
        """Whose it is."""
        return self.evaluations[-1].contract.id

    @property
    def timezone(self) -> str:
        """In which its hours are told; all versions of a contract have one."""
        return self.evaluations[-1].contract.term.timezone

    def committed_gpu_ms(self, interval: Interval) -> int:
        """Return what is committed over an interval, each segment by its own version."""
        total = 0
        for number, one in enumerate(self.evaluations):
            mine = one.period.interval
            is_last = number + 1 == len(self.evaluations)
            # What lies outside the period is told by the version next to it.
            start_ms = interval.start_ms if not number else max(mine.start_ms, interval.start_ms)
            end_ms = interval.end_ms if is_last else min(mine.end_ms, interval.end_ms)
            if start_ms < end_ms:
                total += commitment(one.contract).gpu_ms(Interval(start_ms, end_ms))
        return total

    def commitment_changes_ms(self) -> frozenset[int]:
        """Return the instants at which what is committed may change."""
        edges = {one.period.interval.start_ms for one in self.evaluations}
        for one in self.evaluations:
            edges.update(int(at_ms) for at_ms in commitment(one.contract).from_ms)
        return frozenset(edges)


def history_of(cases: Iterable[Case]) -> History:
    """Put the segments of one contract's period together; at least one."""
    ordered = sorted(cases, key=lambda case: case.evaluation.period.interval)
    evaluations = tuple(case.evaluation for case in ordered)
    timelines = [_timeline(case.facts) for case in ordered]
    window = Interval(evaluations[0].period.interval.start_ms, evaluations[-1].until_ms)
    reach = Interval(
        min(window.start_ms, *(one.period.start_ms for one in timelines)),
        max(window.end_ms, *(one.period.end_ms for one in timelines)),
    )
    slots = sorted({slot for case in ordered for slot in case.facts.held})
    spans = {
        slot: cover(slot, [s for one in timelines for s in one.spans.get(slot, ())], reach)
        for slot in slots
    }
    held = {slot: _holdings(slot, ordered) for slot in slots}
    records = {record.id: record for case in ordered for record in case.facts.exclusions}
    return History(evaluations, window, reach, held, spans, tuple(records.values()))


def seen(history: History, slot: Slot) -> Seen:
    """Return what was seen of a slot over the history's whole reach."""
    held = union(holding.interval for holding in history.held[slot])
    lost: list[Interval] = []
    restored_ms: set[int] = set()
    for one in held:
        _failures(history.spans[slot], one, lost, restored_ms)
    return Seen(
        clip(held, history.reach),
        tuple(lost),
        _in_state(history, slot, State.DEGRADED, held),
        subtract(_in_state(history, slot, State.UNKNOWN, held), lost),
        frozenset(restored_ms),
    )


def _failures(
    spans: Iterable[StateSpan], held: Interval, lost: list[Interval], restored_ms: set[int]
) -> None:
    """Add each stretch from seen down until seen otherwise, while held."""
    since_ms: int | None = None
    end_ms = held.end_ms
    for span in spans:
        if span.end_ms <= held.start_ms:
            continue
        if span.start_ms >= held.end_ms:
            break
        state = span.condition.state
        if state is State.DOWN and since_ms is None:
            since_ms = max(span.start_ms, held.start_ms)
        elif state in {State.OK, State.DEGRADED} and since_ms is not None:
            lost.append(Interval(since_ms, span.start_ms))
            restored_ms.add(span.start_ms)
            since_ms = None
        end_ms = min(span.end_ms, held.end_ms)
    if since_ms is not None:
        lost.append(Interval(since_ms, end_ms))


def _in_state(history: History, slot: Slot, state: State, held: Intervals) -> Intervals:
    """Return the held time in one state."""
    found = [
        Interval(span.start_ms, span.end_ms)
        for span in history.spans[slot]
        if span.condition.state is state
    ]
    return tuple(part for one in held for part in clip(found, one)) if found else ()


def _timeline(facts: Facts) -> Timeline:
    assert isinstance(facts.timeline, Timeline), "parity is told from spans, slot by slot"
    return facts.timeline


def _holdings(slot: Slot, cases: Sequence[Case]) -> tuple[Holding, ...]:
    """Return a slot's holdings, of which facts of several segments tell some twice."""
    told = [one for case in cases for one in case.facts.held.get(slot, ())]
    by_sku = groupby(sorted(told, key=lambda one: one.sku), key=lambda one: one.sku)
    found = (
        Holding(interval, sku)
        for sku, group in by_sku
        for interval in union(one.interval for one in group)
    )
    return tuple(sorted(found, key=lambda one: one.interval))
