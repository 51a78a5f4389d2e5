"""
The fleet's fate for the demo: two months of assumed faults, and a rack brought close to a tier.

The random part comes from the seed.  NVLink switches are left out of it, so that the story has the
ones that it tells: the tenant's rack loses its switch once last month, long enough for a credit,
and once this month, just long enough that a few more seconds of the same cross the first tier.  How
long that is follows from the truth of the simulation, not from anything that judges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective, UnknownPolicy
from gpusla.contracts.remedies import Step, Tier
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.simulation.faults import Fault, FaultKind
from gpusla.simulation.plan import Rates, draw
from gpusla.simulation.scenario import Scenario
from gpusla.simulation.truth import Terms, delivered_gpu_ms
from gpusla.sla.periods import period_at, period_before

SECOND_MS = 1_000
HOUR_MS = 3_600_000
MARGIN_MS = 8 * SECOND_MS
"""How long the whole rack may still be lost before the tier is crossed, when the fault comes."""

LAST_MONTH_OUTAGE_MS = 9 * HOUR_MS
QUIET_MS = 10 * 60 * SECOND_MS
"""Nothing goes wrong in the last minutes before now, so that the fault stands out."""

ROUNDS = 4
RATES = Rates(switch_fault_days=1e9)
"""The assumed rates of single GPUs and agents; switches fail where the story says."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """
    The scenario up to now and what it means for the contract in its open period.

    fault_ms: when the demo means to inject its fault.  lost_gpu_ms, committed_gpu_ms: in the open
    period up to then.  outage: the fault that brought it there; None if the month is too young.
    """

    scenario: Scenario
    period_start_ms: int
    fault_ms: int
    lost_gpu_ms: Fraction
    committed_gpu_ms: int
    outage: Fault | None


def seed_fleet(
    seed: int,
    contract: ContractVersion,
    slots: Sequence[Slot],
    held: Sequence[Slot],
    *,
    now_ms: int,
    fault_ms: int,
) -> Seeded:
    """
    Draw the fleet's fate from the start of the month before now's until now.

    slots: the whole fleet.  held: those that serve the contract, which is sold by domain.
    fault_ms: when the demo will inject its fault, at or after now_ms.
    """
    month = period_at(contract, now_ms).interval
    span = Interval(period_before(contract, period_at(contract, now_ms)).interval.start_ms, now_ms)
    random = Random(f"gpusla demo {seed}")  # noqa: S311  (a demo; it must repeat)
    scenario = _until(draw(seed, tuple(slots), span, RATES, align_ms=SECOND_MS), now_ms - QUIET_MS)
    before = _switch_fault(
        "last-month",
        held,
        span.start_ms + random.randrange(5, 20) * 24 * HOUR_MS,
        LAST_MONTH_OUTAGE_MS,
    )
    scenario = scenario.with_faults([before])
    to_date = Interval(month.start_ms, fault_ms)
    if _spare_ms(scenario, contract, held, to_date) < 0:
        scenario = _without(scenario, held, month.start_ms)
    outage = _outage(scenario, contract, held, to_date, now_ms=now_ms, random=random)
    if outage is not None:
        scenario = scenario.with_faults([outage])
    lost = _lost(scenario, contract, held, to_date)
    committed = _committed(contract) * to_date.duration_ms
    return Seeded(scenario, month.start_ms, fault_ms, lost, committed, outage)


def _outage(
    scenario: Scenario,
    contract: ContractVersion,
    held: Sequence[Slot],
    to_date: Interval,
    *,
    now_ms: int,
    random: Random,
) -> Fault | None:
    """Return an outage of the rack that uses up what may be lost but for the margin."""
    length_ms = _spare_ms(scenario, contract, held, to_date)
    latest_ms = (
        now_ms - QUIET_MS if now_ms - to_date.start_ms > 3 * QUIET_MS else now_ms - MARGIN_MS
    )
    room_ms = latest_ms - length_ms - to_date.start_ms
    if length_ms < SECOND_MS or room_ms < SECOND_MS:
        return None
    start_ms = to_date.start_ms + random.randrange(room_ms // 4, room_ms * 3 // 4 + 1)
    start_ms -= start_ms % SECOND_MS
    fault = _switch_fault("this-month", held, start_ms, length_ms)
    for _ in range(ROUNDS):  # where it lies over other faults, a second of it costs less
        rest_ms = _spare_ms(scenario.with_faults([fault]), contract, held, to_date)
        if not rest_ms:
            break
        fault = _switch_fault("this-month", held, start_ms, fault.end_ms - start_ms + rest_ms)
    return fault


def _spare_ms(
    scenario: Scenario, contract: ContractVersion, held: Sequence[Slot], to_date: Interval
) -> int:
    """Return for how long the whole rack may still be lost but for the margin, in whole seconds."""
    gpus = _committed(contract)
    first = max(tier.below for tier in tiers_of(contract))
    allowed = (1 - first) * gpus * to_date.duration_ms
    spare = (allowed - _lost(scenario, contract, held, to_date)) / gpus - MARGIN_MS
    return spare // SECOND_MS * SECOND_MS


def _lost(
    scenario: Scenario, contract: ContractVersion, held: Sequence[Slot], to_date: Interval
) -> Fraction:
    """Return the contract's true loss in GPU-milliseconds, by the simulation's own arithmetic."""
    gpus = _committed(contract)
    objective = _promise(contract)
    terms = Terms(
        held={slot: [to_date] for slot in held},
        committed=[(to_date.start_ms, gpus)],
        min_healthy=contract.capacity.min_healthy_gpus,
        is_by_domain=True,
        degraded_fraction=lambda reason: objective.degraded.fraction((reason,)),
        is_unknown_delivered=objective.unknown.policy is UnknownPolicy.TENANT_BEARS,
    )
    relevant = Scenario(tuple(held), scenario.of(held), scenario.seed)
    delivered = delivered_gpu_ms(relevant, terms, to_date, SECOND_MS)
    return gpus * to_date.duration_ms - delivered


def tiers_of(contract: ContractVersion) -> tuple[Tier, ...]:
    """Return the credit tiers of the capacity that a demo's contract promises."""
    credit = _promise(contract).credit
    assert isinstance(credit, Step), "the demo tells of a contract with tiers"
    return credit.tiers


def _promise(contract: ContractVersion) -> Objective:
    objective = contract.capacity_objective
    assert objective is not None, "the demo tells of a contract about capacity"
    return objective


def _committed(contract: ContractVersion) -> int:
    return contract.capacity.ramp[-1].gpus


def _switch_fault(name: str, slots: Sequence[Slot], start_ms: int, length_ms: int) -> Fault:
    return Fault(
        f"nvlink_switch-{name}",
        FaultKind.NVLINK_SWITCH,
        tuple(slots),
        start_ms,
        start_ms + length_ms,
    )


def _until(scenario: Scenario, end_ms: int) -> Scenario:
    """Return the scenario without what still goes on, or begins, after end_ms."""
    faults = tuple(fault for fault in scenario.faults if fault.end_ms <= end_ms)
    return Scenario(scenario.slots, faults, scenario.seed)


def _without(scenario: Scenario, slots: Sequence[Slot], since_ms: int) -> Scenario:
    """Return the scenario without these slots' faults since an instant."""
    gone = set(slots)
    faults = tuple(
        fault
        for fault in scenario.faults
        if fault.end_ms <= since_ms or gone.isdisjoint(fault.slots)
    )
    return Scenario(scenario.slots, faults, scenario.seed)
