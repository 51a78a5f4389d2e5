"""From rows that add something while they last to sums that change over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from gpusla.sla.measure.lines import Numbers

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """Rows of time and what each adds, by name of the sum, while it lasts."""

    start: Numbers
    end: Numbers
    amounts: Mapping[str, Numbers]


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """
    Sums between places: the sum from places[i] to places[i + 1] is sums[name][i].

    After the last place every sum is 0, and so is one that nothing was added to, which is left out.
    """

    places: Numbers
    sums: Mapping[str, Numbers]

    def sum(self, name: str) -> Numbers:
        """Return one sum."""
        found = self.sums.get(name)
        return np.zeros_like(self.places[:-1]) if found is None else found


def add_up(additions: Sequence[Addition], cuts: Numbers) -> Steps:
    """Return all sums; cuts: more places to step at, in any order, also beyond all rows."""
    places = np.concatenate([cuts, *(a.start for a in additions), *(a.end for a in additions)])
    order = np.argsort(places)
    places = places[order]
    is_last = np.append(places[1:] != places[:-1], np.ones(len(places[:1]), dtype=np.bool_))
    last = np.flatnonzero(is_last)
    names = {name for addition in additions for name in addition.amounts if len(addition.start)}
    sums = {name: np.cumsum(_changes(additions, name, cuts)[order])[last[:-1]] for name in names}
    return Steps(places[last], sums)


def _changes(additions: Sequence[Addition], name: str, cuts: Numbers) -> Numbers:
    none = [np.zeros_like(addition.start) for addition in additions]
    amounts = [a.amounts.get(name, zero) for a, zero in zip(additions, none, strict=True)]
    return np.concatenate([np.zeros_like(cuts), *amounts, *(-one for one in amounts)])
