"""On which terms losses are counted: those of the contract's first capacity objective."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.model import Acceptance, Capacity, ContractVersion
from gpusla.contracts.promises import (
    Degraded,
    Denominator,
    Kind,
    MinOutage,
    RunCount,
    Unknown,
    UnknownPolicy,
)

PLAIN_UNKNOWN = Unknown(UnknownPolicy.PROVIDER_BEARS, 0)
PLAIN_DEGRADED = Degraded(Fraction(1), {})
PLAIN_MIN_OUTAGE = MinOutage(0, RunCount.WHOLE_RUN, splits=False)
"""What counts where no objective of a contract is about capacity (section 13 of the page)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """
    Everything that decides what a slot and a unit count for.

    scale: the smallest number in which every level, times every weight, is whole; levels are
    integers from 0 to it.  degraded_scale: its part that belongs to the levels alone.
    is_excused_out: whether excused time is out of the count, rather than delivered.
    """

    capacity: Capacity
    unknown: Unknown
    degraded: Degraded
    min_outage: MinOutage
    is_excused_out: bool
    scale: int
    degraded_scale: int

    @property
    def acceptance(self) -> Acceptance:
        """When a slot begins to count, and when it counts again."""
        return self.capacity.acceptance

    def weight(self, sku: str) -> int:
        """Return what a kind of GPU counts for, so that a level times it is in scale."""
        return int(self.capacity.weight(sku) * (self.scale // self.degraded_scale))

    def degraded_level(self, reasons: tuple[str, ...]) -> int:
        """Return what is left of a degraded GPU, in degraded_scale."""
        return int(self.degraded.fraction(reasons) * self.degraded_scale)


def terms_of(contract: ContractVersion) -> Terms:
    """Return the terms that the contract's losses are counted on."""
    first = next((one for one in contract.objectives if one.kind is Kind.CAPACITY), None)
    degraded = first.degraded if first is not None else PLAIN_DEGRADED
    fractions = (degraded.default, *degraded.by_reason.values())
    degraded_scale = _common_denominator(fractions)
    weights = _common_denominator(one.weight for one in contract.capacity.accepted_skus)
    return Terms(
        capacity=contract.capacity,
        unknown=first.unknown if first is not None else PLAIN_UNKNOWN,
        degraded=degraded,
        min_outage=first.min_outage if first is not None else PLAIN_MIN_OUTAGE,
        is_excused_out=first is not None and first.denominator is Denominator.MINUS_EXCLUSIONS,
        scale=degraded_scale * weights,
        degraded_scale=degraded_scale,
    )


def _common_denominator(fractions: Iterable[Fraction]) -> int:
    common = 1
    for fraction in fractions:
        # The smallest common multiple, without the module that works in floats.
        common *= Fraction(fraction.denominator, common).numerator
    return common
