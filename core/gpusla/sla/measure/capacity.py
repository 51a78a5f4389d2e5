"""
Objectives of the kind `capacity`: committed GPU-time and what of it was delivered.

docs/concepts/sla-engine.md, section 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat

import numpy as np

from gpusla.contracts.model import OverDelivery
from gpusla.instants import Interval
from gpusla.sla.evaluation import Measure, UnitMeasure
from gpusla.sla.measure.case import Case, counted_pieces, raw_layers
from gpusla.sla.measure.exact import Mask, Numbers, Rows, integral, integrals
from gpusla.sla.measure.lines import Stretches, nothing, outside
from gpusla.sla.measure.results import (
    NO_STEPS,
    NO_TIME,
    Fractions,
    by_bound,
    held_gpu_ms,
    held_later_gpu_ms,
    in_window,
    losing,
)
from gpusla.sla.measure.runs import forgiven
from gpusla.sla.measure.slots import Layers
from gpusla.sla.measure.steps import Changes, Steps, following, lasting
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
class Missing:
    """
    Rows of units' time in the window to date at which they deliver less than they hold, sorted.

    lane: the unit's number.  missing: out of scale.
    """

    lane: Rows
    start_ms: Numbers
    end_ms: Numbers
    missing: Numbers

    @property
    def goes_on(self) -> Mask:
        """Of each row but the last: whether the next begins where it ends, in the same unit."""
        follows = self.lane[1:] == self.lane[:-1]
        return np.asarray(follows & (self.start_ms[1:] == self.end_ms[:-1]), dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """
    Capacity in one bound.

    pieces: with exclusions.  forgiven: time of units in which nothing of theirs counts as missing;
    both over the reach.  missing: after forgiveness.
    """

    pieces: Pieces
    forgiven: Stretches
    missing: Missing
    balance: Balance


def judge(case: Case, bound: Bound, raw: Layers, *, with_exclusions: bool = True) -> Judged:
    """Work out one bound of a capacity objective; raw: of the same bound."""
    pieces = counted_pieces(case, bound, raw, with_exclusions=with_exclusions)
    amounts = _missing_of(case, pieces)
    least = case.objective.min_outage
    if least.length_ms == 0:
        short = nothing(case.line.kind)
    elif with_exclusions and not least.splits and len(case.excused):
        before = counted_pieces(case, bound, raw, with_exclusions=False)
        short = forgiven(before.where(_missing_of(case, before) > 0), least)
    else:
        short = forgiven(pieces.where(amounts > 0), least)
    missing = _missing(case, pieces, amounts, short)
    return Judged(pieces, short, missing, _balance(case, pieces, missing))


@dataclass(frozen=True, slots=True, eq=False)
class Summed:
    """What is kept of one bound: the balance, and what each unit lost, or had out of the count."""

    balance: Balance
    lost: Numbers
    out: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """All bounds, and of the value the levels without exclusions."""

    bounds: Mapping[Bound, Summed]
    raw_value: Layers


def sums_of(case: Case) -> Sums:
    """Work out all bounds, one after the other."""
    raw_value = raw_layers(case, Bound.VALUE)
    bounds = {}
    for bound in Bound:
        raw = raw_value if bound is Bound.VALUE else raw_layers(case, bound)
        bounds[bound] = _summed(case, judge(case, bound, raw))
    return Sums(bounds, raw_value)


def measure_capacity(case: Case, all_bounds: Sums) -> Measure:
    """Return what the window came to; all_bounds: of the same case."""
    summed = all_bounds.bounds
    sums = {
        bound: one.balance.sums(case.contract.capacity.over_delivery)
        for bound, one in summed.items()
    }
    scale = summed[Bound.VALUE].balance.scale
    total = by_bound(lambda bound: Fraction(sums[bound][0]))
    rest = case.committed.gpu_ms(Interval(case.judged.end_ms, case.window.end_ms))
    held = held_gpu_ms(case)
    return Measure(
        case.judged,
        total,
        by_bound(lambda bound: Fraction(sums[bound][1], scale)),
        total.value + rest,
        _units(case, summed, held),
        int(held.sum()),
    )


def _summed(case: Case, judged: Judged) -> Summed:
    lost = _lost_by_unit(case, judged.missing)
    return Summed(judged.balance, lost, _out_by_unit(case, judged.pieces))


def _missing_of(case: Case, pieces: Pieces) -> Numbers:
    return pieces.held * pieces.scale - pieces.contribution(case.contract.capacity)


def _missing(case: Case, pieces: Pieces, amounts: Numbers, short: Stretches) -> Missing:
    rows = np.flatnonzero(amounts > 0)
    rest = outside(pieces.start[rows], pieces.end[rows], short)
    rows = rows[rest.left]
    lane = pieces.lane[rows]
    start_ms, end_ms, inside = in_window(
        case.grouping.units, case.judged, lane, rest.start, rest.end
    )
    return Missing(lane[inside], start_ms, end_ms, amounts[rows[inside]])


def _balance(case: Case, pieces: Pieces, missing: Missing) -> Balance:
    """Add up what changes over the window to date, whatever the unit."""
    line, window = case.line, case.judged
    edges = np.array([window.start_ms, window.end_ms], dtype=line.kind)
    at_ms = case.committed.from_ms
    inside = at_ms[(at_ms > window.start_ms) & (at_ms < window.end_ms)].astype(line.kind)
    parts = [
        _present(case, edges),
        following(missing.goes_on, missing.start_ms, missing.end_ms, missing=missing.missing),
    ]
    if pieces.out is not None:
        _, start_ms, end_ms, out = _out(case, pieces)
        parts.append(lasting(start_ms, end_ms, out=out))
    steps = Steps(parts, np.concatenate((edges, inside)))
    start_ms, end_ms = steps.places[:-1], steps.places[1:]
    out = steps.sum("out")
    return Balance(
        pieces.scale,
        start_ms,
        end_ms,
        steps.sum("present") - out,
        steps.sum("missing"),
        np.maximum(case.committed.at(start_ms) - out, 0),
    )


def _present(case: Case, edges: Numbers) -> Changes:
    """Return how many slots are held; those that are held throughout, as most are, at once."""
    held, window = case.held, case.judged
    start_ms, end_ms, _ = in_window(case.line, window, held.lane, held.start, held.end)
    is_whole = (start_ms == window.start_ms) & (end_ms == window.end_ms)
    part = start_ms[~is_whole], end_ms[~is_whole]
    one = np.ones_like(part[0])
    whole = np.full(1, len(start_ms) - len(one), dtype=case.line.kind)
    return Changes(
        np.concatenate((*part, edges)), {"present": np.concatenate((one, -one, whole, -whole))}
    )


def _out(case: Case, pieces: Pieces) -> tuple[Rows, Numbers, Numbers, Numbers]:
    """Return units' time with slots out of the count: lane, start, end, and how many."""
    assert pieces.out is not None
    rows = np.flatnonzero(pieces.out > 0)
    lane, units = pieces.lane[rows], case.grouping.units
    start_ms, end_ms, inside = in_window(
        units, case.judged, lane, pieces.start[rows], pieces.end[rows]
    )
    return lane[inside], start_ms, end_ms, pieces.out[rows[inside]]


def _units(case: Case, summed: Mapping[Bound, Summed], held: Numbers) -> tuple[UnitMeasure, ...]:
    """Return the units that lost something in any bound, by name."""
    lost = {bound: one.lost for bound, one in summed.items()}
    total = {bound: held - one.out for bound, one in summed.items()}
    later = total[Bound.VALUE] + held_later_gpu_ms(case)
    parts, whole = Fractions(summed[Bound.VALUE].balance.scale), Fractions(1)
    lanes = losing(lost, case.grouping.names)
    names = [case.grouping.names[lane] for lane in lanes]
    columns = (
        names,
        held[lanes].tolist(),
        whole.bounds(total, lanes),
        parts.bounds(lost, lanes),
        repeat(NO_TIME),
        repeat(NO_STEPS),
        whole.exact(later[lanes]),
    )
    return tuple(map(UnitMeasure, *columns))


def _lost_by_unit(case: Case, rows: Missing) -> Numbers:
    lengths = rows.end_ms - rows.start_ms
    return integrals(rows.lane, case.grouping.units.lanes, rows.missing, lengths)


def _out_by_unit(case: Case, pieces: Pieces) -> Numbers:
    units = case.grouping.units
    if pieces.out is None:
        return np.zeros(units.lanes, dtype=units.kind)
    lane, start_ms, end_ms, out = _out(case, pieces)
    return integrals(lane, units.lanes, out, end_ms - start_ms)
