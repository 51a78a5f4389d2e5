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
    All units together over the window to date.

    committed_ms: in GPU-ms, less slots out of the count.  lost: of it, in GPU-ms times scale.
    delivered_now: GPUs at the last millisecond, times scale, at most what is committed then.
    """

    scale: int
    committed_ms: int
    lost: int
    delivered_now: int


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
    def sum(self) -> int:
        """All that is missing, in GPU-ms times scale."""
        return integral(self.missing, self.end_ms - self.start_ms)

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
    """
    All bounds, and what none of them changes.

    raw_value: the value's levels without exclusions.  held: as of `held_gpu_ms`.
    """

    bounds: Mapping[Bound, Summed]
    raw_value: Layers
    held: Numbers


def sums_of(case: Case) -> Sums:
    """Work out all bounds, one after the other."""
    raw_value = raw_layers(case, Bound.VALUE)
    bounds = {}
    for bound in Bound:
        raw = raw_value if bound is Bound.VALUE else raw_layers(case, bound)
        bounds[bound] = _summed(case, judge(case, bound, raw))
    return Sums(bounds, raw_value, held_gpu_ms(case))


def measure_capacity(case: Case, all_bounds: Sums) -> Measure:
    """Return what the window came to; all_bounds: of the same case."""
    summed = all_bounds.bounds
    balances = {bound: one.balance for bound, one in summed.items()}
    total = by_bound(lambda bound: Fraction(balances[bound].committed_ms))
    rest = case.committed.gpu_ms(Interval(case.judged.end_ms, case.window.end_ms))
    return Measure(
        case.judged,
        total,
        by_bound(lambda bound: Fraction(balances[bound].lost, balances[bound].scale)),
        total.value + rest,
        _units(case, summed, all_bounds.held),
        int(all_bounds.held.sum()),
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
    """Hold what is delivered against what is committed at each instant of the window to date."""
    parts = [_present(case)]
    if pieces.out is not None:
        _, start_ms, end_ms, out = _out(case, pieces)
        parts.append(lasting(start_ms, end_ms, out=out))
    steps = Steps(parts, _edges(case))
    lengths = np.diff(steps.places)
    committed = np.maximum(case.committed.at(steps.places[:-1]) - steps.sum("out"), 0)
    held = steps.sum("present") - steps.sum("out")
    short = (committed - held) * pieces.scale
    if case.contract.capacity.over_delivery is OverDelivery.BANKED_IN_WINDOW:
        lost = max(0, integral(short, lengths) + missing.sum)
    elif (short >= 0).all():
        lost = integral(short, lengths) + missing.sum
    else:
        lost = _lost_by_the_instant(steps.places, short, missing)
    return Balance(
        pieces.scale,
        integral(committed, lengths),
        lost,
        _delivered_now(committed * pieces.scale, short, missing, case.judged),
    )


def _lost_by_the_instant(places: Numbers, short: Numbers, missing: Missing) -> int:
    """Return what is lost where more than is committed is held at some time."""
    before = np.concatenate((np.zeros_like(short[:1]), short))
    after = np.concatenate((short, np.zeros_like(short[:1])))
    parts = [
        Changes(places, {"short": after - before}),
        following(missing.goes_on, missing.start_ms, missing.end_ms, short=missing.missing),
    ]
    steps = Steps(parts)
    return integral(np.maximum(steps.sum("short"), 0), np.diff(steps.places))


def _delivered_now(promised: Numbers, short: Numbers, missing: Missing, judged: Interval) -> int:
    if not len(promised):
        return 0
    lost = int(short[-1]) + int(missing.missing[missing.end_ms == judged.end_ms].sum())
    return int(promised[-1]) - max(lost, 0)


def _edges(case: Case) -> Numbers:
    """Return the ends of the window to date, and where what is committed changes in it."""
    window, at_ms = case.judged, case.committed.from_ms
    inside = at_ms[(at_ms > window.start_ms) & (at_ms < window.end_ms)]
    edges = np.array([window.start_ms, window.end_ms], dtype=np.int64)
    return np.concatenate((edges, inside)).astype(case.line.kind)


def _present(case: Case) -> Changes:
    """Return how many slots are held; those that are held throughout, as most are, at once."""
    base, units, window = case.base, case.grouping.units, case.judged
    at_ms = np.clip(units.instants(base.holdings.places), window.start_ms, window.end_ms)
    edges = np.array([window.start_ms, window.end_ms], dtype=units.kind)
    always = np.maximum(base.always.amounts["present"], 0).sum()
    whole = np.array([1, -1], dtype=units.kind) * always
    present = np.concatenate((base.holdings.amounts["present"], whole))
    return Changes(np.concatenate((at_ms.astype(units.kind), edges)), {"present": present})


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
