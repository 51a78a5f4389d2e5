"""
Objectives of the kind `capacity`: committed GPU-time and what of it was delivered.

docs/concepts/sla-engine.md, section 6.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gpusla.contracts.model import OverDelivery
from gpusla.instants import Interval
from gpusla.sla.evaluation import Measure, UnitMeasure
from gpusla.sla.measure.case import Case, counted_pieces
from gpusla.sla.measure.exact import integral, integrals
from gpusla.sla.measure.lines import Line, Numbers, Rows, Stretches, joined, outside
from gpusla.sla.measure.results import (
    NO_STEPS,
    NO_TIME,
    Fractions,
    by_bound,
    held_gpu_ms,
    held_later_gpu_ms,
    in_window,
)
from gpusla.sla.measure.runs import forgiven
from gpusla.sla.measure.steps import Addition, add_up
from gpusla.sla.measure.tables import Bound
from gpusla.sla.measure.units import Pieces


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """
    All units together, over stretches of the window to date in which nothing changes, in order.

    held: slots in the count.  missing: of them, after forgiveness, out of scale.  committed: GPUs,
    less slots out of the count.  What is delivered is held x scale - missing.
    """

    scale: int
    start_ms: Numbers
    end_ms: Numbers
    held: Numbers
    missing: Numbers
    committed: Numbers

    @property
    def delivered(self) -> Numbers:
        """The sum of all units' contributions, out of scale."""
        return self.held * self.scale - self.missing

    def sums(self, over_delivery: OverDelivery) -> tuple[int, int]:
        """Return what is committed, in GPU-ms, and of it lost, in GPU-ms times scale."""
        lengths = self.end_ms - self.start_ms
        promised = self.committed * self.scale
        if over_delivery is OverDelivery.NOT_BANKED:
            lost = integral(np.maximum(promised - self.delivered, 0), lengths)
        else:
            lost = max(0, integral(promised - self.delivered, lengths))
        return integral(self.committed, lengths), lost


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """
    Capacity in one bound.

    pieces: with exclusions.  forgiven: time of units in which nothing of theirs counts as missing.
    lane, start, end, missing: rows of units' time at which something is missing all the same.
    """

    pieces: Pieces
    forgiven: Stretches
    lane: Rows
    start: Numbers
    end: Numbers
    missing: Numbers
    balance: Balance


def judge(case: Case, bound: Bound, *, with_exclusions: bool = True) -> Judged:
    """Work out one bound of a capacity objective."""
    units = case.grouping.units
    pieces = counted_pieces(case, bound, with_exclusions=with_exclusions)
    short = _forgiven(case, bound, pieces, with_exclusions=with_exclusions)
    missing = _missing(case, pieces)
    is_missing = np.asarray(missing > 0, dtype=np.bool_)
    missing = missing[is_missing]
    rest = outside(pieces.start[is_missing], pieces.end[is_missing], short)
    missing = missing[rest.left]
    balance = _balance(case, pieces, rest.start, rest.end, missing)
    lane = units.lanes_of(rest.start)
    return Judged(pieces, short, lane, rest.start, rest.end, missing, balance)


def measure_capacity(case: Case) -> Measure:
    """Return what the window came to."""
    judged = {bound: judge(case, bound) for bound in Bound}
    sums = {
        bound: one.balance.sums(case.contract.capacity.over_delivery)
        for bound, one in judged.items()
    }
    scale = judged[Bound.VALUE].balance.scale
    total = by_bound(lambda bound: Fraction(sums[bound][0]))
    rest = case.committed.gpu_ms(Interval(case.judged.end_ms, case.window.end_ms))
    held = held_gpu_ms(case)
    return Measure(
        case.judged,
        total,
        by_bound(lambda bound: Fraction(sums[bound][1], scale)),
        total.value + rest,
        _units(case, judged, held),
        int(held.sum()),
    )


def _missing(case: Case, pieces: Pieces) -> Numbers:
    return pieces.held * pieces.scale - pieces.contribution(case.contract.capacity)


def _forgiven(case: Case, bound: Bound, pieces: Pieces, *, with_exclusions: bool) -> Stretches:
    """Return the time of outages that are too short to count, judged by raw levels or not."""
    least = case.objective.min_outage
    if least.length_ms == 0:
        return joined(pieces.start[:0], pieces.end[:0])
    if with_exclusions and not least.splits and len(case.excused):
        pieces = counted_pieces(case, bound, with_exclusions=False)
    return forgiven(pieces.where(_missing(case, pieces) > 0), least)


def _balance(case: Case, pieces: Pieces, start: Numbers, end: Numbers, missing: Numbers) -> Balance:
    """Add up what changes over the window to date, whatever the unit."""
    slots, units, window = case.line, case.grouping.units, case.judged
    held, is_out = case.held, np.asarray(pieces.out > 0, dtype=np.bool_)
    out = pieces.out[is_out]
    parts = [
        _throughout(slots, window, held.start, held.end, present=np.ones_like(held.start)),
        _throughout(units, window, start, end, missing=missing),
        _throughout(units, window, pieces.start[is_out], pieces.end[is_out], out=out),
    ]
    at_ms = case.committed.from_ms
    inside = at_ms[(at_ms > window.start_ms) & (at_ms < window.end_ms)].astype(slots.kind)
    steps = add_up([addition for part in parts for addition in part], inside)
    start_ms, end_ms = steps.places[:-1], steps.places[1:]
    counted_out = steps.sum("out")
    return Balance(
        pieces.scale,
        start_ms,
        end_ms,
        steps.sum("present") - counted_out,
        steps.sum("missing"),
        np.maximum(case.committed.at(start_ms) - counted_out, 0),
    )


def _throughout(
    line: Line, window: Interval, start: Numbers, end: Numbers, **amounts: Numbers
) -> tuple[Addition, Addition]:
    """Return rows at their instants in the window; those that fill it, as most do, are one."""
    start_ms, end_ms, inside = in_window(line, window, start, end)
    is_whole = (start_ms == window.start_ms) & (end_ms == window.end_ms)
    amounts = {name: values[inside] for name, values in amounts.items()}
    edges = np.array([[window.start_ms], [window.end_ms]], dtype=line.kind)
    rest = {name: values[~is_whole] for name, values in amounts.items()}
    whole = {
        name: np.array([values[is_whole].sum()], dtype=line.kind)
        for name, values in amounts.items()
    }
    return (
        Addition(edges[0], edges[1], whole),
        Addition(start_ms[~is_whole], end_ms[~is_whole], rest),
    )


def _units(case: Case, judged: dict[Bound, Judged], held: Numbers) -> tuple[UnitMeasure, ...]:
    """Return the units that lost something in any bound, by name."""
    lost = {bound: _lost_by_unit(case, one) for bound, one in judged.items()}
    total = {bound: held - _out_by_unit(case, one.pieces) for bound, one in judged.items()}
    parts, whole = Fractions(judged[Bound.VALUE].balance.scale), Fractions(1)
    total_whole = total[Bound.VALUE] + held_later_gpu_ms(case)
    is_lost = np.any([np.asarray(one > 0, dtype=np.bool_) for one in lost.values()], axis=0)
    names = case.grouping.names
    return tuple(
        UnitMeasure(
            names[lane],
            int(held[lane]),
            whole.bounds(total, lane),
            parts.bounds(lost, lane),
            NO_TIME,
            NO_STEPS,
            whole.exact(total_whole[lane]),
        )
        for lane in sorted(np.flatnonzero(is_lost).tolist(), key=names.__getitem__)
    )


def _lost_by_unit(case: Case, one: Judged) -> Numbers:
    units = case.grouping.units
    start_ms, end_ms, inside = in_window(units, case.judged, one.start, one.end)
    lanes, missing = one.lane[inside], one.missing[inside]
    return integrals(lanes, units.lanes, missing, end_ms - start_ms)


def _out_by_unit(case: Case, pieces: Pieces) -> Numbers:
    units = case.grouping.units
    is_out = np.asarray(pieces.out > 0, dtype=np.bool_)
    start, end, out = pieces.start[is_out], pieces.end[is_out], pieces.out[is_out]
    start_ms, end_ms, inside = in_window(units, case.judged, start, end)
    lanes = units.lanes_of(start[inside])
    return integrals(lanes, units.lanes, out[inside], end_ms - start_ms)
