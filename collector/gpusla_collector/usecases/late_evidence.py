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
from gpusla_collector.ports import Finding, Lease, Store
from gpusla_collector.usecases.fetch.journals import Fetched
from gpusla_collector.usecases.judge import posted_periods
from gpusla_collector.usecases.world import World

FRESH_MS = 60_000
"""What speaks for this last stretch alone cannot be about a month that is posted."""


@dataclass(frozen=True, slots=True)
class LateEvidence:
    """What telling of it needs."""

    store: Store
    clock: Clock

    def report(self, lease: Lease, world: World, fetched: Iterable[Fetched]) -> None:
        """Keep a finding for each node and posted period that records came too late for."""
        now_ms = self.clock.wall_ms()
        late = {
            one.node: one.since_ms
            for one in fetched
            if one.since_ms is not None and one.since_ms < now_ms - FRESH_MS
        }
        if not late:
            return
        for contract in world.assignments.contracts():
            for period in self._posted(world, contract):
                for node, since_ms in late.items():
                    if self._is_about(world, contract, period, node, since_ms):
                        self.store.report(lease, _finding(contract, period, node, since_ms, now_ms))

    def _posted(self, world: World, contract: ContractId) -> Iterator[Period]:
        versions = world.versions[contract]
        for key in posted_periods(self.store, contract):
            for version in versions:
                try:
                    yield period_of(version, key, versions)
                except InputError:
                    continue
                break

    def _is_about(
        self, world: World, contract: ContractId, period: Period, node: NodeName, since_ms: int
    ) -> bool:
        """Tell whether a node served the contract in the part of a period that is spoken for."""
        start_ms = max(since_ms, period.interval.start_ms)
        if start_ms >= period.interval.end_ms:
            return False
        held = world.assignments.held(contract, Interval(start_ms, period.interval.end_ms))
        return any(node in world.nodes_of.get(slot, ()) for slot in held)


def _finding(
    contract: ContractId, period: Period, node: NodeName, since_ms: int, now_ms: int
) -> Finding:
    key = hashlib.sha256(f"late\n{contract}\n{period.key}\n{node}".encode()).hexdigest()
    detail = (
        f"records of {node} about the time from {format_instant(since_ms)} on came after "
        f"{period.key} of {contract} was posted; they are kept, and its figures stay as they are"
    )
    return Finding(key, EVIDENCE_LATE.name, contract, now_ms, detail)
