"""Sets of time on a line, against the algebra of intervals; and integers that do not overflow."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.promises import Degraded
from gpusla.instants import Interval
from gpusla.sla.measure import exact
from gpusla.sla.measure.exact import (
    Numbers,
    common_denominator,
    integral,
    integrals,
    kind_for,
    order,
)
from gpusla.sla.measure.lines import (
    Line,
    Stretches,
    intersect,
    joined,
    outside,
    subtract,
    union,
)
from gpusla.timeline import intervals
from tests.core.sla.measure.stories import MINUTE_MS, judged, told

places = st.integers(0, 40)
rows = st.lists(st.tuples(places, places).map(lambda ends: Interval(min(ends), max(ends))))
kinds = st.sampled_from((np.int64, object))


def set_of(time: list[Interval], kind: type) -> Stretches:
    """Intervals as a set on a line."""
    start: Numbers = np.array([one.start_ms for one in time], dtype=kind)
    return joined(start, np.array([one.end_ms for one in time], dtype=kind))


def told_of(time: Stretches) -> tuple[Interval, ...]:
    """A set on a line as intervals."""
    return tuple(map(Interval, time.start.tolist(), time.end.tolist()))


@given(left=rows, right=rows, kind=kinds)
def test_sets_on_a_line_are_sets_of_intervals(
    left: list[Interval], right: list[Interval], kind: type
) -> None:
    """Union, intersection and difference, of rows in any order that may overlap and be empty."""
    ours, theirs = set_of(left, kind), set_of(right, kind)
    assert told_of(ours) == intervals.union(left)
    assert told_of(union(ours, theirs)) == intervals.union([*left, *right])
    assert told_of(intersect(ours, theirs)) == intervals.intersect(left, right)
    assert told_of(subtract(ours, theirs)) == intervals.subtract(left, right)


@given(right=rows, kind=kinds)
def test_rows_that_touch_stay_apart_outside_a_set(right: list[Interval], kind: type) -> None:
    """Each millisecond that is not taken, with the row that it came from."""
    start: Numbers = np.arange(5, 30, dtype=np.int64).astype(kind)
    rest = outside(start, start + 1, set_of(right, kind))
    taken = {at for one in right for at in range(one.start_ms, one.end_ms)}
    assert rest.start.tolist() == [at for at in range(5, 30) if at not in taken]
    assert (rest.left + 5).tolist() == rest.start.tolist()


def test_lanes_do_not_touch() -> None:
    """The end of one and the start of the next are two places, and each is in its lane."""
    line = Line(Interval(100, 110), 2, np.int64)
    lanes = np.array([0, 1], dtype=np.int64)
    first, last = (line.places(lanes, np.full(2, at, dtype=np.int64)) for at in (100, 110))
    assert (first.tolist(), last.tolist()) == ([0, 11], [10, 21])
    assert line.lanes_of(last).tolist() == [0, 1]
    assert line.instants(last).tolist() == [110, 110]
    assert line.places(lanes, np.array([7, 999], dtype=np.int64)).tolist() == [0, 21]


@given(values=st.lists(st.integers(-(2**40), 2**62)))
def test_order_sorts_however_far_values_lie_apart(values: list[int]) -> None:
    """Close ones are packed with their row, the others are not."""
    column = np.array(values, dtype=np.int64)
    assert column[order(column)].tolist() == sorted(values)
    assert sorted(order(column).tolist()) == list(range(len(values)))


@given(amounts=st.lists(st.integers(-(2**61), 2**61), max_size=9), length=st.integers(0, 2**40))
def test_an_integral_is_exact_where_64_bits_are_not_enough(amounts: list[int], length: int) -> None:
    """Also of each lane."""
    column = np.array(amounts, dtype=np.int64)
    lengths = np.full(len(amounts), length, dtype=np.int64)
    lanes = np.arange(len(amounts), dtype=np.int64) % 2
    assert integral(column, lengths) == sum(amounts) * length
    by_lane = integrals(lanes, 2, column, lengths).tolist()
    assert by_lane == [sum(amounts[::2]) * length, sum(amounts[1::2]) * length]


@pytest.mark.parametrize(("most", "kind"), [(2**62 - 1, np.int64), (2**62, object)])
def test_a_figure_that_does_not_fit_is_pythons_own(most: int, kind: type) -> None:
    """Exactly at the limit."""
    assert exact.LIMIT == 2**62
    assert kind_for(most) is kind


def test_fractions_of_any_length_are_counted_to_the_last_digit() -> None:
    """A contract whose fractions have forty digits."""
    tiny = Fraction(1, 10**40 + 1)
    found = judged(told("..hh"), degraded=Degraded(Fraction(1), {"power_limit": tiny}))
    assert found.lost.value == 2 * MINUTE_MS * (1 - tiny)


def test_a_common_denominator_is_the_smallest() -> None:
    """Of a half, two thirds and a sixth it is six."""
    sixths = [Fraction(1, 2), Fraction(2, 3), Fraction(1, 6), Fraction(3)]
    assert (common_denominator(sixths), common_denominator([])) == (6, 1)
