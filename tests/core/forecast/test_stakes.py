"""Money at stake: by hand, and against settling the month as it would be once it is over."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.model import ContractVersion, Rounding
from gpusla.contracts.promises import Objective
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    EventRounding,
    Linear,
    LinearOf,
    Multiple,
    NoCredit,
    Step,
    Tier,
)
from gpusla.forecast.approach import Course
from gpusla.forecast.commitment import Stretch
from gpusla.forecast.stakes import Stakes, stakes
from gpusla.instants import Interval
from gpusla.sla.combine import Ground, settle
from gpusla.sla.credits import judge
from gpusla.sla.evaluation import Bounds, Evaluation, Measure, Outcome
from gpusla.sla.prices import Prices
from tests.core.contracts.terms import contract, objective
from tests.core.forecast.evaluations import bounds, evaluation, outcome, short_period

FEE = 100_000
WINDOW = Interval(0, 40)
PERIOD = short_period(0, 100)


def test_stakes_by_hand() -> None:
    """
    A fee of 1,000.00 and 3,100 GPU-days, of which 1,000 are over and 31 lost.

    Nothing more: 31 of 3,100 is 1 % exactly, which is no miss of 99 %, so 0.  One GPU stays out for
    21 days: 52 of 3,100 is 1.68 %, so 5 % or 50.00.  All lost: far below 95 %, so 25 % or 250.00.
    """
    step = Step(Base.PERIOD_FEE, tiers("99/100 5", "98/100 10", "95/100 25"))
    course = Course(
        Measure(Interval(0, 10), bounds(1000), bounds(31), Fraction(3100), (), 0),
        10,
        (Stretch(Interval(10, 31), Fraction(100)),),
        Fraction(1),
        may_be_made_up=False,
    )
    found = foreseen(contract(), [(objective(credit=step), course)])
    assert found.if_nothing_more == Bounds(0, 0, 0)
    assert found.at_rate == Bounds(5_000, 5_000, 5_000)
    assert found.if_all_lost == Bounds(25_000, 25_000, 25_000)
    assert found.held == ()


def test_what_does_not_follow_from_time_is_held_and_named() -> None:
    """A credit for each outage stays what it is today; so does what nobody says the rate of."""
    events = objective(id="events", credit=Multiple(Fraction(2), EventRounding.NONE, 0))
    linear = objective(credit=Linear(Base.PERIOD_FEE, LinearOf.ALL_LOST, Fraction(1)))
    course = course_of(lost=(4, 4, 4), rate=Fraction(0))
    version = contract(objectives=(events, linear))
    judged = evaluation(
        version,
        PERIOD,
        40,
        outcome_of(events, course, credit=bounds(300)),
        outcome_of(linear, course),
        fee=FEE,
    )
    found = stakes(judged, {"availability": course}, ["availability"])
    assert found.held == ("events", "availability")
    # 300 for events, and 4 of 100 of the fee.
    assert found.if_nothing_more.value == found.at_rate.value == 300 + 4_000


@st.composite
def promises(draw: st.DrawFn) -> list[tuple[Objective, Course]]:
    """Draw up to three objectives with foreseeable credits, and how far each window is."""
    credit = st.one_of(
        st.just(NoCredit()),
        st.builds(
            Linear,
            st.just(Base.PERIOD_FEE),
            st.sampled_from(LinearOf),
            st.fractions(Fraction(1, 2), 3, max_denominator=2),
        ),
        st.just(Step(Base.PERIOD_FEE, tiers("99/100 5", "9/10 10", "1/2 100"))),
    )
    return [
        (
            objective(id=f"o{number}", credit=draw(credit)),
            course_of(
                lost=tuple(sorted(draw(st.tuples(*[st.integers(0, 40)] * 3)))),
                rate=draw(st.fractions(0, 2, max_denominator=3)),
            ),
        )
        for number in range(draw(st.integers(1, 3)))
    ]


VERSIONS = st.builds(
    lambda across, caps, minimum, rounding: contract(
        combination={"across": across, "caps": tuple(caps), "minimum_minor_units": minimum},
        fees={"rounding": rounding},
    ),
    st.sampled_from(AcrossObjectives),
    st.lists(
        st.one_of(
            st.builds(
                Cap, st.fractions(1, 100, max_denominator=3), st.just(Base.PERIOD_FEE), st.none()
            ),
            st.builds(Cap, st.none(), st.just(Base.PERIOD_FEE), st.integers(1, FEE)),
        ),
        max_size=2,
    ),
    st.sampled_from([0, 700, 60_000]),
    st.sampled_from(Rounding),
)


@given(VERSIONS, promises())
def test_each_stake_is_what_settling_the_finished_month_gives(
    version: ContractVersion, given_promises: list[tuple[Objective, Course]]
) -> None:
    """The engine judges the finished month; the forecast said the same, in all three bounds."""
    found = foreseen(version, given_promises)
    assert found.if_nothing_more == finished(version, given_promises, lambda _: Fraction(0))
    assert found.if_all_lost == finished(version, given_promises, lambda _: Fraction(60))
    assert found.at_rate == finished(
        version, given_promises, lambda course: 60 * min(course.rate, Fraction(1))
    )


@given(VERSIONS, promises())
def test_losing_more_never_costs_less_and_never_more_than_the_fee(
    version: ContractVersion, given_promises: list[tuple[Objective, Course]]
) -> None:
    """`first` apart, where a small early credit may stand in the way of a larger one."""
    found = foreseen(version, given_promises)
    if version.combination.across is not AcrossObjectives.FIRST:
        assert found.if_nothing_more.value <= found.at_rate.value <= found.if_all_lost.value
    assert found.if_all_lost.high <= FEE


def foreseen(version: ContractVersion, given_promises: list[tuple[Objective, Course]]) -> Stakes:
    """Ask the forecast."""
    outcomes = [outcome_of(promise, course) for promise, course in given_promises]
    judged = evaluation(version, PERIOD, 40, *outcomes, fee=FEE)
    return stakes(judged, {promise.id: course for promise, course in given_promises})


def finished(
    version: ContractVersion, given_promises: list[tuple[Objective, Course]], further: object
) -> Bounds[int]:
    """Judge and settle the whole month with so much more lost, as the engine does."""
    prices = Prices(
        window=Interval(0, 100),
        until_ms=100,
        window_fee=Fraction(FEE),
        annual_twelfth=Fraction(FEE),
        committed_gpu_ms=100,
        is_last=False,
        timezone="UTC",
    )
    judged = []
    for promise, course in given_promises:
        measure, more = course.measure, further(course)  # type: ignore[operator]
        lost = Bounds(
            *(one + more for one in (measure.lost.low, measure.lost.value, measure.lost.high))
        )
        whole = replace(measure, window=Interval(0, 100), total=bounds(100), lost=lost)
        judged.append((judge(promise, whole, prices), prices))
    return settle(Ground(version, judged, Fraction(FEE), Fraction(FEE))).rounded


def course_of(lost: tuple[int, ...], rate: Fraction) -> Course:
    """One GPU for 100 ms, of which 40 are over."""
    measure = Measure(WINDOW, bounds(40), bounds(*lost), Fraction(100), (), 0)
    rest = (Stretch(Interval(40, 100), Fraction(1)),)
    return Course(measure, 40, rest, rate, may_be_made_up=False)


def outcome_of(promise: Objective, course: Course, **changes: object) -> Outcome:
    """The outcome to date that belongs to a course."""
    measure = course.measure
    return outcome(
        promise,
        measure.window,
        measure.total,
        measure.lost,
        measure.total_whole_window,
        **{"base": Fraction(FEE), **changes},
    )


def tiers(*rows: str) -> tuple[Tier, ...]:
    """Read `99/100 5`: below that, five percent."""
    split = [row.split() for row in rows]
    return tuple(Tier(Fraction(below), Fraction(percent)) for below, percent in split)


def test_the_evaluation_to_date_is_not_changed() -> None:
    """What is owed now is the evaluation's own figure, claimed or not."""
    course = course_of(lost=(0, 0, 0), rate=Fraction(0))
    judged: Evaluation = evaluation(
        contract(), PERIOD, 40, outcome_of(objective(), course), fee=FEE
    )
    settlement = replace(judged.settlement, rounded=Bounds(1, 2, 3))
    judged = replace(judged, settlement=settlement)
    assert stakes(judged, {"availability": course}).now == Bounds(1, 2, 3)
