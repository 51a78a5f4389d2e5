"""Sections 7 and 8 of sla-engine.md: time that units are down, and what is lost of it."""

from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.promises import (
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Objective,
    PerformanceSource,
    RunCount,
    Scope,
    UnknownPolicy,
)
from gpusla.identity import Slot
from tests.reference.case import BOUNDS, MINUTE_MS, Ticks, runs
from tests.reference.measured import Measured, Thing, added
from tests.reference.slots import Part, Scene
from tests.reference.units import each, unit_rows, unit_state, units

SLOT_MS = 5 * MINUTE_MS
ALL = "all"

States = list[str]
"""Of a unit, tick by tick: `absent`, `up`, `down` or `out` of the count."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A unit, or all of them, in one bound: its states, and when all its held slots are excused."""

    raw: States
    judged: States
    is_excused: list[bool]


def measure_downtime(scene: Scene, objective: Objective) -> Measured:
    """7, and 8 with its changes."""
    slots = units(scene)
    watched = {
        bound: {name: _watch(scene, objective, name, slots[name], bound) for name in slots}
        for bound in BOUNDS
    }
    if objective.kind in {Kind.TIME_ANY_DOWN, Kind.TIME_ALL_DOWN}:  # 7.2
        watched = {bound: {ALL: _together(scene, objective, watched[bound])} for bound in BOUNDS}
    names = sorted(watched["value"])
    things = [_thing(scene, objective, name, watched) for name in names]
    return added(things, has_units=objective.scope is Scope.UNIT)  # 7.5


def _watch(scene: Scene, objective: Objective, name: str, slots: list[Slot], bound: str) -> Watched:
    capacity = scene.case.contract.capacity
    raw, judged = unit_rows(scene, objective, slots, bound)
    excused = [bool(parts) and all(part.is_excused for part in parts) for parts in judged]
    performance = objective.performance
    if performance is not None and performance.source is PerformanceSource.MEASUREMENTS:
        states = _measured_states(scene, objective, name, bound)
        seen = [states[tick] if raw[tick] else "absent" for tick in scene.ticks]
        judged_so = ["up" if excused[tick] else seen[tick] for tick in scene.ticks]
        return Watched(seen, judged_so, excused)

    def state(parts: list[Part]) -> str:
        return unit_state(parts, capacity, objective)

    return Watched(each(raw, state), each(judged, state), excused)


def _measured_states(scene: Scene, objective: Objective, name: str, bound: str) -> States:
    """8: the smallest value that holds against the floor."""
    assert objective.performance is not None
    values: list[list[Fraction]] = [[] for _ in scene.ticks]
    for one in scene.case.facts.measurements.get(objective.id, {}).get(name, ()):
        for tick in scene.ticks.within(one.interval.start_ms, one.interval.end_ms):
            values[tick].append(one.value)
    unknown = {"low": "down", "high": "up"}.get(bound) or {
        UnknownPolicy.PROVIDER_BEARS: "down",
        UnknownPolicy.TENANT_BEARS: "up",
        UnknownPolicy.EXCLUDE: "out",
    }[objective.unknown.policy]
    floor = objective.performance.floor
    return [
        unknown if not several else "down" if min(several) < floor else "up" for several in values
    ]


def _together(scene: Scene, objective: Objective, watched: dict[str, Watched]) -> Watched:
    """7.2: all units as one thing."""
    excused = []
    for tick in scene.ticks:
        here = [slot for slot in scene.held if scene.held[slot][tick] is not None]
        excused.append(bool(here) and all(scene.excused[slot][tick] for slot in here))
    raw = [
        _as_one(objective.kind, [one.raw[tick] for one in watched.values()]) for tick in scene.ticks
    ]
    judged = [
        _as_one(objective.kind, [one.judged[tick] for one in watched.values()])
        for tick in scene.ticks
    ]
    return Watched(raw, judged, excused)


def _as_one(kind: Kind, states: States) -> str:
    existing = [state for state in states if state != "absent"]
    if not existing:
        return "absent"
    settled = "down" if kind is Kind.TIME_ANY_DOWN else "up"
    if settled in existing:  # one is enough, whatever those out of the count would be
        return settled
    if "out" in existing:
        return "out"
    return "up" if kind is Kind.TIME_ANY_DOWN else "down"


def _thing(
    scene: Scene, objective: Objective, name: str, watched: dict[str, dict[str, Watched]]
) -> Thing:
    thing = Thing(name)
    for bound in BOUNDS:
        one = watched[bound][name]
        down = down_ticks(scene, objective, one)
        counted = _counted(scene, objective, one)
        thing.down[bound] = down
        thing.total[bound] = Fraction(len(counted) * scene.ticks.length_ms)  # 7.4
        lost = sum(1 for tick in counted if down[tick])  # 7.3, its last sentence
        thing.lost[bound] = Fraction(lost * scene.ticks.length_ms)
    thing.whole = _whole(scene, objective, thing)
    return thing


def down_ticks(scene: Scene, objective: Objective, one: Watched) -> list[bool]:
    """7.3: the ticks that count as down, also beyond the window."""
    raw = [state == "down" for state in one.raw]
    judged = [state == "down" for state in one.judged]
    in_runs = judged if objective.min_outage.splits else raw
    forgiven = forgiven_ticks(scene, objective.min_outage, in_runs, scene.reach)
    left = [judged[tick] and not forgiven[tick] for tick in scene.ticks]  # 7.3 b
    return _coarse(scene, objective.granularity, left)


def forgiven_ticks(scene: Scene, minimum: MinOutage, flags: list[bool], where: range) -> list[bool]:
    """7.3 a and 6.1: outages that are too short, or the first part of the others."""
    forgiven = [False for _ in flags]
    for run in runs(flags, where):
        length_ms = len(run) * scene.ticks.length_ms
        for tick in run:
            since_ms = (tick - run.start) * scene.ticks.length_ms
            is_first_part = minimum.count is RunCount.EXCESS_ONLY and since_ms < minimum.length_ms
            forgiven[tick] = length_ms < minimum.length_ms or is_first_part
    return forgiven


def _coarse(scene: Scene, granularity: Granularity, down: list[bool]) -> list[bool]:
    """7.3 c."""
    if granularity is Granularity.EXACT:
        return down
    coarse = [False for _ in down]
    if granularity in {Granularity.SLOTS_ANY, Granularity.SLOTS_ALL}:
        enough = any if granularity is Granularity.SLOTS_ANY else all
        slots = _pieces(scene.to_date, SLOT_MS // scene.ticks.length_ms, 0)
        pieces = [slot for slot in slots if enough(down[tick] for tick in slot)]
    else:
        is_clock = granularity is Granularity.CLOCK_MINUTES
        pieces = [
            minute
            for run in runs(down, scene.reach)
            for minute in _whole_minutes(scene.ticks, run, is_clock=is_clock)
        ]
    for piece in pieces:
        for tick in piece:
            coarse[tick] = True
    return coarse


def _whole_minutes(ticks: Ticks, run: range, *, is_clock: bool) -> list[range]:
    per_minute = MINUTE_MS // ticks.length_ms
    into_minute = ticks.begin_ms(run.start) // ticks.length_ms % per_minute if is_clock else 0
    minutes = _pieces(run, per_minute, -into_minute % per_minute)
    return [minute for minute in minutes if len(minute) == per_minute]


def _pieces(where: range, length: int, offset: int) -> list[range]:
    """Cut a range into pieces of a length after an offset; the last one may be shorter."""
    starts = range(where.start + offset, where.stop, length)
    return [range(start, min(start + length, where.stop)) for start in starts]


def _counted(scene: Scene, objective: Objective, one: Watched) -> list[int]:
    """7.4: the ticks that total counts."""
    exists = [state != "absent" for state in one.judged]
    if not any(exists[tick] for tick in scene.to_date):
        return []
    counted = [tick for tick in scene.to_date if one.judged[tick] != "out"]
    if objective.denominator is Denominator.EXISTENCE_OF_UNIT:
        return [tick for tick in counted if exists[tick]]
    if objective.denominator is Denominator.MINUS_EXCLUSIONS:
        return [tick for tick in counted if not one.is_excused[tick]]
    return counted


def _whole(scene: Scene, objective: Objective, thing: Thing) -> Fraction:
    """12.4: total of the value to date, and the rest as if nothing was excused or unknown."""
    rest = range(scene.to_date.stop, scene.whole.stop)
    slots = list(scene.held) if thing.name == ALL else units(scene)[thing.name]

    def exists(tick: int) -> bool:
        return any(scene.held[slot][tick] is not None for slot in slots)

    if objective.denominator is Denominator.EXISTENCE_OF_UNIT:
        more = sum(1 for tick in rest if exists(tick))
        return thing.total["value"] + more * scene.ticks.length_ms
    if any(exists(tick) for tick in scene.to_date):
        return thing.total["value"] + len(rest) * scene.ticks.length_ms
    if any(exists(tick) for tick in rest):
        return Fraction(len(scene.whole) * scene.ticks.length_ms)
    return Fraction(0)
