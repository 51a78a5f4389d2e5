"""
GPUs that sit in two places at once, by what nodes say: told to people, once for each pair.

Capacity that is metered twice is sold twice.  Each of the two journals is good by itself, so only
who reads both can see it: a second agent under a dead tray's name, a cloned machine, or a GPU that
was moved while its old node says that it is still there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gpusla.catalogue.codes import GPU_TWICE
from gpusla.clock import Clock
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla_collector.ports import Cursor, Finding, Lease, Store, finding_key

FRESH_MS = 5 * 60_000
"""A node whose last sample is older says nothing of now: its GPUs may have been moved."""

Places = Mapping[NodeName, Mapping[Slot, GpuUuid | None]]
Place = tuple[NodeName, Slot]


@dataclass(slots=True)
class GpuPlaces:
    """What telling of it needs, and what was told since this process runs."""

    store: Store
    clock: Clock
    _told: set[tuple[GpuUuid, Place, Place]] = field(default_factory=set)

    def report(
        self, lease: Lease, places: Places, cursors: Mapping[NodeName, Cursor], asked_ms: int
    ) -> None:
        """Keep a finding for each GPU that two nodes with fresh evidence say is theirs."""
        fresh = {
            node: slots
            for node, slots in places.items()
            if node in cursors and cursors[node].evidence_until_ms >= asked_ms - FRESH_MS
        }
        for doubled in _doubled(fresh):
            if doubled not in self._told:
                self.store.report(lease, _finding(*doubled, self.clock.wall_ms()))
                self._told.add(doubled)


def _doubled(places: Places) -> Iterator[tuple[GpuUuid, Place, Place]]:
    """Yield each GPU that is on two nodes, with both places; in the order of the nodes' names."""
    seen: dict[GpuUuid, Place] = {}
    for node in sorted(places):
        for slot, uuid in places[node].items():
            if uuid is None:
                continue
            first = seen.setdefault(uuid, (node, slot))
            if first[0] != node:
                yield uuid, first, (node, slot)


def _finding(uuid: GpuUuid, one: Place, other: Place, now_ms: int) -> Finding:
    key = finding_key("twice", uuid, one, other)
    detail = (
        f"GPU {uuid} sits in {one[1]} by the journal of {one[0]}, and in {other[1]} by that of "
        f"{other[0]}, both of now; what both meter of it is one GPU's time"
    )
    return Finding(key, GPU_TWICE.name, one[0], now_ms, detail)
