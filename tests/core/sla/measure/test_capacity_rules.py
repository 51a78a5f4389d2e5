"""Units and capacity, rule by rule: docs/concepts/sla-engine.md, sections 4, 6 and 13."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import CapacityUnit, OverDelivery, Partial, RampStep
from gpusla.contracts.promises import (
    Denominator,
    Kind,
    MinOutage,
    Objective,
    RunCount,
    UnknownPolicy,
)
from gpusla.identity import DomainId
from gpusla.sla.evaluation import Account
from gpusla.sla.facts import Facts
from gpusla.sla.measure import account
from tests.core.contracts.terms import START
from tests.core.sla.measure.stories import (
    MINUTE_MS,
    ORIGIN_MS,
    always,
    given,
    in_minutes,
    judged,
    lost,
    minutes,
    promised,
    slot,
    sold_as,
    timeline_of,
    told,
    total,
    under,
    unit_of,
)

RACK = {"unit": CapacityUnit.NVL72_DOMAIN, "gpus": 4}
MINUS = Denominator.MINUS_EXCLUSIONS
EXCLUDE = UnknownPolicy.EXCLUDE


def least(length: int, count: RunCount = RunCount.WHOLE_RUN, *, splits: bool = False) -> MinOutage:
    """A minimum length, in minutes."""
    return MinOutage(length * MINUTE_MS, count, splits=splits)


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        (CapacityUnit.GPU, "c2/r0/t00/m0"),
        (CapacityUnit.NODE, "c2/r0/t00"),
        (CapacityUnit.NVL72_DOMAIN, "c2/r0"),
        (CapacityUnit.CLUSTER, "cluster"),
    ],
)
def test_4_1_a_unit_is_a_slot_a_tray_a_domain_or_the_cluster(unit: CapacityUnit, name: str) -> None:
    """The losing slot's unit is named."""
    found = judged(told("..x.", "...."), {"unit": unit, "gpus": 2})
    assert [one.unit for one in found.units] == [name]


def test_4_1_the_domain_of_a_slot_is_what_the_facts_say() -> None:
    """Two racks may be one domain."""
    facts = replace(told(racks=[["..x."], ["...x"]]), domain_of=lambda _: DomainId("both"))
    assert [one.unit for one in judged(facts, RACK).units] == ["both"]


def test_4_2_per_gpu_counts_every_level() -> None:
    """There is no minimum."""
    rack = RACK | {"partial": Partial.PER_GPU, "min_healthy_gpus": 4}
    assert lost(judged(told("..xx", ".hhh", "....", "...."), rack))[1] == 2 + Fraction(3, 2)


def test_4_2_healthy_only_counts_nothing_below_the_minimum() -> None:
    """Two of four down for a minute take the other two with them; one down does not."""
    rack = RACK | {"min_healthy_gpus": 3}
    assert lost(judged(told("..xxx.", "...x..", "......", "......"), rack))[1] == 1 + 4 + 1


def test_4_2_a_degraded_slot_is_healthy() -> None:
    """Its level is above 0."""
    rack = RACK | {"min_healthy_gpus": 4}
    assert lost(judged(told("..hh", "....", "....", "...."), rack))[1] == 1


def test_4_2_whole_unit_counts_all_slots_while_enough_are_healthy() -> None:
    """One down loses nothing, two lose all."""
    rack = RACK | {"min_healthy_gpus": 3, "partial": Partial.WHOLE_UNIT}
    assert lost(judged(told("..xxx.", "...x..", ".hhh..", "......"), rack))[1] == 4


def test_4_3_a_slot_out_of_the_count_is_healthy_and_takes_one_from_what_is_committed() -> None:
    """Under `exclude`: the unit of the unknown slot stays above its minimum."""
    rack = RACK | {"min_healthy_gpus": 4}
    found = judged(told("..uu", "....", "....", "...x"), rack, policy=EXCLUDE)
    assert (total(found)[1], lost(found)[1]) == (14, 3)
    assert in_minutes(unit_of(found, "c2/r0").total_ms) == (16, 14, 16)


def test_4_3_what_is_committed_never_falls_below_nothing() -> None:
    """Two slots out of the count of a contract for one."""
    found = judged(told("..uu", "..uu"), {"gpus": 1}, policy=EXCLUDE)
    assert (total(found)[1], lost(found)[1]) == (2, 0)


def test_4_3_an_excused_slot_is_out_of_the_count_if_the_denominator_says_so() -> None:
    """In all bounds; whether it was down or not."""
    facts, excused = told(".xx.", "...."), {slot(0): [(0, 3)]}
    found = judged(facts, {"gpus": 2}, excused=excused, denominator=MINUS)
    assert (total(found), lost(found)) == ((5, 5, 5), (0, 0, 0))


def test_4_3_what_is_out_of_the_count_is_healthy_whatever_it_weighs() -> None:
    """An excused slot of a kind that is not accepted keeps its unit above the minimum."""
    rack = RACK | {"min_healthy_gpus": 2, "gpus": 2}
    facts, excused = sold_as(told("....", "...."), s0="h100"), {slot(0): [(0, 3)]}
    found = judged(facts, rack, excused=excused, denominator=MINUS)
    assert (total(found)[1], lost(found)[1]) == (5, 2)


def test_4_4_held_counts_one_for_each_slot_whatever_its_weight() -> None:
    """A unit of half weights misses half of its time."""
    found = judged(sold_as(told("...."), s0="gb200"))
    assert in_minutes(unit_of(found, slot(0)).lost_ms)[1] == 2
    assert in_minutes(unit_of(found, slot(0)).total_ms)[1] == 4


def test_6_1_an_outage_shorter_than_the_minimum_is_forgiven() -> None:
    """Two minutes are, three are not."""
    facts = told(".xx..xxx.")
    assert lost(judged(facts, min_outage=least(3))) == (3, 3, 3)
    assert lost(judged(facts, min_outage=least(4))) == (0, 0, 0)


def test_6_1_excess_only_forgives_the_first_of_long_outages_too() -> None:
    """Of three minutes the third alone counts."""
    facts = told(".xx..xxx.")
    assert lost(judged(facts, min_outage=least(2, RunCount.EXCESS_ONLY))) == (1, 1, 1)


def test_6_1_a_unit_has_outages_and_not_its_slots() -> None:
    """Two slots that are down one after the other are one outage of their rack."""
    facts, rack = told(".xx...", "...xx."), RACK | {"gpus": 2}
    assert lost(judged(facts, rack, min_outage=least(4)))[1] == 4
    assert lost(judged(facts, {"gpus": 2}, min_outage=least(4)))[1] == 0


def test_6_1_an_outage_is_judged_by_its_whole_length_within_the_reach() -> None:
    """Only its last minute lies in the window, and it is no short one."""
    found = judged(always(told("xxxx....")), window=(3, 8), min_outage=least(4))
    assert lost(found) == (1, 1, 1)


def test_6_1_an_exclusion_splits_an_outage_only_if_the_contract_says_so() -> None:
    """Five minutes, of which the third is excused: two and two, or four of a five."""
    facts, excused = told(".xxxxx."), {slot(0): [(3, 4)]}
    assert lost(judged(facts, excused=excused, min_outage=least(3)))[1] == 4
    assert lost(judged(facts, excused=excused, min_outage=least(3, splits=True)))[1] == 0


def test_6_1_in_forgiven_time_a_unit_contributes_all_of_its_held_slots() -> None:
    """Also those that the unit's minimum would have taken with the others."""
    rack = RACK | {"min_healthy_gpus": 3}
    facts = told("..x...", "..x...", "......", "......")
    assert lost(judged(facts, rack, min_outage=least(2)))[1] == 0


def test_6_2_what_is_delivered_beyond_the_commitment_is_not_banked() -> None:
    """A spare stands in for a slot that is down at the same time, and at no other."""
    assert lost(judged(told("..xx..", "....xx", "......"), {"gpus": 2})) == (0, 0, 0)
    assert lost(judged(told("..xx..", "..xx..", "......"), {"gpus": 2})) == (2, 2, 2)


def test_6_2_what_is_banked_makes_up_for_less_at_another_time() -> None:
    """One too many for four minutes pays for one too few for two."""
    banked = {"gpus": 2, "over_delivery": OverDelivery.BANKED_IN_WINDOW}
    assert lost(judged(told("..xx..", "..xx..", "......"), banked)) == (0, 0, 0)
    assert lost(judged(told(".xxxx.", ".xxxx.", "......"), banked)) == (2, 2, 2)


def test_6_3_what_is_committed_and_not_even_held_is_lost() -> None:
    """And no unit has lost it."""
    found = judged(told("....", "-..."), {"gpus": 3})
    assert (lost(found)[1], found.units) == (5, ())


def test_6_3_the_commitment_steps_at_local_midnight() -> None:
    """Two GPUs from the second day on: a minute before and two after."""
    steps = RampStep(START, 1), RampStep(START + timedelta(days=1), 2)
    facts = told("." * 1442)
    found = judged(facts, {"ramp": steps}, window=(1439, 1442))
    assert (total(found)[1], lost(found)[1]) == (5, 2)


def test_6_3_nothing_is_committed_before_the_first_step_or_after_the_term() -> None:
    """A window that begins before it has a total for its part alone."""
    later = {"ramp": (RampStep(START + timedelta(days=1), 5),)}
    assert total(judged(told("...."), later)) == (0, 0, 0)


def test_6_3_the_window_to_date_ends_at_until() -> None:
    """What comes later is seen, and lost in no figure yet."""
    found = judged(told("..xxxx"), until=3)
    assert (found.window, lost(found)[1], total(found)[1]) == (minutes(0, 3), 1, 3)
    assert found.total_whole_window == 6 * MINUTE_MS


def test_6_3_before_the_window_begins_there_is_nothing() -> None:
    """No time, no total."""
    found = judged(told("....xx"), window=(4, 6), until=2)
    assert (found.window.duration_ms, total(found), lost(found)) == (0, (0, 0, 0), (0, 0, 0))
    assert found.total_whole_window == 2 * MINUTE_MS


def test_6_5_a_units_total_is_what_it_held_and_its_lost_what_it_missed() -> None:
    """Although a spare stands in for it."""
    found = judged(told("..xx..", "......", "------"), {"gpus": 1})
    one = unit_of(found, slot(0))
    assert lost(found)[1] == 0
    assert (one.held_gpu_ms, in_minutes(one.total_ms)[1], in_minutes(one.lost_ms)[1]) == (
        6 * MINUTE_MS,
        6,
        2,
    )


def test_12_4_a_units_total_of_the_whole_window_knows_what_will_be_held() -> None:
    """Three minutes to date and seven to come, held beyond what was seen."""
    found = judged(always(told("x..")), window=(0, 10), until=3)
    assert unit_of(found, slot(0)).total_whole_window_ms == 10 * MINUTE_MS


def accounted(
    facts: Facts, *objectives: Objective, until: int | None = None, **capacity: Any
) -> Account:
    """Return the account of a contract with some objectives."""
    contract = replace(under(**capacity), objectives=objectives)
    window = timeline_of(facts).period
    until_ms = window.end_ms if until is None else ORIGIN_MS + until * MINUTE_MS
    excused = given({slot(0): [(2, 4)]})
    return account(contract, window, until_ms, facts, excused)


def test_13_1_the_account_is_the_first_capacity_objectives() -> None:
    """Its policy, its fractions, its minimum length."""
    facts = told("..xxuuhhxx")
    first, second = (
        promised(policy=UnknownPolicy.TENANT_BEARS),
        promised(degraded={"by_reason": {}}),
    )
    other = promised(kind=Kind.TIME_UNIT)
    assert accounted(facts, other, first, second).lost_gpu_ms == 3 * MINUTE_MS
    assert accounted(facts, second, first).lost_gpu_ms == 4 * MINUTE_MS


def test_13_1_without_one_the_terms_are_plain() -> None:
    """Unknown time is the provider's, and degraded counts in full."""
    found = accounted(told("..xxuuhhxx"), promised(kind=Kind.TIME_UNIT))
    assert found.lost_gpu_ms == 4 * MINUTE_MS


def test_13_2_figures_of_the_account() -> None:
    """Two excused minutes of down time, two unknown ones, and two of a half."""
    facts = told("..xxuuhhxx", "..........")
    found = accounted(facts, promised(), gpus=2)
    delivered = found.delivered_gpu_ms
    assert (found.committed_gpu_ms, found.committed_period_gpu_ms) == (20 * MINUTE_MS,) * 2
    assert in_minutes(delivered) == (15, 15, 17)
    assert found.lost_gpu_ms == 5 * MINUTE_MS
    assert found.excluded_gpu_ms == 2 * MINUTE_MS
    assert found.held_gpu_ms == 20 * MINUTE_MS
    assert {state: ms // MINUTE_MS for state, ms in found.states_gpu_ms.items()} == {
        State.OK: 12,
        State.DOWN: 4,
        State.UNKNOWN: 2,
        State.DEGRADED: 2,
    }


def test_13_3_now_is_the_last_millisecond_judged() -> None:
    """Half a GPU in the seventh minute, of two that are committed."""
    found = accounted(told("..xxuuhhxx", "----------"), promised(), until=7, gpus=2)
    assert (found.committed_gpus_now, found.delivered_gpus_now) == (2, Fraction(1, 2))
    assert found.committed_period_gpu_ms == 20 * MINUTE_MS
    assert found.committed_gpu_ms == 14 * MINUTE_MS
    before = accounted(told("...."), promised(), until=0)
    assert before.committed_gpus_now == before.delivered_gpus_now == 0
    surplus = accounted(told("....", "...."), promised(), gpus=1)
    assert surplus.delivered_gpus_now == 1


def test_13_3_what_is_committed_from_the_end_on_is_not_committed_now() -> None:
    """The step at midnight comes a millisecond after what was judged."""
    steps = RampStep(START, 1), RampStep(START + timedelta(days=1), 2)
    found = accounted(told("." * 1442), promised(), until=1440, ramp=steps)
    assert (found.committed_gpus_now, found.committed_period_gpu_ms) == (1, 1444 * MINUTE_MS)
