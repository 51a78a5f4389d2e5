"""Down time and performance, rule by rule: docs/concepts/sla-engine.md, sections 7 and 8."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from gpusla.contracts.model import CapacityUnit, Partial
from gpusla.contracts.promises import (
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Performance,
    PerformanceSource,
    RunCount,
    UnknownPolicy,
)
from gpusla.sla.evaluation import Measure
from gpusla.sla.facts import Facts, Measured
from gpusla.timeline.model import Timeline
from tests.core.sla.measure.stories import (
    MINUTE_MS,
    always,
    in_minutes,
    judged,
    lost,
    minutes,
    slot,
    sold_as,
    timeline_of,
    told,
    total,
    unit_of,
)

RACK: dict[str, Any] = {"unit": CapacityUnit.NVL72_DOMAIN, "min_healthy_gpus": 2}
EXCLUDE = UnknownPolicy.EXCLUDE
LINKS = Performance(
    PerformanceSource.HEALTH_REASONS, ("nvlink_degraded",), metric="", floor=Fraction(0)
)
SPEED = Performance(PerformanceSource.MEASUREMENTS, (), "busbw", Fraction(400))


def least(length: int, count: RunCount = RunCount.WHOLE_RUN, *, splits: bool = False) -> MinOutage:
    """A minimum length, in minutes."""
    return MinOutage(length * MINUTE_MS, count, splits=splits)


def timed(facts: Facts, capacity: dict[str, Any] | None = None, **changes: Any) -> Measure:
    """Measure the down time of units."""
    return judged(facts, capacity, **({"kind": Kind.TIME_UNIT} | changes))


def test_7_1_a_unit_is_down_while_it_contributes_nothing() -> None:
    """One of two slots is not enough for a minimum of two; a degraded one is healthy."""
    assert lost(timed(told("..xx...", "...xx.h"), RACK))[1] == 3
    assert lost(timed(told("..xx...", "...xx.."), RACK | {"partial": Partial.PER_GPU}))[1] == 1


def test_7_1_a_unit_is_down_while_no_slot_in_the_count_has_a_weight() -> None:
    """Nothing was delivered that the contract accepts."""
    assert lost(timed(sold_as(told("......"), s0="h100"))) == (6, 6, 6)


def test_7_1_where_it_depends_on_what_nobody_saw_it_is_out_of_the_count() -> None:
    """The third minute is down whatever the second slot was, the fifth and sixth nobody knows."""
    found = timed(told("..x...", "..u.uu"), RACK, policy=EXCLUDE)
    assert (total(found)[1], lost(found)[1]) == (4, 1)
    assert (total(found)[0], lost(found)) == (6, (1, 1, 3))


def test_7_1_a_unit_all_of_whose_slots_are_excused_is_never_down() -> None:
    """One excused slot of two is full, and the other is still down."""
    facts = told(".xxx.", ".xxx.")
    one, both = {slot(0): [(0, 5)]}, {slot(0): [(0, 3)], slot(1): [(2, 5)]}
    assert lost(timed(facts, RACK, excused=one))[1] == 3
    assert lost(timed(facts, RACK, excused=both))[1] == 2
    weightless = sold_as(told("....."), s0="h100")
    assert lost(timed(weightless, excused={slot(0): [(1, 3)]}))[1] == 3


def test_7_2_any_is_down_while_one_existing_unit_is() -> None:
    """Each minute once."""
    facts = told(".xx..", "..xx.", "--.--")
    found = timed(facts, kind=Kind.TIME_ANY_DOWN)
    assert (lost(found)[1], total(found)[1]) == (3, 5)
    assert unit_of(found, "all").held_gpu_ms == 11 * MINUTE_MS


def test_7_2_all_is_down_while_every_existing_unit_is() -> None:
    """A unit that is not held cannot be up."""
    facts = told(".xx..", "..xx.", "--x--")
    found = timed(facts, kind=Kind.TIME_ALL_DOWN)
    assert in_minutes(unit_of(found, "all").lost_ms)[1] == 1


def test_7_2_all_is_not_down_while_no_unit_exists() -> None:
    """At least one has to."""
    assert lost(timed(told(".x-x."), kind=Kind.TIME_ALL_DOWN))[1] == 2


def test_7_2_what_depends_on_unknown_units_is_out_of_the_count() -> None:
    """Any: not where another is down. All: not where another is up."""
    facts = told(".uuu.", ".x...", ".xx..")
    some = timed(facts, kind=Kind.TIME_ANY_DOWN, policy=EXCLUDE)
    assert (total(some)[1], lost(some)[1]) == (4, 2)
    every = timed(facts, kind=Kind.TIME_ALL_DOWN, policy=EXCLUDE)
    assert (total(every)[1], lost(every)[1]) == (4, 0)


def test_7_3_a_runs_shorter_than_the_minimum_are_forgiven() -> None:
    """And the first minutes of the others where only the excess counts."""
    facts = told(".xx..xxxx.")
    assert lost(timed(facts, min_outage=least(3)))[1] == 4
    assert lost(timed(facts, min_outage=least(3, RunCount.EXCESS_ONLY)))[1] == 1


def test_7_3_a_raw_runs_are_not_split_by_exclusions_unless_they_are() -> None:
    """Five minutes with one excused in the middle."""
    facts, excused = told(".xxxxx."), {slot(0): [(3, 4)]}
    assert lost(timed(facts, excused=excused, min_outage=least(3)))[1] == 4
    assert lost(timed(facts, excused=excused, min_outage=least(3, splits=True)))[1] == 0


def test_7_3_b_each_bound_forgives_by_its_own_runs() -> None:
    """Two outages with an unknown minute between them are one in the worst case."""
    assert lost(timed(told(".xxuxx."), min_outage=least(3), policy=UnknownPolicy.TENANT_BEARS)) == (
        0,
        0,
        5,
    )


def seconds(facts: Facts, start: int, end: int) -> Facts:
    """Facts whose first slot is down from one second to another of a story of one row."""
    timeline = timeline_of(facts)
    first, second, third = timeline.spans[slot(0)]
    start_ms, end_ms = (first.start_ms + second_ * 1000 for second_ in (start, end))
    spans = (
        replace(first, end_ms=start_ms),
        replace(second, start_ms=start_ms, end_ms=end_ms),
        replace(third, start_ms=end_ms),
    )
    return replace(facts, timeline=Timeline(timeline.period, {slot(0): spans}))


@pytest.mark.parametrize(
    ("granularity", "start", "end", "counted"),
    [
        (Granularity.EXACT, 90, 299, 209),
        (Granularity.ELAPSED_MINUTES, 90, 299, 180),
        (Granularity.CLOCK_MINUTES, 90, 299, 120),
        (Granularity.CLOCK_MINUTES, 61, 119, 0),
        (Granularity.CLOCK_MINUTES, 60, 120, 60),
        (Granularity.SLOTS_ANY, 90, 299, 300),
        (Granularity.SLOTS_ANY, 299, 301, 600),
        (Granularity.SLOTS_ANY, 300, 600, 300),
        (Granularity.SLOTS_ALL, 90, 899, 300),
        (Granularity.SLOTS_ALL, 300, 600, 300),
    ],
)
def test_7_3_c_granularity(granularity: Granularity, start: int, end: int, counted: int) -> None:
    """Seconds that count, of an outage from one second of a quarter of an hour to another."""
    facts = seconds(told(".x............."), start, end)
    assert timed(facts, granularity=granularity).lost.value == counted * 1000


def test_7_3_c_the_last_slot_may_be_cut_off_by_the_window_to_date() -> None:
    """It is filled by what reaches that end, and counts as far as it goes."""
    facts = told("......xxxx")
    slots_all = timed(facts, until=8, granularity=Granularity.SLOTS_ALL)
    assert lost(slots_all)[1] == 0
    cut = timed(told(".....xxxxx"), until=8, granularity=Granularity.SLOTS_ALL)
    assert lost(cut)[1] == 3
    touched = timed(facts, until=8, granularity=Granularity.SLOTS_ANY)
    assert lost(touched)[1] == 3


def test_7_3_down_is_whole_and_lost_its_part_inside_the_window() -> None:
    """Money that goes by the length of outages sees all of one."""
    found = timed(always(told("xxxx....xx")), window=(2, 9))
    assert lost(found)[1] == 3
    assert unit_of(found, slot(0)).down.value == (minutes(0, 4), minutes(8, 10))


@pytest.mark.parametrize(
    ("denominator", "expected"),
    [
        (Denominator.FULL_WINDOW, 10),
        (Denominator.EXISTENCE_OF_UNIT, 7),
        (Denominator.MINUS_EXCLUSIONS, 8),
    ],
)
def test_7_4_total_of_a_unit(denominator: Denominator, expected: int) -> None:
    """Held for seven of ten minutes, excused in two of these and in one in which it is not held."""
    facts = told(".x.....---", "----------")
    found = timed(facts, denominator=denominator, excused={slot(0): [(5, 8)]})
    assert (total(found)[1], lost(found)[1]) == (expected, 1)


def test_7_4_lost_is_never_more_than_total() -> None:
    """A slot of five minutes reaches beyond the unit's existence."""
    found = timed(
        told(".x---"),
        denominator=Denominator.EXISTENCE_OF_UNIT,
        granularity=Granularity.SLOTS_ANY,
    )
    assert (total(found)[1], lost(found)[1]) == (2, 2)


def test_7_4_a_total_of_the_whole_window_knows_what_will_exist() -> None:
    """One that is, one that will be, and one that was."""
    facts = told("x....", "----x", "x----")
    full = timed(facts, until=2)
    assert total(full)[1] == 4
    assert full.total_whole_window == 15 * MINUTE_MS
    existing = timed(facts, until=2, denominator=Denominator.EXISTENCE_OF_UNIT)
    assert total(existing)[1] == 3
    assert existing.total_whole_window == 7 * MINUTE_MS


def test_7_5_total_and_lost_are_the_sums_over_units() -> None:
    """Each unit has its own too."""
    found = timed(told(".xx..", ".x...", "....."))
    assert (total(found)[1], lost(found)[1]) == (15, 3)
    assert [in_minutes(one.lost_ms)[1] for one in found.units] == [2, 1]
    assert [in_minutes(one.total_ms)[1] for one in found.units] == [5, 5]


BY_LINKS: dict[str, Any] = {"kind": Kind.PERFORMANCE, "performance": LINKS}


def conforming(facts: Facts, capacity: dict[str, Any] | None = None, **changes: Any) -> Measure:
    """Measure performance; by the reasons of links, unless changed."""
    return judged(facts, capacity, **(BY_LINKS | changes))


def test_8_a_unit_does_not_conform_while_one_slot_has_a_failing_reason() -> None:
    """Degraded or down because of it; for another reason it is the matter of another promise."""
    assert lost(conforming(told(".tt.n.hx.", "........."), RACK))[1] == 3


def test_8_a_slot_that_is_ok_conforms_whatever_was_found() -> None:
    """A failing reason that leaves it `ok` is an early sign and no failure."""
    assert lost(conforming(told(".ooo.x."))) == (0, 0, 0)


def test_8_unknown_is_worth_what_the_policy_says() -> None:
    """As for capacity; carried over as well."""
    assert lost(conforming(told(".tuu."))) == (1, 3, 3)
    assert lost(conforming(told(".tuu."), carry=1, policy=UnknownPolicy.TENANT_BEARS)) == (1, 2, 3)
    found = conforming(told(".tuu."), policy=EXCLUDE)
    assert (total(found)[1], lost(found)[1]) == (3, 1)


def test_8_an_excused_slot_conforms() -> None:
    """Whatever it weighs."""
    facts = sold_as(told(".ttt.", "....."), s0="h100")
    assert lost(conforming(facts, RACK, excused={slot(0): [(0, 3)]}))[1] == 1


def test_8_a_unit_without_weight_does_not_conform() -> None:
    """As in 7.1."""
    assert lost(conforming(sold_as(told("..."), s0="h100"), RACK))[1] == 3


def measured(**units: list[tuple[int, int, int]]) -> dict[str, dict[str, tuple[Measured, ...]]]:
    """Measurements of racks: minute, until minute, value."""
    return {
        "availability": {
            f"c2/{name}": tuple(Measured(minutes(a, b), Fraction(v)) for a, b, v in rows)
            for name, rows in units.items()
        }
    }


def test_8_a_unit_is_down_while_the_least_that_was_measured_is_below_the_floor() -> None:
    """Exactly the floor conforms; of two that hold the smaller counts."""
    rows = measured(r0=[(0, 3, 400), (3, 6, 399), (5, 8, 500)])
    facts = replace(told("........"), measurements=rows)
    assert lost(conforming(facts, RACK, performance=SPEED)) == (3, 3, 3)


def test_8_what_was_not_measured_is_unknown() -> None:
    """Down at worst, fine at best, and for the value what the policy says; never carried over."""
    facts = replace(told("........"), measurements=measured(r0=[(0, 5, 400)]))
    speed: dict[str, Any] = {"performance": SPEED, "carry": 3}
    assert lost(conforming(facts, RACK, **speed)) == (0, 3, 3)
    assert lost(conforming(facts, RACK, policy=UnknownPolicy.TENANT_BEARS, **speed)) == (0, 0, 3)
    found = conforming(facts, RACK, policy=EXCLUDE, **speed)
    assert (total(found)[1], lost(found)[1]) == (5, 0)


def test_8_a_unit_that_nothing_was_measured_of_takes_part() -> None:
    """And one that does not exist does not; nor does what was measured in excused time."""
    rows = measured(r0=[(0, 4, 300)], r9=[(0, 4, 300)])
    facts = replace(told(racks=[["...."], ["...."]]), measurements=rows)
    found = conforming(facts, RACK, performance=SPEED, excused={slot(0): [(0, 1)]})
    assert [(one.unit, in_minutes(one.lost_ms)[1]) for one in found.units] == [
        ("c2/r0", 3),
        ("c2/r1", 4),
    ]
