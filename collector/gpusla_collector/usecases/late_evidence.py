"""
Evidence that comes after the month it speaks for was posted: told to people, and nothing changed.

How late it may come is the contract's `statement.final_after`.  Until then a month is judged anew
from it, which is a revision of its provisional statement.  What is posted stays posted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gpusla.catalogue.codes import EVIDENCE_LATE
from gpusla.clock import Clock
from gpusla.errors import InputError
from gpusla.identity import ContractId, NodeName
from gpusla.instants import Interval, format_instant
from gpusla.sla.periods import Period, period_of
from gpusla.timeline.intervals import Intervals, clip, intersect, union
from gpusla_collector.ports import Finding, Lease, Move, Store, finding_key
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
        late = _late(moves, now_ms - FRESH_MS)
        if not late:
            return
        for contract in world.assignments.contracts():
            for period in self._posted(world, contract):
                told = {node: clip(times, period.interval) for node, times in late.items()}
                for node, since_ms in _about(world, contract, told):
                    found = _finding(contract, period, node, since_ms, now_ms)
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


def _late(moves: Iterable[Move], fresh_ms: int) -> dict[NodeName, Intervals]:
    """
    Return what each node tells of that is not all later than fresh_ms.

    A node may have several moves, one behind the other.
    """
    told: dict[NodeName, list[Interval]] = {}
    for move in moves:
        times = (Interval(span.start_ms, span.end_ms) for span in move.spans)
        told.setdefault(move.after.node, []).extend(times)
    return {
        node: union(times)
        for node, times in told.items()
        if any(one.start_ms < fresh_ms for one in times)
    }


def _about(
    world: World, contract: ContractId, told: Mapping[NodeName, Intervals]
) -> Iterator[tuple[NodeName, int]]:
    """
    Yield each node that tells of time in which it served the contract, and from when on.

    Slots are gone through once for all nodes: a whole hall may come back at once.
    """
    some = [one for times in told.values() for one in times]
    if not some:
        return
    reach = Interval(min(one.start_ms for one in some), max(one.end_ms for one in some))
    served: dict[NodeName, list[Interval]] = {}
    for slot, times in world.assignments.held(contract, reach).items():
        for node in world.nodes_of.get(slot, frozenset()) & told.keys():
            served.setdefault(node, []).extend(times)
    for node, times in told.items():
        about = intersect(times, served.get(node, ()))
        if about:
            yield node, about[0].start_ms


def _finding(
    contract: ContractId, period: Period, node: NodeName, since_ms: int, now_ms: int
) -> Finding:
    key = finding_key("late", contract, period.key, node)
    detail = (
        f"records of {node} about the time from {format_instant(since_ms)} on came after "
        f"{period.key} of {contract} was posted; they are kept, and its figures stay as they are"
    )
    return Finding(key, EVIDENCE_LATE.name, contract, now_ms, detail)
