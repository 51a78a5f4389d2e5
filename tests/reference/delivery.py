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
    total, lost = three(), three()
    for bound in BOUNDS:
        lost[bound], total[bound] = lost_and_total(scene, objective, bound)
    rest = range(scene.to_date.stop, scene.whole.stop)
    more = sum(committed_gpus(scene, tick) for tick in rest) * scene.ticks.length_ms
    return Measured(total, lost, total["value"] + more, _things(scene, objective))


def lost_and_total(scene: Scene, objective: Objective, bound: str) -> tuple[Fraction, Fraction]:
    """6.3."""
    delivered, committed = delivery(scene, objective, bound)
    total = Fraction(sum(committed.values()) * scene.ticks.length_ms)
    return total - _delivered(scene, delivered, committed) * scene.ticks.length_ms, total


def delivery(
    scene: Scene, objective: Objective, bound: str
) -> tuple[dict[int, Fraction], dict[int, int]]:
    """6.2 and 4.3: for each tick to date what all units give, and what is committed."""
    delivered = dict.fromkeys(scene.to_date, ZERO)
    out = dict.fromkeys(scene.to_date, 0)
    for slots in units(scene).values():
        raw, judged = unit_rows(scene, objective, slots, bound)
        gives = _contributions(scene, objective, raw, judged)
        for tick in scene.to_date:
            delivered[tick] += gives[tick]
            out[tick] += sum(1 for part in judged[tick] if is_out(part))
    committed = {tick: max(0, committed_gpus(scene, tick) - out[tick]) for tick in out}
    return delivered, committed


def _things(scene: Scene, objective: Objective) -> list[Thing]:
    """6.5."""
    things = []
    for name, slots in sorted(units(scene).items()):
        thing = Thing(name)
        for bound in BOUNDS:
            raw, judged = unit_rows(scene, objective, slots, bound)
            _note(scene, thing, bound, judged, _contributions(scene, objective, raw, judged))
        things.append(thing)
    return things


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
