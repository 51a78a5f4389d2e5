"""
When a node that failed is asked again: later each time, and each at its own time.

Nodes of a rack that was switched off come back together; were they asked together too, they would
be answered by nobody again.  What spreads them is their names, so that a day can be played again.
"""

import hashlib
from dataclasses import dataclass, field

from gpusla.errors import GpuslaError
from gpusla.identity import NodeName

FIRST_MS = 5_000
LONGEST_MS = 60_000
"""
How long a node that failed twice is left alone, and at most.

A minute is no more than an agent's silence takes to be noticed.
"""


@dataclass(frozen=True, slots=True)
class Failing:
    """A node's failures in a row, the last one, and when it may be asked again."""

    times: int
    error: GpuslaError
    again_ms: int


@dataclass(slots=True)
class Pace:
    """What is known of nodes that failed when they were asked last."""

    failing: dict[NodeName, Failing] = field(default_factory=dict)

    def is_due(self, node: NodeName, now_ms: int) -> bool:
        """Return whether a node may be asked; now_ms: on the monotonic clock, as everywhere."""
        known = self.failing.get(node)
        return known is None or known.again_ms <= now_ms

    def answered(self, node: NodeName) -> None:
        """Forget a node's failures."""
        self.failing.pop(node, None)

    def failed(self, node: NodeName, error: GpuslaError, now_ms: int) -> None:
        """Remember one more failure; the first is tried again at once."""
        known = self.failing.get(node)
        times = 1 if known is None else known.times + 1
        self.failing[node] = Failing(times, error, now_ms + wait_ms(node, times))


def wait_ms(node: NodeName, times: int) -> int:
    """
    Return how long a node is left alone after so many failures in a row.

    Nothing, then between half and all of 5 s, 10 s, 20 s, 40 s, and 60 s for ever; where between is
    a function of the node's name.
    """
    if times < 2:  # noqa: PLR2004
        return 0
    longest_ms = min(FIRST_MS << min(times - 2, 8), LONGEST_MS)
    dice = hashlib.sha256(f"{node} {times}".encode()).digest()
    half_ms = longest_ms // 2
    return half_ms + int.from_bytes(dice[:4]) % (longest_ms - half_ms + 1)
