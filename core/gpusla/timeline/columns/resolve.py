"""
From claims of several witnesses to columns without overlaps: what `build` does, for many slots.

All slots' time is laid on one line, each slot's reach at the place of its number and a millisecond
apart from the next one's, so that everything is arithmetic on sorted integers.
"""

from dataclasses import dataclass, replace

import numpy as np

from gpusla.instants import Interval
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.columns.claims import WITNESSES, ClaimColumns
from gpusla.timeline.columns.model import NONE, Columns, Integers
from gpusla.timeline.columns.table import Table, once
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
    """Time on the line with what is said of it; sorted by start."""

    start: Integers
    end: Integers
    says: Verdicts

    def where(self, mask: Mask | Integers) -> "_Rows":
        return _Rows(self.start[mask], self.end[mask], self.says.where(mask))


def resolve(claims: ClaimColumns, reach: Interval) -> Columns:
    """
    Return what claims come to over reach, slot by slot, as `gpusla.timeline.build` would say it.

    Time between claims of a slot is unknown, with pieces of its own; slots without any claim are
    left to the default.  Neighbours that say the same are one piece.
    """
    stride = reach.duration_ms + 1
    assert len(claims.slots) * stride <= _LARGEST, "all slots' time fits into 64 bits"
    table = Table(claims.conditions)
    rows, witness = _laid(claims, reach, stride)
    pieces = _joined(_filled(_apart(table, rows, witness), table, stride))
    slot = pieces.start // stride
    nothing = np.full(len(claims.slots), table.number(UNOBSERVED), dtype=np.int64)
    return Columns(
        reach,
        claims.slots,
        table.conditions,
        slot,
        pieces.start - slot * stride + reach.start_ms,
        pieces.end - slot * stride + reach.start_ms,
        pieces.says.condition,
        pieces.says.other,
        pieces.says.error_ms,
        nothing,
        np.zeros_like(nothing),
    )


def _laid(claims: ClaimColumns, reach: Interval, stride: int) -> tuple[_Rows, Integers]:
    """Return claims inside the reach, sorted, on the line, and whose they are."""
    offset = claims.slot * stride - reach.start_ms
    start = np.maximum(claims.start_ms, reach.start_ms) + offset
    end = np.minimum(claims.end_ms, reach.end_ms) + offset
    says = Verdicts(claims.condition, claims.other, claims.error_ms)
    rows, witness = _Rows(start, end, says), claims.witness
    is_time = start < end
    if not is_time.all():
        rows, witness = rows.where(is_time), witness[is_time]
    if (rows.start[1:] < rows.start[:-1]).any():
        order = np.argsort(rows.start, kind="stable")
        rows, witness = rows.where(order), witness[order]
    return rows, witness


def _apart(table: Table, rows: _Rows, witness: Integers) -> _Rows:
    """Return rows that do not overlap."""
    reached = np.maximum.accumulate(rows.end)
    overlaps_before = rows.start[1:] < reached[:-1]
    if not overlaps_before.any():
        return rows
    is_shared = np.append(False, overlaps_before)
    is_shared[:-1] |= overlaps_before
    settled = _settled(table, rows.where(is_shared), witness[is_shared])
    return _merged(rows.where(~is_shared), settled)


def _settled(table: Table, rows: _Rows, witness: Integers) -> _Rows:
    """Return rows that overlap as pieces, cut wherever one of them begins or ends."""
    edges = once(np.concatenate((rows.start, rows.end)))
    first = np.searchsorted(edges, rows.start)
    counts = np.searchsorted(edges, rows.end) - first
    row = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    before = np.cumsum(counts) - counts
    piece = np.arange(len(row), dtype=np.int64) + (first - before)[row]
    key = piece * len(WITNESSES) + witness[row]
    order = np.argsort(key, kind="stable")
    key, row = key[order], row[order]
    is_first = np.append(True, key[1:] != key[:-1])
    alone = worst(table, np.cumsum(is_first) - 1, rows.says.where(row))
    piece, whose = np.divmod(key[is_first], len(WITNESSES))
    pieces, says = _by_piece(table, piece, whose, alone)
    return _Rows(edges[pieces], edges[pieces + 1], says)


def _by_piece(
    table: Table, piece: Integers, whose: Integers, alone: Verdicts
) -> tuple[Integers, Verdicts]:
    """Return each piece once, with what its witnesses come to; piece is sorted."""
    is_first = np.append(True, piece[1:] != piece[:-1])
    if is_first.all():
        return piece, alone
    group = np.cumsum(is_first) - 1
    is_agreed, agreed = agreeing(group, alone)
    if is_agreed.all():
        return piece[is_first], agreed
    rest, group = split(is_agreed, group)
    wide = []
    for column in alone.where(rest).columns:
        by_witness = np.full((group[-1] + 1, len(WITNESSES)), NONE, dtype=np.int64)
        by_witness[group, whose[rest]] = column
        wide.append(by_witness)
    return piece[is_first], agreed.with_(~is_agreed, between(table, Verdicts(*wide)))


def _filled(rows: _Rows, table: Table, stride: int) -> _Rows:
    """Return rows with unknown time wherever a slot that has some leaves some of the reach."""
    if len(rows.start) == 0:
        return rows
    slot, error_ms = rows.start // stride, rows.says.error_ms
    changes = slot[1:] != slot[:-1]
    opens, closes = np.append(True, changes), np.append(changes, True)
    reached = np.append(0, rows.end[:-1])
    reached[opens] = slot[opens] * stride
    before = np.append(error_ms[:1], error_ms[:-1])
    before[opens] = error_ms[opens]
    unsure = (before == NONE) | (error_ms == NONE)
    gap_error_ms = np.where(unsure, NONE, np.maximum(before, error_ms))
    has_gap = reached < rows.start
    slot_end = slot[closes] * stride + (stride - 1)
    has_tail = rows.end[closes] < slot_end
    if not has_gap.any() and not has_tail.any():
        return rows
    start = np.concatenate((reached[has_gap], rows.end[closes][has_tail]))
    end = np.concatenate((rows.start[has_gap], slot_end[has_tail]))
    errors = np.concatenate((gap_error_ms[has_gap], error_ms[closes][has_tail]))
    unseen = np.full(len(start), table.number(UNOBSERVED), dtype=np.int64)
    none = np.full(len(start), NONE, dtype=np.int64)
    return _merged(rows, _Rows(start, end, Verdicts(unseen, none, errors)))


def _joined(rows: _Rows) -> _Rows:
    """Return rows of which no two neighbours of a slot touch and say the same."""
    says = rows.says
    continues = rows.start[1:] == rows.end[:-1]
    for column in (says.condition, says.other, says.error_ms):
        continues &= column[1:] == column[:-1]
    if not continues.any():
        return rows
    is_first = np.append(True, ~continues)
    is_last = np.append(~continues, True)
    return replace(rows.where(is_first), end=rows.end[is_last])


def _merged(left: _Rows, right: _Rows) -> _Rows:
    start = np.concatenate((left.start, right.start))
    both = _Rows(start, np.concatenate((left.end, right.end)), left.says.and_(right.says))
    return both.where(np.argsort(start, kind="stable"))
