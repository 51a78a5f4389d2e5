"""What an incident is."""

from dataclasses import dataclass
from enum import StrEnum

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot
from gpusla.timeline.model import Evidence


class Scope(StrEnum):
    """What an incident takes in: the smallest place that holds all of its slots."""

    SLOT = "slot"
    NODE = "node"
    DOMAIN = "domain"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    Time of a slot in one state for the same reasons, [start_ms, end_ms).

    reasons: sorted names of the catalogue.  evidence: None where nobody observed.
    """

    slot: Slot
    start_ms: int
    end_ms: int
    state: State
    reasons: tuple[str, ...]
    evidence: Evidence | None

    @property
    def duration_ms(self) -> int:
        """Milliseconds from start to end."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Root:
    """
    Where an incident began.

    slot: None if it is the incident's place as a whole.  reason: what was seen there first.
    xid: error number of the driver that says so; None without one.
    evidence: the records of what was seen first, one range a node, sorted.
    """

    slot: Slot | None
    reason: str
    xid: int | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, order=True)
class AfterEffect:
    """What followed on a slot, and when first; what: a reason's name, or such as `xid 145`."""

    at_ms: int
    slot: Slot
    what: str


@dataclass(frozen=True, slots=True)
class Incident:
    """
    One cause and everything that follows from it.

    id: of the slot and the instant it began at; stays while more of it becomes known, unless that
    moves its beginning.  scope, place: such as `domain` and `c2/r01`.  family: of
    `gpusla.incidents.families`.  stretches: all of its time, by slot and start.
    end_ms: None while a slot of it has not been seen otherwise since.
    ending: how it ended, in words; empty while it runs.
    gpu_ms: by state, without `ok`.  flaps: how often the worst of its slots came back and failed
    again.  why: why these slots and times are one incident, in words.
    """

    id: str
    scope: Scope
    place: str
    family: str
    root: Root
    after_effects: tuple[AfterEffect, ...]
    stretches: tuple[Stretch, ...]
    start_ms: int
    end_ms: int | None
    ending: str
    gpu_ms: dict[State, int]
    flaps: int
    why: tuple[str, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots whose time it takes, sorted."""
        return tuple(sorted({stretch.slot for stretch in self.stretches}))
