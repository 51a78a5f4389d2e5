"""What witnesses claim about very many slots, as columns: one row for each claim, unresolved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gpusla.identity import Slot
from gpusla.journal.model import Condition
from gpusla.timeline.columns.model import NONE, Integers
from gpusla.timeline.model import StateSpan, Witness

WITNESSES = tuple(Witness)
"""A witness's number is its place here."""

_PLACES = {witness: place for place, witness in enumerate(WITNESSES)}


@dataclass(frozen=True, slots=True, eq=False)
class ClaimColumns:
    """
    Claims in any order, which may overlap, contradict one another and lie outside of any reach.

    slots, conditions: tables; each entry stands once.
    slot, condition, other: indices into them; other is NONE where there is none.
    start_ms, end_ms: half-open.  error_ms: NONE if nobody knows.  witness: a place in WITNESSES.
    Rows that are sorted by (slot, start) are resolved faster.
    """

    slots: tuple[Slot, ...]
    conditions: tuple[Condition, ...]
    slot: Integers
    start_ms: Integers
    end_ms: Integers
    condition: Integers
    other: Integers
    error_ms: Integers
    witness: Integers


def claims_of(spans: Iterable[StateSpan], slots: Sequence[Slot]) -> ClaimColumns:
    """Return spans as columns, sorted by (slot, start); those of other slots are left out."""
    places = {slot: place for place, slot in enumerate(slots)}
    conditions: dict[Condition, int] = {}
    rows = sorted(
        (
            places[span.slot],
            span.start_ms,
            span.end_ms,
            conditions.setdefault(span.condition, len(conditions)),
            NONE if span.other is None else conditions.setdefault(span.other, len(conditions)),
            NONE if span.error_ms is None else span.error_ms,
            _PLACES[span.witness],
        )
        for span in spans
        if span.slot in places
    )
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 7)
    columns = (np.ascontiguousarray(column) for column in table.T)
    return ClaimColumns(tuple(slots), tuple(conditions), *columns)
