"""Rows are numbered by what they say, whether their integers are small or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.timeline.columns.table import numbered

SMALL, LARGE = st.integers(-1, 3), st.sampled_from([-1, 0, 2**40, 2**62])


@given(st.lists(st.tuples(SMALL, LARGE, SMALL), min_size=1, max_size=12))
def test_rows_have_one_number_if_they_say_the_same(rows: list[tuple[int, int, int]]) -> None:
    """And each number stands for the first row that has it."""
    first, number = numbered(*np.array(rows, dtype=np.int64).T)
    assert [rows[first[one]] for one in number] == rows
    assert sorted(first.tolist()) == sorted({rows.index(row) for row in rows})


def test_many_kinds_of_small_numbers_are_told_apart() -> None:
    """A table of all combinations would be larger than the rows are many."""
    left, right = np.divmod(np.arange(10_000, dtype=np.int64), 100)
    first, number = numbered(left * 400, right * 400)
    assert sorted(first.tolist()) == list(range(10_000))
    assert (first[number] == np.arange(10_000)).all()


@pytest.mark.parametrize("columns", [1, 2])
def test_no_rows_have_no_numbers(columns: int) -> None:
    """There is nothing to count."""
    first, number = numbered(*[np.zeros(0, dtype=np.int64)] * columns)
    assert len(first) == len(number) == 0
