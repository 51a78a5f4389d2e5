"""What a check has looked at so far."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gpusla.errors import StoreError
from gpusla.evidence.damage import Breach, Damage
from gpusla.ledger.chain import Link


def _silent(_what: str, _number: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Tally:
    """
    Counts of what was looked at.

    told: called with each new count.  last: the end of the chain.  is_held: whether the link that
    somebody wrote down was met.  remarks: what is worth saying and is no damage.  unreadable: parts
    of which the database could not give all, so that what is missing there is unknown, not gone.
    """

    told: Callable[[str, int], None] = _silent
    counts: dict[str, int] = field(default_factory=dict)
    last: Link | None = None
    is_held: bool = False
    remarks: list[str] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)

    def count(self, what: str, number: int = 1) -> None:
        """Add to what was looked at."""
        self.counts[what] = self.counts.get(what, 0) + number
        self.told(what, self.counts[what])

    def readable(self, part: str, found: Iterator[Damage]) -> Iterator[Damage]:
        """
        Yield what is broken in a part, up to where the database gives no more of it.

        That is damage and said once; the part is passed over from then on, everything else is not.
        """
        if part in self.unreadable:
            return
        try:
            yield from found
        except StoreError as cause:
            self.unreadable.add(part)
            yield Damage(Breach.UNREADABLE, part, cause.message)
