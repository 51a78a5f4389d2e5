"""Customers, units and repairs to compare, as plain as can be."""

import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gpusla.contracts.model import ParityTerms
from gpusla.identity import ContractId, Slot, TenantId
from gpusla.parity.customers import Customer
from gpusla.parity.queue import HandOver, Shortfall
from gpusla.parity.service import UnitService
from gpusla.parity.terms import Terms, terms_of
from tests.core.contracts.terms import contract

SKU, POOL = "gb300", "hall-1"
HOUR_MS = 3_600_000
MONTH_MS = 720 * HOUR_MS
DIMENSIONS = (
    "availability",
    "time_to_repair",
    "spare_order",
    "maintenance_share",
    "degraded_share",
)

PARITY = ParityTerms(
    most_favoured=True,
    compare_with=("house", "affiliates", "all_external"),
    dimensions=DIMENSIONS,
    price_terms=("effective_price_per_gpu_hour", "target", "credit_rate", "cap", "notice"),
    min_units=8,
)


def terms(price: int = 250, **changes: Any) -> Terms:
    """The test contract's terms for a hundred GPU-hours, at a price for each in minor units."""
    read = terms_of(contract(), Fraction(price * 100), 100 * HOUR_MS)
    return replace(read, **changes)


def customer(name: str, *, price: int = 250, **changes: Any) -> Customer:
    """One external contract of a tenant of its own, with parity terms."""
    made = Customer(
        contract=ContractId(f"{name}-2026"),
        tenant=TenantId(name),
        is_house=False,
        is_affiliate=False,
        parity=PARITY,
        terms=terms(price),
    )
    return replace(made, **changes)


def house(**changes: Any) -> Customer:
    """The owner's own lab, which was promised nothing."""
    return customer("house", is_house=True, parity=None, **changes)


def hand_over(contract_name: str, at_ms: int, number: int = 0) -> HandOver:
    """A GPU given to a contract."""
    slot = Slot("c1", "r1", f"t{at_ms}", f"m{number}")
    return HandOver(slot, ContractId(f"{contract_name}-2026"), at_ms, SKU, POOL)


def shortfall(
    contract_name: str, opened_ms: int, closed_ms: int | None, gpus: int = 1
) -> Shortfall:
    """So many GPUs that a contract lacks."""
    id_ = ContractId(f"{contract_name}-2026")
    ticket = f"T-{contract_name}-{opened_ms}"
    return Shortfall(ticket, id_, "c1/r1", SKU, POOL, gpus, opened_ms, closed_ms)


def unit(
    owner: Customer, number: int, repairs_ms: Sequence[int] = (), **changes: Any
) -> UnitService:
    """A unit that was held all month and lost what its repairs took."""
    made = UnitService(
        unit=f"{owner.tenant}/{number}",
        contract=owner.contract,
        sku=SKU,
        held_ms=MONTH_MS,
        lost_ms=sum(repairs_ms),
        degraded_ms=0,
        held_at_peak_ms=MONTH_MS // 3,
        maintenance_at_peak_ms=0,
        repairs_ms=tuple(repairs_ms),
    )
    return replace(made, **changes)


def units(
    chance: random.Random, owner: Customer, count: int, repair_times: int = 1
) -> tuple[UnitService, ...]:
    """
    Draw units whose failures and repairs do not depend on whom they serve, but for repair_times.

    One to three repairs a unit of a quarter of an hour to about a day; the other figures alike.
    """
    return tuple(
        unit(
            owner,
            number,
            [
                repair_times * int(chance.lognormvariate(1, 1) * HOUR_MS)
                for _ in range(chance.randint(1, 3))
            ],
            degraded_ms=chance.randint(0, 20 * HOUR_MS),
            maintenance_at_peak_ms=chance.choice([0, 0, HOUR_MS, 4 * HOUR_MS]),
        )
        for number in range(count)
    )
