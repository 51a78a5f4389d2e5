"""What goes into a recorder beside records, what it holds back, and what it says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from gpusla.identity import Slot
from gpusla.journal.body import Body
from gpusla.journal.model import ClockState, Condition, Gap, GapCause, Instant, Observed


@dataclass(frozen=True, slots=True)
class ClockReading:
    """All clocks of the node, read together; as `gpusla.journal.model.Instant` without a start."""

    boot: str
    mono_ms: int
    wall_ms: int
    clock: ClockState
    error_ms: int | None

    def at(self, start: int) -> Instant:
        """Return the same as an instant of the agent's start of this number."""
        return Instant(self.boot, start, self.mono_ms, self.wall_ms, self.clock, self.error_ms)


@dataclass(frozen=True, slots=True)
class RecorderHealth:
    """
    How the journal itself is doing.

    errors: failed attempts to write or sync since the start.  is_failing: the last one failed.
    dropped: samples that were given up while the disk failed.  synced_wall_ms: when the journal
    was last synced, None before the first time.
    """

    errors: int
    is_failing: bool
    dropped: int
    synced_wall_ms: int | None


@dataclass(slots=True)
class Run:
    """Equal samples that are not in a record yet."""

    from_mono_ms: int
    at: Instant
    samples: int
    gap_ms: int
    conditions: dict[Slot, Condition]

    def is_continued(
        self, at: Instant, conditions: Mapping[Slot, Condition], valid_ms: int
    ) -> bool:
        """Return whether a sample saw the same, and came before this one stopped to speak."""
        return self.conditions == conditions and at.mono_ms - self.at.mono_ms <= valid_ms

    def extend(self, at: Instant) -> None:
        """Take in one more sample that saw the same."""
        self.gap_ms = max(self.gap_ms, at.mono_ms - self.at.mono_ms)
        self.at = at
        self.samples += 1


def missing_with(missing: Gap | None, dropped: Body) -> Gap | None:
    """Return the gap that samples given up while the disk fails leave; None if none were yet."""
    if not isinstance(dropped, Observed):
        return missing
    first_ms = dropped.from_mono_ms if missing is None else missing.from_mono_ms
    until_ms = max(dropped.at.mono_ms, first_ms + 1)
    return Gap(dropped.at, first_ms, until_ms, GapCause.DISK.value)
