"""The algebra of intervals against sets of milliseconds."""

from hypothesis import given
from hypothesis import strategies as st

from gpusla.instants import Interval
from gpusla.timeline.intervals import (
    clip,
    earliest,
    intersect,
    subtract,
    total_ms,
    union,
)

END = 30
INTERVALS = st.lists(
    st.tuples(st.integers(0, END), st.integers(0, END)).map(
        lambda pair: Interval(min(pair), max(pair))
    ),
    max_size=8,
)


def moments(intervals: object) -> set[int]:
    """Every millisecond that lies in one of them."""
    assert isinstance(intervals, list | tuple)
    return {ms for interval in intervals for ms in range(interval.start_ms, interval.end_ms)}


def is_normal(intervals: tuple[Interval, ...]) -> bool:
    """Sorted, none empty, none touching the next."""
    edges = [edge for interval in intervals for edge in (interval.start_ms, interval.end_ms)]
    return edges == sorted(set(edges))


@given(INTERVALS, INTERVALS)
def test_the_operations_are_those_of_sets(left: list[Interval], right: list[Interval]) -> None:
    """Union, intersection and difference, on every millisecond."""
    assert moments(union([*left, *right])) == moments(left) | moments(right)
    assert moments(intersect(left, right)) == moments(left) & moments(right)
    assert moments(subtract(left, right)) == moments(left) - moments(right)


@given(INTERVALS, INTERVALS)
def test_a_result_is_normal(left: list[Interval], right: list[Interval]) -> None:
    """So equal sets of time are equal values."""
    for result in (union(left), intersect(left, right), subtract(left, right)):
        assert is_normal(result)


@given(INTERVALS)
def test_no_millisecond_is_counted_twice(intervals: list[Interval]) -> None:
    """Overlaps count once."""
    assert total_ms(intervals) == len(moments(intervals))


@given(INTERVALS, st.integers(0, END), st.integers(0, END))
def test_clipping_keeps_what_is_inside(intervals: list[Interval], one: int, two: int) -> None:
    """A window cuts at its own edges."""
    window = Interval(min(one, two), max(one, two))
    assert moments(clip(intervals, window)) == moments(intervals) & moments([window])


def test_what_does_not_touch_stays_apart() -> None:
    """One millisecond between two intervals is one millisecond, and none is none."""
    apart = [Interval(0, 4), Interval(5, 9)]
    assert union(apart) == tuple(apart)
    assert union([Interval(0, 5), Interval(5, 9)]) == (Interval(0, 9),)


@given(INTERVALS, st.integers(0, END))
def test_the_earliest_are_the_first_of_all_moments(
    intervals: list[Interval], length_ms: int
) -> None:
    """In order of time, whatever the order of the argument."""
    assert moments(earliest(intervals, length_ms)) == set(sorted(moments(intervals))[:length_ms])
    assert is_normal(earliest(intervals, length_ms))
