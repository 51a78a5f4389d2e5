"""What a check has looked at so far."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gpusla.ledger.chain import Link


def _silent(_what: str, _number: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Tally:
    """
    Counts of what was looked at.

    told: called with each new count.  last: the end of the chain.  is_held: whether the link that
    somebody wrote down was met.  remarks: what is worth saying and is no damage.
    """

    told: Callable[[str, int], None] = _silent
    counts: dict[str, int] = field(default_factory=dict)
    last: Link | None = None
    is_held: bool = False
    remarks: list[str] = field(default_factory=list)

    def count(self, what: str, number: int = 1) -> None:
        """Add to what was looked at."""
        self.counts[what] = self.counts.get(what, 0) + number
        self.told(what, self.counts[what])
