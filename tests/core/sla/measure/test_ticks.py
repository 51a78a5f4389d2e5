"""The kernel against judging every tick by itself, in all bounds and under all terms."""

from fractions import Fraction

from hypothesis import given

from gpusla.contracts.promises import Kind
from gpusla.sla.evaluation import Bounds, Measure
from gpusla.sla.measure import measure
from tests.core.sla.measure.slot_ticks import BOUNDS
from tests.core.sla.measure.ticks import Come, Ticks, intervals
from tests.core.sla.measure.worlds import World, at, span, worlds

TIMES = (Kind.TIME_UNIT, Kind.TIME_ANY_DOWN, Kind.TIME_ALL_DOWN, Kind.PERFORMANCE)


def measured(world: World) -> Measure:
    """What the kernel says of a world."""
    window, until_ms = span(*world.window), at(world.until)
    return measure(world.contract, world.objective, window, until_ms, world.facts, world.excused)


def ends(bounds: Bounds[Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """Bounds of what is lost, by the levels that they come from: low, value, high."""
    return bounds.high, bounds.value, bounds.low


def agree(found: Measure, come: tuple[Come, Come, Come]) -> None:
    """Compare all figures."""
    assert ends(found.total) == tuple(one.total for one in come)
    assert ends(found.lost) == tuple(one.lost for one in come)
    assert found.total_whole_window == come[1].whole
    losing = {name for one in come for name, (_, lost) in one.units.items() if lost > 0}
    assert [unit.unit for unit in found.units] == sorted(losing)
    for unit in found.units:
        assert ends(unit.total_ms) == tuple(one.units[unit.unit][0] for one in come)
        assert ends(unit.lost_ms) == tuple(one.units[unit.unit][1] for one in come)


@given(world=worlds(Kind.CAPACITY))
def test_capacity_is_what_its_ticks_add_up_to(world: World) -> None:
    """Levels, units, forgiveness, exclusions, what is out of the count, and banking."""
    low, value, high = (Ticks(world, bound).capacity_come_to() for bound in BOUNDS)
    agree(measured(world), (low, value, high))


@given(world=worlds(*TIMES))
def test_down_time_is_what_its_ticks_add_up_to(world: World) -> None:
    """Units that are down, together or each, minimum lengths, granularities, denominators."""
    low, value, high = come = tuple(Ticks(world, bound).times_come_to() for bound in BOUNDS)
    found = measured(world)
    agree(found, (low, value, high))
    for unit in found.units:
        downs = unit.down.high, unit.down.value, unit.down.low
        assert [list(down) for down in downs] == [intervals(one.down[unit.unit]) for one in come]
