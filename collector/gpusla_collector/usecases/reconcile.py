"""
Compares the agents' two accounts of themselves: counters in Prometheus, spans from journals.

Both come from one fold on the node, so over the same stretch they differ by what lies between a
scrape and the record before it.  More than that means that one of the two was lost or altered.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gpusla.catalogue.codes import PROMETHEUS_UNREACHABLE, WITNESSES_DISAGREE
from gpusla.clock import Clock
from gpusla.errors import ServiceError
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval, format_instant
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import Finding, Lease, StateCounter, StateCounters, Store
from gpusla_collector.usecases.horizon import horizon_ms
from gpusla_collector.usecases.judge import serving
from gpusla_collector.usecases.world import World

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Difference:
    """
    Prometheus less journals for one contract: the state that differs most, summed over slots.

    tolerated_ms: one scrape interval for each end of each slot's stretch, because a scrape may take
    that long, and for each change of state in the window.
    """

    contract: ContractId
    window: Interval
    state: str
    difference_ms: int
    tolerated_ms: int
    slots: int

    @property
    def is_tolerable(self) -> bool:
        """Whether scrapes that came a little early or late explain it."""
        return abs(self.difference_ms) <= self.tolerated_ms


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What reconciling needs; window_ms: how much time is compared."""

    counters: StateCounters
    store: Store
    clock: Clock
    window_ms: int
    scrape_interval_ms: int
    lag_ms: int

    def reconcile_all(self, lease: Lease, world: World, asked_ms: int) -> tuple[Difference, ...]:
        """
        Compare every contract that holds slots over the last window that both accounts cover.

        asked_ms: when all agents were last asked.
        Raises ServiceError if Prometheus gives no whole answer or knows none of a contract's slots.
        """
        cursors = self.store.cursors()
        differences = []
        for contract in world.assignments.contracts():
            nodes = serving(world, contract, asked_ms)
            end_ms = horizon_ms(nodes, cursors, asked_ms, self.lag_ms)
            window = Interval(end_ms - self.window_ms, end_ms)
            slots = _held_throughout(world, contract, window)
            if slots:
                differences.append(self._compare(lease, world, contract, window, slots))
        return tuple(differences)

    def _compare(
        self,
        lease: Lease,
        world: World,
        contract: ContractId,
        window: Interval,
        slots: Sequence[Slot],
    ) -> Difference:
        first = self._counters(slots, window.start_ms)
        last = self._counters(slots, window.end_ms)
        stretches = _stretches(first, last)
        if not stretches:
            raise ServiceError(
                PROMETHEUS_UNREACHABLE,
                f"Prometheus has no samples of any slot of {contract} at both ends of "
                f"{format_instant(window.start_ms)} to {format_instant(window.end_ms)}",
            )
        reach = Interval(
            min(stretch.start_ms for stretch in stretches.values()),
            max(stretch.end_ms for stretch in stretches.values()),
        )
        spans = tuple(filter(world.may_speak, self.store.account(slots, reach).spans))
        difference = self._difference(contract, window, first, last, spans)
        if not difference.is_tolerable:
            self.store.report(lease, self._finding(difference))
        return difference

    def _counters(
        self, slots: Sequence[Slot], instant_ms: int
    ) -> dict[tuple[str, str], StateCounter]:
        names = {str(slot) for slot in slots}
        return {
            (counter.slot, counter.state): counter
            for domain in sorted({slot.domain for slot in slots})
            for counter in self.counters.at(domain, instant_ms)
            if counter.slot in names
        }

    def _difference(
        self,
        contract: ContractId,
        window: Interval,
        first: Mapping[tuple[str, str], StateCounter],
        last: Mapping[tuple[str, str], StateCounter],
        spans: Sequence[StateSpan],
    ) -> Difference:
        stretches = _stretches(first, last)
        by_state: Counter[str] = Counter()
        for (slot, state), counter in last.items():
            if (slot, state) in first:
                by_state[state] += counter.value_ms - first[slot, state].value_ms
        changes = 0
        for span in spans:
            stretch = stretches.get((str(span.slot), span.condition.state.value))
            if stretch is not None:
                part_ms = min(span.end_ms, stretch.end_ms) - max(span.start_ms, stretch.start_ms)
                by_state[span.condition.state.value] -= max(part_ms, 0)
                changes += span.other is not None
        state = max(sorted(by_state), key=lambda name: abs(by_state[name]))
        slots = len({slot for slot, _ in stretches})
        tolerated_ms = self.scrape_interval_ms * (2 * slots + changes)
        return Difference(contract, window, state, by_state[state], tolerated_ms, slots)

    def _finding(self, found: Difference) -> Finding:
        day = found.window.end_ms // DAY_MS
        key = hashlib.sha256(f"reconciliation\n{found.contract}\n{day}".encode()).hexdigest()
        detail = (
            f"from {format_instant(found.window.start_ms)} to {format_instant(found.window.end_ms)}"
            f" Prometheus has {found.difference_ms} ms more of state {found.state} than the "
            f"journals over {found.slots} slots; {found.tolerated_ms} ms are tolerated"
        )
        return Finding(key, WITNESSES_DISAGREE.name, found.contract, self.clock.wall_ms(), detail)


def _held_throughout(world: World, contract: ContractId, window: Interval) -> tuple[Slot, ...]:
    held = world.assignments.held(contract, window)
    return tuple(slot for slot, parts in held.items() if tuple(parts) == (window,))


def _stretches(
    first: Mapping[tuple[str, str], StateCounter], last: Mapping[tuple[str, str], StateCounter]
) -> dict[tuple[str, str], Interval]:
    """Return between which samples each slot's state can be compared."""
    return {
        key: Interval(first[key].at_ms, counter.at_ms)
        for key, counter in last.items()
        if key in first
    }
