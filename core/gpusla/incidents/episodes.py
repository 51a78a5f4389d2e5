"""
What is known of one slot in episodes: stretches of one cause, and what follows from it there.

A failure lasts until the slot was seen working for `GAP_MS`; time that nobody observed neither ends
nor lengthens it.  What was not observed is told in episodes of its own.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot
from gpusla.incidents.families import GAP_MS, Family, family_of, present_families
from gpusla.incidents.model import Stretch


@dataclass(slots=True)
class Episode:
    """
    One cause on one slot.

    clear_ms: how long the slot has been seen otherwise since the last of its stretches.
    is_last: whether that one is the last that is known of the slot.  flaps: how often it came back.
    kin: families whose reasons were seen in it.
    """

    slot: Slot
    family: Family
    stretches: list[Stretch]
    clear_ms: int = 0
    is_last: bool = False
    flaps: int = 0
    kin: set[str] = field(default_factory=set)

    @property
    def start_ms(self) -> int:
        """When it began."""
        return self.stretches[0].start_ms

    @property
    def end_ms(self) -> int:
        """Up to when it was seen."""
        return self.stretches[-1].end_ms

    def take(self, stretch: Stretch) -> None:
        """Go on with a stretch."""
        if self.clear_ms:
            self.flaps += 1
        self.stretches.append(stretch)
        self._see(stretch)

    def _see(self, stretch: Stretch) -> None:
        self.clear_ms = 0
        self.kin |= {one.name for one in present_families(stretch.state, stretch.reasons)}


def episodes(
    known: Sequence[Stretch], told: Container[tuple[Slot, int]] = frozenset()
) -> list[Episode]:
    """
    Return a slot's episodes by start; every stretch that is not ok lies in exactly one.

    told: slot and start of stretches that are not told again.
    """
    telling = _Telling()
    for stretch in known:
        telling.pass_time(stretch)
        if stretch.state is not State.OK and (stretch.slot, stretch.start_ms) not in told:
            telling.take(stretch)
    for one in telling.latest():
        one.is_last = one.stretches[-1] is known[-1]
    return telling.found


@dataclass(slots=True)
class _Telling:
    """A slot's story up to some instant: the newest episode, and the newest of each family."""

    found: list[Episode] = field(default_factory=list)
    newest: dict[bool, Episode] = field(default_factory=dict)
    newest_of: dict[str, Episode] = field(default_factory=dict)

    def pass_time(self, stretch: Stretch) -> None:
        """Count how long each cause has not been seen."""
        is_blind = stretch.state is State.UNKNOWN
        for one in self.newest_of.values():
            # A failure is over when the slot is seen working; a silence, when it is seen at all.
            if stretch.state is State.OK or (one.family.is_blind and not is_blind):
                one.clear_ms += stretch.duration_ms

    def take(self, stretch: Stretch) -> None:
        """Put what is not ok where it belongs."""
        is_blind = stretch.state is State.UNKNOWN
        family = family_of(stretch.state, stretch.reasons)
        going_on = self._going_on(family)
        if going_on is not None:
            going_on.take(stretch)
        else:
            kin = {one.name for one in present_families(stretch.state, stretch.reasons)}
            going_on = Episode(stretch.slot, family, [stretch], kin=kin)
            self.found.append(going_on)
        self.newest[is_blind] = self.newest_of[going_on.family.name] = going_on

    def latest(self) -> Iterator[Episode]:
        """Yield the newest episode of each family."""
        yield from self.newest_of.values()

    def _going_on(self, family: Family) -> Episode | None:
        """Return the episode that a stretch of this family belongs to; None if it begins one."""
        newest = self.newest.get(family.is_blind)
        is_unbroken = newest is not None and not newest.clear_ms
        if newest is not None and is_unbroken and _goes_with(family, newest.family):
            return newest
        own = self.newest_of.get(family.name)
        if own is not None and own.clear_ms <= GAP_MS:
            return own
        if newest is not None and is_unbroken and family.name in newest.kin:
            return newest
        return None


def _goes_with(family: Family, before: Family) -> bool:
    return family is before or family.name in before.brings
