"""A table of conditions that grows while claims are resolved, asked about very many at once."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gpusla.catalogue.reasons import State
from gpusla.journal.model import Condition
from gpusla.timeline.claims import SEVERITY, together, unsure
from gpusla.timeline.columns.model import NONE, Integers

BY_SEVERITY = tuple(sorted(State, key=SEVERITY.__getitem__))
"""A state's number is its place here, from the best to the worst."""


class Table:
    """Conditions by number; each stands once, so equal numbers are equal conditions."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self._numbers: dict[Condition, int] = {}
        self._states: list[int] = []
        for condition in conditions:
            self.number(condition)

    def __len__(self) -> int:
        return len(self._states)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions in the order of their numbers."""
        return tuple(self._numbers)

    def number(self, condition: Condition) -> int:
        """Return a condition's number; it gets one if it is new."""
        number = self._numbers.setdefault(condition, len(self._states))
        if number == len(self._states):
            self._states.append(BY_SEVERITY.index(condition.state))
        return number

    def states(self, numbers: Integers) -> Integers:
        """Return the states, as places in BY_SEVERITY, of conditions; of NONE anything."""
        return np.array(self._states, dtype=np.int64)[numbers]

    def together(self, group: Integers, condition: Integers, groups: int) -> Integers:
        """Return for each group its conditions, all of one state, as one; NONE without any."""
        group, condition, rank = self._distinct(group, condition)
        merged = np.full(groups, NONE, dtype=np.int64)
        merged[group[rank == 0]] = condition[rank == 0]
        for step in range(1, int(rank.max(initial=0)) + 1):
            here = group[rank == step]
            pairs, place = np.unique(
                merged[here] * len(self) + condition[rank == step], return_inverse=True
            )
            merged[here] = np.array(self._pairs(pairs), dtype=np.int64)[place]
        return merged

    def widest(self, group: Integers, condition: Integers, groups: int) -> Integers:
        """Return for each group its only condition, or what stands for several; NONE for none."""
        group, condition, rank = self._distinct(group, condition)
        widest = np.full(groups, NONE, dtype=np.int64)
        if len(group) == 0:
            return widest
        first = np.flatnonzero(rank == 0)
        widest[group[first]] = condition[first]
        is_several = np.append(rank[first[1:] - 1], rank[-1]) > 0
        masks = np.bitwise_or.reduceat(1 << self.states(condition), first)
        kinds, place = np.unique(masks[is_several], return_inverse=True)
        numbers = [self.number(unsure(_states_of(int(mask)))) for mask in kinds]
        widest[group[first[is_several]]] = np.array(numbers, dtype=np.int64)[place]
        return widest

    def _pairs(self, pairs: Integers) -> list[int]:
        conditions, width = self.conditions, len(self)
        several = (divmod(int(pair), width) for pair in pairs)
        return [self.number(together((conditions[one], conditions[two]))) for one, two in several]

    def _distinct(
        self, group: Integers, condition: Integers
    ) -> tuple[Integers, Integers, Integers]:
        """Return each condition of each group once, sorted, and its rank within the group."""
        key = group * len(self) + condition
        if not (key[1:] > key[:-1]).all():
            key = once(key)
            group, condition = np.divmod(key, len(self))
        is_first = np.append(True, group[1:] != group[:-1])[: len(group)]
        rows = np.arange(len(group), dtype=np.int64)
        return group, condition, rows - np.maximum.accumulate(np.where(is_first, rows, 0))


def once(numbers: Integers) -> Integers:
    """Return numbers sorted, each once; by sorting, as hashing is slow where they lie close."""
    ordered = np.sort(numbers)
    is_new: NDArray[np.bool_] = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    return ordered[is_new]


def numbered(*columns: Integers) -> tuple[Integers, Integers]:
    """
    Return the first row of each kind, and the number of each row's kind; columns of one length.

    Small integers are counted in a table, which takes a fraction of the time of sorting them.
    """
    code, kinds = np.zeros_like(columns[0]), 1
    most = 4 * len(code) + 1024
    for column in columns:
        least, values = _range(column)
        if values > most:
            _, column = _by_sorting(column)  # noqa: PLW2901
            least, values = _range(column)
        if kinds * values > most:
            first, code = _by_table(code, kinds) if kinds <= most else _by_sorting(code)
            kinds = len(first)
        code, kinds = code * values + (column - least), kinds * values
    return _by_table(code, kinds) if kinds <= most else _by_sorting(code)


def _range(column: Integers) -> tuple[int, int]:
    """Return the least number, and how many there are from it to the greatest."""
    if len(column) == 0:
        return 0, 1
    least = int(column.min())
    return least, int(column.max()) - least + 1


def _by_table(code: Integers, kinds: int) -> tuple[Integers, Integers]:
    row = np.full(kinds, NONE, dtype=np.int64)
    row[code[::-1]] = np.arange(len(code) - 1, -1, -1, dtype=np.int64)
    occurs = row != NONE
    return row[occurs], (np.cumsum(occurs, dtype=np.int64) - 1)[code]


def _by_sorting(code: Integers) -> tuple[Integers, Integers]:
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    return first, place


def _states_of(mask: int) -> set[State]:
    return {state for place, state in enumerate(BY_SEVERITY) if mask >> place & 1}
