"""
Evidence that comes after the month it speaks for was posted: told to people, and nothing changed.

How late it may come is the contract's `statement.final_after`.  Until then a month is judged anew
from it, which is a revision of its provisional statement.  What is posted stays posted.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gpusla.catalogue.codes import EVIDENCE_LATE
from gpusla.clock import Clock
from gpusla.errors import InputError
from gpusla.identity import ContractId, NodeName
from gpusla.instants import Interval, format_instant
from gpusla.sla.periods import Period, period_of
from gpusla.timeline.intervals import Intervals, clip, union
from gpusla_collector.ports import Finding, Lease, Move, Store
from gpusla_collector.usecases.judge import posted_periods
from gpusla_collector.usecases.world import World

FRESH_MS = 60_000
"""What speaks for this last stretch alone cannot be about a month that is posted."""


@dataclass(frozen=True, slots=True)
class LateEvidence:
    """What telling of it needs."""

    store: Store
    clock: Clock

    def report(self, lease: Lease, world: World, moves: Iterable[Move]) -> None:
        """
        Keep a finding for each node and posted period that records came too late for.

        Asked before the moves are counted: afterwards nobody would know what was new.
        """
        now_ms = self.clock.wall_ms()
        late = {
            move.after.node: union(Interval(span.start_ms, span.end_ms) for span in move.spans)
            for move in moves
            if any(span.start_ms < now_ms - FRESH_MS for span in move.spans)
        }
        if not late:
            return
        for contract in world.assignments.contracts():
            for period in self._posted(world, contract):
                for node, told in late.items():
                    about = self._about(world, contract, node, clip(told, period.interval))
                    if about is not None:
                        found = _finding(contract, period, node, about.start_ms, now_ms)
                        self.store.report(lease, found)

    def _posted(self, world: World, contract: ContractId) -> Iterator[Period]:
        versions = world.versions[contract]
        for key in posted_periods(self.store, contract):
            for version in versions:
                try:
                    yield period_of(version, key, versions)
                except InputError:
                    continue
                break

    def _about(
        self, world: World, contract: ContractId, node: NodeName, told: Intervals
    ) -> Interval | None:
        """Return the first part of what is told in which the node served the contract."""
        for part in told:
            held = world.assignments.held(contract, part)
            if any(node in world.nodes_of.get(slot, ()) for slot in held):
                return part
        return None


def _finding(
    contract: ContractId, period: Period, node: NodeName, since_ms: int, now_ms: int
) -> Finding:
    key = hashlib.sha256(f"late\n{contract}\n{period.key}\n{node}".encode()).hexdigest()
    detail = (
        f"records of {node} about the time from {format_instant(since_ms)} on came after "
        f"{period.key} of {contract} was posted; they are kept, and its figures stay as they are"
    )
    return Finding(key, EVIDENCE_LATE.name, contract, now_ms, detail)
