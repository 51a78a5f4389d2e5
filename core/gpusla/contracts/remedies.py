"""
What a missed objective gives: credits of every published shape, how they combine, and who asks.

What each value means is defined in docs/concepts/sla-engine.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Base(StrEnum):
    """What a percentage is taken of."""

    PERIOD_FEE = "period_fee"
    UNIT_FEE = "unit_fee"
    AFFECTED_CHARGES = "affected_charges"
    ANNUAL_OVER_12 = "annual_over_12"


@dataclass(frozen=True, slots=True)
class Tier:
    """A value below this ratio earns this percentage of the base; percent is from 0 to 100."""

    below: Fraction
    percent: Fraction


@dataclass(frozen=True, slots=True)
class Step:
    """The lowest tier that the value falls into; tiers from the highest `below` down."""

    base: Base
    tiers: tuple[Tier, ...]


class LinearOf(StrEnum):
    """What a linear credit goes with: the shortfall below the target, or all lost time."""

    SHORTFALL_BELOW_TARGET = "shortfall_below_target"
    ALL_LOST = "all_lost"


@dataclass(frozen=True, slots=True)
class Linear:
    """The base times the lost share, times multiple."""

    base: Base
    of: LinearOf
    multiple: Fraction


class EventRounding(StrEnum):
    """How the length of one outage is rounded before it is multiplied."""

    NONE = "none"
    MINUTE_UP = "minute_up"
    HOUR_UP = "hour_up"


@dataclass(frozen=True, slots=True)
class Multiple:
    """
    For each outage its length times multiple, at the unit's hourly price.

    rounding: of length times multiple.  event_hours_max: no more hours for one outage; 0 for no
    limit.
    """

    multiple: Fraction
    rounding: EventRounding
    event_hours_max: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """An outage of at least from_ms and less than until_ms gives hours; until_ms None: no end."""

    from_ms: int
    until_ms: int | None
    hours: Fraction


@dataclass(frozen=True, slots=True)
class PerEventTable:
    """For each outage the hours of its row, at the unit's hourly price; rows without gaps."""

    rows: tuple[EventRow, ...]


class HourCount(StrEnum):
    """Which down time of a clock hour is held against the limit: all, or the longest at a time."""

    SUM = "sum"
    CONSECUTIVE = "consecutive"


@dataclass(frozen=True, slots=True)
class HourWaiver:
    """Each clock hour with more down time than more_than_ms is not charged for the unit."""

    more_than_ms: int
    count: HourCount


class LatenessCount(StrEnum):
    """Whether a step of lateness counts once it is complete, or once it has begun."""

    COMPLETED = "completed"
    STARTED = "started"


@dataclass(frozen=True, slots=True)
class Lateness:
    """For each repair so many percent of the unit's fee for every step beyond the limit."""

    every_ms: int
    percent: Fraction
    count: LatenessCount


@dataclass(frozen=True, slots=True)
class NoCredit:
    """The objective is watched, and a miss gives no money."""


Credit = Step | Linear | Multiple | PerEventTable | HourWaiver | Lateness | NoCredit


class AcrossObjectives(StrEnum):
    """How several objectives' credits of one period become one."""

    SUM = "sum"
    MAX = "max"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most percent of a base, or an amount; the other one is None."""

    percent: Fraction | None
    of: Base
    amount_minor_units: int | None


@dataclass(frozen=True, slots=True)
class Combination:
    """
    From the objectives' credits to the period's.

    caps: applied in order.  minimum_minor_units: a smaller credit than this is none.
    """

    across: AcrossObjectives
    caps: tuple[Cap, ...]
    minimum_minor_units: int


class HoursPer(StrEnum):
    """Whose excluded hours are held against the cap: each slot's own, or the contract's clock."""

    SLOT = "slot"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class ExclusionRule:
    """
    Time that the contract allows not to count, if it is recorded so.

    kind: `maintenance`, `emergency`, `force-majeure`, `tenant-caused` or another word of the
    contract.  notice_ms: so long before its start the tenant must have been told; 0 for none.
    hours_max_ms: of a billing period; what exceeds it counts, earliest excluded first; 0: no cap.
    length_max_ms: of one record, from its start; 0: no limit.  needs_approval: by the tenant.
    """

    id: str
    kind: str
    notice_ms: int
    hours_max_ms: int
    hours_per: HoursPer
    length_max_ms: int
    needs_approval: bool


class ClaimMode(StrEnum):
    """Whether a credit is given without being asked for."""

    AUTOMATIC = "automatic"
    ON_CLAIM = "on_claim"


class ClaimAnchor(StrEnum):
    """From when the deadline counts: the first incident, the period's end, or a later one's end."""

    INCIDENT = "incident"
    END_OF_PERIOD = "end_of_period"
    END_OF_BILLING_CYCLE = "end_of_billing_cycle"


@dataclass(frozen=True, slots=True)
class Claims:
    """
    How a credit is asked for; a claim that comes after its deadline gives nothing.

    deadline_months, deadline_days: after the anchor's local day, in that order, to the end of the
    local day.  business_days: days skip Saturdays and Sundays.  cycles: of end_of_billing_cycle:
    how many billing periods after the one at fault; else 0.
    """

    mode: ClaimMode
    anchor: ClaimAnchor
    deadline_months: int
    deadline_days: int
    business_days: bool
    cycles: int


@dataclass(frozen=True, slots=True)
class Chronic:
    """
    A right that opens when an objective is missed again and again.

    misses: final periods in which the objective was missed, within so many billing periods in a
    row; 0: no such count.  floor: one final period below it is enough; None: no such floor.
    right: `terminate`.  cure_days: within so many local days after the statement that opened the
    right became final, the provider may cure it by the final statement of a later period that meets
    the objective; 0: no cure.  exercise_days: the right can be used for so many local days after
    the cure's, or after that statement where there is no cure.
    """

    objective: str
    misses: int
    within_periods: int
    floor: Fraction | None
    right: str
    exercise_days: int
    cure_days: int
