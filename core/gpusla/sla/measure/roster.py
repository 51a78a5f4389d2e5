"""Who was held when, as columns: the form of `Facts.held` that very many slots fit into."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from operator import attrgetter

import numpy as np

from gpusla.contracts.model import CapacityUnit
from gpusla.identity import DomainId, Slot
from gpusla.sla.facts import Facts, Holding, rack_of
from gpusla.sla.measure.exact import Rows
from gpusla.sla.slot_groups import Roll
from gpusla.timeline.columns import Columns, columns_of

CLUSTER = "cluster"
"""Name of the one unit of a contract whose unit is the cluster."""


class Roster(Roll):
    """
    Holdings by slot, as rows sorted by (slot, start), without overlaps, none empty.

    slots, skus: tables.  slot, sku: indices into them, one a row.  start_ms, end_ms: half-open.
    """

    def __init__(
        self,
        held: Mapping[Slot, Sequence[Holding]],
        domain_of: Callable[[Slot], DomainId],
    ) -> None:
        super().__init__(held)
        self._domain_of = domain_of
        # What slots of a run have in common is taken apart once.
        lengths = _lengths((*self.runs, len(self.slots)))
        counts, self.skus, columns = _columns([_lasting(self.holdings[one]) for one in self.runs])
        of_slot, first = np.repeat(counts, lengths), np.repeat(np.cumsum(counts) - counts, lengths)
        self.slot = np.repeat(np.arange(len(self.slots), dtype=np.int64), of_slot)
        offset = np.cumsum(of_slot) - of_slot
        row = np.arange(len(self.slot), dtype=np.int64) + (first - offset)[self.slot]
        self.start_ms, self.end_ms, self.sku = (column[row] for column in columns)

    def lanes(self, slots: Sequence[Slot]) -> Rows:
        """Return where each of some slots stands in `slots`; -1 for one that does not."""
        first = self.place(slots)
        if first is not None:
            return np.arange(first, first + len(slots), dtype=np.int64)
        return np.array(self.places(slots), dtype=np.int64)

    @cached_property
    def nodes(self) -> tuple[Rows, tuple[str, ...]]:
        """Each slot's node by number, and their names."""
        return _numbered(self, ("site", "rack", "tray"), _node)

    @cached_property
    def domains(self) -> tuple[Rows, tuple[str, ...]]:
        """Each slot's domain by number, and their names."""
        fields = ("site", "rack") if self._domain_of is rack_of else tuple(Slot.__slots__)
        return _numbered(self, fields, self._domain_of)

    def units(self, unit: CapacityUnit) -> tuple[Rows, tuple[str, ...]]:
        """Return the number of each slot's unit, and the units' names."""
        match unit:
            case CapacityUnit.GPU:
                return np.arange(len(self.slots), dtype=np.int64), self.names
            case CapacityUnit.NODE:
                return self.nodes
            case CapacityUnit.NVL72_DOMAIN:
                return self.domains
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
    return held if isinstance(held, Roster) else Roster(held, domain_of)


def _columns(
    several: Sequence[Sequence[Holding]],
) -> tuple[Rows, tuple[str, ...], tuple[Rows, Rows, Rows]]:
    """Return how many holdings there are of each, the SKUs, and columns of all holdings."""
    counts = np.fromiter(map(len, several), dtype=np.int64, count=len(several))
    rows = [one for holdings in several for one in holdings]
    skus = {sku: number for number, sku in enumerate(dict.fromkeys(one.sku for one in rows))}
    columns = (
        np.array([one.interval.start_ms for one in rows], dtype=np.int64),
        np.array([one.interval.end_ms for one in rows], dtype=np.int64),
        np.array([skus[one.sku] for one in rows], dtype=np.int64),
    )
    return counts, tuple(skus), columns


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


def _lasting(holdings: Sequence[Holding]) -> Sequence[Holding]:
    if all(one.interval.start_ms < one.interval.end_ms for one in holdings):
        return holdings
    return [one for one in holdings if one.interval.start_ms < one.interval.end_ms]


def _node(slot: Slot) -> str:
    return f"{slot.site}/{slot.rack}/{slot.tray}"


def _numbered(
    roster: Roster, fields: Sequence[str], name_of: Callable[[Slot], str]
) -> tuple[Rows, tuple[str, ...]]:
    """Return the number of each slot's name, and the names; fields: all that a name depends on."""
    # Neighbours mostly share the words too, so that one of many needs to be asked for its name.
    first = {*roster.runs}
    for field in fields:
        words = [*map(attrgetter(field), roster.slots)]
        for start, end in pairwise((*roster.runs, len(words))):
            if words[start:end].count(words[start]) < end - start:
                first.update(row for row in range(start + 1, end) if words[row] != words[row - 1])
    rows = sorted(first)
    names = [name_of(roster.slots[row]) for row in rows]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    of_rows = np.array([numbers[name] for name in names], dtype=np.int64)
    return np.repeat(of_rows, _lengths((*rows, len(roster.slots)))), tuple(numbers)


def _lengths(edges: Sequence[int]) -> Rows:
    places = np.array(edges, dtype=np.int64)
    return places[1:] - places[:-1]
