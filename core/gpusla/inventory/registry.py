"""
Questions to inventories, assignments, exclusions and claims, and the merge that rewrites nothing.

All answers follow the latest record: one that was superseded or withdrawn speaks no more.  What
was believed at an earlier time is `as_of` of the same records.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gpusla.catalogue.codes import HISTORY_REWRITTEN, UNKNOWN_REFERENCE
from gpusla.errors import InventoryError
from gpusla.identity import ContractId, DomainId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import (
    AssignmentRecord,
    ClaimRecord,
    ExclusionRecord,
    Excused,
    NodeRecord,
    OccupancyRecord,
    Record,
)
from gpusla.readings import Expected

R = TypeVar("R", bound=Record)

_EVER = Interval(-(2**62), 2**62)


def append(old: Sequence[R], new: Sequence[R]) -> tuple[R, ...]:
    """
    Return new, which must hold every record of old as it was.

    new: the whole file as it stands now, not only what was added.
    Raises InventoryError(history_rewritten) if a record of old is changed or gone.
    """
    by_id = {record.id: record for record in new}
    for record in old:
        if record.id not in by_id:
            raise InventoryError(
                HISTORY_REWRITTEN,
                f"the record {record.id!r} was taken in and is gone from the file",
                fix="Put it back; to take it back, append a record that supersedes it, withdrawn.",
            )
        if by_id[record.id] != record:
            raise InventoryError(
                HISTORY_REWRITTEN,
                f"the record {record.id!r} says something else than when it was taken in",
                fix="Restore it, and append a record that supersedes it.",
            )
    return tuple(new)


def as_of(records: Iterable[R], known_ms: int | None = None) -> tuple[R, ...]:
    """
    Return the records in force, as known at an instant; None for what is known now.

    A superseded record is gone from the instant that its successor was recorded.
    """
    known = [r for r in records if known_ms is None or r.recorded_ms <= known_ms]
    superseded = {record.supersedes for record in known}
    return tuple(r for r in known if not r.withdrawn and r.id not in superseded)


@dataclass(frozen=True, slots=True)
class _Segments:
    """What a node should hold, by time: from each edge on, until the next."""

    edges: tuple[int, ...]
    expected: tuple[tuple[Expected, ...], ...]

    def at(self, at_ms: int) -> tuple[Expected, ...]:
        place = bisect_right(self.edges, at_ms) - 1
        return self.expected[place] if place >= 0 else ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """What should exist."""

    site: str
    node_records: tuple[NodeRecord, ...]
    occupancy_records: tuple[OccupancyRecord, ...] = ()
    _segments: Mapping[NodeName, _Segments] = field(init=False, repr=False, compare=False)
    _slots: frozenset[Slot] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_segments", _segments_of(self))
        slots = frozenset(slot for node in self.node_records for slot in node.slots)
        object.__setattr__(self, "_slots", slots)

    def __contains__(self, slot: Slot) -> bool:
        """Return whether any node ever had this slot."""
        return slot in self._slots

    def nodes(self, at_ms: int) -> tuple[NodeRecord, ...]:
        """Return the nodes that should be there at an instant, by name."""
        there = (node for node in as_of(self.node_records) if node.is_effective(at_ms))
        return tuple(sorted(there, key=lambda node: node.node))

    def node_names(self) -> tuple[NodeName, ...]:
        """Return every node that was ever expected, by name."""
        return tuple(sorted(self._segments))

    def keys(self, node: NodeName) -> frozenset[str]:
        """Return the public keys that may sign a node's journal, of all records in force."""
        records = (record for record in as_of(self.node_records) if record.node == node)
        return frozenset(key for record in records for key in record.keys)

    def expected(self, node: NodeName, at_ms: int) -> tuple[Expected, ...]:
        """Return what node should hold at an instant; nothing if it is not expected."""
        segments = self._segments.get(node)
        return segments.at(at_ms) if segments else ()

    def slots(self, interval: Interval = _EVER) -> tuple[Slot, ...]:
        """Return every slot that is expected at some time within interval, in order."""
        there = (n for n in as_of(self.node_records) if n.within(interval))
        return tuple(sorted({slot for node in there for slot in node.slots}))

    def skus(self, at_ms: int) -> dict[Slot, str]:
        """Return the kind of GPU that each slot should hold at an instant."""
        return {slot: node.sku for node in self.nodes(at_ms) for slot in node.slots}

    def domain_of(self, slot: Slot) -> DomainId:
        """
        Return the NVLink domain of a slot.

        Raises InventoryError if no node ever had this slot.
        """
        if slot not in self:
            raise InventoryError(UNKNOWN_REFERENCE, f"the inventory has no slot {slot}")
        return slot.domain

    def node_of(self, slot: Slot, at_ms: int) -> NodeName | None:
        """Return the node that a slot belongs to at an instant."""
        found = (node.node for node in self.nodes(at_ms) if slot in node.slots)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Assignments:
    """Which slot serves which contract, from when to when."""

    records: tuple[AssignmentRecord, ...]
    _by_slot: Mapping[Slot, tuple[AssignmentRecord, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_slot: dict[Slot, tuple[AssignmentRecord, ...]] = {}
        for record in as_of(self.records):
            for slot in record.slots:
                by_slot[slot] = (*by_slot.get(slot, ()), record)
        object.__setattr__(self, "_by_slot", by_slot)

    def held(self, contract: ContractId, interval: Interval) -> dict[Slot, tuple[Interval, ...]]:
        """Return when within interval each slot served contract: in order, touching ones joined."""
        return {
            slot: tuple(_joined(parts))
            for slot, parts in _parts_by_slot(self.records, contract, interval).items()
        }

    def contract_at(self, slot: Slot, at_ms: int) -> ContractId | None:
        """Return the contract that slot serves at an instant."""
        found = (r.contract for r in self._by_slot.get(slot, ()) if r.is_effective(at_ms))
        return next(found, None)

    def contracts(self) -> tuple[ContractId, ...]:
        """Return every contract that a record in force names, in order."""
        return tuple(sorted({record.contract for record in as_of(self.records)}))


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Time that was agreed not to count."""

    records: tuple[ExclusionRecord, ...] = ()

    def excused(self, contract: ContractId, interval: Interval) -> dict[Slot, tuple[Excused, ...]]:
        """Return what is excused of each slot within interval, in order; parts may overlap."""
        excused: dict[Slot, list[Excused]] = {}
        for record in as_of(self.records):
            part = record.within(interval)
            if record.contract == contract and part is not None:
                for slot in record.slots:
                    excused.setdefault(slot, []).append(Excused(part, record.id))
        return {slot: tuple(sorted(parts)) for slot, parts in sorted(excused.items())}


@dataclass(frozen=True, slots=True)
class Claims:
    """Which credits tenants have asked for."""

    records: tuple[ClaimRecord, ...] = ()

    def first_ms(self, contract: ContractId, period: str) -> int | None:
        """Return when the first claim in force was made; period: key of a whole billing period."""
        made = (one.from_ms for one in self._of(contract, period) if not one.waived)
        return min(made, default=None)

    def is_waived(self, contract: ContractId, period: str) -> bool:
        """Return whether the tenant said that it will not ask; that takes no claim's effect."""
        return any(record.waived for record in self._of(contract, period))

    def _of(self, contract: ContractId, period: str) -> Iterator[ClaimRecord]:
        for record in as_of(self.records):
            if (record.contract, record.period) == (contract, period):
                yield record


def _parts_by_slot(
    records: Iterable[AssignmentRecord], contract: ContractId, interval: Interval
) -> dict[Slot, list[Interval]]:
    parts: dict[Slot, list[Interval]] = {}
    for record in as_of(records):
        part = record.within(interval)
        if record.contract == contract and part is not None:
            for slot in record.slots:
                parts.setdefault(slot, []).append(part)
    return dict(sorted(parts.items()))


def _joined(parts: Iterable[Interval]) -> Iterator[Interval]:
    whole: Interval | None = None
    for part in sorted(parts):
        if whole is not None and part.start_ms <= whole.end_ms:
            whole = Interval(whole.start_ms, max(whole.end_ms, part.end_ms))
            continue
        if whole is not None:
            yield whole
        whole = part
    if whole is not None:
        yield whole


def _segments_of(inventory: Inventory) -> dict[NodeName, _Segments]:
    by_node: dict[NodeName, list[NodeRecord]] = {}
    for node in as_of(inventory.node_records):
        by_node.setdefault(node.node, []).append(node)
    by_slot: dict[Slot, list[OccupancyRecord]] = {}
    for occupancy in as_of(inventory.occupancy_records):
        by_slot.setdefault(occupancy.slot, []).append(occupancy)
    return {name: _segments_of_node(nodes, by_slot) for name, nodes in by_node.items()}


def _segments_of_node(
    nodes: Sequence[NodeRecord], by_slot: Mapping[Slot, Sequence[OccupancyRecord]]
) -> _Segments:
    records: list[Record] = [
        *nodes,
        *(o for node in nodes for slot in node.slots for o in by_slot.get(slot, ())),
    ]
    edges = sorted({edge for r in records for edge in (r.from_ms, r.until_ms) if edge is not None})
    return _Segments(
        tuple(edges), tuple(tuple(_expected_at(nodes, by_slot, edge)) for edge in edges)
    )


def _expected_at(
    nodes: Sequence[NodeRecord], by_slot: Mapping[Slot, Sequence[OccupancyRecord]], at_ms: int
) -> Iterator[Expected]:
    for node in nodes:
        if not node.is_effective(at_ms):
            continue
        for module, slot in zip(node.modules, node.slots, strict=True):
            gpus = (o.gpu for o in by_slot.get(slot, ()) if o.is_effective(at_ms))
            yield Expected(slot, module, next(gpus, None), node.sku)
