"""Sections 2 and 6 of sla-engine.md: capacity."""

from fractions import Fraction

from gpusla.contracts.model import OverDelivery
from gpusla.contracts.promises import Objective
from tests.reference.case import BOUNDS
from tests.reference.downtime import forgiven_ticks
from tests.reference.measured import Measured, Thing, three
from tests.reference.slots import ZERO, Part, Scene
from tests.reference.units import (
    Row,
    contribution,
    each,
    held_count,
    is_out,
    unit_rows,
    units,
)


def committed_gpus(scene: Scene, tick: int) -> int:
    """2: nothing before the first step."""
    found = 0
    for instant_ms, gpus in scene.case.committed:
        if instant_ms <= scene.ticks.begin_ms(tick):
            found = gpus
    return found


def measure_capacity(scene: Scene, objective: Objective) -> Measured:
    """6."""
    slots = units(scene)
    things = {name: Thing(name) for name in slots}
    total, lost = three(), three()
    for bound in BOUNDS:
        delivered = dict.fromkeys(scene.to_date, ZERO)
        out = dict.fromkeys(scene.to_date, 0)
        for name in slots:
            raw, judged = unit_rows(scene, objective, slots[name], bound)
            gives = _contributions(scene, objective, raw, judged)
            for tick in scene.to_date:
                delivered[tick] += gives[tick]
                out[tick] += sum(1 for part in judged[tick] if is_out(part))
            _note(scene, things[name], bound, judged, gives)  # 6.5
        # 6.2 and 4.3
        committed = {t: max(0, committed_gpus(scene, t) - out[t]) for t in scene.to_date}
        total[bound] = Fraction(sum(committed.values()) * scene.ticks.length_ms)
        delivered_ms = _delivered(scene, delivered, committed) * scene.ticks.length_ms
        lost[bound] = total[bound] - delivered_ms  # 6.3
    rest = range(scene.to_date.stop, scene.whole.stop)
    more = sum(committed_gpus(scene, tick) for tick in rest) * scene.ticks.length_ms
    return Measured(total, lost, total["value"] + more, [things[name] for name in sorted(things)])


def _contributions(scene: Scene, objective: Objective, raw: Row, judged: Row) -> list[Fraction]:
    """6.1: what a unit gives at each tick; where an outage is forgiven, all that is held."""
    capacity = scene.case.contract.capacity

    def missing(parts: list[Part]) -> bool:
        return held_count(parts) - contribution(parts, capacity) > 0  # 4.4

    outage = each(judged if objective.min_outage.splits else raw, missing)
    forgiven = forgiven_ticks(scene, objective.min_outage, outage, scene.reach)
    gives = each(judged, lambda parts: contribution(parts, capacity))
    return [
        Fraction(held_count(judged[tick])) if forgiven[tick] else gives[tick]
        for tick in scene.ticks
    ]


def _note(scene: Scene, thing: Thing, bound: str, judged: Row, gives: list[Fraction]) -> None:
    for tick in scene.to_date:
        held = held_count(judged[tick])
        thing.total[bound] += held * scene.ticks.length_ms
        thing.lost[bound] += (held - gives[tick]) * scene.ticks.length_ms


def _delivered(scene: Scene, delivered: dict[int, Fraction], committed: dict[int, int]) -> Fraction:
    """6.2."""
    if scene.case.contract.capacity.over_delivery is OverDelivery.BANKED_IN_WINDOW:
        return min(sum(delivered.values(), ZERO), Fraction(sum(committed.values())))
    return sum((min(delivered[tick], Fraction(committed[tick])) for tick in delivered), ZERO)
