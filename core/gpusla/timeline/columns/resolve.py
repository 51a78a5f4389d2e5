"""
From claims of several witnesses to columns without overlaps: what `build` does, for many slots.

All slots' time is laid on one line, each slot's reach at the place of its number and a millisecond
apart from the next one's, so that everything is arithmetic on sorted integers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gpusla.instants import Interval
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.columns.claims import WITNESSES, ClaimColumns
from gpusla.timeline.columns.model import NONE, Columns, Integers
from gpusla.timeline.columns.sayings import Sayings
from gpusla.timeline.columns.table import Table, numbered
from gpusla.timeline.columns.verdicts import (
    Mask,
    Verdicts,
    agreeing,
    between,
    split,
    worst,
)

_LARGEST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Time on the line with what is said of it, as numbers of sayings; sorted by start."""

    start: Integers
    end: Integers
    says: Integers

    def where(self, rows: Integers) -> "_Rows":
        return _Rows(self.start[rows], self.end[rows], self.says[rows])


def resolve(claims: ClaimColumns, reach: Interval) -> Columns:
    """
    Return what claims come to over reach, slot by slot, as `gpusla.timeline.build` would say it.

    Time between claims of a slot is unknown, with pieces of its own; slots without any claim are
    left to the default.  Neighbours that say the same are one piece.
    """
    stride = reach.duration_ms + 1
    assert len(claims.slots) * stride <= _LARGEST, "all slots' time fits into 64 bits"
    table = Table(claims.conditions)
    sayings = Sayings(Verdicts(claims.condition, claims.other, claims.error_ms))
    rows, witness = _laid(claims, sayings.numbers, reach, stride)
    pieces = _joined(_filled(_apart(table, sayings, rows, witness), table, sayings, stride))
    slot = pieces.start // stride
    origin = slot * stride - reach.start_ms
    says = sayings.verdicts.where(pieces.says)
    nothing = np.full(len(claims.slots), table.number(UNOBSERVED), dtype=np.int64)
    return Columns(
        reach,
        claims.slots,
        table.conditions,
        slot,
        pieces.start - origin,
        pieces.end - origin,
        says.condition,
        says.other,
        says.error_ms,
        nothing,
        np.zeros_like(nothing),
    )


def _laid(
    claims: ClaimColumns, says: Integers, reach: Interval, stride: int
) -> tuple[_Rows, Integers]:
    """Return claims inside the reach, sorted, on the line, and whose they are."""
    offset = claims.slot * stride - reach.start_ms
    start = np.maximum(claims.start_ms, reach.start_ms) + offset
    end = np.minimum(claims.end_ms, reach.end_ms) + offset
    rows, witness = _Rows(start, end, says), claims.witness
    is_time = start < end
    if not is_time.all():
        inside = np.flatnonzero(is_time)
        rows, witness = rows.where(inside), witness[inside]
    if (rows.start[1:] < rows.start[:-1]).any():
        order = np.argsort(rows.start, kind="stable")
        rows, witness = rows.where(order), witness[order]
    return rows, witness


def _apart(table: Table, sayings: Sayings, rows: _Rows, witness: Integers) -> _Rows:
    """Return rows that do not overlap."""
    is_shared = _overlapping(rows)
    if not is_shared.any():
        return rows
    shared, alone = np.flatnonzero(is_shared), np.flatnonzero(~is_shared)
    rest, of_rest = rows.where(shared), witness[shared]
    lines = [
        _of_one(table, sayings, rest.where(np.flatnonzero(of_rest == number)))
        for number in range(len(WITNESSES))
    ]
    return _merged(rows.where(alone), _of_all(table, sayings, lines))


def _overlapping(rows: _Rows) -> Mask:
    """Return which rows have time in common with another one."""
    overlaps_before = rows.start[1:] < np.maximum.accumulate(rows.end)[:-1]
    is_shared = np.append(False, overlaps_before)[: len(rows.start)]
    is_shared[:-1] |= overlaps_before
    return is_shared


def _of_one(table: Table, sayings: Sayings, rows: _Rows) -> _Rows:
    """Return one witness's rows without overlaps, cut wherever one that overlaps begins or ends."""
    is_shared = _overlapping(rows)
    if not is_shared.any():
        return rows
    shared = rows.where(np.flatnonzero(is_shared))
    edges, first, past = _cut(shared.start, shared.end)
    counts = past - first
    row = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    before = np.cumsum(counts) - counts
    piece = np.arange(len(row), dtype=np.int64) + (first - before)[row]
    order = np.argsort(piece, kind="stable")
    piece, row = piece[order], row[order]
    is_first = np.append(True, piece[1:] != piece[:-1])
    says = worst(table, np.cumsum(is_first) - 1, sayings.verdicts.where(shared.says[row]))
    piece = piece[is_first]
    settled = _Rows(edges[piece], edges[piece + 1], sayings.add(says))
    return _merged(rows.where(np.flatnonzero(~is_shared)), settled)


def _of_all(table: Table, sayings: Sayings, lines: Sequence[_Rows]) -> _Rows:
    """
    Return what witnesses come to wherever one of them claims something.

    lines: of each of WITNESSES, without overlaps.  What they say together is worked out once for
    all pieces of which they say the same.
    """
    edges, first, past = _cut(*(np.concatenate(ends) for ends in _ends(lines)))
    says = np.full((len(WITNESSES), len(edges) - 1), NONE, dtype=np.int64)
    offset = 0
    for whose, line in enumerate(lines):
        rows = slice(offset, offset + len(line.start))
        says[whose] = _at_pieces(first[rows], past[rows], line.says, len(edges))
        offset = rows.stop
    one, kind = numbered(*says)
    is_told = (says[:, one] != NONE).any(axis=0)
    numbers = np.full(len(one), NONE, dtype=np.int64)
    numbers[is_told] = sayings.add(_come_to(table, sayings.verdicts, says[:, one[is_told]]))
    found = numbers[kind]
    told = np.flatnonzero(found != NONE)
    return _Rows(edges[told], edges[told + 1], found[told])


def _ends(lines: Sequence[_Rows]) -> tuple[list[Integers], list[Integers]]:
    return [line.start for line in lines], [line.end for line in lines]


def _cut(start: Integers, end: Integers) -> tuple[Integers, Integers, Integers]:
    """Return all places where rows begin or end, and the places' numbers by row."""
    places = np.concatenate((start, end))
    order = np.argsort(places, kind="stable")  # a few runs, which are merged
    places = places[order]
    is_new = np.append(True, places[1:] != places[:-1])[: len(places)]
    number = np.empty_like(order)
    number[order] = np.cumsum(is_new) - 1
    return places[is_new], number[: len(start)], number[len(start) :]


def _at_pieces(first: Integers, past: Integers, says: Integers, edges: int) -> Integers:
    """Return what is said between each two edges by rows that do not overlap; NONE for nothing."""
    change = np.zeros(edges, dtype=np.int64)
    change[first] = says - NONE
    change[past] -= says - NONE
    return np.cumsum(change)[:-1] + NONE


def _come_to(table: Table, verdicts: Verdicts, says: Integers) -> Verdicts:
    """
    Return what witnesses come to.

    says: numbers of verdicts, one row for each of WITNESSES, one column for each piece; NONE where
    a witness has no record, and no column is without any.
    """
    piece, whose = np.nonzero(says.T != NONE)
    alone = verdicts.where(says.T[piece, whose])
    is_agreed, agreed = agreeing(piece, alone)
    if is_agreed.all():
        return agreed
    rest, group = split(is_agreed, piece)
    wide = []
    for column in alone.where(rest).columns:
        by_witness = np.full((group[-1] + 1, len(WITNESSES)), NONE, dtype=np.int64)
        by_witness[group, whose[rest]] = column
        wide.append(by_witness)
    return agreed.with_(~is_agreed, between(table, Verdicts(*wide)))


def _filled(rows: _Rows, table: Table, sayings: Sayings, stride: int) -> _Rows:
    """Return rows with unknown time wherever a slot that has some leaves some of the reach."""
    if len(rows.start) == 0:
        return rows
    slot = rows.start // stride
    lane_start = slot * stride
    reached = np.maximum(np.append(0, rows.end[:-1]), lane_start)
    closes = np.append(np.flatnonzero(slot[1:] != slot[:-1]), len(slot) - 1)
    gap = np.flatnonzero(reached < rows.start)
    tail = closes[rows.end[closes] < lane_start[closes] + (stride - 1)]
    if len(gap) == 0 and len(tail) == 0:
        return rows
    errors = np.concatenate(
        (_gap_errors(sayings, rows, reached, lane_start, gap), _errors(sayings, rows, tail))
    )
    start = np.concatenate((reached[gap], rows.end[tail]))
    end = np.concatenate((rows.start[gap], lane_start[tail] + (stride - 1)))
    unseen = np.full(len(start), table.number(UNOBSERVED), dtype=np.int64)
    none = np.full(len(start), NONE, dtype=np.int64)
    return _merged(rows, _Rows(start, end, sayings.add(Verdicts(unseen, none, errors))))


def _gap_errors(
    sayings: Sayings, rows: _Rows, reached: Integers, lane_start: Integers, gap: Integers
) -> Integers:
    """Return the clock errors of gaps: of a row before, if the slot has one, and the row after."""
    after = _errors(sayings, rows, gap)
    before = np.where(
        reached[gap] > lane_start[gap], _errors(sayings, rows, np.maximum(gap - 1, 0)), after
    )
    return np.where((before == NONE) | (after == NONE), NONE, np.maximum(before, after))


def _errors(sayings: Sayings, rows: _Rows, which: Integers) -> Integers:
    return sayings.verdicts.error_ms[rows.says[which]]


def _joined(rows: _Rows) -> _Rows:
    """Return rows of which no two neighbours of a slot touch and say the same."""
    continues = (rows.start[1:] == rows.end[:-1]) & (rows.says[1:] == rows.says[:-1])
    if not continues.any():
        return rows
    first = np.flatnonzero(np.append(True, ~continues))
    last = np.append(first[1:], len(rows.start)) - 1
    return replace(rows.where(first), end=rows.end[last])


def _merged(left: _Rows, right: _Rows) -> _Rows:
    start = np.concatenate((left.start, right.start))
    order = np.argsort(start, kind="stable")
    end, says = np.concatenate((left.end, right.end)), np.concatenate((left.says, right.says))
    return _Rows(start[order], end[order], says[order])
