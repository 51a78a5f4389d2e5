"""
Compares the agents' two accounts of themselves: counters in Prometheus, spans from journals.

What may differ, and by how much, is said in `comparison`.  More than that means that one of the two
was lost or altered; it is a finding with both sides' figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gpusla.catalogue.codes import PROMETHEUS_UNREACHABLE, WITNESSES_DISAGREE
from gpusla.clock import Clock
from gpusla.errors import ServiceError
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval, format_instant
from gpusla.timeline.model import Evidence
from gpusla_collector.ports import Finding, Lease, StateCounter, StateCounters, Store, finding_key
from gpusla_collector.usecases.comparison import Comparison, compare, stretches_of
from gpusla_collector.usecases.horizon import horizon_ms
from gpusla_collector.usecases.judge import serving
from gpusla_collector.usecases.world import World

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Difference:
    """Prometheus less journals for one contract: the state that differs most, over all slots."""

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
        differences = []
        for found in self.compared(world, asked_ms):
            difference = difference_of(found)
            if not found.is_tolerable:
                self.store.report(lease, _finding(found, self.clock.wall_ms()))
            differences.append(difference)
        return tuple(differences)

    def compared(
        self,
        world: World,
        asked_ms: int,
        contract: ContractId | None = None,
        until_ms: int | None = None,
    ) -> Iterator[Comparison]:
        """
        Yield both accounts of every contract, or of one; raises as reconcile_all does.

        until_ms: the end of the window; None for the newest instant that both accounts cover.
        """
        cursors = self.store.cursors()
        for one in world.assignments.contracts():
            if contract not in {None, one}:
                continue
            nodes = serving(world, one, asked_ms)
            end_ms = until_ms or horizon_ms(nodes, cursors, asked_ms, self.lag_ms)
            window = Interval(end_ms - self.window_ms, end_ms)
            slots = _held_throughout(world, one, window)
            if slots:
                yield self._compare(world, one, window, slots)

    def _compare(
        self, world: World, contract: ContractId, window: Interval, slots: Sequence[Slot]
    ) -> Comparison:
        first = self._counters(slots, window.start_ms)
        last = self._counters(slots, window.end_ms)
        stretches = stretches_of(first, last)
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
        account = self.store.account(slots, reach)
        spans = tuple(filter(world.may_speak, account.spans))
        keyrings = {node: one.keyring for node, one in self.store.cursors().items()}

        def is_signed(evidence: Evidence) -> bool:
            keyring = keyrings[evidence.node]
            enrolled = world.keys_of.get(evidence.node, frozenset())
            is_covered = evidence.last_sequence <= keyring.signed
            return is_covered and keyring.is_enrolled(keyring.signed_by, enrolled)

        return compare(
            contract,
            window,
            scrape_interval_ms=self.scrape_interval_ms,
            expected=slots,
            ends=(first, last),
            spans=spans,
            is_signed=is_signed,
        )

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


def difference_of(found: Comparison) -> Difference:
    """Return the state that differs most."""
    worst = found.states[0]
    slots = len({one.slot for one in found.slots})
    return Difference(
        found.contract,
        found.window,
        worst.state,
        worst.difference_ms,
        worst.tolerated_ms,
        slots,
    )


def _finding(found: Comparison, now_ms: int) -> Finding:
    """Make the row for people: both sides of the state, and of the slot, that differ most."""
    day = found.window.end_ms // DAY_MS
    key = finding_key("reconciliation", found.contract, day)
    state, slot = found.states[0], found.slots[0]
    slots = len({one.slot for one in found.slots})
    more = "more" if state.difference_ms > 0 else "less"
    detail = (
        f"from {format_instant(found.window.start_ms)} to {format_instant(found.window.end_ms)}"
        f" Prometheus has {state.prometheus_ms} ms of state {state.state} over {slots} slots and "
        f"the journals {state.journal_ms} ms: {abs(state.difference_ms)} ms {more}, and "
        f"{state.tolerated_ms} ms are tolerated; most at {slot.slot}, state {slot.state}: "
        f"Prometheus {slot.prometheus_ms} ms (grade C), journals {slot.journal_ms} ms "
        f"(grade {slot.grade.value})"
    )
    return Finding(key, WITNESSES_DISAGREE.name, found.contract, now_ms, detail)


def _held_throughout(world: World, contract: ContractId, window: Interval) -> tuple[Slot, ...]:
    held = world.assignments.held(contract, window)
    return tuple(slot for slot, parts in held.items() if tuple(parts) == (window,))
