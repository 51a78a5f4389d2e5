"""
From slots to units: what each unit has at every instant, and what it contributes.

docs/concepts/sla-engine.md, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpusla.contracts.model import Capacity, Partial
from gpusla.sla.measure.exact import Mask, Numbers, Rows, sums
from gpusla.sla.measure.held import Held
from gpusla.sla.measure.lines import Line, Stretches, joined
from gpusla.sla.measure.slots import Layers
from gpusla.sla.measure.steps import Changes, Steps, lasting


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The unit of each slot: lanes of both lines have the same reach and kind."""

    slots: Line
    units: Line
    unit_of: Rows
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """
    What units have while nothing is wrong with any slot.

    always: the slots that are held over the whole reach, as most are; those of a unit at once.
    holdings: the others.
    """

    held: Held
    scale: int
    always: Changes
    holdings: Changes


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """
    Stretches of units' time over which nothing changes, sorted; together all time of existence.

    scale: what a slot of weight 1 counts for.  lane, start, end: on the units' line.  rows: which
    of the steps these are.  known: sums by their names, as far as they were asked for.
    """

    scale: int
    lane: Rows
    start: Numbers
    end: Numbers
    steps: Steps
    rows: Rows
    known: dict[str, Numbers]

    def sum(self, name: str) -> Numbers:
        """
        Return a sum over the unit's slots for each piece.

        present: held slots, in the count or not.  healthy: those with a level above 0, and those
        out of the count.  total: of levels, full: of weights, both out of scale.  out: slots out
        of the count.
        """
        if name not in self.known:
            self.known[name] = self.steps.sum(name)[self.rows]
        return self.known[name]

    @property
    def out(self) -> Numbers | None:
        """Slots out of the count; None if there are none at any time."""
        return self.sum("out") if self.steps.has("out") else None

    @property
    def held(self) -> Numbers:
        """Held slots that are in the count."""
        present = self.sum("present")
        return present if self.out is None else present - self.out

    def contribution(self, capacity: Capacity) -> Numbers:
        """Return what units deliver, out of scale."""
        if capacity.partial is Partial.PER_GPU:
            return self.sum("total")
        counted = self.sum("full" if capacity.partial is Partial.WHOLE_UNIT else "total")
        return counted * (self.sum("healthy") >= capacity.min_healthy_gpus)

    def where(self, mask: Mask) -> Stretches:
        """Return the time of some of them."""
        return joined(self.start[mask], self.end[mask])


def base_of(grouping: Grouping, held: Held, scale: int) -> Base:
    """Return what holdings add up to, with so many steps of level to a slot."""
    units = grouping.units
    whole, part = held.whole[held.whole >= 0], held.partial
    unit = grouping.unit_of[held.lane[whole]]
    full = _full(held.weight[whole], 1, scale)
    always = {name: sums(unit, units.lanes, values) for name, values in full.items()}
    some = np.flatnonzero(always["present"] > 0)
    start = units.starts(some)
    lane = held.lane[part]
    held_from, held_until, weight, count = _together(
        units.moved(held.start[part], lane, grouping.unit_of[lane]),
        units.moved(held.end[part], lane, grouping.unit_of[lane]),
        held.weight[part],
    )
    return Base(
        held,
        scale,
        lasting(
            start,
            start + units.reach.duration_ms,
            **{name: values[some] for name, values in always.items()},
        ),
        lasting(held_from, held_until, **_full(weight, count, scale)),
    )


def pieces(
    grouping: Grouping,
    base: Base,
    levels: Layers,
    out: Sequence[Changes] = (),
    counted: Held | None = None,
) -> Pieces:
    """
    Add up the slots of every unit.

    levels: with whatever is out of the count full; out: the time of that, as of `out_of_count`.
    counted: the part of the holdings outside of which slots are full; if none is given, all.
    """
    assert sum(levels.drops) == base.scale
    units, held = grouping.units, base.held if counted is None else counted
    changes = [base.always, base.holdings, *out]
    for number, (drop, time) in enumerate(zip(levels.drops, levels.sets, strict=True)):
        changes.append(_fallen(grouping, held, time, drop, is_zero=number == 0))
    return _existing(Steps(changes), base, units)


def out_of_count(grouping: Grouping, base: Base, time: Stretches) -> Changes:
    """Return what changes where slots that are full are taken out of the count."""
    start, end, weight, count = _together(*_of_units(grouping, base.held, time))
    full, weightless = count * weight * -base.scale, count * (weight == 0)
    return lasting(start, end, out=count, total=full, full=full, healthy=weightless)


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
    changes = [
        lasting(*holdings, present=np.ones_like(holdings[0])),
        lasting(start, end, excused=np.ones_like(start)),
    ]
    steps = Steps(changes)
    present = steps.sum("present")
    is_all = np.asarray((present > 0) & (present == steps.sum("excused")), dtype=np.bool_)
    return joined(steps.places[:-1][is_all], steps.places[1:][is_all])


def _existing(steps: Steps, base: Base, units: Line) -> Pieces:
    """Return the steps in which the unit exists."""
    present = steps.sum("present")
    rows = np.flatnonzero(present > 0)
    start, end = steps.places[:-1][rows], steps.places[1:][rows]
    scale = base.scale * base.held.weight_scale
    known = {"present": present[rows]}
    return Pieces(scale, units.lanes_of(start), start, end, steps, rows, known)


def _full(weight: Numbers, count: Numbers | int, scale: int) -> dict[str, Numbers]:
    """Return what so many slots of each weight add up to."""
    full, present = count * weight * scale, count * np.ones_like(weight)
    return {"present": present, "healthy": present * (weight > 0), "total": full, "full": full}


def _together(
    start: Numbers, end: Numbers, weight: Numbers
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return neighbours that are equal, as slots of a unit mostly are, as one row; and how many."""
    is_new = (start[1:] != start[:-1]) | (end[1:] != end[:-1]) | (weight[1:] != weight[:-1])
    first = np.flatnonzero(np.append(np.ones(len(start[:1]), dtype=np.bool_), is_new))
    count = np.diff(np.append(first, len(start))).astype(weight.dtype)
    return start[first], end[first], weight[first], count


def _fallen(
    grouping: Grouping, held: Held, time: Stretches, drop: int, *, is_zero: bool
) -> Changes:
    start, end, weight = _of_units(grouping, held, time)
    amounts = {"total": weight * -drop}
    if is_zero:
        amounts["healthy"] = -np.ones_like(start) * (weight > 0)
    return lasting(start, end, **amounts)


def _of_units(grouping: Grouping, held: Held, time: Stretches) -> tuple[Numbers, Numbers, Numbers]:
    """Return the held part of slots' time at their units' places, with the slots' weights."""
    part = held.inside(time.start, time.end, grouping.slots.lanes_of(time.start))
    moved = grouping.units.starts(grouping.unit_of[part.lane] - part.lane)
    return part.start + moved, part.end + moved, held.weight[part.holding]
