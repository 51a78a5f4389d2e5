"""
Two accounts of the same time held against each other: by slot and state, each side's figure.

Both come from one fold on the node, so over the same stretch they differ by what lies between a
scrape and the record before it: one scrape interval for each end of a slot's stretch, and one for
each change of its state within.  Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gpusla.evidence.grades import Grade
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.timeline.model import Evidence, StateSpan
from gpusla_collector.ports import StateCounter

Counters = Mapping[tuple[str, str], StateCounter]
"""The samples at one instant, by slot and state as they are written."""

ENDS = 2


class _TwoAccounts:
    """One length of time as journals and as Prometheus tell it."""

    __slots__ = ()
    journal_ms: int
    prometheus_ms: int
    tolerated_ms: int

    @property
    def difference_ms(self) -> int:
        """Prometheus less journals."""
        return self.prometheus_ms - self.journal_ms

    @property
    def is_tolerable(self) -> bool:
        """Whether scrapes that came a little early or late explain it."""
        return abs(self.difference_ms) <= self.tolerated_ms


@dataclass(frozen=True, slots=True)
class SlotFigures(_TwoAccounts):
    """
    One state of one slot between two samples.

    grade: what the journal's side is worth; the other side is always C.
    """

    slot: str
    node: NodeName | None
    state: str
    stretch: Interval
    journal_ms: int
    prometheus_ms: int
    changes: int
    tolerated_ms: int
    grade: Grade


@dataclass(frozen=True, slots=True)
class StateFigures(_TwoAccounts):
    """One state of all slots that were compared."""

    state: str
    journal_ms: int
    prometheus_ms: int
    tolerated_ms: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    Both accounts of one contract's slots over one window.

    slots: those that differ most first.  states: the one that differs most first.  absent: slots of
    the contract that Prometheus has no samples of at both ends.
    """

    contract: ContractId
    window: Interval
    scrape_interval_ms: int
    slots: tuple[SlotFigures, ...]
    states: tuple[StateFigures, ...]
    absent: tuple[str, ...]

    @property
    def is_tolerable(self) -> bool:
        """Whether the two accounts agree: all in all, and slot by slot."""
        are_states = all(one.is_tolerable for one in self.states)
        return are_states and all(one.is_tolerable for one in self.slots)


def compare(
    contract: ContractId,
    window: Interval,
    *,
    scrape_interval_ms: int,
    expected: Sequence[Slot],
    ends: tuple[Counters, Counters],
    spans: Sequence[StateSpan],
    is_signed: Callable[[Evidence], bool],
) -> Comparison:
    """
    Hold journals against Prometheus.

    expected: slots that served the contract throughout.  ends: samples at both ends of the window.
    spans: of these slots, of nodes that may speak for them.  is_signed: whether an enrolled key
    covers all records behind a span.
    """
    stretches = stretches_of(*ends)
    by_slot: dict[str, list[StateSpan]] = defaultdict(list)
    for span in spans:
        by_slot[str(span.slot)].append(span)
    slots = [
        _figures(key, stretch, ends, by_slot[key[0]], scrape_interval_ms, is_signed=is_signed)
        for key, stretch in stretches.items()
    ]
    slots.sort(key=lambda one: (-abs(one.difference_ms), one.slot, one.state))
    known = {slot for slot, _ in stretches}
    absent = tuple(str(slot) for slot in sorted(expected) if str(slot) not in known)
    states = tuple(_states(slots, scrape_interval_ms))
    return Comparison(contract, window, scrape_interval_ms, tuple(slots), states, absent)


def stretches_of(first: Counters, last: Counters) -> dict[tuple[str, str], Interval]:
    """Return between which samples each slot's state can be compared."""
    return {
        key: Interval(first[key].at_ms, counter.at_ms)
        for key, counter in last.items()
        if key in first
    }


def _figures(
    key: tuple[str, str],
    stretch: Interval,
    ends: tuple[Counters, Counters],
    spans: Sequence[StateSpan],
    scrape_interval_ms: int,
    *,
    is_signed: Callable[[Evidence], bool],
) -> SlotFigures:
    touching = [
        span for span in spans if span.end_ms > stretch.start_ms and span.start_ms < stretch.end_ms
    ]
    journal_ms = sum(
        min(span.end_ms, stretch.end_ms) - max(span.start_ms, stretch.start_ms)
        for span in touching
        if span.condition.state.value == key[1]
    )
    changes = sum(
        span.other is not None and span.condition.state.value == key[1] for span in touching
    )
    evidence = [span.evidence for span in touching if span.evidence is not None]
    is_all_signed = bool(evidence) and all(map(is_signed, evidence))
    return SlotFigures(
        slot=key[0],
        node=evidence[0].node if evidence else None,
        state=key[1],
        stretch=stretch,
        journal_ms=journal_ms,
        prometheus_ms=ends[1][key].value_ms - ends[0][key].value_ms,
        changes=changes,
        tolerated_ms=scrape_interval_ms * (ENDS + changes),
        grade=Grade.SIGNED if is_all_signed else Grade.CHAINED,
    )


def _states(slots: Sequence[SlotFigures], scrape_interval_ms: int) -> list[StateFigures]:
    """Add up states; changes between any two of them shift time from one to the other."""
    tolerated_ms = scrape_interval_ms * (
        ENDS * len({one.slot for one in slots}) + sum(one.changes for one in slots)
    )
    journal: Counter[str] = Counter()
    prometheus: Counter[str] = Counter()
    for one in slots:
        journal[one.state] += one.journal_ms
        prometheus[one.state] += one.prometheus_ms
    found = [
        StateFigures(state, journal[state], prometheus[state], tolerated_ms)
        for state in sorted(prometheus)
    ]
    return sorted(found, key=lambda one: -abs(one.difference_ms))
