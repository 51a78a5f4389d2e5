"""
Slots that are treated alike, and what is the same for all of them.

Records name racks, and slots are assigned by the thousand; so most questions have one answer for a
whole list of slots.  Asked slot by slot they would take longer than all else in a judgement.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, islice
from operator import is_not

from gpusla.identity import Slot
from gpusla.sla.facts import Holding
from gpusla.timeline.intervals import Intervals


@dataclass(frozen=True, slots=True)
class Alike:
    """Slots that the same lists name, by their numbers, and that are held at the same times."""

    slots: Sequence[Slot]
    lists: tuple[int, ...]
    held: Intervals


class BySlot(Mapping[Slot, Intervals]):
    """
    Time by slot, kept by groups of slots that have the same; a mapping in the order of slots.

    groups: slots, none of them in two groups, and their time, which is normal and not empty.
    """

    def __init__(self, groups: Iterable[tuple[Sequence[Slot], Intervals]]) -> None:
        self.groups = tuple(groups)

    def __getitem__(self, slot: Slot) -> Intervals:
        return self._times[slot]

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._times)

    def __len__(self) -> int:
        return sum(len(slots) for slots, _ in self.groups)

    def __repr__(self) -> str:
        return f"BySlot({self._times})"

    @cached_property
    def _times(self) -> dict[Slot, Intervals]:
        return dict(sorted((slot, time) for slots, time in self.groups for slot in slots))


class Roll(Mapping[Slot, Sequence[Holding]]):
    """
    Holdings by slot, asked about many slots at once; a mapping like the one that it was made of.

    A slot is found by the object that names it, if it is the very one that the mapping has; that
    takes a fraction of the time of comparing what they say.
    """

    def __init__(self, held: Mapping[Slot, Sequence[Holding]]) -> None:
        self.slots = tuple(held)
        self.holdings = tuple(held.values())

    def __getitem__(self, slot: Slot) -> Sequence[Holding]:
        return self.holdings[self._index[slot]]

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots)

    def __len__(self) -> int:
        return len(self.slots)

    @cached_property
    def runs(self) -> tuple[int, ...]:
        """Where in `slots` runs begin of which one object is the holdings, as mostly of racks."""
        if not self.holdings:
            return ()
        changes = map(is_not, islice(self.holdings, 1, None), self.holdings)
        return 0, *compress(range(1, len(self.holdings)), changes)

    def place(self, slots: Sequence[Slot]) -> int | None:
        """Return from where on slots stand in `slots`, one after the other; None if they do not."""
        first = self._first(slots[0]) if slots else None
        if first is None or self.slots[first : first + len(slots)] != tuple(slots):
            return None
        return first

    def places(self, slots: Sequence[Slot]) -> list[int]:
        """Return where each of some slots stands in `slots`; -1 for one that does not."""
        try:
            return [*map(self._by_object.__getitem__, map(id, slots))]
        except KeyError:  # one of them is named by another object
            return [self._index.get(slot, -1) for slot in slots]

    def alike(self, lists: Sequence[Sequence[Slot]]) -> Iterator[Alike]:
        """Yield slots that lists name, by the lists that name them and by when they are held."""
        same: dict[int, list[int]] = defaultdict(list)
        for number, slots in enumerate(lists):
            same[id(slots)].append(number)
        firsts = [(self.place(lists[numbers[0]]), numbers) for numbers in same.values()]
        crowded = self._crowded(lists, firsts)
        rest: dict[int, Sequence[Slot]] = {}
        for first, numbers in firsts:
            slots = lists[numbers[0]]
            if first is None or numbers[0] in crowded:
                rest |= dict.fromkeys(numbers, slots)
                continue
            holdings = self.holdings[first : first + len(slots)]
            for group, held in _held_alike(slots, holdings):
                yield Alike(group, tuple(numbers), held)
        yield from self._one_by_one(rest)

    def _crowded(
        self, lists: Sequence[Sequence[Slot]], firsts: Iterable[tuple[int | None, list[int]]]
    ) -> set[int]:
        """Return the lists that name a slot which another one names too; others may be among."""
        spans: list[tuple[int, int, int]] = []
        for first, (number, *_) in firsts:
            if first is None:
                spans += ((place, place + 1, number) for place in self.places(lists[number]))
            else:
                spans.append((first, first + len(lists[number]), number))
        crowded = set()
        reached, holder = -1, -1
        for start, end, number in sorted(spans):
            if start < reached:
                crowded |= {number, holder}
            if end > reached:
                reached, holder = end, number
        return crowded

    @cached_property
    def _index(self) -> dict[Slot, int]:
        return {slot: place for place, slot in enumerate(self.slots)}

    def _first(self, slot: Slot) -> int | None:
        first = self._heads.get(id(slot))
        return self._by_object.get(id(slot)) if first is None else first

    @cached_property
    def _heads(self) -> dict[int, int]:
        """The first slots of runs, of which there are few: most lists begin with one of them."""
        return {id(self.slots[place]): place for place in self.runs}

    @cached_property
    def _by_object(self) -> dict[int, int]:
        return dict(zip(map(id, self.slots), range(len(self.slots)), strict=True))

    def _one_by_one(self, lists: Mapping[int, Sequence[Slot]]) -> Iterator[Alike]:
        """Yield the same of lists, by their numbers, that may have slots in common."""
        naming: dict[Slot, list[int]] = defaultdict(list)
        for number in sorted(lists):
            for slot in dict.fromkeys(lists[number]):
                naming[slot].append(number)
        groups: dict[tuple[tuple[int, ...], Intervals], list[Slot]] = defaultdict(list)
        for slot, numbers in naming.items():
            groups[tuple(numbers), _intervals(self.get(slot, ()))].append(slot)
        for (names, held), group in groups.items():
            yield Alike(tuple(group), names, held)


def _held_alike(
    slots: Sequence[Slot], holdings: Sequence[Sequence[Holding]]
) -> Iterator[tuple[Sequence[Slot], Intervals]]:
    if holdings.count(holdings[0]) == len(holdings):
        yield slots, _intervals(holdings[0])
        return
    groups: dict[Intervals, list[Slot]] = defaultdict(list)
    for slot, several in zip(slots, holdings, strict=True):
        groups[_intervals(several)].append(slot)
    for held, group in groups.items():
        yield tuple(group), held


def _intervals(holdings: Sequence[Holding]) -> Intervals:
    return tuple(holding.interval for holding in holdings)
