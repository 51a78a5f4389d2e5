"""Where slots stand: in a node, a domain and a site, each of which has so many slots."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gpusla.identity import DomainId, Slot
from gpusla.incidents.model import Scope

SCOPES = (Scope.SLOT, Scope.NODE, Scope.DOMAIN, Scope.SITE)
"""From the narrowest to the widest."""


@dataclass(frozen=True, slots=True)
class Places:
    """
    Every slot that should be there, and where.

    names: of each slot its own name, its node's, its domain's and its site's, in the order of
    SCOPES.  sizes: how many slots each place has.
    """

    names: dict[Slot, tuple[str, str, str, str]]
    sizes: dict[tuple[Scope, str], int]

    def name(self, scope: Scope, slot: Slot) -> str:
        """Return the place of this scope that a slot stands in."""
        return self.names[slot][SCOPES.index(scope)]

    def size(self, scope: Scope, name: str) -> int:
        """Return how many slots should be in a place."""
        return self.sizes[scope, name]

    def smallest(self, slots: Iterable[Slot]) -> tuple[Scope, str]:
        """Return the smallest place that holds all of them; several sites are named together."""
        rows = [self.names[slot] for slot in slots]
        for number, scope in enumerate(SCOPES):
            found = {row[number] for row in rows}
            if len(found) == 1:
                return scope, found.pop()
        return Scope.SITE, ", ".join(sorted({row[-1] for row in rows}))


def _rack_of(slot: Slot) -> DomainId:
    return slot.domain


def _site_of(slot: Slot) -> str:
    return slot.site


def places_of(
    slots: Iterable[Slot],
    domain_of: Callable[[Slot], DomainId] = _rack_of,
    site_of: Callable[[Slot], str] = _site_of,
) -> Places:
    """
    Return where these slots stand.

    site_of: what shares power and cooling; a hall, where that is known, such as `c2/h1`.
    """
    names = {
        slot: (
            str(slot),
            f"{slot.site}/{slot.rack}/{slot.tray}",
            str(domain_of(slot)),
            site_of(slot),
        )
        for slot in slots
    }
    sizes = Counter(
        (scope, name) for row in names.values() for scope, name in zip(SCOPES, row, strict=True)
    )
    return Places(names, dict(sizes))
