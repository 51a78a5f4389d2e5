"""Rows by the length of an outage leave no length without a row, and none with two."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.event_tables import first_break, rows_of
from gpusla.contracts.remedies import EventRow
from gpusla.contracts.schema_remedies import PerEventTableForm

MINUTE = 60_000


def table(policy: str, *rows: tuple[int, int | None, int]) -> PerEventTableForm:
    """A table of minutes and hours."""
    return PerEventTableForm.model_validate(
        {
            "type": "per_event_table",
            "gap_policy": policy,
            "rows": [
                {"from": f"PT{start}M", "until": None if end is None else f"PT{end}M", "hours": n}
                for start, end, n in rows
            ],
        }
    )


@pytest.mark.parametrize(
    ("policy", "end", "boundary"),
    [("lower", 9, 10), ("upper", 9, 9), ("lower", 12, 12), ("upper", 12, 10), ("error", 10, 10)],
)
def test_the_policy_says_whose_the_lengths_between_two_rows_are(
    policy: str, end: int, boundary: int
) -> None:
    """A gap of 9 to 10 minutes and an overlap of 10 to 12, each given down or up."""
    assert rows_of(table(policy, (0, end, 12), (10, None, 24))) == (
        EventRow(0, boundary * MINUTE, Fraction(12)),
        EventRow(boundary * MINUTE, None, Fraction(24)),
    )


@given(
    ends=st.lists(st.integers(1, 500), min_size=1, max_size=6, unique=True),
    offsets=st.lists(st.integers(-3, 3), min_size=6, max_size=6),
    policy=st.sampled_from(["lower", "upper"]),
)
def test_every_length_has_exactly_one_row(ends: list[int], offsets: list[int], policy: str) -> None:
    """Rows that rise, however they gape or overlap, come out touching one another."""
    ends = sorted(end * 10 for end in ends)
    starts = [0, *(end + offset for end, offset in zip(ends, offsets, strict=False))]
    rows = [
        (start, end, number + 1)
        for number, (start, end) in enumerate(zip(starts, [*ends, None], strict=True))
    ]
    found = rows_of(table(policy, *rows))
    assert found[0].from_ms == 0
    assert found[-1].until_ms is None
    for lower, upper in pairwise(found):
        assert lower.until_ms == upper.from_ms
        assert lower.from_ms < upper.from_ms


def test_a_break_is_found_by_the_row_that_begins_wrong() -> None:
    """The third row, counted from zero as positions in files are."""
    rows = table("error", (0, 10, 1), (10, 20, 2), (21, None, 3)).rows
    assert first_break(rows) == 2
    assert first_break(rows[:2]) is None
