"""
A contract version as the judgement sees it: frozen values, exact numbers, no text left to parse.

Money is an integer number of the currency's minor units; ratios are fractions, percentages too;
lengths of time are milliseconds; dates are local to the contract's time zone.  `promises` says what
an objective is, `remedies` what a missed one gives; docs/concepts/sla-engine.md what they mean.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from gpusla.contracts.promises import Kind, Objective
from gpusla.contracts.remedies import Chronic, Claims, Combination, ExclusionRule
from gpusla.identity import ContractId, TenantId


class Rounding(StrEnum):
    """How a credit becomes a whole number of minor units; done once, at the total."""

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"
    DOWN = "down"


class Proration(StrEnum):
    """
    What a part of a billing period costs: by local days, by time, by 30-day months, or all of it.

    thirty_360: the 31st counts as the 30th and every month has 30 days.  none: a part costs what
    the whole costs.
    """

    ACTUAL_DAYS = "actual_days"
    ACTUAL_TIME = "actual_time"
    THIRTY_360 = "thirty_360"
    NONE = "none"


class CapacityUnit(StrEnum):
    """What capacity is counted in: what works, or fails, as a whole."""

    GPU = "gpu"
    NODE = "node"
    NVL72_DOMAIN = "nvl72_domain"
    CLUSTER = "cluster"


class Partial(StrEnum):
    """
    What a unit counts for while enough of its GPUs are healthy, but not all.

    healthy_only: its healthy ones.  whole_unit: all of them.  Below the minimum neither gives
    anything.  per_gpu: its healthy ones, whatever their number; there is no minimum.
    """

    HEALTHY_ONLY = "healthy_only"
    WHOLE_UNIT = "whole_unit"
    PER_GPU = "per_gpu"


class OverDelivery(StrEnum):
    """Whether more than is committed at one time makes up for less at another of the window."""

    NOT_BANKED = "not_banked"
    BANKED_IN_WINDOW = "banked_in_window"


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A signed paper behind the contract file; digest is SHA-256 in hex, empty if not given."""

    id: str
    title: str
    digest: str


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a field of the file comes from: field is its path; page and clause may be empty."""

    field: str
    document: str
    page: str
    clause: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sources that say different things about a field: each value as written, with its source."""

    field: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Parties:
    """Who rents to whom, by name."""

    provider: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Termination:
    """
    How the contract may be ended early.

    initial_period_months: none may end it so early that it ends within these.  notice_days: zero
    if none is needed.  by: who may: `provider`, `tenant`; nobody if empty.
    notice_during_initial: whether notice may be given before the initial period is over; then it
    takes effect no earlier than the period's end.  not_before: first local day on which notice may
    be given, where the papers name a date instead; None if they do not.
    """

    initial_period_months: int
    notice_days: int
    by: tuple[str, ...]
    notice_during_initial: bool
    not_before: date | None


@dataclass(frozen=True, slots=True)
class Term:
    """How long the contract runs: local dates, both included."""

    start: date
    end: date
    timezone: str
    termination: Termination


@dataclass(frozen=True, slots=True)
class MonthlyFee:
    """What a whole billing period costs from a local date on."""

    start: date
    minor_units: int


@dataclass(frozen=True, slots=True)
class RampFee:
    """A reduced fee from one local date to another, both included: a fraction of the full one."""

    start: date
    end: date
    fraction: Fraction


@dataclass(frozen=True, slots=True)
class Rebase:
    """From a local date on the tenant has accepted fewer GPUs, and the fee goes down with them."""

    start: date
    accepted_gpus: int
    committed_gpus: int


@dataclass(frozen=True, slots=True)
class Fees:
    """
    What the tenant pays for each billing period.

    cycle_day: the local day of the month on which a billing period begins, 1 for calendar months;
    in a shorter month the last day stands in for it.
    recurring: by date, the first on the term's first day.  shadow_minor_units: the price of a
    period that stands in for a zero fee so that losses are visible; never money owed.
    """

    currency: str
    exponent: int
    rounding: Rounding
    proration: Proration
    cycle_day: int
    recurring: tuple[MonthlyFee, ...]
    ramp: tuple[RampFee, ...]
    rebases: tuple[Rebase, ...]
    shadow_minor_units: int


@dataclass(frozen=True, slots=True)
class RampStep:
    """So many GPUs are committed from the start of a local day on."""

    start: date
    gpus: int


@dataclass(frozen=True, slots=True)
class LongStop:
    """
    By the end of this local day the whole ramp is due, or else, after a grace, a right opens.

    grace_months, grace_days: counted from the day in that order, the day of the month clamped to
    the month's end; the grace ends with its last local day.  remedies: `terminate`, `rebase_fee`.
    """

    day: date
    grace_months: int
    grace_days: int
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """
    When a slot begins to count, and when it counts again.

    burn_in_ms: so long after it was assigned.  settle_ms: so long after every end of a down time.
    """

    burn_in_ms: int
    settle_ms: int


@dataclass(frozen=True, slots=True)
class AcceptedSku:
    """A kind of GPU that may be delivered, and what one of them counts for: above 0, at most 1."""

    sku: str
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Capacity:
    """
    What must be delivered, and when a unit counts.

    min_healthy_gpus: below this the whole unit is undelivered.  ramp: by date; before the first
    step nothing is committed.
    spare_gpus: how many GPUs beyond the commitment the provider keeps ready; they count once
    assigned.
    """

    unit: CapacityUnit
    gpus_per_unit: int
    min_healthy_gpus: int
    partial: Partial
    ramp: tuple[RampStep, ...]
    over_delivery: OverDelivery
    accepted_skus: tuple[AcceptedSku, ...]
    long_stop: LongStop | None
    acceptance: Acceptance
    spare_gpus: int

    def weight(self, sku: str | None) -> Fraction:
        """Return what a GPU of this kind counts for; 0 for one that is not accepted, or unknown."""
        return next((one.weight for one in self.accepted_skus if one.sku == sku), Fraction(0))


@dataclass(frozen=True, slots=True)
class ParityTerms:
    """
    What the contract says about others.

    most_favoured: the tenant may not be worse off than others.  compare_with: `house`,
    `affiliates`, `all_external`.  min_units: below so many units nothing is said about ratios.
    """

    most_favoured: bool
    compare_with: tuple[str, ...]
    dimensions: tuple[str, ...]
    price_terms: tuple[str, ...]
    min_units: int


@dataclass(frozen=True, slots=True)
class StatementTerms:
    """
    When a statement becomes final, and on which grade of evidence it may be settled.

    final_after_ms: how long after a period's end its evidence may still arrive.
    grade_min: `A`, `B` or `C`.
    """

    final_after_ms: int
    grade_min: str


@dataclass(frozen=True, slots=True)
class Signature:
    """
    One side's signature over the encoded contract.

    party: `provider` or `tenant`.  key, signature: Ed25519 in base64; over the bytes that
    gpusla.contracts.signing gives.
    """

    party: str
    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """
    Facts and what they must come to, in the contract's own words; checked whenever it is loaded.

    period: key of the billing period.  outages: see gpusla.sla.worked.  availability: of the first
    objective; None if the example does not say.  credit_minor_units: after all caps and rounding.
    """

    name: str
    period: str
    outages: tuple["ExampleOutage", ...]
    availability: Fraction | None
    credit_minor_units: int


@dataclass(frozen=True, slots=True)
class ExampleOutage:
    """
    One outage of a worked example.

    gpus: how many GPUs, taken from the units in order.  start_ms: from the period's start.
    state: `down`, `unknown`, or the name of a reason that degrades.  excluded_by: id of an
    exclusion rule that all of it was agreed under, with due notice and approval; empty for none.
    """

    gpus: int
    start_ms: int
    duration_ms: int
    state: str
    excluded_by: str


@dataclass(frozen=True, slots=True)
class ContractVersion:
    """
    One version of one contract.

    effective_from: local date.  digest: SHA-256 of the file's bytes in hex; signatures are part of
    them.  documents: in their order of precedence.  assumed: paths of fields whose values are
    assumptions rather than agreed terms.  verified: whether somebody compared it with the papers.
    """

    id: ContractId
    tenant: TenantId
    version: int
    effective_from: date
    house: bool
    affiliate: bool
    verified: bool
    documents: tuple[SourceDocument, ...]
    citations: tuple[Citation, ...]
    disagreements: tuple[Disagreement, ...]
    parties: Parties
    term: Term
    fees: Fees
    capacity: Capacity
    objectives: tuple[Objective, ...]
    combination: Combination
    exclusion_rules: tuple[ExclusionRule, ...]
    claims: Claims
    chronic: Chronic | None
    parity: ParityTerms | None
    statement: StatementTerms
    examples: tuple[WorkedExample, ...]
    signatures: tuple[Signature, ...]
    assumed: tuple[str, ...]
    digest: str
    source: str

    @property
    def capacity_objective(self) -> Objective | None:
        """The first objective of kind `capacity`; None if there is none."""
        return next((one for one in self.objectives if one.kind is Kind.CAPACITY), None)

    def objective(self, id_: str) -> Objective:
        """Return the objective of this id; raises KeyError if there is none."""
        for one in self.objectives:
            if one.id == id_:
                return one
        raise KeyError(id_)
