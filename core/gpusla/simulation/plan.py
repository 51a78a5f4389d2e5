"""
Draw a fleet's fate from a seed.

The rates are assumed: nobody has published how often GB300 racks fail.  They are near what is known
of H100 and A100 fleets (Llama 3 training: one interruption by a GPU per 79,000 GPU-hours; NCSA
Delta, arXiv 2503.11901: one memory error per 89,000) with correlated faults of a rack on top.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import log
from random import Random

from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.simulation.faults import HELD_MS, Fault, FaultKind
from gpusla.simulation.scenario import Scenario

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
P95_DEVIATIONS = 1.6448536269514722
"""So many standard deviations over its mean a normal distribution has its 95th percentile."""

LEAST_MS = 60_000
"""No fault is shorter: longer than what clears a slowdown, and than any sample is valid."""

Outcome = tuple[FaultKind, int, tuple[int, ...]]
"""A kind of failure, its weight among the others, and the Xids that the driver reports with it."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Log-normal time to repair."""

    median_hours: float
    p95_hours: float

    def draw_ms(self, random: Random) -> int:
        """Draw one duration."""
        sigma = log(self.p95_hours / self.median_hours) / P95_DEVIATIONS
        return int(random.lognormvariate(log(self.median_hours), sigma) * HOUR_MS)


@dataclass(frozen=True, slots=True)
class Rates:
    """
    How often what goes wrong; every figure is an assumption.

    gap_with_failure_ratio: share of failures that also silence the node's agent for a while.
    outcomes: what a failure of one GPU is, weighted.
    """

    gpu_failure_hours: float = 50_000
    gpu_repair: Repair = Repair(6, 48)
    switch_fault_days: float = 180
    switch_repair: Repair = Repair(12, 60)
    gap_days: float = 20
    gap_minutes: float = 10
    gap_with_failure_ratio: float = 0.3
    outcomes: tuple[Outcome, ...] = field(
        default=(
            (FaultKind.GPU_LOST, 30, (79,)),
            (FaultKind.RECOVERY_RESET, 30, (154,)),
            (FaultKind.RESET_REQUIRED, 10, (154,)),
            (FaultKind.GPU_MISSING, 5, ()),
            (FaultKind.GPU_HUNG, 5, ()),
            (FaultKind.NVLINK_DEGRADED, 8, ()),
            (FaultKind.THERMAL_SLOWDOWN, 5, ()),
            (FaultKind.POWER_LIMIT, 3, ()),
            (FaultKind.MEMORY_MISSING, 4, ()),
        )
    )


def draw(
    seed: int,
    slots: Sequence[Slot],
    span: Interval,
    rates: Rates | None = None,
    align_ms: int = 1,
) -> Scenario:
    """
    Draw what goes wrong within span.

    align_ms: every start and end is a multiple of it; a sampling interval makes observed time
    exact.  The same arguments give the same scenario on every machine.
    """
    random = Random(f"gpusla {seed}")  # noqa: S311  (a simulation; it must repeat)
    drawing = _Drawing(random, span, rates or Rates(), align_ms)
    ordered = tuple(sorted(slots))
    faults = [*drawing.failures(ordered), *drawing.switch_faults(ordered)]
    gaps = [*drawing.gaps(ordered), *drawing.gaps_with(faults, ordered)]
    return Scenario(ordered, (*faults, *gaps), seed)


class _Drawing:
    """One run of the dice, in an order that never depends on hashing."""

    def __init__(self, random: Random, span: Interval, rates: Rates, align_ms: int) -> None:
        self._random = random
        self._span = span
        self._rates = rates
        self._align_ms = align_ms

    def failures(self, slots: Sequence[Slot]) -> Iterator[Fault]:
        kinds = [kind for kind, _, _ in self._rates.outcomes]
        weights = [weight for _, weight, _ in self._rates.outcomes]
        xids = {kind: numbers for kind, _, numbers in self._rates.outcomes}
        for slot in slots:
            mean_ms = self._rates.gpu_failure_hours * HOUR_MS
            for start_ms, end_ms in self._arrivals(mean_ms, self._rates.gpu_repair):
                (kind,) = self._random.choices(kinds, weights)
                fault = self._fault(f"{kind}-{slot}", kind, (slot,), start_ms, end_ms)
                yield replace(fault, xids=xids[kind])

    def switch_faults(self, slots: Sequence[Slot]) -> Iterator[Fault]:
        for domain in sorted({slot.domain for slot in slots}):
            struck = tuple(slot for slot in slots if slot.domain == domain)
            mean_ms = self._rates.switch_fault_days * DAY_MS
            for start_ms, end_ms in self._arrivals(mean_ms, self._rates.switch_repair):
                yield self._fault(
                    f"nvlink_switch-{domain}", FaultKind.NVLINK_SWITCH, struck, start_ms, end_ms
                )

    def gaps(self, slots: Sequence[Slot]) -> Iterator[Fault]:
        for node in _trays(slots):
            at_ms = self._span.start_ms
            while True:
                at_ms += int(self._random.expovariate(1 / (self._rates.gap_days * DAY_MS)))
                if at_ms >= self._span.end_ms:
                    break
                gap = self._gap(node, at_ms)
                yield gap
                at_ms = gap.end_ms + LEAST_MS

    def gaps_with(self, faults: Sequence[Fault], slots: Sequence[Slot]) -> Iterator[Fault]:
        trays = _trays(slots)
        for fault in faults:
            if self._random.random() >= self._rates.gap_with_failure_ratio:
                continue
            for node in trays:
                if not set(node).isdisjoint(fault.slots):
                    yield self._gap(node, fault.start_ms)

    def _gap(self, node: tuple[Slot, ...], start_ms: int) -> Fault:
        mean_ms = self._rates.gap_minutes * 60_000
        end_ms = start_ms + int(self._random.expovariate(1 / mean_ms))
        first = node[0]
        name = f"agent_silent-{first.site}/{first.rack}/{first.tray}"
        return self._fault(name, FaultKind.AGENT_SILENT, node, start_ms, end_ms)

    def _arrivals(self, mean_ms: float, repair: Repair) -> Iterator[tuple[int, int]]:
        """Yield spans that never touch: what is broken does not break again."""
        at_ms = self._span.start_ms
        while True:
            at_ms += int(self._random.expovariate(1 / mean_ms))
            if at_ms >= self._span.end_ms:
                return
            end_ms = at_ms + repair.draw_ms(self._random)
            yield at_ms, end_ms
            at_ms = end_ms + 2 * LEAST_MS

    def _fault(
        self, name: str, kind: FaultKind, slots: tuple[Slot, ...], start_ms: int, end_ms: int
    ) -> Fault:
        align_ms = self._align_ms
        start_ms = max(self._span.start_ms, start_ms) // align_ms * align_ms
        least_ms = LEAST_MS + HELD_MS.get(kind, 0)
        end_ms = -(-max(end_ms, start_ms + least_ms) // align_ms) * align_ms
        return Fault(f"{name}-{start_ms}", kind, slots, start_ms, end_ms)


def _trays(slots: Sequence[Slot]) -> list[tuple[Slot, ...]]:
    trays: dict[tuple[str, str, str], list[Slot]] = {}
    for slot in slots:
        trays.setdefault((slot.site, slot.rack, slot.tray), []).append(slot)
    return [tuple(trays[key]) for key in sorted(trays)]
