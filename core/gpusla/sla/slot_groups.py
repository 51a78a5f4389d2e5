"""
Slots that are treated alike, and what is the same for all of them.

Records name racks, and slots are assigned by the thousand; so most questions have one answer for a
whole list of slots.  Asked slot by slot they would take longer than all else in a judgement.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TypeVar

from gpusla.identity import Slot
from gpusla.sla.facts import Holding
from gpusla.timeline.intervals import Intervals

Key = TypeVar("Key")


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


class Roll:
    """
    Who was held when, asked about many slots at once.

    A slot is found by the object that names it, if it is the very one that `held` has; that takes
    a fraction of the time of comparing what they say.
    """

    def __init__(self, held: Mapping[Slot, Sequence[Holding]]) -> None:
        self._held = held

    def named(
        self, lists: Sequence[Sequence[Slot]]
    ) -> Iterator[tuple[Sequence[Slot], tuple[int, ...]]]:
        """Yield all slots that are in any list, by the numbers of the lists that they are in."""
        several: dict[int, list[int]] = defaultdict(list)
        for number, slots in enumerate(lists):
            several[id(slots)].append(number)
        distinct = {id(slots): slots for slots in lists}
        if self._are_apart(distinct.values()):
            for key, slots in distinct.items():
                yield slots, tuple(several[key])
            return
        numbers: dict[Slot, list[int]] = defaultdict(list)
        for number, slots in enumerate(lists):
            for slot in dict.fromkeys(slots):
                numbers[slot].append(number)
        yield from _grouped(numbers, lambda slot: tuple(numbers[slot]))

    def held_alike(self, slots: Sequence[Slot]) -> Iterator[tuple[Sequence[Slot], Intervals]]:
        """Yield slots by the time in which they are held."""
        holdings = [*map(self._by_object.get, map(id, slots))]
        first = holdings[0] if holdings else None
        if first is not None and len(set(map(id, holdings))) == 1:
            yield slots, _intervals(first)
            return
        yield from _grouped(slots, lambda slot: _intervals(self._held.get(slot, ())))

    @cached_property
    def _by_object(self) -> dict[int, Sequence[Holding]]:
        return dict(zip(map(id, self._held), self._held.values(), strict=True))

    def _are_apart(self, lists: Iterable[Sequence[Slot]]) -> bool:
        """Whether no slot is in two of the lists; False also where that cannot be seen at once."""
        objects = [*map(id, chain.from_iterable(lists))]
        distinct = set(objects)
        return len(distinct) == len(objects) and distinct <= self._by_object.keys()


def _grouped(
    slots: Iterable[Slot], key: Callable[[Slot], Key]
) -> Iterator[tuple[tuple[Slot, ...], Key]]:
    groups: dict[Key, list[Slot]] = defaultdict(list)
    for slot in slots:
        groups[key(slot)].append(slot)
    for same, several in groups.items():
        yield tuple(several), same


def _intervals(holdings: Sequence[Holding]) -> Intervals:
    return tuple(holding.interval for holding in holdings)
