"""What a contract's terms say, in the words of a statement."""

from collections.abc import Mapping
from fractions import Fraction

from gpusla.contracts.model import Capacity, CapacityUnit, ContractVersion, Partial
from gpusla.contracts.promises import (
    Comparison,
    Kind,
    Objective,
    Scope,
    UnknownPolicy,
    WindowKind,
)
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    Credit,
    EventRounding,
    HourCount,
    HourWaiver,
    Lateness,
    Linear,
    LinearOf,
    Multiple,
    NoCredit,
    PerEventTable,
    Step,
    Tier,
)
from gpusla.contracts.words import duration
from gpusla.statement.numbers import money, shortest

MEASURED: Mapping[Kind, str] = {
    Kind.CAPACITY: "of what was committed was delivered",
    Kind.TIME_UNIT: "of the units' time they were up",
    Kind.TIME_ANY_DOWN: "of the time all units were up",
    Kind.TIME_ALL_DOWN: "of the time at least one unit was up",
    Kind.REQUEST_RATIO: "of the requests were served",
    Kind.PERFORMANCE: "of the units' time they performed as promised",
    Kind.REPLACEMENT_TIME: "of the repairs were in time",
}
"""What a percentage of each kind is a percentage of."""

PROMISED: Mapping[Kind, str] = {
    Kind.CAPACITY: "of what is committed is delivered",
    Kind.TIME_UNIT: "of the units' time they are up",
    Kind.TIME_ANY_DOWN: "of the time all units are up",
    Kind.TIME_ALL_DOWN: "of the time at least one unit is up",
    Kind.REQUEST_RATIO: "of the requests are served",
    Kind.PERFORMANCE: "of the units' time they perform as promised",
    Kind.REPLACEMENT_TIME: "of the repairs are in time",
}
"""The same as a promise."""

BASES: Mapping[Base, str] = {
    Base.PERIOD_FEE: "the fee for that time",
    Base.UNIT_FEE: "the unit's fee",
    Base.AFFECTED_CHARGES: "the fees of the units that lost something",
    Base.ANNUAL_OVER_12: "a twelfth of the annual fee",
}

_ACROSS: Mapping[AcrossObjectives, str] = {
    AcrossObjectives.SUM: "all objectives' credits together",
    AcrossObjectives.MAX: "the largest of the objectives' credits",
    AcrossObjectives.FIRST: "the first objective's credit that is not nothing",
}

_UNITS: Mapping[CapacityUnit, str] = {
    CapacityUnit.GPU: "GPU",
    CapacityUnit.NODE: "node",
    CapacityUnit.NVL72_DOMAIN: "NVLink domain",
    CapacityUnit.CLUSTER: "cluster",
}

_UNKNOWN: Mapping[UnknownPolicy, str] = {
    UnknownPolicy.PROVIDER_BEARS: "counts as not delivered",
    UnknownPolicy.TENANT_BEARS: "counts as delivered",
    UnknownPolicy.EXCLUDE: "is taken out of the count",
}

_WINDOWS: Mapping[WindowKind, str] = {
    WindowKind.BILLING_PERIOD: "in each billing period",
    WindowKind.QUARTER: "in each quarter",
    WindowKind.TERM: "over the whole term",
}


def unit_words(capacity: Capacity) -> str:
    """Say how a contract counts capacity."""
    unit = _UNITS[capacity.unit]
    if capacity.unit is CapacityUnit.GPU:
        return "each GPU by itself"
    healthy = "what is healthy of each"
    if capacity.partial is Partial.PER_GPU:
        return f"{healthy} {unit}"
    counted = "all of each" if capacity.partial is Partial.WHOLE_UNIT else healthy
    return (
        f"{counted} {unit} while at least {capacity.min_healthy_gpus} of "
        f"{capacity.gpus_per_unit} GPUs are healthy at the same time"
    )


def promise_words(objective: Objective) -> str:
    """Say what is promised, and over which time."""
    window = objective.window
    over = _WINDOWS.get(window.kind, f"in the last {window.days} days")
    exactly = " exactly at it is a miss" if objective.comparison is Comparison.AT_OR_BELOW else ""
    each = "for each unit by itself, " if objective.scope is Scope.UNIT else ""
    target = f"{shortest(objective.target * 100)} %"
    return f"{each}{target} {PROMISED[objective.kind]}, {over}" + (exactly and f";{exactly}")


def unknown_words(objective: Objective) -> str:
    """Say who bears time that nobody observed."""
    carried = objective.unknown.carry_last_ms
    first = f", after {duration(carried)} that count as what was seen last" if carried else ""
    return f"time that nobody observed {_UNKNOWN[objective.unknown.policy]}{first}"


def tier_words(tier: Tier | None, comparison: Comparison = Comparison.BELOW) -> str:
    """Say what a tier gives."""
    if tier is None:
        return "none"
    edge = "at or below" if comparison is Comparison.AT_OR_BELOW else "below"
    return f"{edge} {shortest(tier.below * 100)} %: {shortest(tier.percent)} %"


def credit_words(credit: Credit) -> str:  # noqa: PLR0911  (one for each shape)
    """Say how a credit is reckoned."""
    match credit:
        case Step():
            return f"the percentage of the lowest tier reached, of {BASES[credit.base]}"
        case Linear():
            is_all = credit.of is LinearOf.ALL_LOST
            lost = "what was lost" if is_all else "what was lost beyond the target"
            return f"{lost} as a part of the whole, {_times(credit.multiple)}{BASES[credit.base]}"
        case Multiple():
            return _multiple_words(credit)
        case PerEventTable():
            return "for each outage the hours of its row, at the unit's hourly price"
        case HourWaiver():
            down = "at a time" if credit.count is HourCount.CONSECUTIVE else "in all"
            longer = duration(credit.more_than_ms)
            return f"each clock hour with more than {longer} down {down} is not charged"
        case Lateness():
            every = duration(credit.every_ms)
            return f"{shortest(credit.percent)} % of the unit's fee for every {every} too late"
        case NoCredit():
            return "a miss gives no money"


def across_words(across: AcrossObjectives) -> str:
    """Say how objectives' credits become one."""
    return _ACROSS[across]


def cap_words(contract: ContractVersion, cap: Cap | None) -> str:
    """Say what a cap allows; None for the fee itself."""
    if cap is None:
        return "never more than the fee that is due"
    if cap.percent is None:
        return f"at most {money(contract, cap.amount_minor_units or 0)}"
    return f"at most {shortest(cap.percent)} % of {BASES[cap.of]}"


def _multiple_words(credit: Multiple) -> str:
    rounded = {
        EventRounding.NONE: "",
        EventRounding.MINUTE_UP: ", in begun minutes",
        EventRounding.HOUR_UP: ", in begun hours",
    }[credit.rounding]
    most = f", at most {credit.event_hours_max} hours" if credit.event_hours_max else ""
    return f"each outage's length {_times(credit.multiple)}the unit's hourly price{rounded}{most}"


def _times(multiple: Fraction) -> str:
    return "times " if multiple == 1 else f"times {shortest(multiple)} times "
