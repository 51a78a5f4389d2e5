"""
Small worlds for the kernel, in ticks of twenty seconds, so that each tick can be judged by itself.

Everything in them, clock errors and settle included, is a whole number of ticks; three are a
minute, fifteen a slot of five minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import pairwise
from random import Random

from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import (
    Acceptance,
    AcceptedSku,
    CapacityUnit,
    ContractVersion,
    OverDelivery,
    Partial,
    RampStep,
)
from gpusla.contracts.promises import (
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Objective,
    Performance,
    PerformanceSource,
    RunCount,
    Unknown,
    UnknownPolicy,
)
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.sla.facts import Facts, Holding, Measured
from gpusla.timeline.build import build
from gpusla.timeline.intervals import union
from gpusla.timeline.model import StateSpan, Timeline
from tests.core.contracts.terms import contract, objective

TICK_MS = 20_000
DAY = date(2026, 7, 15)
MIDNIGHT_MS = start_of_day_ms(DAY, "America/Chicago")
# The ramp steps in the middle of what is judged, which begins at no whole minute.
ORIGIN_MS = MIDNIGHT_MS - 34 * TICK_MS

SLOTS = tuple(
    Slot("c2", rack, tray, module)
    for rack, tray, module in (
        ("r1", "t1", "m0"),
        ("r1", "t1", "m1"),
        ("r1", "t2", "m0"),
        ("r2", "t1", "m0"),
        ("r2", "t1", "m1"),
    )
)

OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost"),))
LINK_DOWN = Condition(State.DOWN, (Finding("nvlink_degraded"),))
HALF = Condition(State.DEGRADED, (Finding("power_limit"),))
THIRD = Condition(State.DEGRADED, (Finding("nvlink_degraded"), Finding("power_limit")))
UNSEEN = Condition(State.UNKNOWN, (Finding("not_observed"),))
CONDITIONS = (OK, OK, DOWN, LINK_DOWN, HALF, THIRD, UNSEEN)

SKUS = {"gb300": Fraction(1), "gb200": Fraction(2, 3), "h100": Fraction(0)}


def at(tick: int) -> int:
    """Return the instant of a tick."""
    return ORIGIN_MS + tick * TICK_MS


def span(tick: int, until: int) -> Interval:
    """Return the time from a tick to another."""
    return Interval(at(tick), at(until))


@dataclass(frozen=True)
class World:
    """What a measure depends on; the reach begins at tick 0."""

    seed: int
    contract: ContractVersion
    objective: Objective
    window: tuple[int, int]
    until: int
    reach: int
    spans: tuple[StateSpan, ...]
    held: Mapping[Slot, Sequence[Holding]]
    excused: Mapping[Slot, tuple[Interval, ...]] = field(default_factory=dict)
    measured: Mapping[str, Sequence[Measured]] = field(default_factory=dict)

    @property
    def timeline(self) -> Timeline:
        """What was seen, without the slot that nobody knows of."""
        return build(self.spans, SLOTS[:-1], span(0, self.reach))

    @property
    def facts(self) -> Facts:
        """The facts."""
        return Facts(self.timeline, self.held, measurements={self.objective.id: self.measured})


def stretch(chance: Random, reach: int) -> tuple[int, int]:
    """Return some stretch of ticks inside the reach."""
    start = chance.randrange(reach)
    return start, min(reach, start + chance.randint(1, 30))


def seen(chance: Random, reach: int) -> tuple[StateSpan, ...]:
    """Return spans of most slots, and gaps."""
    spans = []
    for slot in SLOTS:
        tick = chance.randint(0, 3)
        while tick < reach:
            end = min(reach, tick + chance.randint(1, 30))
            condition = chance.choice(CONDITIONS)
            other = chance.choice((None, None, chance.choice(CONDITIONS)))
            error = chance.choice((0, 0, 1, 3, None))
            error_ms = None if error is None else error * TICK_MS
            spans.append(StateSpan(slot, at(tick), at(end), condition, other, error_ms))
            tick = end + chance.choice((0, 0, 0, 0, 2))
    return tuple(spans)


def holdings(chance: Random, reach: int) -> dict[Slot, tuple[Holding, ...]]:
    """Return when slots are held: mostly always, at times in parts and of several SKUs."""
    held = {}
    for slot in SLOTS:
        cuts = [-40, reach + 40]
        if chance.randrange(2):
            cuts = sorted(chance.sample(range(-5, reach + 5), chance.randint(0, 3)))
        pairs = [pair for pair in pairwise(cuts) if chance.randrange(4)]
        held[slot] = tuple(
            Holding(span(*pair), chance.choice(("gb300", "gb300", "gb300", "gb200", "h100")))
            for pair in pairs
        )
    return held


def excusals(chance: Random, reach: int) -> dict[Slot, tuple[Interval, ...]]:
    """Return excused time of no slots, some, or all at once."""
    some = chance.sample(SLOTS, chance.randint(0, len(SLOTS)))
    excused = {
        slot: union([span(*stretch(chance, reach)) for _ in range(chance.randint(1, 2))])
        for slot in some
    }
    if excused and chance.randrange(2):
        return dict.fromkeys(SLOTS, excused[some[0]])
    return excused


def terms(chance: Random) -> ContractVersion:
    """Return a contract's delivery terms."""
    return contract(
        capacity={
            "unit": chance.choice(list(CapacityUnit)),
            "min_healthy_gpus": chance.randint(0, 3),
            "partial": chance.choice(list(Partial)),
            "ramp": (
                RampStep(date(2026, 7, 1), chance.randint(0, 6)),
                RampStep(DAY, chance.randint(0, 6)),
            ),
            "over_delivery": chance.choice(list(OverDelivery)),
            "accepted_skus": tuple(AcceptedSku(sku, weight) for sku, weight in SKUS.items()),
            "acceptance": Acceptance(
                chance.choice((0, 0, 4, 50)) * TICK_MS, chance.choice((0, 0, 1, 5)) * TICK_MS
            ),
        }
    )


def promise(chance: Random, kind: Kind) -> Objective:
    """Return an objective of a kind."""
    least = MinOutage(
        chance.choice((0, 0, 3, 8)) * TICK_MS,
        chance.choice(list(RunCount)),
        splits=chance.random() < 0.5,
    )
    unknown = Unknown(chance.choice(list(UnknownPolicy)), chance.choice((0, 0, 2, 9)) * TICK_MS)
    fractions = {"power_limit": Fraction(1, 2), "nvlink_degraded": Fraction(1, 3)}
    full = (Denominator.FULL_WINDOW, Denominator.MINUS_EXCLUSIONS)
    is_capacity = kind is Kind.CAPACITY
    source = chance.choice(list(PerformanceSource))
    performance = Performance(source, ("nvlink_degraded",), "metric", Fraction(5))
    return objective(
        kind=kind,
        min_outage=least,
        unknown=unknown,
        degraded={"by_reason": chance.choice(({}, fractions))},
        clock_error_ms=chance.choice((0, 2)) * TICK_MS,
        denominator=chance.choice(full if is_capacity else list(Denominator)),
        granularity=Granularity.EXACT if is_capacity else chance.choice(list(Granularity)),
        performance=performance if kind is Kind.PERFORMANCE else None,
    )


def measurements(chance: Random, reach: int) -> dict[str, tuple[Measured, ...]]:
    """Return what was measured of units, at times twice, or of one that there is not."""
    names = (*map(str, SLOTS), "c2/r1/t1", "c2/r1/t2", "c2/r1", "c2/r2", "cluster", "nobody")
    return {
        name: tuple(
            Measured(span(*stretch(chance, reach)), Fraction(chance.randint(4, 6)))
            for _ in range(chance.randint(0, 4))
        )
        for name in names
    }


def world_of(seed: int, kinds: tuple[Kind, ...]) -> World:
    """Return the world of a seed, with an objective of one of some kinds."""
    chance = Random(seed)  # noqa: S311  (a world of a seed, no secret)
    reach = chance.randint(40, 70)
    start = chance.randint(0, 20)
    end = chance.randint(start + 10, reach + 10)
    return World(
        seed,
        terms(chance),
        promise(chance, chance.choice(kinds)),
        (start, end),
        chance.choice((end, chance.randint(start, end + 5))),
        reach,
        seen(chance, reach),
        holdings(chance, reach),
        excusals(chance, reach) if chance.randrange(2) else {},
        measurements(chance, reach),
    )


def worlds(*kinds: Kind) -> st.SearchStrategy[World]:
    """
    Return worlds with an objective of one of some kinds.

    Whole worlds are drawn by a seed: a choice for each part of one takes longer than judging it.
    """
    return st.integers(0, 2**32 - 1).map(lambda seed: world_of(seed, kinds))
