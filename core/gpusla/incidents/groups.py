"""
Episodes of one family on many slots in groups: from each slot by itself up the family's rungs.

Groups of a place whose starts follow one another closely enough are taken together if they hit
enough of it.  Where they hit half of it or more, what fails there later in the same way, while it
lasts, belongs to them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gpusla.identity import Slot
from gpusla.incidents.episodes import Episode
from gpusla.incidents.families import FAMILIES, GAP_MS, LASTING_SHARE, SECOND_MS, Rung
from gpusla.incidents.model import Scope
from gpusla.incidents.places import Places

MOST_WORDS = 4
"""So many of the reasons of narrower places are repeated for a wider one."""


@dataclass(slots=True)
class Group:
    """
    Episodes of one family that are one happening.

    order: when and where it began, by which groups are sorted; no two have the same.
    scope, place: the widest that they were taken together in.  why: in words, one for each time.
    """

    order: tuple[int, Slot]
    episodes: list[Episode]
    scope: Scope
    place: str
    end_ms: int
    why: tuple[str, ...] = ()

    @property
    def start_ms(self) -> int:
        """When it began."""
        return self.order[0]

    @property
    def slots(self) -> set[Slot]:
        """The slots that it takes in."""
        return {one.slot for one in self.episodes}


@dataclass(slots=True)
class Grouped:
    """
    All groups; ties: groups that may yet become one if more is told of their time.

    Each tie is a list of episodes.
    """

    groups: list[Group] = field(default_factory=list)
    ties: list[list[Episode]] = field(default_factory=list)

    def tie(self, groups: Sequence[Group]) -> None:
        """Note that these groups may belong together."""
        if len(groups) > 1:
            self.ties.append([group.episodes[0] for group in groups])


def grouped(told: Iterable[Episode], places: Places) -> Grouped:
    """Return these episodes in groups, each in exactly one."""
    by_family: dict[str, list[Episode]] = {}
    for one in told:
        by_family.setdefault(one.family.name, []).append(one)
    found = Grouped()
    for family in FAMILIES:
        groups = [_of_one(one) for one in by_family.get(family.name, ())]
        for rung in family.rungs:
            groups = list(_climbed(groups, rung, places, found))
        found.groups += groups
    return found


def _climbed(
    groups: Iterable[Group], rung: Rung, places: Places, found: Grouped
) -> Iterator[Group]:
    """Yield the groups with those taken together that make up enough of a place."""
    by_place: dict[str, list[Group]] = {}
    for group in groups:
        by_place.setdefault(places.name(rung.scope, group.episodes[0].slot), []).append(group)
    for name, there in by_place.items():
        if len(there) == 1:
            yield there[0]
            continue
        for cluster in _clusters(there, rung, places.size(rung.scope, name)):
            found.tie(cluster.groups)
            yield from cluster.taken(name)
        if rung.domains_min:
            # What is narrow now may turn out to be part of a domain, and draw others with it.
            for chain in _chains(there, rung.start_tolerance_ms):
                found.tie(chain)


@dataclass(slots=True)
class _Cluster:
    """Groups of a place whose starts follow one another; size: how many slots the place has."""

    rung: Rung
    size: int
    groups: list[Group]
    slots: set[Slot]
    domains: set[str]
    last_start_ms: int
    end_ms: int

    @property
    def is_hit(self) -> bool:
        """Whether it is enough of the place to be one happening."""
        if self.rung.domains_min:
            return len(self.domains) >= self.rung.domains_min
        return len(self.slots) >= 2 and len(self.slots) >= self.rung.share_min * self.size  # noqa: PLR2004

    def goes_on_with(self, group: Group) -> bool:
        """Return whether the next group by start is near enough, or falls while this lasts."""
        if group.start_ms - self.last_start_ms <= self.rung.start_tolerance_ms:
            return True
        is_wide = bool(self.rung.domains_min) or len(self.slots) >= LASTING_SHARE * self.size
        return is_wide and self.is_hit and group.start_ms <= self.end_ms + GAP_MS

    def take(self, group: Group) -> None:
        """Go on with a group."""
        self.groups.append(group)
        self.slots |= group.slots
        self.domains |= _domains(group)
        self.last_start_ms = group.start_ms
        self.end_ms = max(self.end_ms, group.end_ms)

    def taken(self, place: str) -> Iterator[Group]:
        """Yield one group if the place is hit, and each by itself if not."""
        if len(self.groups) == 1 or not self.is_hit:
            yield from self.groups
            return
        starts = [group.start_ms for group in self.groups]
        within = -(-(max(starts) - min(starts)) // SECOND_MS)
        what = f"{len(self.slots)} of {self.size} slots"
        if self.rung.domains_min:
            what = f"{what}, {len(self.domains)} whole domains among them,"
        why = f"{what} of {place} began within {within} s: {self.rung.because}"
        episodes = [one for group in self.groups for one in group.episodes]
        earlier = tuple(dict.fromkeys(text for group in self.groups for text in group.why))
        yield Group(
            min(group.order for group in self.groups),
            episodes,
            self.rung.scope,
            place,
            self.end_ms,
            (why, *earlier[:MOST_WORDS]),
        )


def _clusters(there: Sequence[Group], rung: Rung, size: int) -> Iterator[_Cluster]:
    """
    Yield the groups of a place in clusters.

    Where whole domains are asked for, they alone form a chain; what begins within its time or
    close to it goes with it.
    """
    ordered = sorted(there, key=lambda group: group.order)
    anchors = [one for one in ordered if not rung.domains_min or one.scope is Scope.DOMAIN]
    clusters: list[_Cluster] = []
    for group in anchors:
        if clusters and clusters[-1].goes_on_with(group):
            clusters[-1].take(group)
        else:
            clusters.append(_alone(group, rung, size))
    if len(anchors) < len(ordered):
        clusters = _with_followers(clusters, ordered, rung, size)
    yield from clusters


def _with_followers(
    clusters: list[_Cluster], ordered: Sequence[Group], rung: Rung, size: int
) -> list[_Cluster]:
    """Return the chains of domains with what is narrower and begins beside them."""
    alone: list[_Cluster] = []
    place = 0
    reach = [(one.groups[0].start_ms, one.last_start_ms) for one in clusters]
    for group in ordered:
        if group.scope is Scope.DOMAIN:
            continue
        start_ms = group.start_ms
        while place < len(reach) and reach[place][1] + rung.start_tolerance_ms < start_ms:
            place += 1
        is_near = place < len(reach) and reach[place][0] - rung.start_tolerance_ms <= start_ms
        if is_near:
            clusters[place].groups.append(group)
            clusters[place].slots |= group.slots
            clusters[place].end_ms = max(clusters[place].end_ms, group.end_ms)
        else:
            alone.append(_alone(group, rung, size))
    return clusters + alone


def _alone(group: Group, rung: Rung, size: int) -> _Cluster:
    return _Cluster(rung, size, [group], group.slots, _domains(group), group.start_ms, group.end_ms)


def _of_one(one: Episode) -> Group:
    return Group((one.start_ms, one.slot), [one], Scope.SLOT, str(one.slot), one.end_ms)


def _domains(group: Group) -> set[str]:
    return {group.place} if group.scope is Scope.DOMAIN else set()


def _chains(there: Sequence[Group], tolerance_ms: int) -> Iterator[list[Group]]:
    """Yield groups whose starts follow one another closely, whatever their scope."""
    chain: list[Group] = []
    for group in sorted(there, key=lambda one: one.order):
        if chain and group.start_ms - chain[-1].start_ms > tolerance_ms:
            yield chain
            chain = []
        chain.append(group)
    if chain:
        yield chain
