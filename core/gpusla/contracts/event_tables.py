"""Tables by the length of an outage: rows that leave a gap or overlap are settled, or refused."""

from collections.abc import Sequence
from itertools import pairwise

from gpusla.contracts.remedies import EventRow
from gpusla.contracts.schema_remedies import EventRowForm, PerEventTableForm


def rows_of(form: PerEventTableForm) -> tuple[EventRow, ...]:
    """
    Return the rows without gaps and overlaps.

    form: rows that rise, of which only the last has no end; without gaps and overlaps unless
    gap_policy says whose the lengths in question are.
    """
    bounds = [_boundary(lower, upper, form.gap_policy) for lower, upper in pairwise(form.rows)]
    starts = [form.rows[0].start_ms, *bounds]
    ends = [*bounds, None]
    return tuple(
        EventRow(start_ms, end_ms, row.hours)
        for row, start_ms, end_ms in zip(form.rows, starts, ends, strict=True)
    )


def first_break(rows: Sequence[EventRowForm]) -> int | None:
    """Return the number of the first row that does not begin where the one before it ends."""
    for number, (lower, upper) in enumerate(pairwise(rows), start=1):
        if lower.end_ms != upper.start_ms:
            return number
    return None


def _boundary(lower: EventRowForm, upper: EventRowForm, policy: str) -> int:
    """Return where the lower row gives way to the upper one."""
    assert lower.end_ms is not None
    choose = min if policy == "upper" else max
    return choose(lower.end_ms, upper.start_ms)
