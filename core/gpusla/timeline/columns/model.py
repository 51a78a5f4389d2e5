"""
The timeline of many slots as columns of integers: one row for each piece of a slot's time.

It says what a `Timeline` says, without the evidence, in a form that a hundred thousand slots fit
into.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.model import StateSpan, Timeline

Integers: TypeAlias = NDArray[np.int64]

NONE = -1
"""No other condition, and a clock error that nobody knows."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """
    Pieces of many slots' time, sorted by (slot, start), none empty, without overlaps, inside reach.

    slots, conditions: tables; each entry stands once.
    slot, condition, other: indices into the tables, one a piece; other is NONE where all is agreed.
    start_ms, end_ms: half-open.  error_ms: NONE if nobody knows.
    default_condition, default_error_ms: one for each of slots: what holds wherever no piece of the
    slot covers the reach, as a span for each such stretch.
    """

    reach: Interval
    slots: tuple[Slot, ...]
    conditions: tuple[Condition, ...]
    slot: Integers
    start_ms: Integers
    end_ms: Integers
    condition: Integers
    other: Integers
    error_ms: Integers
    default_condition: Integers
    default_error_ms: Integers

    @property
    def first_row(self) -> Integers:
        """Row at which each slot begins, then the number of rows; one more than there are slots."""
        places = np.arange(len(self.slots) + 1, dtype=np.int64)
        return np.searchsorted(self.slot, places).astype(np.int64)


def columns_of(timeline: Timeline) -> Columns:
    """
    Return a timeline as columns, slots sorted.

    Neighbours that differ only in their evidence are one piece.  The default is what nobody
    observed, with no clock error; no time is left to it.
    """
    slots = tuple(sorted(timeline.spans))
    index: dict[Condition, int] = {UNOBSERVED: 0}
    rows: list[tuple[int, int, int, int, int, int]] = []
    for number, slot in enumerate(slots):
        for span in timeline.spans[slot]:
            row = _row(number, span, index)
            if rows and _continues(rows[-1], row):
                row = (*rows.pop()[:2], *row[2:])
            rows.append(row)
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 6)
    slot_, start_ms, end_ms, condition, other, error_ms = (
        np.ascontiguousarray(column) for column in table.T
    )
    nothing = np.zeros(len(slots), dtype=np.int64)
    return Columns(
        timeline.period,
        slots,
        tuple(index),
        slot_,
        start_ms,
        end_ms,
        condition,
        other,
        error_ms,
        nothing,
        nothing,
    )


def _row(
    number: int, span: StateSpan, index: dict[Condition, int]
) -> tuple[int, int, int, int, int, int]:
    condition = index.setdefault(span.condition, len(index))
    other = NONE if span.other is None else index.setdefault(span.other, len(index))
    error_ms = NONE if span.error_ms is None else span.error_ms
    return number, span.start_ms, span.end_ms, condition, other, error_ms


def _continues(
    before: tuple[int, int, int, int, int, int], row: tuple[int, int, int, int, int, int]
) -> bool:
    """Say whether row begins where before ends, on the same slot, and says the same."""
    return (before[0], before[2], *before[3:]) == (row[0], row[1], *row[3:])
