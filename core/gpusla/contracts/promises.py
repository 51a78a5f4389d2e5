"""
What an objective promises: what is measured, over which window, and how each doubt is settled.

Every knife-edge is a field.  What each value means is defined in docs/concepts/sla-engine.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from gpusla.contracts.remedies import Credit


class Kind(StrEnum):
    """What is measured."""

    CAPACITY = "capacity"
    TIME_UNIT = "time_unit"
    TIME_ANY_DOWN = "time_any_down"
    TIME_ALL_DOWN = "time_all_down"
    REQUEST_RATIO = "request_ratio"
    PERFORMANCE = "performance"
    REPLACEMENT_TIME = "replacement_time"


class Comparison(StrEnum):
    """Whether a value exactly at a threshold is a miss: not with below, yes with at_or_below."""

    BELOW = "below"
    AT_OR_BELOW = "at_or_below"


class WindowKind(StrEnum):
    """What time an objective is judged over; each is judged in the billing period it ends in."""

    BILLING_PERIOD = "billing_period"
    ROLLING_DAYS = "rolling_days"
    QUARTER = "quarter"
    TERM = "term"


class Scope(StrEnum):
    """Whether all units together have one value, or each unit its own and its own credit."""

    CONTRACT = "contract"
    UNIT = "unit"


class RunCount(StrEnum):
    """What counts of an outage that is long enough: all of it, or what exceeds the minimum."""

    WHOLE_RUN = "whole_run"
    EXCESS_ONLY = "excess_only"


class Granularity(StrEnum):
    """
    In what lengths down time is counted.

    exact: to the millisecond.  elapsed_minutes: the whole minutes of each outage, from its start.
    clock_minutes: minutes of the clock that are down throughout.  slots_any, slots_all: slots of
    five minutes from the window's start that are down at any time, or throughout.
    """

    EXACT = "exact"
    ELAPSED_MINUTES = "elapsed_minutes"
    CLOCK_MINUTES = "clock_minutes"
    SLOTS_ANY = "slots_any"
    SLOTS_ALL = "slots_all"


class Denominator(StrEnum):
    """What lost time is a part of."""

    FULL_WINDOW = "full_window"
    MINUS_EXCLUSIONS = "minus_exclusions"
    EXISTENCE_OF_UNIT = "existence_of_unit"


class UnknownPolicy(StrEnum):
    """Who bears time that nobody observed: not delivered, delivered, or taken out of the count."""

    PROVIDER_BEARS = "provider_bears"
    TENANT_BEARS = "tenant_bears"
    EXCLUDE = "exclude"


class ValueRounding(StrEnum):
    """How the value is rounded, as a percentage, before it is compared."""

    NONE = "none"
    FLOOR = "floor"
    HALF_UP = "half_up"


@dataclass(frozen=True, slots=True)
class Window:
    """
    What time an objective is judged over.

    days: of rolling_days, counted back in local days from the end of the billing period; else 0.
    grants_again: whether time that was credited in an earlier, overlapping window may be credited
    again; if not, what was granted for it is taken off.
    """

    kind: WindowKind
    days: int
    grants_again: bool


@dataclass(frozen=True, slots=True)
class MinOutage:
    """How long an outage must last to count; zero if any does.  splits: exclusions may split it."""

    length_ms: int
    count: RunCount
    splits: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """
    Who bears unobserved time.

    carry_last_ms: so much at the start of each unobserved stretch counts as what was seen last
    before it; the policy holds for the rest, and for all of it where nothing was seen before.
    """

    policy: UnknownPolicy
    carry_last_ms: int


@dataclass(frozen=True, slots=True)
class Degraded:
    """How much of a degraded GPU counts as delivered: by reason, the smallest of several."""

    default: Fraction
    by_reason: dict[str, Fraction]

    def fraction(self, reasons: tuple[str, ...]) -> Fraction:
        """Return the delivered fraction under these reasons; the default if there is none."""
        return min(
            (self.by_reason.get(reason, self.default) for reason in reasons), default=self.default
        )


class RequestMode(StrEnum):
    """
    What a request ratio is.

    mean_of_slots: the mean over all slots of failed over total, 0 for a slot without requests.
    total: failed over total of the window.  error_time: time of slots with too high an error rate.
    """

    MEAN_OF_SLOTS = "mean_of_slots"
    TOTAL = "total"
    ERROR_TIME = "error_time"


@dataclass(frozen=True, slots=True)
class Requests:
    """
    How requests are counted.

    slot_ms: length of a slot.  min_requests: with fewer in the window nothing is judged.
    error_rate_above: of error_time: a slot with a higher share of failures is down.
    """

    mode: RequestMode
    slot_ms: int
    min_requests: int
    error_rate_above: Fraction


class PerformanceSource(StrEnum):
    """Where conformance comes from: reasons of the health rules, or measurements that are given."""

    HEALTH_REASONS = "health_reasons"
    MEASUREMENTS = "measurements"


@dataclass(frozen=True, slots=True)
class Performance:
    """
    What a unit must perform.

    failing_reasons: of health_reasons: reasons that make a unit non-conforming in their time.
    metric, floor: of measurements: a unit conforms while its measured value is at least floor.
    """

    source: PerformanceSource
    failing_reasons: tuple[str, ...]
    metric: str
    floor: Fraction


class ClockStart(StrEnum):
    """When the time to replace begins."""

    OUTAGE_START = "outage_start"
    TICKET_OPEN = "ticket_open"
    IDENTIFIED = "identified"


@dataclass(frozen=True, slots=True)
class Replacement:
    """How soon a failed unit must be back, and from when that counts."""

    limit_ms: int
    clock_starts: ClockStart


@dataclass(frozen=True, slots=True)
class Objective:
    """
    One promise.

    clock_error_ms: how far a node's clock is taken to be off where the node itself does not know;
    it widens bounds only.  value_decimals: of the rounded percentage; 0 where none is rounded.
    requests, performance, replacement: each for its kind alone, else None.
    """

    id: str
    kind: Kind
    target: Fraction
    comparison: Comparison
    window: Window
    scope: Scope
    min_outage: MinOutage
    granularity: Granularity
    denominator: Denominator
    value_rounding: ValueRounding
    value_decimals: int
    unknown: Unknown
    degraded: Degraded
    clock_error_ms: int
    requests: Requests | None
    performance: Performance | None
    replacement: Replacement | None
    credit: Credit
