"""The whole forecast: budgets, tiers ahead, burns, claims, and what is not foreseen."""

from fractions import Fraction

import pytest

from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import ContractVersion, OverDelivery, RampStep
from gpusla.contracts.promises import Kind, Scope
from gpusla.forecast.lost import lost_in_buckets, lost_in_losses
from gpusla.forecast.outlook import ClaimDeadline, Forecast, Outlook, forecast
from gpusla.instants import Interval
from gpusla.sla.evaluation import Bounds, ClaimStanding, Evaluation, Loss
from gpusla.sla.values import next_tier
from tests.core.contracts.terms import START, TIERS, contract, objective
from tests.core.forecast.evaluations import bounds, evaluation, outcome, period

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
GPUS = 100
CONTRACT = contract(capacity={"ramp": contract().capacity.ramp})
NOVEMBER = period(CONTRACT, "2026-11")
START_MS = NOVEMBER.interval.start_ms
UNTIL_MS = START_MS + 10 * DAY_MS
WHOLE = Fraction(GPUS * 721 * HOUR_MS)
"""November 2026 has 721 hours in Chicago."""


def version(**changes: object) -> ContractVersion:
    """100 GPUs from the first day on."""
    capacity = {"ramp": (RampStep(START, GPUS),), **changes}
    return contract(capacity=capacity)


def to_date(
    lost: Bounds[Fraction], terms: ContractVersion | None = None, **changes: object
) -> Evaluation:
    """Ten days into November, so much lost."""
    terms = terms or version()
    total = bounds(GPUS * 10 * DAY_MS)
    judged = outcome(
        terms.objectives[0],
        Interval(START_MS, UNTIL_MS),
        total,
        lost,
        WHOLE,
        base=Fraction(terms.fees.recurring[0].minor_units),
    )
    return evaluation(terms, NOVEMBER, UNTIL_MS, judged, **changes)


def foreseen(judged: Evaluation, lost_between: object = None) -> Outlook:
    """The only objective's outlook."""
    given = {"availability": lost_between} if lost_between else {}
    return forecast(judged, given, UNTIL_MS).outlooks[0]  # type: ignore[arg-type]


def test_the_budget_is_that_of_the_whole_month() -> None:
    """One percent of 72,100 GPU-hours is 721; 200, 210 and 230 of them are used."""
    got = foreseen(to_date(bounds(200 * HOUR_MS, 210 * HOUR_MS, 230 * HOUR_MS)))
    assert got.budget.allowed == bounds(721 * HOUR_MS)
    assert got.budget.left == bounds(491 * HOUR_MS, 511 * HOUR_MS, 521 * HOUR_MS)
    assert got.budget.used_share.value == Fraction(210, 721)
    assert got.window == NOVEMBER.interval


def test_an_overspent_budget_is_negative_and_the_breach_certain_in_the_bounds_that_say_so() -> None:
    """721 GPU-hours may go; 700 to 730 have gone, and 722 by value."""
    got = foreseen(to_date(bounds(700 * HOUR_MS, 722 * HOUR_MS, 730 * HOUR_MS)))
    assert got.budget.left.value == -HOUR_MS
    assert got.target.is_certain == Bounds(low=False, value=True, high=True)
    assert got.target.left_hours == Bounds(None, None, 21)
    assert got.target.crossed_if_all_lost_ms.value == UNTIL_MS


def test_the_next_tier_is_the_highest_that_is_not_certain() -> None:
    """
    722 GPU-hours are lost: 99 percent is gone, 98 percent lies at 1,442.

    720 GPU-hours are left.  Reaching it raises 5 % of the fee to 10 %, so by 5 % of 150,000,000.00.
    The fee buys 72,100 GPU-hours, so the 720 are worth 720 / 72,100 of it.
    """
    got = foreseen(to_date(bounds(722 * HOUR_MS)))
    assert got.next_tier is not None
    assert got.next_tier.approach.percent == 10
    assert got.next_tier.approach.left_hours.value == 720
    assert got.next_tier.rise == Fraction(15_000_000_000, 20)
    assert got.next_tier.left_worth.value == Fraction(15_000_000_000 * 720, 72_100)


@pytest.mark.parametrize("hours", [0, 720, 721, 722, 1442, 3605, 3606, 9999])
def test_the_next_tier_agrees_with_the_evaluation(hours: int) -> None:
    """Which tier, and how much is left, by two ways of working it out."""
    got = foreseen(to_date(bounds(hours * HOUR_MS))).next_tier
    told = next_tier(objective(), TIERS, WHOLE, Fraction(hours * HOUR_MS))
    assert (got is None) is (told is None)
    if got is not None and told is not None:
        assert (got.approach.below, got.approach.left_ms.value) == (told.tier.below, told.gpu_ms)


def test_once_every_tier_is_certain_there_is_none_ahead() -> None:
    """Below 95 percent there is nothing left to lose."""
    assert foreseen(to_date(bounds(4_000 * HOUR_MS))).next_tier is None


def test_rate_and_burns_come_from_what_was_lost_lately() -> None:
    """A rack of 72 out for two hours: 72 GPUs a millisecond, and 72 % lost of 1 % burns at 72."""
    buckets = {UNTIL_MS - (n + 1) * HOUR_MS: Fraction(72 * HOUR_MS) for n in range(2)}
    got = foreseen(to_date(bounds(144 * HOUR_MS)), lost_in_buckets(HOUR_MS, buckets))
    assert got.rate == 72
    assert [burn.long for burn in got.burns] == [72, 24, 6, 2]
    assert got.burns[0].threshold == Fraction(1442, 100)
    assert [burn.is_burning for burn in got.burns] == [True, True, True, True]
    # 577 GPU-hours are left, gone after 577 / 72 hours.
    assert got.target.left_at_rate_ms.value == 577 * HOUR_MS // 72


def test_without_a_word_about_the_present_there_is_no_rate() -> None:
    """Silence is no good news: no burn of 0 is shown, and the stakes name the objective."""
    judged = to_date(bounds(0))
    got = forecast(judged, {}, UNTIL_MS)
    assert got.outlooks[0].rate is None
    assert got.outlooks[0].burns == ()
    assert got.outlooks[0].target.left_at_rate_ms.value is None
    assert got.stakes.held == ("availability",)


def test_losses_and_buckets_of_the_same_time_say_the_same() -> None:
    """A loss over three hours, asked for in pieces that cut it anywhere."""
    loss = Loss("c1/r1", Interval(START_MS, START_MS + 3 * HOUR_MS), Fraction(300), (), ())
    buckets = {START_MS + n * HOUR_MS: Fraction(100) for n in range(3)}
    for asked in (Interval(START_MS - 5, START_MS + 7), Interval(START_MS + 1, UNTIL_MS)):
        assert lost_in_losses([loss])(asked) == lost_in_buckets(HOUR_MS, buckets)(asked)
    assert lost_in_losses([loss])(Interval(START_MS, UNTIL_MS)) == 300


def test_a_finished_month_has_no_more_to_come() -> None:
    """Certain is what happened, and nothing is crossed later."""
    terms = version()
    judged = outcome(
        terms.objectives[0], NOVEMBER.interval, bounds(WHOLE), bounds(721 * HOUR_MS), WHOLE
    )
    got = foreseen(evaluation(terms, NOVEMBER, NOVEMBER.interval.end_ms, judged))
    assert not got.target.is_certain.value
    assert got.target.left_ms.value == 0
    assert got.target.crossed_if_all_lost_ms.value is None


def test_a_banked_loss_may_be_made_up() -> None:
    """And no longer once the window is over."""
    terms = version(over_delivery=OverDelivery.BANKED_IN_WINDOW)
    got = foreseen(to_date(bounds(3_000 * HOUR_MS), terms))
    assert got.may_be_made_up
    assert not got.target.is_certain.high
    over = outcome(
        terms.objectives[0], NOVEMBER.interval, bounds(WHOLE), bounds(3_000 * HOUR_MS), WHOLE
    )
    ended = foreseen(evaluation(terms, NOVEMBER, NOVEMBER.interval.end_ms, over))
    assert ended.target.is_certain.low


@pytest.mark.parametrize(
    "promise",
    [
        objective(kind=Kind.REPLACEMENT_TIME),
        objective(kind=Kind.REQUEST_RATIO),
        objective(kind=Kind.TIME_UNIT, scope=Scope.UNIT),
    ],
)
def test_what_does_not_run_with_the_clock_has_no_outlook(promise: object) -> None:
    """Repairs and requests to come are in nobody's hand; units have thresholds of their own."""
    terms = contract(objectives=(promise,))
    got = forecast(to_date(bounds(0), terms), {}, UNTIL_MS)
    assert got.outlooks == ()
    assert got.stakes.held == ("availability",)


def test_units_in_time_have_their_rest_spread_evenly() -> None:
    """Two racks for 721 hours; both lost from now on lose two unit-milliseconds a millisecond."""
    promise = objective(kind=Kind.TIME_UNIT)
    terms = contract(objectives=(promise,))
    judged = outcome(
        promise,
        Interval(START_MS, UNTIL_MS),
        bounds(2 * 10 * DAY_MS),
        bounds(0),
        Fraction(2 * 721 * HOUR_MS),
    )
    got = foreseen(evaluation(terms, NOVEMBER, UNTIL_MS, judged))
    # 1 % of 1,442 unit-hours is 14.42, gone after 7.21 hours of both.
    assert got.target.crossed_if_all_lost_ms.value == UNTIL_MS + 721 * HOUR_MS // 100 + 1


def claimed(now: str, claimed_ms: int | None = None) -> Forecast:
    """Until the end of the local 30 December; asked at noon of a December day, or after."""
    zone = "America/Chicago"
    year, month, day = map(int, now.split("-"))
    deadline_ms = start_of_day_ms(START.replace(year=2026, month=12, day=31), zone)
    now_ms = start_of_day_ms(START.replace(year=year, month=month, day=day), zone) + DAY_MS // 2
    claim = ClaimStanding(deadline_ms, claimed_ms, 5)
    return forecast(to_date(bounds(0), claim=claim), {}, now_ms)


@pytest.mark.parametrize(
    ("now", "days"),
    [("2026-12-01", 29), ("2026-12-29", 1), ("2026-12-30", 0), ("2026-12-31", None)],
)
def test_days_to_claim_are_local_days_and_zero_on_the_last_one(now: str, days: int | None) -> None:
    """The deadline is the first instant that is too late."""
    claim = claimed(now).claim
    assert claim is not None
    assert claim.days_left == days


def test_nobody_has_to_claim_what_was_claimed_or_is_automatic() -> None:
    """Then there is no deadline to warn of."""
    assert claimed("2026-12-01", claimed_ms=UNTIL_MS).claim is None
    assert forecast(to_date(bounds(0)), {}, UNTIL_MS).claim is None
    assert isinstance(claimed("2026-12-01").claim, ClaimDeadline)
