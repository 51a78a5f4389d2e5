"""
The outcome of a judgement: figures with bounds, losses with their causes, and how each was derived.

Time is exact: integers in milliseconds, fractions only where a contract counts a part of a degraded
GPU.  In bounds of a value `low` is the worse for the provider; in bounds of money, of lost time and
of a miss `low` is the smaller amount.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective
from gpusla.contracts.remedies import Tier
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Finding
from gpusla.sla.periods import Period
from gpusla.timeline.model import Evidence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds(Generic[T]):
    """A figure and the two ends that unknown time, edges and clock error leave open."""

    low: T
    value: T
    high: T


@dataclass(frozen=True, slots=True)
class Cause:
    """
    One slot's part in a loss.

    evidence: the records behind it; None where nobody observed, or where the cause is a judgement.
    """

    slot: Slot
    state: State
    findings: tuple[Finding, ...]
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Loss:
    """
    Committed GPU-time that a unit did not deliver over an interval, for one constant set of causes.

    unit: a domain, a node or a slot, or `unassigned`.  reasons: sorted names of the catalogue.
    gpu_ms: its share of the contract's loss; over all losses these add up to the loss exactly.
    """

    unit: str
    interval: Interval
    gpu_ms: Fraction
    reasons: tuple[str, ...]
    causes: tuple[Cause, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots that caused it, sorted."""
        return tuple(cause.slot for cause in self.causes)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The records behind it, sorted, each once."""
        found = {cause.evidence for cause in self.causes if cause.evidence is not None}
        return tuple(sorted(found, key=lambda e: (e.node, e.first_sequence, e.last_sequence)))


@dataclass(frozen=True, slots=True)
class UnitMeasure:
    """
    One unit of an objective that lost something in at least one bound.

    held_gpu_ms: of its slots inside the window.  total_ms, lost_ms: of the unit's own time, as the
    objective counts it (GPU-milliseconds for `capacity`).  down: of the value and both bounds the
    time that counts as down, normal, after exclusions, minimum length and granularity; whole
    outages, which may reach beyond the window.  Empty for `capacity` and `request_ratio`.
    late_steps: of `replacement_time`: how many steps of lateness fell into the window.
    Bounds of lost_ms, down and late_steps: `low` has the least.
    total_whole_window_ms: what total_ms will be when the window is over, as in `Measure`.
    """

    unit: str
    held_gpu_ms: int
    total_ms: Bounds[Fraction]
    lost_ms: Bounds[Fraction]
    down: Bounds[tuple[Interval, ...]]
    late_steps: Bounds[int]
    total_whole_window_ms: Fraction


@dataclass(frozen=True, slots=True)
class Measure:
    """
    What an objective's window came to, before it is compared with anything.

    window: the part judged so far.  total, lost: in GPU-milliseconds, unit-milliseconds,
    milliseconds, requests or repairs, by kind.  `low` of lost is the least.
    total belongs to the same bound of lost: value.low = 1 - lost.high / total.high.
    total_whole_window: what total will be when the window is over, if nothing more is excluded.
    units: those that lost something, by name.  held_gpu_ms: of all slots inside the window.
    """

    window: Interval
    total: Bounds[Fraction]
    lost: Bounds[Fraction]
    total_whole_window: Fraction
    units: tuple[UnitMeasure, ...]
    held_gpu_ms: int


@dataclass(frozen=True, slots=True)
class UnitOutcome:
    """
    One unit that has a credit of its own: under a scope of units, or for its outages or repairs.

    base: its fee, in exact minor units, as is its credit.  tier: of step credits, else None.
    """

    unit: str
    base: Fraction
    value: Bounds[Fraction | None]
    tier: Bounds[Tier | None]
    credit: Bounds[Fraction]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One objective judged over its window.

    value: None in all bounds where nothing was committed or nothing is to be judged.
    compared: the value as it was compared with target and tiers, after the contract's rounding.
    is_missed: of the value.  tier: of step credits of the whole contract, else None.  base: what a
    percentage was taken of, in exact minor units; where each unit has its own, the window's fee.
    granted_minor_units: what earlier windows gave for the same time, taken off already.
    credit: exact minor units of this objective alone, before it is combined and capped.
    units: where each unit has a credit of its own, those with one in some bound, by name.
    """

    objective: Objective
    measure: Measure
    value: Bounds[Fraction | None]
    compared: Bounds[Fraction | None]
    is_missed: bool
    tier: Bounds[Tier | None]
    base: Fraction
    granted_minor_units: int
    credit: Bounds[Fraction]
    units: tuple[UnitOutcome, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """
    One unbroken stretch that an objective counts as down, or its part so far, and what was seen.

    interval: whole, so it may begin before the window.  causes: of the value, every slot of the
    unit that was not `ok` at any time of it, with the records behind it.
    """

    objective: str
    unit: str
    interval: Interval
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class CapStep:
    """
    One cap on the way to the credit, in exact minor units.

    field: path in the contract's file.  base: of the value, what its percentage is taken of; for
    an amount the amount itself.  limit: what it allows.  after: the credit under it.
    """

    field: str
    base: Fraction
    limit: Bounds[Fraction]
    after: Bounds[Fraction]


@dataclass(frozen=True, slots=True)
class Settlement:
    """
    From the objectives' credits to the period's, in exact minor units.

    combined: of all objectives.  caps: in order; the last is the fee that is due.  exact: after
    caps and minimum.  rounded: once, to whole minor units; before anybody has to claim it.
    """

    combined: Bounds[Fraction]
    caps: tuple[CapStep, ...]
    exact: Bounds[Fraction]
    rounded: Bounds[int]


@dataclass(frozen=True, slots=True)
class CreditLine:
    """An objective's part of the period's credit; over all lines they add up to it exactly."""

    objective: str
    minor_units: int


@dataclass(frozen=True, slots=True)
class RefusedExclusion:
    """An exclusion record, or a part of it, that does not count, and why, in words."""

    exclusion_id: str
    interval: Interval
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimStanding:
    """
    What became of a credit that must be asked for.

    deadline_ms: first instant at which it is too late.  claimed_ms: None if nobody asked.
    claimable_minor_units: what may be asked for; the credit itself is 0 until it was.
    """

    deadline_ms: int
    claimed_ms: int | None
    claimable_minor_units: int


@dataclass(frozen=True, slots=True)
class NextTier:
    """The next tier that is not yet certain, and the whole GPU-ms that may be lost before it is."""

    objective: str
    tier: Tier
    gpu_ms: int


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a figure came about: its rule in words, the contract field behind it, its value."""

    name: str
    rule: str
    field: str
    value: str
    children: tuple["Derivation", ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """
    Where the contract's GPU-time went over the part of the period that was judged.

    It is the same for every contract, whatever its objectives: the first objective of kind
    `capacity` says how unknown, degraded and short times count; without one the plain defaults of
    docs/concepts/sla-engine.md do.
    states_gpu_ms: observed states of held slots; they add up to held_gpu_ms.  excluded_gpu_ms: what
    would have counted as lost without exclusion records.  *_now: at the last millisecond judged.
    """

    committed_gpu_ms: int
    committed_period_gpu_ms: int
    delivered_gpu_ms: Bounds[Fraction]
    lost_gpu_ms: Fraction
    held_gpu_ms: int
    states_gpu_ms: dict[State, int]
    excluded_gpu_ms: Fraction
    committed_gpus_now: int
    delivered_gpus_now: Fraction


@dataclass(frozen=True, slots=True)
class Evaluation:
    """
    One contract version judged over one period, or its part of one, from its start to until_ms.

    fee_minor_units: exact, due for the period's part; its shadow price if is_shadow, in which case
    the credit is a figure to look at and no debt.  outcomes: in the contract's order.
    exclusions: records that excuse any time judged, sorted.  refused: what does not count, and why.
    claim: None where credits are automatic.  lines: of the value.
    next_tier: of the first objective with tiers; None if every tier is certain or there is none.
    losses, events: empty where they were not asked for.  Losses are the account's, by start and
    unit; events those of the objectives that count down time, in the contract's order.
    """

    contract: ContractVersion
    period: Period
    until_ms: int
    account: Account
    fee_minor_units: Fraction
    is_shadow: bool
    outcomes: tuple[Outcome, ...]
    settlement: Settlement
    exclusions: tuple[str, ...]
    refused: tuple[RefusedExclusion, ...]
    credit_minor_units: Bounds[int]
    lines: tuple[CreditLine, ...]
    claim: ClaimStanding | None
    next_tier: NextTier | None
    losses: tuple[Loss, ...]
    events: tuple[Event, ...]

    @property
    def price_per_gpu_ms(self) -> Fraction:
        """The fee for one committed GPU-millisecond of the period; 0 where none is committed."""
        promised = self.account.committed_period_gpu_ms
        return self.fee_minor_units / promised if promised else Fraction(0)

    @property
    def is_unpaid(self) -> bool:
        """Whether nothing is due for the period, so that nothing is ever booked for it."""
        return self.is_shadow or not self.fee_minor_units

    @property
    def is_complete(self) -> bool:
        """Whether the whole period was judged."""
        return self.until_ms >= self.period.interval.end_ms
