"""Who was held when, as columns: the form of `Facts.held` that very many slots fit into."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from gpusla.contracts.model import CapacityUnit
from gpusla.identity import DomainId, Slot
from gpusla.instants import Interval
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.measure.lines import Rows
from gpusla.timeline.columns import Columns, columns_of

CLUSTER = "cluster"
"""Name of the one unit of a contract whose unit is the cluster."""


class Roster(Mapping[Slot, Sequence[Holding]]):
    """
    Holdings by slot, as rows sorted by (slot, start), without overlaps, none empty.

    It is a mapping like the one that it was made of, so whoever reads `Facts.held` may read it.
    slots, skus: tables.  slot, sku: indices into them, one a row.  start_ms, end_ms: half-open.
    domains: the domain of each of slots.
    """

    def __init__(
        self,
        slots: tuple[Slot, ...],
        skus: tuple[str, ...],
        domains: tuple[DomainId, ...],
        rows: tuple[Rows, Rows, Rows, Rows],
    ) -> None:
        self.slots = slots
        self.skus = skus
        self.domains = domains
        self.slot, self.start_ms, self.end_ms, self.sku = rows

    def __getitem__(self, slot: Slot) -> tuple[Holding, ...]:
        place = self.index[slot]
        first, past = np.searchsorted(self.slot, [place, place + 1])
        return tuple(
            Holding(
                Interval(int(self.start_ms[row]), int(self.end_ms[row])),
                self.skus[int(self.sku[row])],
            )
            for row in range(int(first), int(past))
        )

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots)

    def __len__(self) -> int:
        return len(self.slots)

    @cached_property
    def index(self) -> dict[Slot, int]:
        """Where each slot stands in slots."""
        return {slot: place for place, slot in enumerate(self.slots)}

    @cached_property
    def nodes(self) -> tuple[Rows, tuple[str, ...]]:
        """Each slot's node by number, and their names."""
        return _numbered([f"{slot.site}/{slot.rack}/{slot.tray}" for slot in self.slots])

    @cached_property
    def numbered_domains(self) -> tuple[Rows, tuple[str, ...]]:
        """Each slot's domain by number, and their names."""
        return _numbered(self.domains)

    def units(self, unit: CapacityUnit) -> tuple[Rows, tuple[str, ...]]:
        """Return the number of each slot's unit, and the units' names."""
        match unit:
            case CapacityUnit.GPU:
                return np.arange(len(self.slots), dtype=np.int64), self.names
            case CapacityUnit.NODE:
                return self.nodes
            case CapacityUnit.NVL72_DOMAIN:
                return self.numbered_domains
            case CapacityUnit.CLUSTER:
                return np.zeros(len(self.slots), dtype=np.int64), (CLUSTER,)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The slots, written out."""
        return tuple(str(slot) for slot in self.slots)


def roster_of(
    held: Mapping[Slot, Sequence[Holding]], domain_of: Callable[[Slot], DomainId]
) -> Roster:
    """Return holdings as columns; a roster stays itself."""
    if isinstance(held, Roster):
        return held
    slots = tuple(held)
    holdings = [held[slot] for slot in slots]
    counts = np.fromiter(map(len, holdings), dtype=np.int64, count=len(slots))
    rows = [one for several in holdings for one in several if one.interval.duration_ms > 0]
    if len(rows) != counts.sum():
        return roster_of({slot: _lasting(held[slot]) for slot in slots}, domain_of)
    skus: dict[str, int] = {}
    columns = (
        np.repeat(np.arange(len(slots), dtype=np.int64), counts),
        np.fromiter((row.interval.start_ms for row in rows), dtype=np.int64, count=len(rows)),
        np.fromiter((row.interval.end_ms for row in rows), dtype=np.int64, count=len(rows)),
        np.fromiter(
            (skus.setdefault(row.sku, len(skus)) for row in rows), dtype=np.int64, count=len(rows)
        ),
    )
    return Roster(slots, tuple(skus), tuple(map(domain_of, slots)), columns)


def prepare(facts: Facts) -> Facts:
    """
    Return facts in the form that they are measured in, which costs nothing a second time.

    Whoever measures several objectives or windows of the same facts does this once, before.
    """
    timeline, held = facts.timeline, facts.held
    if isinstance(timeline, Columns) and isinstance(held, Roster):
        return facts
    columns = timeline if isinstance(timeline, Columns) else columns_of(timeline)
    return replace(facts, timeline=columns, held=roster_of(held, facts.domain_of))


def _lasting(holdings: Sequence[Holding]) -> tuple[Holding, ...]:
    return tuple(one for one in holdings if one.interval.duration_ms > 0)


def _numbered(names: Sequence[str]) -> tuple[Rows, tuple[str, ...]]:
    numbers: dict[str, int] = {}
    column = np.fromiter(
        (numbers.setdefault(name, len(numbers)) for name in names),
        dtype=np.int64,
        count=len(names),
    )
    return column, tuple(numbers)
