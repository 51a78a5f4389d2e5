"""
What ties groups of different families, or of far slots, into one incident.

Two things do: the driver says so (an Xid that is the after-effect of another GPU's), or time that
nobody observed lies directly before or after a failure on most of its slots.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gpusla.identity import Slot
from gpusla.incidents.episodes import Episode
from gpusla.incidents.families import XID_MS
from gpusla.incidents.groups import Grouped
from gpusla.incidents.model import Scope
from gpusla.incidents.places import Places

BLIND_SHARE = 2
"""
One in so many slots of a silence must fail directly before or after it, at least.

With less, a part failed and its node was not observed for a while: maybe two causes.  Ours.
"""


@dataclass(frozen=True, slots=True, order=True)
class XidFact:
    """An error number of the driver: when, where, and whether it began there or followed."""

    at_ms: int
    slot: Slot
    xid: int
    is_root: bool


@dataclass(slots=True)
class Bond:
    """Groups, by number, that are one incident.  roots, followers: Xids that say so, by time."""

    numbers: list[int]
    roots: list[XidFact] = field(default_factory=list)
    followers: list[XidFact] = field(default_factory=list)
    why: list[str] = field(default_factory=list)


def bonds(found: Grouped, xids: Iterable[XidFact], places: Places) -> list[Bond]:
    """Return all groups in bonds, each in exactly one; notes in found what else may be tied."""
    binding = _Binding(found, places)
    binding.follow(sorted(xids))
    binding.close_silences()
    return binding.result()


class _Binding:
    """Bonds as they grow: each group points to a lower one that it belongs to, or to itself."""

    def __init__(self, found: Grouped, places: Places) -> None:
        """Sort the groups by their beginning; each is a bond of its own at first."""
        self._found = found
        self._groups = sorted(found.groups, key=lambda group: group.order)
        found.groups = self._groups
        self._parent = list(range(len(self._groups)))
        self._bonds = {number: Bond([]) for number in self._parent}
        self._places = places
        self._failing: dict[Slot, list[tuple[int, int, Episode]]] = {}
        for number, group in enumerate(self._groups):
            if not group.episodes[0].family.is_blind:
                for one in group.episodes:
                    self._failing.setdefault(one.slot, []).append((one.start_ms, number, one))
        for rows in self._failing.values():
            rows.sort(key=lambda row: row[0])

    def result(self) -> list[Bond]:
        """Return the bonds by the beginning of their first group."""
        for number in range(len(self._groups)):
            self._bonds[self._top(number)].numbers.append(number)
        return [bond for bond in self._bonds.values() if bond.numbers]

    def follow(self, xids: Sequence[XidFact]) -> None:
        """Tie what followed from an error elsewhere to where that began."""
        roots: dict[str, list[XidFact]] = {}
        for fact in xids:
            if fact.is_root:
                roots.setdefault(self._domain(fact), []).append(fact)
                number = self._struck_by(fact)
                if number is not None:
                    self._bond(number).roots.append(fact)
        for fact in xids:
            if fact.is_root:
                continue
            root = _nearest(roots.get(self._domain(fact), ()), fact)
            first = self._struck_by(root) if root is not None else None
            if root is None or first is None:
                continue
            self._bond(first).followers.append(fact)
            second = self._struck_by(fact)
            if second is not None and self._top(second) != self._top(first):
                self._join(first, second)
                words = f"Xid {fact.xid} of {fact.slot} followed from Xid {root.xid} of {root.slot}"
                self._bond(first).why.append(words)

    def close_silences(self) -> None:
        """Tie each silence to the failure that most of its slots had directly before or after."""
        ends, starts = self._edges()
        for number, group in enumerate(self._groups):
            if not group.episodes[0].family.is_blind:
                continue
            beside: dict[int, set[Slot]] = {}
            for one in group.episodes:
                for stretch in one.stretches:
                    for other in (
                        ends.get((one.slot, stretch.start_ms)),
                        starts.get((one.slot, stretch.end_ms)),
                    ):
                        if other is not None:
                            beside.setdefault(self._top(other), set()).add(one.slot)
            if not beside:
                continue
            self._found.tie([group, *(self._groups[other] for other in sorted(beside))])
            closest = min(beside, key=lambda other: (-len(beside[other]), other))
            touching, size = len(beside[closest]), len(group.slots)
            if touching * BLIND_SHARE >= size:
                self._join(closest, number)
                words = f"{touching} of {size} unobserved slots failed directly before or after"
                self._bond(closest).why.append(words)

    def _edges(self) -> tuple[dict[tuple[Slot, int], int], dict[tuple[Slot, int], int]]:
        """Return which failure ends, and which begins, on a slot at an instant."""
        ends: dict[tuple[Slot, int], int] = {}
        starts: dict[tuple[Slot, int], int] = {}
        for slot, rows in self._failing.items():
            for _, number, one in rows:
                for stretch in one.stretches:
                    ends[slot, stretch.end_ms] = starts[slot, stretch.start_ms] = number
        return ends, starts

    def _struck_by(self, fact: XidFact) -> int | None:
        """Return the group of the failure that an Xid belongs to; None if there is none."""
        rows = self._failing.get(fact.slot, [])
        place = bisect_right(rows, fact.at_ms + XID_MS, key=lambda row: row[0])
        if not place:
            return None
        start_ms, number, one = rows[place - 1]
        is_with = fact.at_ms <= start_ms + XID_MS or (fact.is_root and fact.at_ms <= one.end_ms)
        return number if is_with else None

    def _domain(self, fact: XidFact) -> str:
        return self._places.name(Scope.DOMAIN, fact.slot)

    def _top(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def _bond(self, number: int) -> Bond:
        return self._bonds[self._top(number)]

    def _join(self, one: int, other: int) -> None:
        first, second = sorted((self._top(one), self._top(other)))
        self._parent[second] = first
        ours, theirs = self._bonds[first], self._bonds[second]
        ours.roots = sorted([*ours.roots, *theirs.roots])
        ours.followers = sorted([*ours.followers, *theirs.followers])
        ours.why += theirs.why
        theirs.roots, theirs.followers, theirs.why = [], [], []
        self._found.tie([self._groups[first], self._groups[second]])


def _nearest(roots: Sequence[XidFact], fact: XidFact) -> XidFact | None:
    """Return the root that an after-effect is nearest to; None if all are too far."""
    first = bisect_left(roots, fact.at_ms - XID_MS, key=lambda one: one.at_ms)
    last = bisect_right(roots, fact.at_ms + XID_MS, key=lambda one: one.at_ms)
    near = _not_itself(roots[first:last], fact)
    return min(near, key=lambda one: (abs(one.at_ms - fact.at_ms), one), default=None)


def _not_itself(roots: Sequence[XidFact], fact: XidFact) -> Iterator[XidFact]:
    return (one for one in roots if one.slot != fact.slot)
