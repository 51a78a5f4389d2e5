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

PRESENT, HEALTHY, TOTAL, FULL, OUT, EXCUSED = range(6)
"""Columns of what is added up for a unit."""

_COLUMNS = 6


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
    out: slots out of the count.  excused: excused slots.
    """

    scale: int
    start: Numbers
    end: Numbers
    present: Numbers
    healthy: Numbers
    total: Numbers
    full: Numbers
    out: Numbers
    excused: Numbers

    @property
    def held(self) -> Numbers:
        """Held slots that are in the count."""
        return self.present - self.out

    @property
    def is_all_excused(self) -> Mask:
        """Whether every held slot of the unit is excused."""
        return np.asarray(self.excused == self.present, dtype=np.bool_)

    def contribution(self, capacity: Capacity) -> Numbers:
        """Return what units deliver, out of scale."""
        if capacity.partial is Partial.PER_GPU:
            return self.total
        counted = self.full if capacity.partial is Partial.WHOLE_UNIT else self.total
        return counted * (self.healthy >= capacity.min_healthy_gpus)

    def where(self, mask: Mask) -> Stretches:
        """Return the time of some of them."""
        return joined(self.start[mask], self.end[mask])


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """Rows of units' time, and what is added to each column while they last."""

    start: Numbers
    end: Numbers
    amounts: Numbers


def pieces(
    grouping: Grouping, held: Held, levels: Layers, out: Stretches, excused: Stretches
) -> Pieces:
    """
    Add up the slots of every unit.

    levels: with whatever is out of the count full.  excused: for is_all_excused alone.
    """
    scale = sum(levels.drops)
    parts = [_whole_holdings(grouping, held, scale), _part_holdings(grouping, held, scale)]
    for number, (drop, time) in enumerate(zip(levels.drops, levels.sets, strict=True)):
        parts.append(_fallen(grouping, held, time, drop, is_zero=number == 0))
    if len(out):
        parts.append(_out(grouping, held, out, scale))
    if len(excused):
        parts.append(_excused(grouping, held, excused))
    return _added_up([part for part in parts if len(part.start)], grouping, held, scale)


def _added_up(parts: list[_Changes], grouping: Grouping, held: Held, scale: int) -> Pieces:
    places = np.concatenate([*(p.start for p in parts), *(p.end for p in parts), held.start[:0]])
    none = np.zeros((0, _COLUMNS), dtype=grouping.units.kind)
    changes = np.concatenate([*(p.amounts for p in parts), *(-p.amounts for p in parts), none])
    order = np.argsort(places)
    places = places[order]
    is_last = np.append(places[1:] != places[:-1], np.ones(len(places[:1]), dtype=np.bool_))
    totals = np.cumsum(changes[order], axis=0)[is_last]
    places = places[is_last]
    is_there = totals[:-1, PRESENT] > 0
    columns = np.ascontiguousarray(totals[:-1][is_there].T)
    return Pieces(scale * held.weight_scale, places[:-1][is_there], places[1:][is_there], *columns)


def _amounts(count: int, kind: type, **columns: Numbers | int) -> Numbers:
    names = ("present", "healthy", "total", "full", "out", "excused")
    table: Numbers = np.zeros((count, _COLUMNS), dtype=kind)
    for name, values in columns.items():
        table[:, names.index(name)] = values
    return table


def _whole_holdings(grouping: Grouping, held: Held, scale: int) -> _Changes:
    """Return the slots that are held over the whole reach, of which there are many, by unit."""
    units, kind = grouping.units, grouping.units.kind
    rows = held.where(_is_whole(held, grouping))
    unit = grouping.unit_of[rows.lane]
    amounts = _holding(rows, scale, kind)
    by_unit = np.stack(
        [sums(unit, units.lanes, amounts[:, column]) for column in range(_COLUMNS)], axis=1
    )
    lanes = np.flatnonzero(by_unit[:, PRESENT] > 0)
    start = units.starts(lanes)
    return _Changes(start, start + units.reach.duration_ms, by_unit[lanes])


def _part_holdings(grouping: Grouping, held: Held, scale: int) -> _Changes:
    rows = held.where(~_is_whole(held, grouping))
    unit = grouping.unit_of[rows.lane]
    move = grouping.units.moved
    return _Changes(
        move(rows.start, rows.lane, unit),
        move(rows.end, rows.lane, unit),
        _holding(rows, scale, grouping.units.kind),
    )


def _is_whole(held: Held, grouping: Grouping) -> Mask:
    return np.asarray(held.end - held.start == grouping.units.reach.duration_ms, dtype=np.bool_)


def _holding(rows: Held, scale: int, kind: type) -> Numbers:
    full = rows.weight * scale
    return _amounts(
        len(rows.start), kind, present=1, healthy=rows.weight > 0, total=full, full=full
    )


def _fallen(
    grouping: Grouping, held: Held, time: Stretches, drop: int, *, is_zero: bool
) -> _Changes:
    start, end, weight = _of_units(grouping, held, time)
    healthy = -1 * ((weight > 0) & is_zero)
    amounts = _amounts(len(start), grouping.units.kind, total=weight * -drop, healthy=healthy)
    return _Changes(start, end, amounts)


def _out(grouping: Grouping, held: Held, time: Stretches, scale: int) -> _Changes:
    start, end, weight = _of_units(grouping, held, time)
    full = weight * -scale
    kind, healthy = grouping.units.kind, weight == 0
    amounts = _amounts(len(start), kind, out=1, total=full, full=full, healthy=healthy)
    return _Changes(start, end, amounts)


def _excused(grouping: Grouping, held: Held, time: Stretches) -> _Changes:
    start, end, _ = _of_units(grouping, held, time)
    return _Changes(start, end, _amounts(len(start), grouping.units.kind, excused=1))


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
