"""When a journal's end is signed: at once with what happens to the agent, else each minute."""

from typing import Protocol

from gpusla.journal.body import Body
from gpusla.journal.chain import Head
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import HeadSigned, Instant, Observed, ReadingsTaken, XidSeen

SIGNED_MS = 60_000
"""No record waits longer for a signature, by the monotonic clock, while passes are taken."""


class Signer(Protocol):
    """Whoever holds the node's key."""

    @property
    def id(self) -> str:
        """The id of the key that signs."""

    def sign(self, at: Instant, head: Head) -> HeadSigned:
        """Return the signature of everything up to head."""

    def close_hour(self, at: Instant, block: HourBlock, payload: bytes) -> HourClosed:
        """Return a block with its signature; payload: what is signed of it."""


class Unsigned:
    """What was recorded since the last signature."""

    def __init__(self) -> None:
        self._since_ms: int | None = None
        self._has_event = False

    def add(self, body: Body, now_mono_ms: int) -> None:
        """Take in a record that was just made."""
        if isinstance(body, HeadSigned | HourClosed):
            self._since_ms, self._has_event = None, False
            return
        if self._since_ms is None:
            self._since_ms = now_mono_ms
        # Whatever changes what samples mean is signed with them; what they saw can wait.
        self._has_event |= not isinstance(body, Observed | XidSeen | ReadingsTaken)

    def is_due(self, now_mono_ms: int, interval_ms: int) -> bool:
        """Return whether to sign now, if the next chance is an interval away."""
        if self._since_ms is None:
            return False
        return self._has_event or now_mono_ms + interval_ms - self._since_ms >= SIGNED_MS
