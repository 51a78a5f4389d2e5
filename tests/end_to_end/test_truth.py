"""
What was delivered in simulated months, beside their truth, which shares nothing with the engine.

GPUSLA_TRUTH_MONTHS says how many months by chance; tests.end_to_end.thousand_months lives more.
"""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from gpusla.contracts.remedies import Base, Linear, LinearOf
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Bounds
from tests.end_to_end.months import Trouble, World
from tests.end_to_end.truth_months import GPUS, Deal, deal_of, facts_of, month_of, reach_of

MONTHS = int(os.environ.get("GPUSLA_TRUTH_MONTHS", "20"))
PARTS = 2
FEE_MINOR_UNITS = 15_000_000_000
WIDEST = Fraction(2, 10_000)
"""Of the fee: what a month without faults may leave in doubt."""

UPGRADES = Trouble(restarts=4, silences_ms=(3_000,), error_ms=5_000, steps=4)
"""An upgrade of every agent each week, and clocks that are off by up to five seconds."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fleet of two small racks."""
    return World(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_truth_lies_within_the_bounds(world: World, part: int) -> None:
    """Also where agents were restarted and clocks wrong; and where nothing was, it is the value."""
    months = [month_of(world, seed) for seed in range(part, MONTHS, PARTS)]
    outside = [month for month in months if not month.holds]
    assert not outside
    assert any(month.whole.delivered.value < month.whole.committed for month in months)
    assert any(month.whole.least < month.whole.most for month in months)


def test_a_month_without_faults_is_full_in_every_bound(world: World) -> None:
    """Nothing is in doubt where nothing changes, nobody is silent and clocks are right."""
    assert doubt(world, Trouble()) == Bounds(0, 0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_weekly_upgrades_and_wrong_clocks_leave_little_in_doubt(world: World, seed: int) -> None:
    """A lost second costs what it costs, so bounds of time are bounds of money: below 0.02 %."""
    credit = doubt(world, UPGRADES, seed)
    print(f"in doubt: ${(credit.high - credit.low) / 100:,.2f} of ${FEE_MINOR_UNITS / 100:,.2f}")  # noqa: T201  (the figure is what is asked for)
    assert 0 < credit.high - credit.low <= WIDEST * FEE_MINOR_UNITS
    assert credit.low == 0


def doubt(world: World, trouble: Trouble, seed: int = 0) -> Bounds[int]:
    """Return what a month without faults gives back of $150 million if every lost second counts."""
    deal = whole_fleet(world)
    lived = world.live(seed, reach_of(deal.period), trouble, None, align_ms=1)
    facts = facts_of(deal, lived, in_columns=True)
    evaluation = evaluate(deal.version, deal.period, deal.period.interval.end_ms, facts)
    assert evaluation.fee_minor_units == FEE_MINOR_UNITS
    return evaluation.credit_minor_units


def whole_fleet(world: World) -> Deal:
    """Return a deal over all GPUs that gives back what was lost, in proportion."""
    drawn = deal_of(Random(0), world.slots)  # noqa: S311  (nothing of chance is kept)
    version = drawn.version
    (objective,) = version.objectives
    linear = Linear(Base.PERIOD_FEE, LinearOf.ALL_LOST, Fraction(1))
    ramp = (replace(version.capacity.ramp[0], gpus=GPUS),)
    version = replace(
        version,
        capacity=replace(version.capacity, ramp=ramp),
        objectives=(replace(objective, credit=linear),),
    )
    reach = reach_of(drawn.period)
    return Deal(version, drawn.period, dict.fromkeys(world.slots, reach), ())
