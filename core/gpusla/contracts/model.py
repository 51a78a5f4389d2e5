"""
A contract version as the judgement sees it: frozen values, exact numbers, no text left to parse.

Money is an integer number of the currency's minor units; ratios and percentages are fractions;
dates are local to the contract's time zone.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from gpusla.identity import ContractId, TenantId


class Rounding(StrEnum):
    """How a credit becomes a whole number of minor units; done once, at the credit."""

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"
    DOWN = "down"


class CapacityUnit(StrEnum):
    """What capacity is counted in: single GPUs, or NVLink domains that work as a whole."""

    GPU = "gpu"
    NVL72_DOMAIN = "nvl72_domain"


class UnknownPolicy(StrEnum):
    """Who bears time that nobody observed: not delivered, or delivered."""

    PROVIDER_BEARS = "provider_bears"
    TENANT_BEARS = "tenant_bears"


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A signed paper behind the contract file; digest is SHA-256 in hex, empty if not given."""

    id: str
    title: str
    digest: str


@dataclass(frozen=True, slots=True)
class Parties:
    """Who rents to whom, by name."""

    provider: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Term:
    """
    How long the contract runs: local dates, both included, whole calendar months.

    initial_period_months, notice_days: zero if the contract names none.
    """

    start: date
    end: date
    timezone: str
    initial_period_months: int
    notice_days: int


@dataclass(frozen=True, slots=True)
class MonthlyFee:
    """What a calendar month costs from a local date on."""

    start: date
    minor_units: int


@dataclass(frozen=True, slots=True)
class Fees:
    """
    What the tenant pays.

    recurring: by date, the first on the term's first day.  shadow_minor_units: the monthly price
    that stands in for a zero fee so that losses are visible; never money owed.
    """

    currency: str
    exponent: int
    rounding: Rounding
    recurring: tuple[MonthlyFee, ...]
    shadow_minor_units: int


@dataclass(frozen=True, slots=True)
class RampStep:
    """So many GPUs are committed from the start of a local day on."""

    start: date
    gpus: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """
    What must be delivered, and when a unit counts.

    min_healthy_gpus: below this the whole unit is undelivered; from it on its healthy GPUs count.
    """

    unit: CapacityUnit
    gpus_per_unit: int
    min_healthy_gpus: int
    ramp: tuple[RampStep, ...]
    accepted_skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """Availability below this ratio earns this percentage of the base; percent is from 0 to 100."""

    below: Fraction
    percent: Fraction


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


@dataclass(frozen=True, slots=True)
class Objective:
    """
    One promise of kind `capacity`, judged over a calendar month.

    clock_error_ms: how far a node's clock is taken to be off where the node itself does not know;
    it widens bounds only.  tiers: from the highest `below` to the lowest, percents rising.
    """

    id: str
    target: Fraction
    unknown: UnknownPolicy
    degraded: Degraded
    clock_error_ms: int
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class ContractVersion:
    """
    One version of one contract.

    effective_from: local date, first of a month.  digest: SHA-256 of the file's bytes in hex.
    assumed: paths of fields whose values are assumptions rather than agreed terms.
    final_after_ms: how long after a period's end its evidence may still arrive.
    """

    id: ContractId
    tenant: TenantId
    version: int
    effective_from: date
    house: bool
    affiliate: bool
    documents: tuple[SourceDocument, ...]
    parties: Parties
    term: Term
    fees: Fees
    capacity: Capacity
    objective: Objective
    final_after_ms: int
    assumed: tuple[str, ...]
    digest: str
    source: str

    def monthly_fee(self, first_day: date) -> MonthlyFee | None:
        """Return the fee in force on a local day; None outside the term."""
        if not self.term.start <= first_day <= self.term.end:
            return None
        return max(
            (fee for fee in self.fees.recurring if fee.start <= first_day),
            key=lambda fee: fee.start,
        )
