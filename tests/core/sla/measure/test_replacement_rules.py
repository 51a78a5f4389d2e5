"""Repairs, rule by rule: docs/concepts/sla-engine.md, section 10."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from gpusla.contracts.model import CapacityUnit
from gpusla.contracts.promises import (
    ClockStart,
    Kind,
    MinOutage,
    Replacement,
    RunCount,
    UnknownPolicy,
)
from gpusla.contracts.remedies import Lateness, LatenessCount, NoCredit
from gpusla.sla.evaluation import Bounds, Measure
from gpusla.sla.facts import Facts, Repair
from tests.core.sla.measure.stories import (
    MINUTE_MS,
    ORIGIN_MS,
    always,
    judged,
    minutes,
    slot,
    told,
    unit_of,
)

COMPLETED, STARTED = LatenessCount.COMPLETED, LatenessCount.STARTED
UNIT = str(slot(0))


def repaired(
    facts: Facts,
    limit: int,
    clock: ClockStart = ClockStart.OUTAGE_START,
    count: LatenessCount = COMPLETED,
    **changes: Any,
) -> Measure:
    """Measure repairs with a limit in minutes, and steps of two minutes."""
    promise: dict[str, Any] = {
        "kind": Kind.REPLACEMENT_TIME,
        "replacement": Replacement(limit * MINUTE_MS, clock),
        "credit": Lateness(2 * MINUTE_MS, Fraction(10), count),
    }
    return judged(facts, **(promise | changes))


def figures(measure: Measure) -> tuple[object, object, int]:
    """Total and lost of the value, and the steps of the one unit."""
    steps = sum(one.late_steps.value for one in measure.units)
    return measure.total.value, measure.lost.value, steps


def ticket(opened: int, identified: int | None, restored: int | None) -> Repair:
    """A repair, in minutes."""
    at = [None if one is None else ORIGIN_MS + one * MINUTE_MS for one in (identified, restored)]
    return Repair(UNIT, ORIGIN_MS + opened * MINUTE_MS, *at)


def test_10_1_the_clock_starts_with_the_outage_and_the_repair_ends_with_it() -> None:
    """Two outages of two and five minutes, with a limit of three."""
    found = repaired(told(".xx..xxxxx.."), 3)
    assert figures(found) == (2, 1, 1)
    assert unit_of(found, UNIT).down.value == (minutes(1, 3), minutes(5, 10))


def test_10_1_an_outage_shorter_than_the_minimum_is_no_repair() -> None:
    """And the clock starts after what only the excess leaves out."""
    facts = told(".xx..xxxxx..")
    least = MinOutage(3 * MINUTE_MS, RunCount.WHOLE_RUN, splits=False)
    assert figures(repaired(facts, 3, min_outage=least)) == (1, 1, 1)
    excess = replace(least, count=RunCount.EXCESS_ONLY)
    assert figures(repaired(facts, 3, min_outage=excess)) == (1, 0, 0)


def test_10_1_excused_time_stops_the_clock_and_does_not_end_the_repair() -> None:
    """Six minutes of which two are excused, with a limit of three."""
    facts = told(".xxxxxx..")
    assert figures(repaired(facts, 3, excused={slot(0): [(2, 4)]})) == (1, 1, 0)
    assert figures(repaired(facts, 4, excused={slot(0): [(2, 4)]})) == (1, 0, 0)
    assert figures(repaired(facts, 3)) == (1, 1, 1)


def test_10_1_each_bound_has_its_own_outages() -> None:
    """An unknown minute between two outages makes one late repair of them, at worst."""
    found = repaired(told(".xxuxx."), 3, policy=UnknownPolicy.TENANT_BEARS)
    assert found.total == Bounds(Fraction(2), Fraction(2), Fraction(1))
    assert found.lost == Bounds(Fraction(0), Fraction(0), Fraction(1))


def test_10_1_a_ticket_starts_the_clock_when_it_is_opened() -> None:
    """Whatever was seen of the slot; all bounds are the same."""
    facts = replace(told(".uuuu......."), repairs=(ticket(1, 4, 8), ticket(2, None, 3)))
    found = repaired(facts, 3, ClockStart.TICKET_OPEN)
    assert figures(found) == (2, 1, 2)
    assert found.lost.low == found.lost.high == 1


def test_10_1_a_repair_that_is_not_identified_is_never_late() -> None:
    """It counts when it ends."""
    facts = replace(told("............"), repairs=(ticket(1, 4, 8), ticket(1, None, 9)))
    assert figures(repaired(facts, 3, ClockStart.IDENTIFIED)) == (2, 1, 0)


def test_10_1_excused_time_stops_the_clock_of_a_ticket_too() -> None:
    """Four minutes of six count."""
    facts = replace(told("............"), repairs=(ticket(1, None, 7),))
    excused = {slot(0): [(3, 5)]}
    assert figures(repaired(facts, 4, ClockStart.TICKET_OPEN, excused=excused)) == (1, 0, 0)
    assert figures(repaired(facts, 3, ClockStart.TICKET_OPEN, excused=excused)) == (1, 1, 0)


def test_10_1_agreed_time_stops_the_clock_where_nothing_was_observed_yet() -> None:
    """Opened four minutes before the reach, of which three are excused; not held for one of all."""
    facts = replace(always(told("......", "......")), repairs=(ticket(-4, None, 2),))
    both = {slot(0): [(-4, -1)], slot(1): [(-4, -1)]}
    tray = {"unit": CapacityUnit.NODE}
    facts = replace(facts, repairs=(replace(facts.repairs[0], unit="c2/r0/t00"),))
    clock = ClockStart.TICKET_OPEN
    assert figures(repaired(facts, 3, clock, contract=tray, excused=both)) == (1, 0, 0)
    assert figures(repaired(facts, 2, clock, contract=tray, excused=both)) == (1, 1, 0)
    one = {slot(0): [(-4, -1)]}
    assert figures(repaired(facts, 3, clock, contract=tray, excused=one)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("length", "late", "completed", "started"),
    [(2, 0, 0, 0), (3, 0, 0, 0), (4, 1, 0, 1), (5, 1, 1, 1), (6, 1, 1, 2), (7, 1, 2, 2)],
)
def test_10_2_steps_beyond_a_limit_of_three(
    length: int, late: int, completed: int, started: int
) -> None:
    """Back at the limit is not late; back when a step is complete completes it."""
    facts = told("." + "x" * length + "...")
    assert figures(repaired(facts, 3)) == (1, late, completed)
    assert figures(repaired(facts, 3, count=STARTED)) == (1, late, started)


def test_10_2_a_clock_that_stands_still_shows_its_reading_from_the_first_instant_on() -> None:
    """The limit is reached where the excused time begins, and the unit is not back then."""
    facts = told(".xxxxx.....")
    assert figures(repaired(facts, 3, excused={slot(0): [(4, 9)]}, count=STARTED)) == (1, 1, 1)


def test_10_2_a_step_belongs_to_the_window_in_which_it_falls_due() -> None:
    """The limit in one window, two steps in the next, of which the last is at its end."""
    facts = always(told("..xxxxxxxxx..."))
    first, second = repaired(facts, 3, window=(0, 7)), repaired(facts, 3, window=(7, 14))
    assert figures(first) == (1, 1, 0)
    assert figures(second) == (1, 1, 3)
    assert figures(repaired(facts, 3, window=(0, 7), until=5)) == (0, 0, 0)


def test_10_3_a_repair_counts_where_it_ends_or_becomes_late() -> None:
    """One that goes on counts while it is late, and one that began long ago when it ends."""
    assert figures(repaired(told("....xxxxx."), 3, until=9)) == (1, 1, 0)
    assert figures(repaired(told("......xxx"), 3)) == (0, 0, 0)
    facts = always(told("xxxxxxxx...."))
    assert figures(repaired(facts, 3, window=(5, 12))) == (1, 1, 2)
    assert figures(repaired(facts, 3, window=(4, 6))) == (0, 0, 1)


def test_10_3_without_repairs_there_is_no_value() -> None:
    """Nothing to be late with."""
    assert figures(repaired(told("......"), 3)) == (0, 0, 0)


def test_a_promise_without_credits_for_lateness_has_no_steps() -> None:
    """Its repairs are late all the same."""
    assert figures(repaired(told(".xxxxxxx."), 3, credit=NoCredit())) == (1, 1, 0)
