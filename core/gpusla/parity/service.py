"""How each contract was served, kind of GPU by kind, in figures that can be compared."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from gpusla.identity import ContractId


@dataclass(frozen=True, slots=True)
class UnitService:
    """
    What one unit (a slot, a tray or a domain) came to over the period under one contract.

    What one cause took of several units at once stands apart, as one piece that holds nothing.

    held_ms: how long the contract held it, of a tray's slots each by itself.  lost_ms, degraded_ms:
    of that, without taking agreed exclusions off, so that contracts with different exclusions
    compare.  unknown_ms: of that, what nobody saw; it is compared with nothing.  *_at_peak_ms:
    within the hours of the day that are taken to be peak.  repairs_ms: each repair that ended in
    the period.
    """

    unit: str
    contract: ContractId
    sku: str
    held_ms: int
    lost_ms: int
    degraded_ms: int
    held_at_peak_ms: int
    maintenance_at_peak_ms: int
    repairs_ms: tuple[int, ...]
    unknown_ms: int = 0

    @property
    def observed_ms(self) -> int:
        """How long it was held and somebody saw, or had seen, what became of it."""
        return self.held_ms - self.unknown_ms


@dataclass(frozen=True, slots=True)
class ServiceRatios:
    """
    One contract's service on one kind of GPU.

    units: that were held at all.  availability: 1 - lost / observed.  Shares: degraded / observed,
    maintenance at peak / held at peak, and unknown / held.  median, ninetieth: the shortest time
    within which at least half, and nine tenths, of the repairs were done.  None where there is
    nothing to say.
    """

    contract: ContractId
    sku: str
    units: int
    availability: Fraction | None
    degraded_share: Fraction | None
    maintenance_share: Fraction | None
    unknown_share: Fraction | None
    repair_median_ms: int | None
    repair_ninetieth_ms: int | None


WHOLE_DAY = (0, 24)
"""Peak hours where none were agreed: from one hour of the local day to another."""

Sample = tuple[int, int]
"""A unit's part in a ratio: numerator and denominator; more is worse."""

SAMPLES: dict[str, Callable[[UnitService], Sample]] = {
    "availability": lambda unit: (unit.lost_ms, unit.observed_ms),
    "time_to_repair": lambda unit: (sum(unit.repairs_ms), len(unit.repairs_ms)),
    "maintenance_share": lambda unit: (unit.maintenance_at_peak_ms, unit.held_at_peak_ms),
    "degraded_share": lambda unit: (unit.degraded_ms, unit.observed_ms),
}
"""By dimension, as contracts name it: what is compared of a unit.  Time to repair: the mean."""


def samples(dimension: str, units: Iterable[UnitService]) -> tuple[Sample, ...]:
    """Return the units' parts in a dimension's ratio, without those that have none."""
    found = (SAMPLES[dimension](unit) for unit in units)
    return tuple(sample for sample in found if any(sample))


def counted(parts: Iterable[Sample]) -> int:
    """Return how many units there are to say anything from: those with a denominator."""
    return sum(1 for _, denominator in parts if denominator)


def service_ratios(units: Iterable[UnitService]) -> tuple[ServiceRatios, ...]:
    """Return the figures of every contract and kind of GPU, in this order."""
    ordered = sorted(units, key=lambda unit: (unit.contract, unit.sku, unit.unit))
    return tuple(
        _ratios(contract, sku, tuple(group))
        for (contract, sku), group in groupby(ordered, key=lambda unit: (unit.contract, unit.sku))
    )


def percentile_ms(lengths_ms: Sequence[int], part: Fraction) -> int | None:
    """
    Return the shortest length that at least this part of all do not exceed; None of none.

    That is the nearest rank: of n sorted lengths the ceil(part * n)-th, never one in between.
    """
    if not lengths_ms:
        return None
    rank = -(-part * len(lengths_ms) // 1)
    return sorted(lengths_ms)[max(rank, 1) - 1]


def pooled(parts: Iterable[Sample]) -> Fraction | None:
    """Return the sum of numerators over that of denominators; None where there is none."""
    listed = list(parts)
    below = sum(denominator for _, denominator in listed)
    return Fraction(sum(numerator for numerator, _ in listed), below) if below else None


def _ratios(contract: ContractId, sku: str, units: Sequence[UnitService]) -> ServiceRatios:
    lost = pooled(samples("availability", units))
    repairs_ms = [length_ms for unit in units for length_ms in unit.repairs_ms]
    return ServiceRatios(
        contract,
        sku,
        sum(1 for unit in units if unit.held_ms),
        None if lost is None else 1 - lost,
        pooled(samples("degraded_share", units)),
        pooled(samples("maintenance_share", units)),
        pooled((unit.unknown_ms, unit.held_ms) for unit in units),
        percentile_ms(repairs_ms, Fraction(1, 2)),
        percentile_ms(repairs_ms, Fraction(9, 10)),
    )
