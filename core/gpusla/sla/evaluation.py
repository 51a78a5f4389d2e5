"""
The outcome of a judgement: figures with bounds, losses with their causes, and how each was derived.

GPU-time is exact: integers in GPU-milliseconds, fractions only where a contract counts a part of a
degraded GPU.  In bounds of capacity `low` is the worse for the provider; in bounds of money `low`
is the smaller amount.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion, Tier
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

    unit: a domain or a slot, or `unassigned`.  reasons: sorted names of the catalogue.
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
class NextTier:
    """The next tier that is not yet certain, and the whole GPU-ms that may be lost before it is."""

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
class Evaluation:
    """
    One contract version judged over one period from its start to until_ms.

    committed_gpu_ms: to date.  states_gpu_ms: observed states of held slots; they add up to
    held_gpu_ms.  excluded_gpu_ms: what would have counted as lost without exclusion records.
    availability: None in all bounds if nothing was committed.  base_minor_units: the month's fee,
    or its shadow price if is_shadow, in which case the credit is a figure to look at and no debt.
    next_tier: None if every tier is certain.  delivered_gpus_now: at the last millisecond judged.
    """

    contract: ContractVersion
    period: Period
    until_ms: int
    committed_gpu_ms: int
    committed_period_gpu_ms: int
    delivered_gpu_ms: Bounds[Fraction]
    lost_gpu_ms: Fraction
    held_gpu_ms: int
    states_gpu_ms: dict[State, int]
    excluded_gpu_ms: Fraction
    exclusions: tuple[str, ...]
    availability: Bounds[Fraction | None]
    tier: Bounds[Tier | None]
    base_minor_units: int
    is_shadow: bool
    credit_minor_units: Bounds[int]
    next_tier: NextTier | None
    committed_gpus_now: int
    delivered_gpus_now: Fraction
    losses: tuple[Loss, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the whole period was judged."""
        return self.until_ms >= self.period.interval.end_ms
