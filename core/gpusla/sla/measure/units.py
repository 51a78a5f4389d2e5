"""
From slots to units: what each unit has at every instant, and what it contributes.

docs/concepts/sla-engine.md, section 4.
"""

from dataclasses import dataclass

import numpy as np

from gpusla.contracts.model import Capacity, Partial
from gpusla.sla.measure.exact import sums
from gpusla.sla.measure.held import Held
from gpusla.sla.measure.lines import Line, Mask, Numbers, Rows, Stretches, joined, overlap
from gpusla.sla.measure.slots import Layers
from gpusla.sla.measure.steps import Addition, Steps, add_up


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The unit of each slot: lanes of both lines have the same reach and kind."""

    slots: Line
    units: Line
    unit_of: Rows
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """
    Stretches of units' time over which nothing changes, sorted; together all time of existence.

    start, end: places on the units' line.  present: held slots, out of the count or not.
    healthy: those with a level above 0, and those out of the count.  total, full: out of scale.
    out: slots out of the count.
    """

    scale: int
    start: Numbers
    end: Numbers
    present: Numbers
    healthy: Numbers
    total: Numbers
    full: Numbers
    out: Numbers

    @property
    def held(self) -> Numbers:
        """Held slots that are in the count."""
        return self.present - self.out

    def contribution(self, capacity: Capacity) -> Numbers:
        """Return what units deliver, out of scale."""
        if capacity.partial is Partial.PER_GPU:
            return self.total
        counted = self.full if capacity.partial is Partial.WHOLE_UNIT else self.total
        return counted * (self.healthy >= capacity.min_healthy_gpus)

    def where(self, mask: Mask) -> Stretches:
        """Return the time of some of them."""
        return joined(self.start[mask], self.end[mask])


def pieces(grouping: Grouping, held: Held, levels: Layers, out: Stretches) -> Pieces:
    """Add up the slots of every unit; levels is with whatever is out of the count full."""
    units, scale = grouping.units, sum(levels.drops)
    is_whole = np.asarray(held.end - held.start == units.reach.duration_ms, dtype=np.bool_)
    # Most slots are held over the whole reach; they are a constant of their unit.
    constant = _constant(grouping, held.where(is_whole), scale)
    additions = [
        _holdings(grouping, held.where(~is_whole), scale),
        *(
            _fallen(grouping, held, time, drop, is_zero=number == 0)
            for number, (drop, time) in enumerate(zip(levels.drops, levels.sets, strict=True))
        ),
        _out(grouping, held, out, scale),
    ]
    lanes = np.flatnonzero(constant["present"] > 0)
    start = units.starts(lanes)
    steps = add_up(additions, np.concatenate((start, start + units.reach.duration_ms)))
    return _existing(steps, constant, units, scale * held.weight_scale)


def existence(grouping: Grouping, held: Held) -> Stretches:
    """Return when units exist."""
    unit, move = grouping.unit_of[held.lane], grouping.units.moved
    return joined(move(held.start, held.lane, unit), move(held.end, held.lane, unit))


def all_excused(grouping: Grouping, held: Held, excused: Stretches) -> Stretches:
    """Return when every held slot of a unit is excused, and there is one."""
    if not len(excused):
        return excused
    start, end, _ = _of_units(grouping, held, excused)
    unit, move = grouping.unit_of[held.lane], grouping.units.moved
    holdings = move(held.start, held.lane, unit), move(held.end, held.lane, unit)
    additions = [
        Addition(*holdings, {"present": np.ones_like(holdings[0])}),
        Addition(start, end, {"excused": np.ones_like(start)}),
    ]
    steps = add_up(additions, excused.start[:0])
    present = steps.sum("present")
    is_all = np.asarray((present > 0) & (present == steps.sum("excused")), dtype=np.bool_)
    return joined(steps.places[:-1][is_all], steps.places[1:][is_all])


def _existing(steps: Steps, constant: dict[str, Numbers], units: Line, scale: int) -> Pieces:
    """Return the steps in which the unit exists."""
    start, end = steps.places[:-1], steps.places[1:]
    lane = units.lanes_of(start)
    sums = {name: steps.sum(name) + constant[name][lane] for name in constant}
    # Between the end of one lane and the start of the next there is a millisecond of nothing.
    is_there = (sums["present"] > 0) & (start < units.starts(lane) + units.reach.duration_ms)
    if not is_there.all():
        start, end = start[is_there], end[is_there]
        sums = {name: values[is_there] for name, values in sums.items()}
    return Pieces(scale, start, end, **sums)


def _constant(grouping: Grouping, held: Held, scale: int) -> dict[str, Numbers]:
    """Return the sums of slots that are held over the whole reach, by unit."""
    units = grouping.units
    unit = grouping.unit_of[held.lane]
    amounts = _holding(held, scale)
    constant = {name: sums(unit, units.lanes, values) for name, values in amounts.items()}
    return constant | {"out": np.zeros(units.lanes, dtype=units.kind)}


def _holdings(grouping: Grouping, held: Held, scale: int) -> Addition:
    unit = grouping.unit_of[held.lane]
    move = grouping.units.moved
    return Addition(
        move(held.start, held.lane, unit),
        move(held.end, held.lane, unit),
        _holding(held, scale),
    )


def _holding(held: Held, scale: int) -> dict[str, Numbers]:
    full = held.weight * scale
    one = np.ones_like(held.start)
    return {"present": one, "healthy": one * (held.weight > 0), "total": full, "full": full}


def _fallen(
    grouping: Grouping, held: Held, time: Stretches, drop: int, *, is_zero: bool
) -> Addition:
    start, end, weight = _of_units(grouping, held, time)
    amounts = {"total": weight * -drop}
    if is_zero:
        amounts["healthy"] = -np.ones_like(start) * (weight > 0)
    return Addition(start, end, amounts)


def _out(grouping: Grouping, held: Held, time: Stretches, scale: int) -> Addition:
    start, end, weight = _of_units(grouping, held, time)
    full, one = weight * -scale, np.ones_like(start)
    amounts = {"out": one, "total": full, "full": full, "healthy": one * (weight == 0)}
    return Addition(start, end, amounts)


def _of_units(grouping: Grouping, held: Held, time: Stretches) -> tuple[Numbers, Numbers, Numbers]:
    """Return the held part of slots' time at their units' places, with the slots' weights."""
    common = overlap(time.start, time.end, held.start, held.end)
    lane = held.lane[common.right]
    unit = grouping.unit_of[lane]
    move = grouping.units.moved
    return (
        move(common.start, lane, unit),
        move(common.end, lane, unit),
        held.weight[common.right],
    )
