"""What was seen of the slots that were not plainly ok all the time, as rows on the slots' line."""

from dataclasses import dataclass

import numpy as np

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot
from gpusla.sla.measure.exact import Mask, Numbers, Rows, order, sums
from gpusla.sla.measure.lines import Line, Stretches, joined, outside
from gpusla.sla.measure.pairs import Pairs, paired
from gpusla.sla.measure.roster import Roster
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.columns import Columns


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """
    Spans, sorted; of each slot that has any they cover the whole reach.

    A slot without a row was in an `ok` condition throughout.  pair: what the span says, as a
    number of pairs.  error_ms: NONE if nobody knows.
    """

    pairs: Pairs
    start: Numbers
    end: Numbers
    lane: Rows
    pair: Rows
    error_ms: Rows


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some rows; pair and error of one without a piece are its slot's default."""

    start: Numbers
    end: Numbers
    lane: Rows
    pair: Rows
    error_ms: Rows


def seen(columns: Columns, roster: Roster, line: Line) -> Seen:
    """Return what the timeline says of the roster's slots, and unknown where it says nothing."""
    lane_of = _lanes(columns.slots, roster)
    conditions = (*columns.conditions, UNOBSERVED)
    pairs, pair = paired(conditions, columns.condition, columns.other)
    is_mixed = _is_mixed(columns, pairs, pair, line) & (lane_of >= 0)
    pieces = _pieces(columns, pair, lane_of, is_mixed, line)
    mixed = np.flatnonzero(is_mixed)
    defaults = _defaults(columns, lane_of, mixed, pieces, line)
    missing = _missing(columns, lane_of, mixed, line, len(columns.conditions))
    parts = [part for part in (pieces, defaults, *missing) if len(part.start)]
    return _merged(pairs, parts or [pieces])


def _lanes(slots: tuple[Slot, ...], roster: Roster) -> Rows:
    """Return the number in the roster of each slot; -1 for one that is not held."""
    if slots == roster.slots:
        return np.arange(len(slots), dtype=np.int64)
    return roster.lanes(slots)


def _is_mixed(columns: Columns, pairs: Pairs, pair: Rows, line: Line) -> Mask:
    """Return for each slot of the columns whether it may be anything but ok at any time."""
    if line.reach != columns.reach:
        return np.ones(len(columns.slots), dtype=np.bool_)
    is_odd = np.array([one.state is not State.OK for one in pairs.conditions], dtype=np.bool_)
    rows = np.flatnonzero((pairs.counted(is_odd) | pairs.besides(is_odd))[pair])
    is_mixed = np.zeros(len(columns.slots), dtype=np.bool_)
    is_mixed[columns.slot[rows]] = True
    is_odd_default = is_odd[columns.default_condition]
    if is_odd_default.any():
        covered = sums(columns.slot, len(columns.slots), columns.end_ms - columns.start_ms)
        is_mixed |= is_odd_default & (covered < columns.reach.duration_ms)
    return is_mixed


def _pieces(columns: Columns, pair: Rows, lane_of: Rows, is_mixed: Mask, line: Line) -> _Part:
    rows = np.flatnonzero(is_mixed[columns.slot])
    lane = lane_of[columns.slot[rows]]
    # Pieces lie inside the columns' reach, and that lies inside the line's.
    origin = line.starts(lane) - line.reach.start_ms
    start = origin + columns.start_ms[rows]
    if (start[1:] < start[:-1]).any():
        by_start = order(start)
        rows, lane, start, origin = (one[by_start] for one in (rows, lane, start, origin))
    return _Part(start, origin + columns.end_ms[rows], lane, pair[rows], columns.error_ms[rows])


def _defaults(columns: Columns, lane_of: Rows, mixed: Rows, pieces: _Part, line: Line) -> _Part:
    """Return the time of mixed slots inside the columns' reach that no piece covers."""
    mixed = mixed[order(lane_of[mixed])]
    lane = lane_of[mixed]
    start, end = (
        line.places(lane, np.full(len(lane), at_ms, dtype=np.int64))
        for at_ms in (columns.reach.start_ms, columns.reach.end_ms)
    )
    is_time = start < end
    mixed, start, end = mixed[is_time], start[is_time], end[is_time]
    if int((end - start).sum()) == int((pieces.end - pieces.start).sum()):
        return _Part(*(pieces.start[:0],) * 2, *(pieces.lane[:0],) * 3)  # nothing left, as mostly
    gaps = outside(start, end, joined(pieces.start, pieces.end))
    slot = mixed[gaps.left]
    return _Part(
        gaps.start,
        gaps.end,
        lane_of[slot],
        columns.default_condition[slot],
        columns.default_error_ms[slot],
    )


def _missing(
    columns: Columns, lane_of: Rows, mixed: Rows, line: Line, unobserved: int
) -> tuple[_Part, ...]:
    """Return time outside the columns' reach, and all time of slots that they do not know."""
    is_known = np.zeros(line.lanes, dtype=np.bool_)
    is_known[lane_of[mixed]] = True
    lanes = np.sort(lane_of[mixed])
    strangers = _strangers(lane_of, line)
    reach, inner = line.reach, columns.reach
    return (
        _unobserved(lanes, reach.start_ms, min(inner.start_ms, reach.end_ms), line, unobserved),
        _unobserved(lanes, max(inner.end_ms, reach.start_ms), reach.end_ms, line, unobserved),
        _unobserved(strangers, reach.start_ms, reach.end_ms, line, unobserved),
    )


def _strangers(lane_of: Rows, line: Line) -> Rows:
    is_stranger = np.ones(line.lanes, dtype=np.bool_)
    is_stranger[lane_of[lane_of >= 0]] = False
    return np.flatnonzero(is_stranger)


def _unobserved(lanes: Rows, start_ms: int, end_ms: int, line: Line, condition: int) -> _Part:
    if start_ms >= end_ms:
        lanes = lanes[:0]
    count = len(lanes)
    start, end = (
        line.places(lanes, np.full(count, at_ms, dtype=np.int64)) for at_ms in (start_ms, end_ms)
    )
    pair, error_ms = (np.full(count, number, dtype=np.int64) for number in (condition, 0))
    return _Part(start, end, lanes, pair, error_ms)


def _merged(pairs: Pairs, parts: list[_Part]) -> Seen:
    if len(parts) == 1:
        (p,) = parts
        return Seen(pairs, p.start, p.end, p.lane, p.pair, p.error_ms)
    start = np.concatenate([part.start for part in parts])
    rows = order(start)
    columns = (
        np.concatenate(column)[rows]
        for column in zip(*((p.end, p.lane, p.pair, p.error_ms) for p in parts), strict=True)
    )
    return Seen(pairs, start[rows], *columns)


def rows_where(rows: Seen, mask: Mask) -> Stretches:
    """Return the time of some rows."""
    some = np.flatnonzero(mask)
    return joined(rows.start[some], rows.end[some])
