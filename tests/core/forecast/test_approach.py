"""How far off a threshold is: against a search millisecond by millisecond."""

from datetime import date
from fractions import Fraction
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import RampStep
from gpusla.forecast.approach import Course, approach
from gpusla.forecast.commitment import Stretch, committed
from gpusla.forecast.thresholds import Threshold
from gpusla.instants import Interval
from gpusla.sla.evaluation import Bounds, Measure
from tests.core.contracts.terms import contract
from tests.core.forecast.evaluations import bounds

T = TypeVar("T")

GPUS = st.integers(0, 4)
RATES = st.fractions(0, 5, max_denominator=4)
NOW_MS = 1_000
DAY_MS = 86_400_000


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """Draw a window of at most 50 ms of which 20 are over, with a ramp, a rate and three bounds."""
    total = Fraction(draw(st.integers(0, 80)))
    lost = sorted(draw(st.tuples(*[st.fractions(0, total, max_denominator=3)] * 3)))
    rest, at_ms = [], NOW_MS
    for gpus, length_ms in draw(st.lists(st.tuples(GPUS, st.integers(1, 10)), max_size=3)):
        rest.append(Stretch(Interval(at_ms, at_ms + length_ms), Fraction(gpus)))
        at_ms += length_ms
    whole = total + sum(one.total for one in rest)
    measure = Measure(
        Interval(NOW_MS - 20, NOW_MS), bounds(total), bounds(*lost), Fraction(whole), (), 0
    )
    return Course(measure, NOW_MS, tuple(rest), draw(RATES), may_be_made_up=False)


THRESHOLDS = st.builds(Threshold, st.fractions(0, 1, max_denominator=20), st.booleans())


@given(courses(), THRESHOLDS)
def test_the_moment_of_certain_breach_is_the_first_that_a_search_finds(
    course: Course, threshold: Threshold
) -> None:
    """At the present rate, and if everything is lost: every bound, to the millisecond."""
    found = approach(course, threshold, threshold.value, None)
    lost = course.measure.lost
    everything = Fraction(10)
    for rate, instants in (
        (course.rate, found.crossed_at_rate_ms),
        (everything, found.crossed_if_all_lost_ms),
    ):
        # The nearest instant is that of the most lost.
        assert instants.low == searched(course, threshold, lost.high, rate)
        assert instants.value == searched(course, threshold, lost.value, rate)
        assert instants.high == searched(course, threshold, lost.low, rate)


@given(courses(), THRESHOLDS)
def test_a_breach_is_certain_where_a_perfect_rest_does_not_help(
    course: Course, threshold: Threshold
) -> None:
    """With nothing more lost the finished window is judged; so it is in all three bounds."""
    found = approach(course, threshold, threshold.value, None)
    whole = course.measure.total_whole_window
    for certain, left, lost in zip(
        sides(found.is_certain),
        reversed(sides(found.left_ms)),
        sides(course.measure.lost),
        strict=True,
    ):
        assert certain is breaks(threshold, lost, whole)
        assert certain is (left is None)
        if left is not None:
            assert not breaks(threshold, lost + left, whole)
            assert breaks(threshold, lost + left + 1, whole)


@given(courses(), THRESHOLDS)
def test_the_time_left_at_the_present_rate_is_cut_to_the_millisecond(
    course: Course, threshold: Threshold
) -> None:
    """So long it may go on, and not one millisecond longer; nothing is said at a rate of 0."""
    found = approach(course, threshold, threshold.value, None)
    lost, whole = course.measure.lost.value, course.measure.total_whole_window
    left = found.left_at_rate_ms.value
    if not course.rate or breaks(threshold, lost, whole):
        assert left is None
    else:
        assert left is not None
        assert not breaks(threshold, lost + left * course.rate, whole)
        assert breaks(threshold, lost + (left + 1) * course.rate, whole)


def test_by_hand_a_rack_that_is_out_crosses_a_tier_on_the_eleventh_day() -> None:
    """1,000 GPUs for 30 days at 99 percent may lose 300 GPU-days; 72 of them lose that in 4 1/6."""
    rest = (Stretch(Interval(6 * DAY_MS, 30 * DAY_MS), Fraction(1000)),)
    measure = Measure(
        Interval(0, 6 * DAY_MS), bounds(6000 * DAY_MS), bounds(0), Fraction(30_000 * DAY_MS), (), 0
    )
    course = Course(measure, 6 * DAY_MS, rest, Fraction(72), may_be_made_up=False)
    found = approach(course, Threshold(Fraction(99, 100), is_kept_at=True), Fraction(99, 100), None)
    kept_ms = 4 * DAY_MS + DAY_MS // 6
    assert found.left_hours.value == 300 * 24
    assert found.left_at_rate_ms.value == kept_ms
    assert found.crossed_at_rate_ms.value == 6 * DAY_MS + kept_ms + 1
    # All 1,000 lost: 300 GPU-days are gone after 0.3 days.
    assert found.crossed_if_all_lost_ms.value == 6 * DAY_MS + 3 * DAY_MS // 10 + 1


def test_what_may_be_made_up_is_never_certain() -> None:
    """Under banked over-delivery a loss may still be mended by more than is committed."""
    measure = Measure(Interval(0, 10), bounds(10), bounds(9), Fraction(20), (), 0)
    rest = (Stretch(Interval(10, 20), Fraction(1)),)
    threshold = Threshold(Fraction(9, 10), is_kept_at=True)
    for may_be_made_up in (True, False):
        course = Course(measure, 10, rest, Fraction(0), may_be_made_up=may_be_made_up)
        found = approach(course, threshold, threshold.value, None)
        certain = not may_be_made_up
        assert found.is_certain == Bounds(certain, certain, certain)
        assert found.left_ms.value is None


def test_committed_time_follows_the_ramp_and_the_term() -> None:
    """Nothing before the first step or after the last day, and a step at local midnight."""
    steps = (RampStep(date(2026, 7, 2), 8), RampStep(date(2026, 7, 4), 16))
    version = contract(capacity={"ramp": steps}, term={"end": date(2026, 7, 5)})
    start_ms = start_of_day_ms(date(2026, 6, 30), "America/Chicago")
    got = committed(version, Interval(start_ms, start_ms + 10 * DAY_MS))
    assert [(one.interval.start_ms - start_ms, one.interval.end_ms - start_ms) for one in got] == [
        (2 * DAY_MS, 4 * DAY_MS),
        (4 * DAY_MS, 6 * DAY_MS),
    ]
    assert [one.rate for one in got] == [8, 16]


def searched(course: Course, threshold: Threshold, lost: Fraction, rate: Fraction) -> int | None:
    """Lose millisecond by millisecond until the whole window could no longer be met."""
    whole = course.measure.total_whole_window
    if breaks(threshold, lost, whole):
        return NOW_MS
    for stretch in course.rest:
        for at_ms in range(stretch.interval.start_ms, stretch.interval.end_ms):
            lost += min(rate, stretch.rate)
            if breaks(threshold, lost, whole):
                return at_ms + 1
    return None


def breaks(threshold: Threshold, lost: Fraction, whole: Fraction) -> bool:
    """Judge a finished window as the definition says: 1 - lost / whole against the threshold."""
    if not whole:
        # Nothing was committed; the outlook is not asked for.  The rule as it stands:
        return lost > 0 or not threshold.is_kept_at
    value = 1 - lost / whole
    return value < threshold.value or (value == threshold.value and not threshold.is_kept_at)


def sides(figures: Bounds[T]) -> list[T]:
    """Give low, value and high in this order."""
    return [figures.low, figures.value, figures.high]
