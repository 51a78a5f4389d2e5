"""The forecast beside the engine: what it foresees is what the finished month is judged to be."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.contracts.model import ContractVersion, RampStep
from gpusla.contracts.promises import Comparison, ValueRounding
from gpusla.contracts.remedies import Base, Linear, LinearOf, Step
from gpusla.forecast.commitment import committed, rest_of_window
from gpusla.forecast.lost import lost_in_losses
from gpusla.forecast.outlook import Forecast, forecast
from gpusla.instants import Interval
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.measure.committed import commitment
from tests.core.contracts.terms import START, TIERS, contract, objective
from tests.core.sla.making import DAY_MS, DOWN, HOUR_MS, facts, month

GPUS = 8


@dataclass(frozen=True)
class Month:
    """A contract of eight GPUs that are all held, and how long some were down to date."""

    terms: ContractVersion
    until_ms: int
    down_ms: tuple[int, ...]

    def judged(self, until_ms: int | None = None, more: int = 0) -> Evaluation:
        """
        Judge up to an instant, by default the month's end.

        more: GPU-milliseconds lost beyond what is lost to date, right after it, on as many GPUs
        at a time as are there.
        """
        interval = month(self.terms).interval
        troubles = {number: [(0, ms, DOWN)] for number, ms in enumerate(self.down_ms) if ms}
        for number in range(GPUS):
            part = more // (GPUS) + (number < more % (GPUS))
            if part:
                start = self.until_ms - interval.start_ms
                troubles.setdefault(number, []).append((start, start + part, DOWN))
        seen = facts(interval, troubles, slots=GPUS)
        end_ms = interval.end_ms if until_ms is None else until_ms
        return evaluate(self.terms, month(self.terms), end_ms, seen)

    def foreseen(self) -> Forecast:
        """Ask for the forecast to date, with the engine's own losses as what was lost lately."""
        judged = self.judged(self.until_ms)
        return forecast(judged, {"availability": lost_in_losses(judged.losses)}, self.until_ms)


@st.composite
def months(draw: st.DrawFn) -> Month:
    """As many are held as are committed, so each GPU-millisecond down is a loss."""
    promise = objective(
        comparison=draw(st.sampled_from(Comparison)),
        value_rounding=draw(st.sampled_from(ValueRounding)),
        value_decimals=draw(st.integers(0, 3)),
        credit=draw(
            st.sampled_from(
                [
                    Step(Base.PERIOD_FEE, TIERS),
                    Linear(Base.PERIOD_FEE, LinearOf.SHORTFALL_BELOW_TARGET, Fraction(2)),
                ]
            )
        ),
    )
    ramp = (RampStep(START, GPUS),)
    terms = contract(objectives=(promise,), capacity={"ramp": ramp})
    start_ms = month(terms).interval.start_ms
    until_ms = start_ms + draw(st.integers(1, 20 * 24)) * HOUR_MS
    longest = st.integers(0, min(until_ms - start_ms, 2 * DAY_MS))
    return Month(terms, until_ms, draw(st.tuples(*[longest] * 3)))


@settings(max_examples=30)
@given(months())
def test_all_that_is_left_may_be_lost_and_the_next_millisecond_reaches_the_tier(
    story: Month,
) -> None:
    """The engine judges the finished month both ways, for the target and every tier."""
    for ahead in (story.foreseen().outlooks[0].target, *story.foreseen().outlooks[0].tiers):
        left = ahead.left_ms.value
        if left is None:
            assert misses(story.judged(), ahead.below)
        elif left < (month(story.terms).interval.end_ms - story.until_ms) * GPUS:
            assert not misses(story.judged(more=left), ahead.below)
            assert misses(story.judged(more=left + 1), ahead.below)


@settings(max_examples=30)
@given(months())
def test_stakes_are_what_the_finished_month_gives(story: Month) -> None:
    """With a perfect rest, and with everything lost from now on; and what is owed now."""
    stakes = story.foreseen().stakes
    rest_ms = month(story.terms).interval.end_ms - story.until_ms
    assert stakes.now == story.judged(story.until_ms).credit_minor_units
    assert stakes.if_nothing_more == story.judged().credit_minor_units
    everything = story.judged(more=rest_ms * GPUS)
    assert stakes.if_all_lost == everything.credit_minor_units


@settings(max_examples=30)
@given(months())
def test_the_next_tier_is_the_engines(story: Month) -> None:
    """Two ways to the same distance."""
    got = story.foreseen().outlooks[0].next_tier
    told = story.judged(story.until_ms).next_tier
    assert (got is None) is (told is None)
    if got is not None and told is not None:
        assert (got.approach.below, got.approach.left_ms.value) == (told.tier.below, told.gpu_ms)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=4), st.data())
def test_committed_time_is_the_engines(rows: list[tuple[int, int]], data: st.DataObject) -> None:
    """Any ramp, any interval, over both ends of the term."""
    steps = {date.fromordinal(START.toordinal() - 5 + day): gpus for day, gpus in rows}
    ramp = tuple(RampStep(day, steps[day]) for day in sorted(steps))
    terms = contract(capacity={"ramp": ramp}, term={"end": date(2026, 7, 20)})
    first_ms = month(terms, "2026-07").interval.start_ms - 9 * DAY_MS
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, 60 * DAY_MS)] * 2)))
    asked = Interval(first_ms + start, first_ms + end)
    assert sum(one.total for one in committed(terms, asked)) == commitment(terms).gpu_ms(asked)


def test_what_is_to_come_completes_the_whole_window() -> None:
    """To date and the rest are what the engine says the whole window will be."""
    ramp = (RampStep(START, 3), RampStep(date(2026, 10, 20), 8))
    story = Month(contract(capacity={"ramp": ramp}), 0, (5 * HOUR_MS,))
    until_ms = month().interval.start_ms + 7 * DAY_MS
    judged = story.judged(until_ms)
    outcome = judged.outcomes[0]
    rest = sum(one.total for one in rest_of_window(judged, outcome))
    assert outcome.measure.total.value + rest == outcome.measure.total_whole_window


def misses(judged: Evaluation, below: Fraction) -> bool:
    """Whether the finished month's value, as it was compared, falls below a threshold."""
    outcome = judged.outcomes[0]
    value = outcome.compared.value
    assert value is not None
    is_at = outcome.objective.comparison is Comparison.AT_OR_BELOW and value == below
    return value < below or is_at
