"""
Objectives of the kind `capacity`: committed GPU-time and what of it was delivered.

docs/concepts/sla-engine.md, section 6.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gpusla.contracts.model import OverDelivery
from gpusla.instants import Interval
from gpusla.sla.evaluation import Bounds, Measure, UnitMeasure
from gpusla.sla.measure.case import Case, unit_pieces
from gpusla.sla.measure.exact import integral, integrals
from gpusla.sla.measure.lines import Line, Numbers, Rows, Stretches, joined, outside
from gpusla.sla.measure.results import by_bound, held_gpu_ms, held_later_gpu_ms, in_window
from gpusla.sla.measure.runs import forgiven
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
    pieces = unit_pieces(case, bound, with_exclusions=with_exclusions)
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
        pieces = unit_pieces(case, bound, with_exclusions=False)
    return forgiven(pieces.where(_missing(case, pieces) > 0), least)


def _balance(case: Case, pieces: Pieces, start: Numbers, end: Numbers, missing: Numbers) -> Balance:
    """Add up what changes over the window to date, whatever the unit."""
    slots, units, window = case.line, case.grouping.units, case.judged
    is_out = np.asarray(pieces.out > 0, dtype=np.bool_)
    held = case.held
    changes = (
        _changes(slots, window, (held.start, held.end), 0, np.ones_like(held.start)),
        _changes(units, window, (start, end), 1, missing),
        _changes(units, window, (pieces.start[is_out], pieces.end[is_out]), 2, pieces.out[is_out]),
        _cuts(case),
    )
    at_ms = np.concatenate([one[0] for one in changes])
    amounts = np.concatenate([one[1] for one in changes])
    order = np.argsort(at_ms)
    at_ms = at_ms[order]
    is_last = np.append(at_ms[1:] != at_ms[:-1], np.ones(len(at_ms[:1]), dtype=np.bool_))
    present, missing, out = np.cumsum(amounts[order], axis=0)[is_last][:-1].T
    at_ms = at_ms[is_last]
    committed = np.maximum(case.committed.at(at_ms[:-1]) - out, 0)
    return Balance(pieces.scale, at_ms[:-1], at_ms[1:], present - out, missing, committed)


def _changes(
    line: Line, window: Interval, time: tuple[Numbers, Numbers], column: int, values: Numbers
) -> tuple[Numbers, Numbers]:
    """Return at which instants of the window rows begin and end, and what that changes."""
    start_ms, end_ms, inside = in_window(line, window, *time)
    values = values[inside]
    # What lasts for the whole window, as most does, is one change.
    is_whole = (start_ms == window.start_ms) & (end_ms == window.end_ms)
    throughout = values[is_whole].sum()
    start_ms, end_ms, values = start_ms[~is_whole], end_ms[~is_whole], values[~is_whole]
    edges = np.array([window.start_ms, window.end_ms], dtype=line.kind)
    amounts = np.zeros((2 * len(values) + 2, 3), dtype=line.kind)
    amounts[:, column] = np.concatenate(
        (values, -values, np.array([throughout, -throughout], dtype=line.kind))
    )
    return np.concatenate((start_ms, end_ms, edges)), amounts


def _cuts(case: Case) -> tuple[Numbers, Numbers]:
    """Return where the commitment changes, and the window's ends."""
    kind, window = case.line.kind, case.judged
    at_ms = case.committed.from_ms
    inside = at_ms[(at_ms > window.start_ms) & (at_ms < window.end_ms)].astype(kind)
    return inside, np.zeros((len(inside), 3), dtype=kind)


def _units(case: Case, judged: dict[Bound, Judged], held: Numbers) -> tuple[UnitMeasure, ...]:
    """Return the units that lost something in any bound, by name."""
    lost = {bound: _lost_by_unit(case, one) for bound, one in judged.items()}
    out = {bound: _out_by_unit(case, one.pieces) for bound, one in judged.items()}
    scale = judged[Bound.VALUE].balance.scale
    later = held_later_gpu_ms(case)
    is_lost = np.any([np.asarray(one > 0, dtype=np.bool_) for one in lost.values()], axis=0)
    names = case.grouping.names

    def unit(lane: int) -> UnitMeasure:
        total = by_bound(lambda bound: Fraction(int(held[lane] - out[bound][lane])))
        return UnitMeasure(
            names[lane],
            int(held[lane]),
            total,
            by_bound(lambda bound: Fraction(int(lost[bound][lane]), scale)),
            Bounds((), (), ()),
            Bounds(0, 0, 0),
            total.value + int(later[lane]),
        )

    return tuple(map(unit, sorted(np.flatnonzero(is_lost).tolist(), key=names.__getitem__)))


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
