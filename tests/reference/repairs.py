"""Section 10 of sla-engine.md: how soon what failed was back."""

from dataclasses import dataclass

from gpusla.contracts.promises import ClockStart, Objective, Scope
from gpusla.contracts.remedies import Lateness, LatenessCount
from tests.reference.case import BOUNDS, runs
from tests.reference.downtime import forgiven_ticks
from tests.reference.measured import Measured, Thing, added
from tests.reference.slots import Scene
from tests.reference.units import each, unit_rows, unit_state, units


@dataclass(frozen=True, slots=True)
class Failure:
    """
    A failed unit from the tick at which its clock starts until it is back.

    start: None if the clock has not started.  end: None if it is not back.
    """

    start: int | None
    end: int | None


def measure_repairs(scene: Scene, objective: Objective) -> Measured:
    """10."""
    names = set(units(scene)) | {repair.unit for repair in scene.case.facts.repairs}
    things = [Thing(name) for name in sorted(names)]
    for thing in things:
        excused = _excused(scene, thing.name)
        for bound in BOUNDS:
            thing.late_steps[bound] = 0
            for failure in _failures(scene, objective, thing, bound):
                shown = _clock(scene, failure, excused)
                _count(scene, objective, failure, shown, (thing, bound))
        thing.whole = thing.total["value"]  # 12.4
    return added(things, has_units=objective.scope is Scope.UNIT)


def _count(
    scene: Scene,
    objective: Objective,
    failure: Failure,
    shown: dict[int, int],
    where: tuple[Thing, str],
) -> None:
    assert objective.replacement is not None
    thing, bound = where
    late_at = shown.get(objective.replacement.limit_ms)
    if late_at == failure.end:  # 10.2: back at that instant is not late
        late_at = None
    ended_inside = failure.end is not None and failure.end in scene.to_date
    if ended_inside or (late_at is not None and late_at in scene.to_date):  # 10.3
        thing.total[bound] += 1
        if late_at is not None and late_at < scene.to_date.stop:
            thing.lost[bound] += 1
    if isinstance(objective.credit, Lateness):
        thing.late_steps[bound] += _steps(scene, objective, objective.credit, failure, shown)


def _failures(scene: Scene, objective: Objective, thing: Thing, bound: str) -> list[Failure]:
    """10.1."""
    assert objective.replacement is not None
    starts = objective.replacement.clock_starts
    if starts is ClockStart.OUTAGE_START:
        return _outages(scene, objective, thing, bound)
    found = []
    for repair in scene.case.facts.repairs:
        if repair.unit == thing.name:
            is_ticket = starts is ClockStart.TICKET_OPEN
            start_ms = repair.opened_ms if is_ticket else repair.identified_ms
            found.append(Failure(_tick(scene, start_ms), _tick(scene, repair.restored_ms)))
    return found


def _tick(scene: Scene, instant_ms: int | None) -> int | None:
    if instant_ms is None:
        return None
    return (instant_ms - scene.ticks.first_ms) // scene.ticks.length_ms


def _outages(scene: Scene, objective: Objective, thing: Thing, bound: str) -> list[Failure]:
    """10.1: raw stretches, without what is forgiven."""
    slots = units(scene).get(thing.name, [])
    raw, _ = unit_rows(scene, objective, slots, bound)
    capacity = scene.case.contract.capacity
    down = each(raw, lambda parts: unit_state(parts, capacity, objective) == "down")
    forgiven = forgiven_ticks(scene, objective.min_outage, down, scene.reach)
    left = [down[tick] and not forgiven[tick] for tick in scene.ticks]
    found = []
    for run in runs(left, scene.reach):
        is_cut_off = run.stop == scene.reach.stop
        found.append(Failure(run.start, None if is_cut_off else run.stop))
    return found


def _excused(scene: Scene, name: str) -> list[bool]:
    """10.1: time in which all the unit's held slots are excused."""
    slots = units(scene).get(name, [])
    found = []
    for tick in scene.ticks:
        held = [slot for slot in slots if scene.held[slot][tick] is not None]
        found.append(bool(held) and all(scene.excused[slot][tick] for slot in held))
    return found


def _clock(scene: Scene, failure: Failure, excused: list[bool]) -> dict[int, int]:
    """10.2: for each reading of the clock the first tick at which it shows that."""
    shown: dict[int, int] = {}
    if failure.start is None:
        return shown
    reading_ms = 0
    end = scene.to_date.stop if failure.end is None else failure.end
    for tick in range(failure.start, end + 1):
        shown.setdefault(reading_ms, tick)
        if tick < len(excused) and not excused[tick]:
            reading_ms += scene.ticks.length_ms
    return shown


def _steps(
    scene: Scene, objective: Objective, credit: Lateness, failure: Failure, shown: dict[int, int]
) -> int:
    """10.2: steps that fall due inside the window."""
    assert objective.replacement is not None
    is_started = credit.count is LatenessCount.STARTED
    number = 0
    due_ms = objective.replacement.limit_ms + (0 if is_started else credit.every_ms)
    while due_ms in shown:
        at = shown[due_ms]
        is_back = failure.end is not None and at >= failure.end
        is_back_before = failure.end is not None and at > failure.end
        if at in scene.to_date and not (is_back if is_started else is_back_before):
            number += 1
        due_ms += credit.every_ms
    return number
