"""Small worlds for Hypothesis: a handful of slots over a few milliseconds, everything allowed."""

from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion, Degraded, UnknownPolicy
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import Excused
from gpusla.journal.model import Condition, Finding
from gpusla.sla.periods import Period
from gpusla.timeline.model import Evidence, StateSpan
from tests.core.sla.making import CONTRACT, committing, racks, short_period

LENGTH_MS = 24
SLOTS = [Slot("c2", f"r{rack}", "t01", f"m{module}") for rack in (1, 2) for module in range(3)]
CONDITIONS = [
    Condition(State.OK),
    Condition(State.DOWN, (Finding("fabric_down"),)),
    Condition(State.DEGRADED, (Finding("thermal_slowdown"),)),
    Condition(State.DEGRADED, (Finding("power_limit"),)),
    Condition(State.UNKNOWN, (Finding("gpu_unobservable"),)),
]


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a judgement needs."""

    contract: ContractVersion
    period: Period
    spans: list[StateSpan]
    held: dict[Slot, tuple[Interval, ...]]
    excused: dict[Slot, tuple[Excused, ...]]


def intervals(start_ms: int) -> st.SearchStrategy[Interval]:
    """Some time in or around the period."""
    ends = st.tuples(st.integers(-4, LENGTH_MS + 4), st.integers(-4, LENGTH_MS + 4))
    return ends.map(lambda pair: Interval(start_ms + min(pair), start_ms + max(pair)))


@st.composite
def spans(draw: st.DrawFn, start_ms: int, slots: list[Slot]) -> StateSpan:
    """A record of some slot, which may overlap with and contradict others."""
    interval = draw(intervals(start_ms))
    condition = draw(st.sampled_from(CONDITIONS))
    other = draw(st.sampled_from([None, None, *CONDITIONS]))
    sequence = draw(st.integers(1, 9))
    return StateSpan(
        draw(st.sampled_from(slots)),
        interval.start_ms,
        interval.end_ms,
        condition,
        None if other == condition else other,
        draw(st.sampled_from([0, 0, 1, 3, None])),
        Evidence(NodeName(draw(st.sampled_from(["n1", "n2"]))), sequence, sequence),
    )


@st.composite
def contracts(draw: st.DrawFn) -> ContractVersion:
    """Any way of counting."""
    contract = CONTRACT
    if draw(st.booleans()):
        contract = racks(contract, draw(st.integers(1, 3)), 3)
    degraded = Degraded(
        draw(st.sampled_from([Fraction(0), Fraction(1), Fraction(3, 4)])),
        {"thermal_slowdown": Fraction(1, 2), "power_limit": Fraction(2, 3)},
    )
    objective = replace(
        contract.objective,
        degraded=degraded,
        unknown=draw(st.sampled_from(UnknownPolicy)),
        clock_error_ms=2,
    )
    return replace(committing(contract, draw(st.integers(0, 7))), objective=objective)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A contract, what was seen, what was held, what was excused."""
    contract = draw(contracts())
    period = short_period(contract, LENGTH_MS)
    start_ms = period.interval.start_ms
    slots = draw(st.lists(st.sampled_from(SLOTS), min_size=1, max_size=6, unique=True))
    seen = draw(st.lists(spans(start_ms, slots), max_size=12))
    # Most slots are seen whole, or nearly all time would be unknown.
    for slot in slots[1:]:
        evidence = Evidence(NodeName("n1"), 1, 1)
        seen.append(
            StateSpan(
                slot,
                start_ms,
                start_ms + LENGTH_MS,
                CONDITIONS[0],
                error_ms=draw(st.sampled_from([0, 2])),
                evidence=evidence,
            )
        )
    whole = (period.interval,)
    parts = st.lists(intervals(start_ms), max_size=2).map(tuple)
    held = {slot: draw(st.one_of(st.just(whole), parts)) for slot in slots}
    excused = {
        slot: tuple(Excused(interval, "window") for interval in draw(parts))
        for slot in draw(st.lists(st.sampled_from(slots), max_size=2, unique=True))
    }
    return World(contract, period, seen, held, excused)
