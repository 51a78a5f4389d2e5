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


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """
    Sums between places: the sum from places[i] to places[i + 1] is sums[name][i].

    A sum that nothing was added to is left out.
    """

    places: Numbers
    sums: Mapping[str, Numbers]

    def sum(self, name: str) -> Numbers:
        """Return one sum."""
        found = self.sums.get(name)
        return np.zeros_like(self.places[:-1]) if found is None else found


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


def add_up(changes: Sequence[Changes], cuts: Numbers) -> Steps:
    """Return all sums; cuts: more places to step at, in any order."""
    places = np.concatenate([cuts, *(one.places for one in changes)])
    rows = order(places)
    places = places[rows]
    is_last = np.append(places[1:] != places[:-1], np.ones(len(places[:1]), dtype=np.bool_))
    last = np.flatnonzero(is_last)
    names = {name for one in changes for name in one.amounts if len(one.places)}
    sums = {
        name: np.cumsum(_amounts(changes, name, cuts)[rows])[last[:-1]] for name in sorted(names)
    }
    return Steps(places[last], sums)


def _amounts(changes: Sequence[Changes], name: str, cuts: Numbers) -> Numbers:
    parts = [np.zeros_like(cuts)]
    for one in changes:
        amounts = one.amounts.get(name)
        parts.append(np.zeros_like(one.places) if amounts is None else amounts)
    return np.concatenate(parts)
