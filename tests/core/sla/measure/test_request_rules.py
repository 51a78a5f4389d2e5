"""Requests, rule by rule: docs/concepts/sla-engine.md, section 9."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from gpusla.contracts.promises import (
    Kind,
    MinOutage,
    RequestMode,
    Requests,
    RunCount,
    UnknownPolicy,
)
from gpusla.sla.evaluation import Measure
from gpusla.sla.facts import RequestSlot
from gpusla.sla.measure.requests import sum_exactly
from tests.core.sla.measure.stories import MINUTE_MS, judged, minutes, slot, told

EXCLUDE, TENANT = UnknownPolicy.EXCLUDE, UnknownPolicy.TENANT_BEARS


def asked(
    *counts: tuple[int, int] | None,
    mode: RequestMode = RequestMode.MEAN_OF_SLOTS,
    least: int = 0,
    **changes: Any,
) -> Measure:
    """Measure slots of two minutes, each (total, failed), or None where nobody counted."""
    slots = tuple(
        RequestSlot(minutes(2 * at, 2 * at + 2).start_ms, *count)
        for at, count in enumerate(counts)
        if count is not None
    )
    row = changes.pop("row", "..")
    facts = replace(told(row * len(counts)), requests={"availability": slots})
    requests = Requests(mode, 2 * MINUTE_MS, least, Fraction(1, 10))
    return judged(facts, kind=Kind.REQUEST_RATIO, requests=requests, **changes)


def figures(measure: Measure) -> tuple[object, object, object, object]:
    """Total of the value, and the three of lost."""
    lost = measure.lost
    return measure.total.value, lost.low, lost.value, lost.high


def test_9_1_the_mean_of_slots_adds_up_the_failed_share_of_each() -> None:
    """A slot without requests has none that failed."""
    found = asked((100, 1), (3, 1), (0, 0), (10, 0))
    share = Fraction(1, 100) + Fraction(1, 3)
    assert figures(found) == (4, share, share, share)
    assert found.units == ()


def test_9_1_unknown_slots_count_as_the_policy_says() -> None:
    """One each at worst and none at best."""
    counts = ((10, 1), None, (10, 1))
    fifth = Fraction(1, 5)
    assert figures(asked(*counts)) == (3, fifth, fifth + 1, fifth + 1)
    assert figures(asked(*counts, policy=TENANT)) == (3, fifth, fifth, fifth + 1)
    left_out = asked(*counts, policy=EXCLUDE)
    assert figures(left_out) == (2, fifth, fifth, fifth + 1)
    assert left_out.total.low == left_out.total.high == 3


def test_9_2_total_adds_up_requests() -> None:
    """Failed ones of all."""
    total = RequestMode.TOTAL
    assert figures(asked((100, 1), (3, 1), (0, 0), mode=total)) == (103, 2, 2, 2)


def test_9_2_an_unknown_slot_leaves_nothing_certain_about_all_requests() -> None:
    """It may have had any number."""
    found = asked((100, 1), None, mode=RequestMode.TOTAL)
    assert figures(found) == (100, 0, 1, 100)


def test_9_3_error_time_is_the_time_of_slots_with_too_many_errors() -> None:
    """Exactly at the rate is not above it."""
    found = asked((10, 1), (10, 2), (0, 0), None, mode=RequestMode.ERROR_TIME)
    two = 2 * MINUTE_MS
    assert figures(found) == (4 * two, two, 2 * two, 2 * two)
    left_out = asked((10, 2), None, mode=RequestMode.ERROR_TIME, policy=EXCLUDE)
    assert figures(left_out) == (two, two, two, 2 * two)


def test_9_3_short_runs_of_failing_slots_are_forgiven() -> None:
    """Two in a row are long enough, one is not; only the excess counts if it is said so."""
    counts = ((10, 5), (10, 0), (10, 5), (10, 5))
    for count, lost in ((RunCount.WHOLE_RUN, 4), (RunCount.EXCESS_ONLY, 1)):
        least = MinOutage(3 * MINUTE_MS, count, splits=False)
        found = asked(*counts, mode=RequestMode.ERROR_TIME, min_outage=least)
        assert found.lost.value == lost * MINUTE_MS


def test_9_3_excused_slots_count_in_raw_runs_alone() -> None:
    """A run of three with its middle excused: long enough, unless exclusions split it."""
    counts, excused = ((10, 5),) * 3, {slot(0): [(2, 4)]}
    for splits, lost in ((False, 4), (True, 0)):
        least = MinOutage(6 * MINUTE_MS, RunCount.WHOLE_RUN, splits=splits)
        found = asked(*counts, mode=RequestMode.ERROR_TIME, min_outage=least, excused=excused)
        assert found.total.value == 4 * MINUTE_MS
        assert found.lost.value == lost * MINUTE_MS


def test_9_3_an_excused_slot_that_nobody_counted_counts_in_raw_runs_as_the_policy_says() -> None:
    """The same run with its middle unknown."""
    counts, excused = ((10, 5), None, (10, 5)), {slot(0): [(2, 4)]}
    least = MinOutage(6 * MINUTE_MS, RunCount.WHOLE_RUN, splits=False)
    for policy, lost in ((UnknownPolicy.PROVIDER_BEARS, 4), (TENANT, 0)):
        found = asked(
            *counts,
            mode=RequestMode.ERROR_TIME,
            min_outage=least,
            excused=excused,
            policy=policy,
        )
        assert found.lost.value == lost * MINUTE_MS


@pytest.mark.parametrize(("excused", "slots"), [((2, 4), 2), ((3, 6), 2), ((2, 3), 3), ((1, 5), 2)])
def test_9_a_slot_that_is_excused_throughout_is_left_out(
    excused: tuple[int, int], slots: int
) -> None:
    """And no other."""
    counts = ((10, 0),) * 3
    assert asked(*counts, excused={slot(0): [excused]}).total.value == slots


def test_9_a_slot_in_which_nothing_is_held_at_times_is_not_left_out() -> None:
    """At least one has to be held at each instant."""
    found = asked((10, 0), excused={slot(0): [(0, 2)]}, row=".-")
    assert found.total.value == 1


def test_9_slots_that_do_not_lie_wholly_in_the_window_to_date_do_not_count() -> None:
    """Nor what was counted at another time than a slot's."""
    found = asked((10, 1), (10, 2), (10, 3), until=5)
    assert found.lost.value == Fraction(3, 10)
    assert found.total.value == 2
    assert found.total_whole_window == 3
    shifted = asked((10, 1), (10, 2), (10, 3), window=(1, 6))
    assert shifted.total.value == 2
    assert shifted.lost.low == 0


def test_9_what_is_given_twice_adds_up() -> None:
    """Two sources of the same slot."""
    once = RequestSlot(minutes(0, 2).start_ms, 10, 1)
    facts = replace(told(".."), requests={"availability": (once, once)})
    requests = Requests(RequestMode.TOTAL, 2 * MINUTE_MS, 0, Fraction(1, 10))
    assert figures(judged(facts, kind=Kind.REQUEST_RATIO, requests=requests)) == (20, 2, 2, 2)


def test_9_too_few_requests_have_no_value() -> None:
    """Exactly the minimum is enough; excused slots do not help."""
    counts = ((10, 1), (10, 1))
    assert asked(*counts, least=20).total.value == 2
    assert figures(asked(*counts, least=21)) == (0, 0, 0, 0)
    assert figures(asked(*counts, least=20, excused={slot(0): [(0, 2)]})) == (0, 0, 0, 0)


def test_the_sum_of_many_fractions_is_exact() -> None:
    """In whatever order they are added."""
    fractions = [Fraction(1, n) for n in range(1, 60)]
    assert sum_exactly(fractions) == sum(fractions, Fraction(0))
    assert sum_exactly([]) == 0
