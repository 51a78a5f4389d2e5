"""
Contracts with the terms of published families, small and round enough to reckon with by hand.

Thresholds, percentages and lengths are those of the field's texts; fees and counts are ours.
"""

from fractions import Fraction
from typing import Any

from gpusla.contracts.model import CapacityUnit, ContractVersion, MonthlyFee, Partial, Proration
from gpusla.contracts.promises import (
    ClockStart,
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Objective,
    Replacement,
    RequestMode,
    Requests,
    RunCount,
    Scope,
)
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    EventRounding,
    EventRow,
    ExclusionRule,
    HourCount,
    HoursPer,
    HourWaiver,
    Lateness,
    LatenessCount,
    Linear,
    LinearOf,
    Multiple,
    NoCredit,
    PerEventTable,
    Step,
    Tier,
)
from tests.core.contracts.terms import START, contract, objective

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PLANNED = ExclusionRule("planned", "maintenance", 0, 0, HoursPer.SLOT, 0, needs_approval=False)


def tiers(*pairs: str) -> tuple[Tier, ...]:
    """Return tiers of texts such as `0.99:10`."""
    return tuple(Tier(*(Fraction(part) for part in pair.split(":"))) for pair in pairs)


def over(length_ms: int) -> MinOutage:
    """Return a shortest outage, all of which counts."""
    return MinOutage(length_ms, RunCount.WHOLE_RUN, splits=False)


def cap(percent: int, of: Base) -> tuple[Cap, ...]:
    """Return one cap."""
    return (Cap(Fraction(percent), of, None),)


def of_gpus(dollars: int, *objectives: Objective, **changes: Any) -> ContractVersion:
    """Return a contract of single GPUs in UTC at a fee, which a part of a month costs in full."""
    return contract(
        **{
            "term": {"timezone": "UTC"},
            "fees": {
                "recurring": (MonthlyFee(START, dollars * 100),),
                "proration": Proration.NONE,
            },
            "objectives": objectives,
            "exclusion_rules": (PLANNED,),
            **changes,
        }
    )


def unit_time(target: str, credit: object, **changes: Any) -> Objective:
    """Return an objective over the time of each unit, with a value for each."""
    plain = {"kind": Kind.TIME_UNIT, "scope": Scope.UNIT, "target": Fraction(target)}
    return objective(**{**plain, "credit": credit, **changes})


CAPACITY = contract(
    fees={"proration": Proration.NONE},
    objectives=(
        objective(
            degraded={
                "by_reason": {"thermal_slowdown": Fraction(1, 2), "power_limit": Fraction(2, 3)}
            },
            clock_error_ms=5000,
        ),
    ),
    exclusion_rules=(PLANNED,),
)
"""Any contract on delivered capacity; $150 million."""

MEGA = contract(
    fees={"proration": Proration.NONE},
    capacity={
        "unit": CapacityUnit.NVL72_DOMAIN,
        "gpus_per_unit": 72,
        "min_healthy_gpus": 64,
        "partial": Partial.HEALTHY_ONLY,
    },
    objectives=(objective(unknown={"carry_last_ms": 5 * MINUTE_MS}),),
    combination={"caps": cap(18, Base.PERIOD_FEE)},
    exclusion_rules=(
        ExclusionRule(
            "planned", "maintenance", 0, 8 * HOUR_MS, HoursPer.CONTRACT, 0, needs_approval=True
        ),
    ),
)
"""NVL72 racks of which 64 GPUs must be healthy; $150 million; credits up to 18 percent."""

AWS_INSTANCE = of_gpus(
    7_440,
    unit_time(
        "0.995",
        Step(Base.UNIT_FEE, tiers("0.995:10", "0.99:30", "0.95:100")),
        granularity=Granularity.ELAPSED_MINUTES,
    ),
)

AWS_HOUR = of_gpus(
    7_440,
    unit_time("0.995", HourWaiver(6 * MINUTE_MS, HourCount.SUM)),
)

AWS_HOUR_CONSECUTIVE = of_gpus(
    7_440,
    unit_time("0.995", HourWaiver(6 * MINUTE_MS, HourCount.CONSECUTIVE)),
)

GCE = of_gpus(
    10_000,
    objective(
        kind=Kind.TIME_ALL_DOWN,
        target=Fraction("0.9999"),
        granularity=Granularity.ELAPSED_MINUTES,
        credit=Step(Base.PERIOD_FEE, tiers("0.9999:10", "0.99:25", "0.95:100")),
    ),
)

AZURE = of_gpus(
    10_000,
    unit_time(
        "0.999",
        Step(Base.UNIT_FEE, tiers("0.999:10", "0.99:25", "0.95:100")),
        granularity=Granularity.CLOCK_MINUTES,
    ),
)

VERTEX = of_gpus(
    10_000,
    objective(
        kind=Kind.REQUEST_RATIO,
        target=Fraction("0.999"),
        requests=Requests(RequestMode.ERROR_TIME, MINUTE_MS, 2_000, Fraction("0.1")),
        min_outage=over(10 * MINUTE_MS),
        credit=Step(Base.PERIOD_FEE, tiers("0.999:10", "0.99:25", "0.95:50")),
    ),
    combination={"caps": cap(50, Base.PERIOD_FEE)},
)

OCI = of_gpus(
    10_000,
    objective(
        kind=Kind.REQUEST_RATIO,
        target=Fraction("0.999"),
        requests=Requests(RequestMode.MEAN_OF_SLOTS, HOUR_MS, 0, Fraction(0)),
        credit=Step(Base.PERIOD_FEE, tiers("0.999:10", "0.99:25", "0.95:100")),
        id="control",
    ),
    objective(
        kind=Kind.TIME_UNIT,
        target=Fraction("0.999"),
        credit=Step(Base.PERIOD_FEE, tiers("0.999:10", "0.99:25", "0.95:100")),
        id="data",
    ),
    combination={"across": AcrossObjectives.FIRST},
)

NEBIUS = of_gpus(
    10_000,
    objective(
        kind=Kind.TIME_UNIT,
        target=Fraction("0.999"),
        min_outage=over(5 * MINUTE_MS),
        credit=Step(Base.PERIOD_FEE, tiers("0.999:10", "0.95:25")),
    ),
    combination={"caps": cap(30, Base.PERIOD_FEE)},
)

DIGITALOCEAN = of_gpus(
    7_440,
    unit_time(
        "0.9999",
        Linear(Base.UNIT_FEE, LinearOf.ALL_LOST, Fraction(1)),
        granularity=Granularity.SLOTS_ANY,
        denominator=Denominator.EXISTENCE_OF_UNIT,
    ),
)

_VULTR = ((0, 9, 12), (9, 60, 24), (60, 120, 48), (120, 240, 120), (240, 420, 240))
VULTR = of_gpus(
    7_440,
    unit_time(
        "1",
        PerEventTable(
            (
                *(
                    EventRow(start * MINUTE_MS, end * MINUTE_MS, Fraction(hours))
                    for start, end, hours in _VULTR
                ),
                EventRow(420 * MINUTE_MS, None, Fraction(672)),
            )
        ),
    ),
    combination={"caps": cap(100, Base.AFFECTED_CHARGES)},
)

UPCLOUD = of_gpus(
    7_440,
    unit_time(
        "1",
        Multiple(Fraction(50), EventRounding.NONE, 720),
        min_outage=over(5 * MINUTE_MS),
    ),
    combination={"caps": cap(100, Base.AFFECTED_CHARGES)},
)

GPUHUB = of_gpus(
    7_440,
    unit_time("1", Multiple(Fraction(3, 2), EventRounding.HOUR_UP, 24)),
)

IONSTREAM = of_gpus(
    74_400,
    objective(
        id="uptime",
        kind=Kind.TIME_UNIT,
        target=Fraction("0.999"),
        credit=Linear(Base.PERIOD_FEE, LinearOf.SHORTFALL_BELOW_TARGET, Fraction(1)),
    ),
    objective(
        id="replacement",
        kind=Kind.REPLACEMENT_TIME,
        target=Fraction(1),
        replacement=Replacement(4 * HOUR_MS, ClockStart.IDENTIFIED),
        credit=NoCredit(),
    ),
)

GPUYARD = of_gpus(
    10_000,
    objective(
        kind=Kind.REPLACEMENT_TIME,
        target=Fraction(1),
        replacement=Replacement(12 * HOUR_MS, ClockStart.TICKET_OPEN),
        credit=Lateness(12 * HOUR_MS, Fraction(10), LatenessCount.COMPLETED),
    ),
    combination={"caps": cap(50, Base.AFFECTED_CHARGES)},
)

IBM = of_gpus(
    1_200_000,
    objective(
        kind=Kind.TIME_UNIT,
        target=Fraction("0.999"),
        credit=Step(Base.ANNUAL_OVER_12, tiers("0.999:10", "0.99:25")),
    ),
    combination={"caps": cap(12, Base.ANNUAL_OVER_12)},
)

VOLTAGE_PARK = of_gpus(
    10_000,
    unit_time("0.999", Step(Base.UNIT_FEE, tiers("0.999:5", "0.99:10", "0.95:25"))),
    combination={"caps": cap(100, Base.AFFECTED_CHARGES)},
)

PRESETS = {
    "capacity": CAPACITY,
    "mega": MEGA,
    "aws-instance": AWS_INSTANCE,
    "aws-hour": AWS_HOUR,
    "aws-hour-consecutive": AWS_HOUR_CONSECUTIVE,
    "gce": GCE,
    "azure": AZURE,
    "vertex": VERTEX,
    "oci": OCI,
    "nebius": NEBIUS,
    "digitalocean": DIGITALOCEAN,
    "vultr": VULTR,
    "upcloud": UPCLOUD,
    "gpuhub": GPUHUB,
    "ionstream": IONSTREAM,
    "gpuyard": GPUYARD,
    "ibm": IBM,
    "voltage-park": VOLTAGE_PARK,
}
