"""Contracts and facts for tests, made without files; a tick is whatever the test says it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from gpusla.contracts.model import (
    Capacity,
    CapacityUnit,
    ContractVersion,
    Degraded,
    Fees,
    MonthlyFee,
    Objective,
    Parties,
    RampStep,
    Rounding,
    Term,
    Tier,
    UnknownPolicy,
)
from gpusla.identity import ContractId, Slot, TenantId
from gpusla.instants import Interval
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts
from gpusla.sla.periods import Period, period_of
from gpusla.timeline.build import build
from gpusla.timeline.model import StateSpan

SKU = "gb300"
TIERS = (
    Tier(Fraction(99, 100), Fraction(5)),
    Tier(Fraction(98, 100), Fraction(10)),
    Tier(Fraction(95, 100), Fraction(25)),
)

CONTRACT = ContractVersion(
    id=ContractId("acme-2026"),
    tenant=TenantId("acme"),
    version=1,
    effective_from=date(2026, 7, 1),
    house=False,
    affiliate=False,
    documents=(),
    parties=Parties("Provider", "Acme"),
    term=Term(date(2026, 7, 1), date(2029, 12, 31), "America/Chicago", 3, 90),
    fees=Fees("USD", 2, Rounding.HALF_EVEN, (MonthlyFee(date(2026, 7, 1), 15_000_000_000),), 0),
    capacity=Capacity(CapacityUnit.GPU, 1, 1, (RampStep(date(2026, 7, 1), 1),), (SKU,)),
    objective=Objective(
        "availability",
        Fraction(99, 100),
        UnknownPolicy.PROVIDER_BEARS,
        Degraded(Fraction(1), {"thermal_slowdown": Fraction(1, 2), "power_limit": Fraction(2, 3)}),
        5000,
        TIERS,
    ),
    final_after_ms=172_800_000,
    assumed=(),
    digest="0" * 64,
    source="acme.yaml",
)
"""One GPU, $150 million a month, 99 percent."""


def committing(contract: ContractVersion, gpus: int) -> ContractVersion:
    """Return the contract with so many GPUs promised over its whole term."""
    ramp = (RampStep(contract.term.start, gpus),)
    return replace(contract, capacity=replace(contract.capacity, ramp=ramp))


def racks(contract: ContractVersion, min_healthy_gpus: int, gpus_per_unit: int) -> ContractVersion:
    """Return the contract sold in NVLink domains."""
    capacity = replace(
        contract.capacity,
        unit=CapacityUnit.NVL72_DOMAIN,
        gpus_per_unit=gpus_per_unit,
        min_healthy_gpus=min_healthy_gpus,
    )
    return replace(contract, capacity=capacity)


def short_period(contract: ContractVersion, length_ms: int, key: str = "2026-10") -> Period:
    """Return a period that begins like a month and is only so long."""
    whole = period_of(contract, key)
    start_ms = whole.interval.start_ms
    return replace(whole, interval=Interval(start_ms, start_ms + length_ms))


def slot(number: int) -> Slot:
    """Return the slot of this number: 72 to a rack, 4 to a tray."""
    rack, place = divmod(number, 72)
    return Slot("c2", f"r{rack + 1:02}", f"t{place // 4 + 1:02}", f"m{place % 4}")


def judge(
    contract: ContractVersion,
    period: Period,
    spans: Sequence[StateSpan],
    held: Mapping[Slot, Sequence[Interval]],
    **more: object,
) -> Evaluation:
    """Evaluate a whole period in which every held slot holds an accepted GPU."""
    timeline = build(spans, held, period.interval)
    facts = replace(Facts(timeline, held, dict.fromkeys(held, SKU)), **more)  # type: ignore[arg-type]
    return evaluate(contract, period, period.interval.end_ms, facts)
