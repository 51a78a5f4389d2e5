"""Journals made by hand: what an agent would have written, line by line, with chosen times."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import digest, encode
from gpusla.journal.model import ClockState, Condition, Finding, Instant, Observed, Started, Stopped
from gpusla.timeline.advice import without_advice

OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost", "NVML 15", Action.RESET_GPU.value),))
"""As agents write it: with what should be done, which no account has."""
LOST = without_advice(DOWN)
"""The same as accounts have it."""
VALID_MS = 2_500


@dataclass(slots=True)
class Journal:
    """
    A node's journal; its monotonic clock is its wall clock less first_ms.

    valid_ms: how long a sample speaks for the time after it.
    """

    node: NodeName
    slots: tuple[Slot, ...]
    first_ms: int
    valid_ms: int = VALID_MS
    lines: list[bytes] = field(default_factory=list)
    head: Head = EMPTY
    starts: int = 0

    def start(self, at_ms: int) -> "Journal":
        """Write that the agent started."""
        self.starts += 1
        at = self.instant(at_ms)
        return self.append(Started(at, self.node, "0.1.0", "fake", 1_000, self.valid_ms))

    def stop(self, at_ms: int) -> "Journal":
        """Write that the agent stopped."""
        return self.append(Stopped(self.instant(at_ms), "test"))

    def observe(
        self,
        from_ms: int,
        until_ms: int,
        conditions: Mapping[Slot, Condition] | None = None,
    ) -> "Journal":
        """Write one run of samples a second apart, both ends included; all is ok but for these."""
        seen = dict.fromkeys(self.slots, OK) | dict(conditions or {})
        samples = (until_ms - from_ms) // 1_000 + 1
        gap_ms = 1_000 if until_ms > from_ms else 0
        at = self.instant(until_ms)
        return self.append(Observed(at, from_ms - self.first_ms, samples, gap_ms, seen))

    def append(self, body: Body) -> "Journal":
        """Write any record."""
        line = encode(self.head.sequence + 1, self.head.digest, body)
        self.lines.append(line)
        self.head = Head(self.head.sequence + 1, digest(line))
        return self

    def instant(self, at_ms: int) -> Instant:
        """Return all clocks of the node at a wall time."""
        return Instant(
            "boot", self.starts, at_ms - self.first_ms, at_ms, ClockState.SYNCHRONISED, 5
        )

    def after(self, sequence: int, limit: int) -> tuple[bytes, ...]:
        """Return lines as an agent serves them."""
        return tuple(self.lines[sequence : sequence + limit])


def tray_slots(site: str, rack: str, tray: str) -> tuple[Slot, ...]:
    """Return the four slots of a tray."""
    return tuple(Slot(site, rack, tray, f"m{module}") for module in range(1, 5))
