"""
One simulated month, judged, beside its truth.

The truth (`gpusla.simulation.truth`) shares nothing with what judges.  It must lie within the
bounds of what was delivered; where all changes fall on samples and clocks are right, the value must
be it.  `tests.end_to_end.thousand_months` goes through many.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from gpusla.catalogue.reasons import State
from gpusla.contracts.load import load_contract
from gpusla.contracts.model import CapacityUnit, ContractVersion, RampStep
from gpusla.contracts.promises import Unknown, UnknownPolicy
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.simulation.faults import FaultKind, Sight
from gpusla.simulation.plan import Rates
from gpusla.simulation.scenario import Scenario
from gpusla.simulation.truth import Terms, delivered_gpu_ms
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Bounds
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.periods import Period, period_of
from gpusla.timeline.build import build
from gpusla.timeline.columns import claims_of, resolve
from tests.end_to_end.months import (
    BUSY,
    DAY_MS,
    INTERVAL_MS,
    MARGIN_MS,
    VALID_MS,
    Lived,
    Trouble,
    World,
)

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "examples" / "contracts" / "reflection-2026.yaml"
MONTHS = ("2026-08", "2026-11", "2027-02", "2027-03")
"""One is plain, in one clocks go back, one is short, and in one clocks go forward."""

HALVES = frozenset({"thermal_slowdown", "power_brake", "power_limit"})
"""What the contract gives half of a GPU for."""

GPUS = 16
ALIGNED = Trouble()
TROUBLES = (
    ALIGNED,
    Trouble(restarts=3),
    Trouble(restarts=3, error_ms=5_000, steps=4),
    Trouble(restarts=3, error_ms=5_000, is_error_known=False, steps=4),
)
"""By seed, in turn.  Of a clock whose error nobody knows the contract says 5 seconds."""

EDGES = 4
"""So many moments of a month are counted by themselves."""

MOMENT_MS = 30_000

NO_GAPS = replace(BUSY, gap_days=10_000_000, gap_with_failure_ratio=0)


@dataclass(frozen=True, slots=True)
class Deal:
    """A contract and what it holds when, and the same in the simulation's plain values."""

    version: ContractVersion
    period: Period
    held: Mapping[Slot, Interval]
    committed: tuple[tuple[int, int], ...]

    @property
    def is_lenient(self) -> bool:
        """Whether time that nobody observed counts as delivered."""
        return self.version.objectives[0].unknown.policy is UnknownPolicy.TENANT_BEARS

    def terms(self, *, is_lenient: bool) -> Terms:
        """Return what counts, for the truth."""
        capacity = self.version.capacity
        is_by_domain = capacity.unit is CapacityUnit.NVL72_DOMAIN
        return Terms(
            held={slot: [one] for slot, one in self.held.items()},
            committed=self.committed,
            min_healthy=capacity.min_healthy_gpus if is_by_domain else 1,
            is_by_domain=is_by_domain,
            degraded_fraction=lambda reason: Fraction(1, 2) if reason in HALVES else Fraction(1),
            is_unknown_delivered=is_lenient,
        )


@dataclass(frozen=True, slots=True)
class Count:
    """
    What was delivered in a month until an instant, in GPU-milliseconds.

    true: what was so, seen or not.  least, most: with what no agent could tell as lost, and as
    delivered.  is_timed: whether clocks were right.  is_aligned: whether all changes fell on
    samples as well.  is_lenient: whether the value takes the most.
    """

    until_ms: int
    committed: int
    delivered: Bounds[Fraction]
    true: Fraction
    least: Fraction
    most: Fraction
    is_timed: bool
    is_aligned: bool
    is_lenient: bool

    @property
    def holds(self) -> bool:
        """
        Whether the bounds hold the truth and the value, and the value is what it has to be.

        Right clocks must have in their bounds all that was unseen, too.  Wrong ones may hide a
        silence that is shorter than they are wrong; what was so lies within even then.
        """
        low, value, high = self.delivered.low, self.delivered.value, self.delivered.high
        is_within = low <= self.true <= high and low <= value <= high
        is_open = low <= self.least and self.most <= high
        due = self.most if self.is_lenient else self.least
        return (
            is_within and (is_open or not self.is_timed) and (not self.is_aligned or value == due)
        )

    @property
    def hides_a_silence(self) -> bool:
        """Whether time that nobody observed is in no bound."""
        return self.least < self.delivered.low or self.delivered.high < self.most

    @property
    def margin(self) -> Fraction:
        """How far the truth lies inside the nearer bound."""
        return min(self.true - self.delivered.low, self.delivered.high - self.true)


@dataclass(frozen=True, slots=True)
class Month:
    """
    A month of a seed, counted as a whole, and for moments alone.

    moments: half a minute each, up to a moment before or after something began or ended.  The sums
    of a whole month would not tell that it was seen too early or too late.
    """

    seed: int
    whole: Count
    moments: tuple[Count, ...]

    @property
    def holds(self) -> bool:
        """Whether all counts hold."""
        return all(count.holds for count in (self.whole, *self.moments))


def month_of(world: World, seed: int) -> Month:
    """Live through a month, judge it, and say what was true."""
    random = Random(f"deal {seed}")  # noqa: S311  (a simulation; it must repeat)
    deal, trouble = deal_of(random, world.slots), TROUBLES[seed % len(TROUBLES)]
    is_aligned = trouble == ALIGNED
    rates: Rates = NO_GAPS if is_aligned and random.random() < 1 / 2 else BUSY
    align_ms = INTERVAL_MS if is_aligned else 1
    lived = world.live(seed, reach_of(deal.period), trouble, rates, align_ms)
    facts = facts_of(deal, lived, in_columns=random.random() < 1 / 2)
    instants = _near_edges(random, lived, deal.period.interval, align_ms)
    whole = _count(deal, lived, facts, deal.period.interval.end_ms, trouble=trouble)
    moments = (
        _count(_held_for_a_moment(deal, at_ms), lived, facts, at_ms, trouble=trouble)
        for at_ms in instants
    )
    return Month(seed, whole, tuple(moments))


def _held_for_a_moment(deal: Deal, until_ms: int) -> Deal:
    """Return a deal that holds its slots only for half a minute, up to an instant."""
    since_ms = until_ms - MOMENT_MS
    held = {
        slot: Interval(max(one.start_ms, since_ms), one.end_ms)
        for slot, one in deal.held.items()
        if since_ms < one.end_ms
    }
    return replace(deal, held=held)


def _near_edges(random: Random, lived: Lived, span: Interval, align_ms: int) -> list[int]:
    faults = lived.scenario.faults
    edges = sorted({edge for fault in faults for edge in (fault.start_ms, fault.end_ms)})
    inside = [edge for edge in edges if span.start_ms + DAY_MS < edge < span.end_ms]
    off_ms = (random.randint(-6_000, 12_000) // align_ms * align_ms for _ in range(EDGES))
    chosen = random.sample(inside, min(EDGES, len(inside)))
    return [edge + off for edge, off in zip(chosen, off_ms, strict=False)]


def _count(deal: Deal, lived: Lived, facts: Facts, until_ms: int, *, trouble: Trouble) -> Count:
    span = Interval(deal.period.interval.start_ms, until_ms)
    facts = replace(facts, held=_holdings_of(deal))
    account = evaluate(deal.version, deal.period, until_ms, facts, explain=False).account
    least, most = (
        delivered_gpu_ms(lived.scenario, deal.terms(is_lenient=is_lenient), span, VALID_MS)
        for is_lenient in (False, True)
    )
    return Count(
        until_ms,
        account.committed_gpu_ms,
        account.delivered_gpu_ms,
        delivered_gpu_ms(_in_sight(lived.scenario), deal.terms(is_lenient=False), span, VALID_MS),
        least,
        most,
        is_timed=trouble.error_ms == 0,
        is_aligned=trouble == ALIGNED,
        is_lenient=deal.is_lenient,
    )


def _in_sight(scenario: Scenario) -> Scenario:
    """Return the same fate for all to see: who is silent or cannot tell changes nothing of it."""
    shown = (
        replace(fault, kind=FaultKind.GPU_LOST) if fault.effect.state is State.DOWN else fault
        for fault in scenario.faults
        if fault.effect.sight is Sight.SEEN or fault.effect.state is not State.OK
    )
    return replace(scenario, faults=tuple(shown))


def reach_of(period: Period) -> Interval:
    """Return the time that the fleet lives, so that a month can be judged."""
    span = period.interval
    return Interval(span.start_ms - MARGIN_MS, span.end_ms + MARGIN_MS)


def facts_of(deal: Deal, lived: Lived, *, in_columns: bool) -> Facts:
    """Return what a judgement is given, with the timeline in one form or the other."""
    reach, slots = reach_of(deal.period), lived.scenario.slots
    timeline = (
        resolve(claims_of(lived.spans, slots), reach)
        if in_columns
        else build(lived.spans, slots, reach)
    )
    return Facts(timeline, _holdings_of(deal))


def _holdings_of(deal: Deal) -> dict[Slot, tuple[Holding, ...]]:
    return {slot: (Holding(one, "gb300"),) for slot, one in deal.held.items()}


def deal_of(random: Random, slots: tuple[Slot, ...]) -> Deal:
    """Draw a contract: its unit, its minimum, who bears the unknown, how much from when on."""
    example = load_contract(CONTRACT.read_bytes(), str(CONTRACT))
    period = period_of(example, random.choice(MONTHS))
    policy = random.choice((UnknownPolicy.PROVIDER_BEARS, UnknownPolicy.TENANT_BEARS))
    (objective,) = example.objectives
    steps = _ramp(random, period)
    capacity = replace(
        example.capacity,
        unit=random.choice((CapacityUnit.GPU, CapacityUnit.NVL72_DOMAIN)),
        gpus_per_unit=8,
        min_healthy_gpus=random.choice((1, 5, 7, 8)),
        ramp=tuple(RampStep(day, gpus) for day, gpus in steps),
    )
    if capacity.unit is CapacityUnit.GPU:
        capacity = replace(capacity, gpus_per_unit=1, min_healthy_gpus=1)
    version = replace(
        example,
        capacity=capacity,
        objectives=(replace(objective, unknown=Unknown(policy, 0)),),
    )
    midnights = tuple((_midnight_ms(day), gpus) for day, gpus in steps)
    return Deal(version, period, dict(_holdings(random, period, slots)), midnights)


def _ramp(random: Random, period: Period) -> tuple[tuple[date, int], ...]:
    """Return from which day on how many GPUs are promised; the second step lies in the month."""
    first = (date(2026, 7, 1), random.choice((12, GPUS)))
    later = (period.first_day.replace(day=random.randint(2, 27)), random.choice((10, GPUS)))
    return random.choice(((first,), (first, later)))


def _midnight_ms(day: date) -> int:
    """Return the start of a day in Chicago, by a way of its own; clocks change there at two."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/Chicago"))
    return round(midnight.timestamp()) * 1_000


def _holdings(
    random: Random, period: Period, slots: tuple[Slot, ...]
) -> list[tuple[Slot, Interval]]:
    """Return when each slot serves the contract: most of them throughout."""
    reach = reach_of(period)
    found = []
    for slot in slots:
        late_ms = random.choice((0,) * 7 + (random.randrange(20 * DAY_MS),))
        found.append((slot, Interval(reach.start_ms + late_ms, reach.end_ms)))
    return found
