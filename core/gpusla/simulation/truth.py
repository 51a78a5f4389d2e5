"""
The truth about a scenario, by arithmetic of its own.

It asks of every stretch between two edges what holds in it, one slot and one fault at a time: slow,
plain, and written without a look at the code that judges.  Nothing here may import the timeline,
health, contracts or the SLA engine (an import contract forbids it).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.simulation.faults import Fault, Sight
from gpusla.simulation.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    Time of a slot over which nothing changes, [start_ms, end_ms).

    state: what was true.  is_observed: whether a perfect agent could tell.
    reasons: of the faults that make the state what it is.
    """

    start_ms: int
    end_ms: int
    state: State
    is_observed: bool
    reasons: tuple[str, ...] = ()


@dataclass(slots=True)
class Totals:
    """
    GPU-milliseconds.

    true: by what was so; never unknown.  seen: by what a perfect agent can tell, the rest unknown.
    """

    true: dict[State, int] = field(default_factory=lambda: dict.fromkeys(State, 0))
    seen: dict[State, int] = field(default_factory=lambda: dict.fromkeys(State, 0))


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What a contract counts, in plain values.

    held: when each slot serves it.  committed: [(from_ms, GPUs)], sorted, the first at or before
    the span asked about.  is_by_domain: whether a rack counts only with min_healthy GPUs.
    degraded_fraction: how much of a degraded GPU counts, by reason; the smallest of several.
    is_unknown_delivered: who bears what nobody saw.
    """

    held: Mapping[Slot, Sequence[Interval]]
    committed: Sequence[tuple[int, int]]
    min_healthy: int
    is_by_domain: bool
    degraded_fraction: Callable[[str], Fraction]
    is_unknown_delivered: bool = False


def stretches(scenario: Scenario, slot: Slot, span: Interval, valid_ms: int) -> Iterator[Stretch]:
    """
    Yield a slot's truth over span, without gaps, each different from the one before.

    valid_ms: a silence that is not longer hides nothing.
    """
    faults = [fault for fault in scenario.faults if slot in fault.slots]
    last: Stretch | None = None
    for start_ms, end_ms in _between(_edges(faults, span)):
        here = _judge(slot, faults, start_ms, end_ms, valid_ms)
        if last is not None and _same(last, here):
            last = Stretch(last.start_ms, end_ms, here.state, here.is_observed, here.reasons)
            continue
        if last is not None:
            yield last
        last = here
    if last is not None:
        yield last


def totals(scenario: Scenario, slots: Sequence[Slot], span: Interval, valid_ms: int) -> Totals:
    """Return how long these slots were in each state within span, together."""
    sums = Totals()
    for slot in slots:
        for stretch in stretches(scenario, slot, span, valid_ms):
            length = stretch.end_ms - stretch.start_ms
            sums.true[stretch.state] += length
            sums.seen[stretch.state if stretch.is_observed else State.UNKNOWN] += length
    return sums


def delivered_gpu_ms(scenario: Scenario, terms: Terms, span: Interval, valid_ms: int) -> Fraction:
    """Return what the contract got within span, in GPU-milliseconds, as a perfect agent saw it."""
    edges = {span.start_ms, span.end_ms, *(at for at, _ in terms.committed)}
    truths: dict[Slot, list[Stretch]] = {}
    for slot, parts in terms.held.items():
        truths[slot] = list(stretches(scenario, slot, span, valid_ms))
        edges.update(stretch.start_ms for stretch in truths[slot])
        edges.update(edge for part in parts for edge in (part.start_ms, part.end_ms))
    inside = sorted(edge for edge in edges if span.start_ms <= edge <= span.end_ms)
    total = Fraction(0)
    for start_ms, end_ms in _between(inside):
        racks: dict[str, list[Fraction]] = {}
        for slot, parts in terms.held.items():
            if any(part.start_ms <= start_ms < part.end_ms for part in parts):
                name = str(slot.domain) if terms.is_by_domain else str(slot)
                racks.setdefault(name, []).append(_worth(truths[slot], start_ms, terms))
        got = sum((_rack_worth(worths, terms) for worths in racks.values()), Fraction(0))
        promised = [gpus for at, gpus in terms.committed if at <= start_ms][-1]
        total += min(got, Fraction(promised)) * (end_ms - start_ms)
    return total


def _rack_worth(worths: Sequence[Fraction], terms: Terms) -> Fraction:
    healthy = len([worth for worth in worths if worth > 0])
    return sum(worths, Fraction(0)) if healthy >= terms.min_healthy else Fraction(0)


def _worth(truth: Sequence[Stretch], at_ms: int, terms: Terms) -> Fraction:
    here = next(stretch for stretch in truth if stretch.start_ms <= at_ms < stretch.end_ms)
    if not here.is_observed:
        return Fraction(int(terms.is_unknown_delivered))
    if here.state is State.DEGRADED:
        return min(terms.degraded_fraction(reason) for reason in here.reasons)
    return Fraction(int(here.state is State.OK))


def _judge(
    slot: Slot, faults: Sequence[Fault], start_ms: int, end_ms: int, valid_ms: int
) -> Stretch:
    """Judge a stretch without edges inside: what holds at its start holds throughout."""
    active = [fault for fault in faults if fault.start_ms <= start_ms < fault.end_ms]
    effects = [fault.effect_on(slot) for fault in active]
    states = {effect.state for effect in effects}
    state = next((s for s in (State.DOWN, State.DEGRADED) if s in states), State.OK)
    is_observed = not any(_hides(fault, faults, valid_ms) for fault in active)
    reasons = sorted({effect.reason for effect in effects if effect.state is state})
    return Stretch(
        start_ms, end_ms, state, is_observed, tuple(reasons) if state is not State.OK else ()
    )


def _hides(fault: Fault, faults: Sequence[Fault], valid_ms: int) -> bool:
    if fault.effect.sight is Sight.BLIND:
        return True
    if fault.effect.sight is Sight.SEEN:
        return False
    start_ms, end_ms = fault.start_ms, fault.end_ms
    others = [f for f in faults if f.effect.sight is Sight.SILENT]
    for _ in others:  # silences that overlap are one, however many there are
        for other in others:
            if other.start_ms < end_ms and start_ms < other.end_ms:
                start_ms = min(start_ms, other.start_ms)
                end_ms = max(end_ms, other.end_ms)
    return end_ms - start_ms > valid_ms


def _edges(faults: Sequence[Fault], span: Interval) -> list[int]:
    edges = {span.start_ms, span.end_ms}
    for fault in faults:
        edges.update((fault.start_ms, fault.end_ms))
    return sorted(edge for edge in edges if span.start_ms <= edge <= span.end_ms)


def _between(edges: Sequence[int]) -> Iterator[tuple[int, int]]:
    return pairwise(edges)


def _same(last: Stretch, here: Stretch) -> bool:
    return (last.state, last.is_observed, last.reasons) == (
        here.state,
        here.is_observed,
        here.reasons,
    )
