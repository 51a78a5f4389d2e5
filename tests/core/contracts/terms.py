"""
A full contract version with simple defaults, for tests that are about some of its fields.

`contract(term={"end": date(2027, 6, 30)}, chronic=...)`: a mapping changes fields of a part, any
other value takes the part's place.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from gpusla.contracts.model import (
    Acceptance,
    AcceptedSku,
    Capacity,
    CapacityUnit,
    ContractVersion,
    Fees,
    MonthlyFee,
    OverDelivery,
    Partial,
    Parties,
    Proration,
    RampStep,
    Rounding,
    StatementTerms,
    Term,
    Termination,
)
from gpusla.contracts.promises import (
    Comparison,
    Degraded,
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Objective,
    RunCount,
    Scope,
    Unknown,
    UnknownPolicy,
    ValueRounding,
    Window,
    WindowKind,
)
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    ClaimAnchor,
    ClaimMode,
    Claims,
    Combination,
    Step,
    Tier,
)
from gpusla.identity import ContractId, TenantId

Part = TypeVar("Part")

SKU = "gb300"
START, END = date(2026, 7, 1), date(2029, 12, 31)
FEE_MINOR_UNITS = 15_000_000_000
DAY_MS = 86_400_000

TIERS = (
    Tier(Fraction(99, 100), Fraction(5)),
    Tier(Fraction(98, 100), Fraction(10)),
    Tier(Fraction(95, 100), Fraction(25)),
)

OBJECTIVE = Objective(
    id="availability",
    kind=Kind.CAPACITY,
    target=Fraction(99, 100),
    comparison=Comparison.BELOW,
    window=Window(WindowKind.BILLING_PERIOD, 0, grants_again=False),
    scope=Scope.CONTRACT,
    min_outage=MinOutage(0, RunCount.WHOLE_RUN, splits=False),
    granularity=Granularity.EXACT,
    denominator=Denominator.FULL_WINDOW,
    value_rounding=ValueRounding.NONE,
    value_decimals=0,
    unknown=Unknown(UnknownPolicy.PROVIDER_BEARS, 0),
    degraded=Degraded(Fraction(1), {}),
    clock_error_ms=0,
    requests=None,
    performance=None,
    replacement=None,
    credit=Step(Base.PERIOD_FEE, TIERS),
)

CONTRACT = ContractVersion(
    id=ContractId("acme-2026"),
    tenant=TenantId("acme"),
    version=1,
    effective_from=START,
    house=False,
    affiliate=False,
    verified=False,
    documents=(),
    citations=(),
    disagreements=(),
    parties=Parties("Provider", "Acme"),
    term=Term(
        START,
        END,
        "America/Chicago",
        Termination(3, 90, ("provider", "tenant"), notice_during_initial=False, not_before=None),
    ),
    fees=Fees(
        currency="USD",
        exponent=2,
        rounding=Rounding.HALF_EVEN,
        proration=Proration.ACTUAL_DAYS,
        cycle_day=1,
        recurring=(MonthlyFee(START, FEE_MINOR_UNITS),),
        ramp=(),
        rebases=(),
        shadow_minor_units=0,
    ),
    capacity=Capacity(
        unit=CapacityUnit.GPU,
        gpus_per_unit=1,
        min_healthy_gpus=1,
        partial=Partial.HEALTHY_ONLY,
        ramp=(RampStep(START, 1),),
        over_delivery=OverDelivery.NOT_BANKED,
        accepted_skus=(AcceptedSku(SKU, Fraction(1)),),
        long_stop=None,
        acceptance=Acceptance(0, 0),
        spare_gpus=0,
    ),
    objectives=(OBJECTIVE,),
    combination=Combination(AcrossObjectives.SUM, (), 0),
    exclusion_rules=(),
    claims=Claims(
        ClaimMode.AUTOMATIC, ClaimAnchor.END_OF_PERIOD, 0, 30, business_days=False, cycles=0
    ),
    chronic=None,
    parity=None,
    statement=StatementTerms(2 * DAY_MS, "C"),
    examples=(),
    signatures=(),
    assumed=(),
    digest="0" * 64,
    source="acme.yaml",
)
"""One GPU at 99 percent for $150 million a month, from July 2026 to the end of 2029 in Chicago."""


def contract(**changes: Any) -> ContractVersion:
    """Return the contract with some fields changed; a mapping changes fields of a part."""
    return _changed(CONTRACT, changes)


def objective(**changes: Any) -> Objective:
    """Return its objective with some fields changed in the same way."""
    return _changed(OBJECTIVE, changes)


def _changed(part: Part, changes: Mapping[str, Any]) -> Part:
    values = {name: _value(getattr(part, name), value) for name, value in changes.items()}
    return replace(part, **values)  # type: ignore[type-var]


def _value(now: Any, value: Any) -> Any:
    is_change = is_dataclass(now) and isinstance(value, Mapping)
    return _changed(now, value) if is_change else value
