"""What a judgement of health gives: two answers for each slot, and a grade for each event."""

from dataclasses import dataclass, field
from enum import StrEnum

from gpusla.catalogue.actions import Action
from gpusla.identity import Slot
from gpusla.journal.model import Condition
from gpusla.readings import XidEvent


class Role(StrEnum):
    """
    What an error is among others, so that a fleet can fold many into one incident.

    root: it began here.  after_effect: it followed from an error elsewhere, in another GPU or in
    this one (an Xid 45 of the Xid that it names).  application: a program's own doing.
    teardown: one of many that the end of a job gives on all its GPUs at once.  information: it asks
    for nothing.  unknown: nobody knows this error by itself.
    """

    ROOT = "root"
    AFTER_EFFECT = "after_effect"
    APPLICATION = "application"
    TEARDOWN = "teardown"
    INFORMATION = "information"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Graded:
    """
    One event and what it means.

    slot: where its GPU sits, None if that is not known.  evidence: begins with who says so.
    """

    event: XidEvent
    slot: Slot | None
    role: Role
    action: Action
    evidence: str


@dataclass(frozen=True, slots=True)
class Judged:
    """
    One pass, judged.

    conditions: what it means for the tenant's capacity, by expected slot.  actions: what the
    operator should do, by expected slot; the most of what its findings ask for.
    events: those of the pass, in their order.
    """

    conditions: dict[Slot, Condition]
    actions: dict[Slot, Action] = field(default_factory=dict)
    events: tuple[Graded, ...] = ()
