"""From changes at places, or rows that add something while they last, to sums over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gpusla.sla.measure.exact import Mask, Numbers, order


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Places, and what is added there to each of some sums, by their names."""

    places: Numbers
    amounts: Mapping[str, Numbers]


class Steps:
    """
    Sums between places: the sum from places[i] to places[i + 1] is sum(name)[i].

    cuts: places at which nothing changes.
    """

    def __init__(self, changes: Sequence[Changes], *cuts: Numbers) -> None:
        places = np.concatenate([*(one.places for one in changes), *cuts])
        rows = order(places)
        places = places[rows]
        is_new = np.append(np.ones(len(places[:1]), dtype=np.bool_), places[1:] != places[:-1])
        self._changes = changes
        self._numbers = np.empty_like(rows)
        self._numbers[rows] = np.cumsum(is_new) - 1
        self.places = places[is_new]

    def has(self, name: str) -> bool:
        """Whether anything was added to a sum."""
        return any(name in one.amounts and len(one.places) for one in self._changes)

    def sum(self, name: str) -> Numbers:
        """Return one sum."""
        found, first = np.zeros_like(self.places), 0
        for one in self._changes:
            past = first + len(one.places)
            if name in one.amounts:
                np.add.at(found, self._numbers[first:past], one.amounts[name])
            first = past
        return np.cumsum(found)[:-1]


def lasting(start: Numbers, end: Numbers, **amounts: Numbers) -> Changes:
    """Return what rows add while they last."""
    both_ways = {name: np.concatenate((values, -values)) for name, values in amounts.items()}
    return Changes(np.concatenate((start, end)), both_ways)


def following(goes_on: Mask, start: Numbers, end: Numbers, **amounts: Numbers) -> Changes:
    """
    Return the same of rows many of which begin where the row before ends, with fewer changes.

    goes_on: of each row but the last, whether the next one follows on it.
    """
    ends = np.append(~goes_on, np.ones(len(start[:1]), dtype=np.bool_))
    changes = {}
    for name, values in amounts.items():
        before = np.zeros_like(values)
        before[1:] = np.where(goes_on, values[:-1], 0)
        changes[name] = np.concatenate((values - before, -values[ends]))
    return Changes(np.concatenate((start, end[ends])), changes)
