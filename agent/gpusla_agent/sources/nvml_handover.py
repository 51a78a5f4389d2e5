"""
Xids while one worker takes over from another: both hear them, and each is told once.

The successor listens before it is adopted, so what happens from then on is heard by its predecessor
too, which may have told it already.
"""

from collections.abc import Sequence

from gpusla_agent.sources.raw import Told

APART_MS = 2_500
"""How far apart two workers may hear of one event; a listener rests a second beside a lost GPU."""


class Handover:
    """What the predecessor told since its successor was started."""

    def __init__(self) -> None:
        self._noted: list[Told] = []
        self._carried: list[Told] = []
        self._ends_ms: int | None = None

    def begin(self) -> None:
        """Forget what was told: a new successor has not heard it."""
        self._noted, self._ends_ms = [], None

    def note(self, told: Sequence[Told]) -> None:
        """Remember what the predecessor told: its successor may have heard it too."""
        self._noted.extend(told)

    def take_over(self, last_words: Sequence[Told], listens_wall_ms: int, now_ms: int) -> None:
        """
        Keep the predecessor's last words until the successor's first pass.

        listens_wall_ms: when the successor began to listen; it cannot have heard what was before.
        now_ms: monotonic.
        """
        self._carried.extend(last_words)
        self._noted = [one for one in self._noted if one[2] >= listens_wall_ms]
        self._ends_ms = now_ms + APART_MS

    def after(self, told: list[Told], now_ms: int) -> list[Told]:
        """
        Return what to tell of a message.

        That is the message itself, but for a successor's first ones: then the last words come
        first, and what was told before is left out, one for one.
        """
        if self._ends_ms is None:
            return told
        carried, self._carried = self._carried, []
        fresh = [one for one in told if not self._was_told(one)]
        if now_ms >= self._ends_ms:
            self.begin()
        return carried + fresh

    def _was_told(self, one: Told) -> bool:
        uuid, xid, wall_ms, _ = one
        for place, (other, number, at_ms, _) in enumerate(self._noted):
            if (other, number) == (uuid, xid) and abs(at_ms - wall_ms) <= APART_MS:
                del self._noted[place]
                return True
        return False
