"""One slot, rule by rule: docs/concepts/sla-engine.md, section 3."""

from dataclasses import replace
from fractions import Fraction

from gpusla.contracts.model import Acceptance
from gpusla.contracts.promises import UnknownPolicy
from gpusla.sla.facts import Holding
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

EXCLUDE, TENANT = UnknownPolicy.EXCLUDE, UnknownPolicy.TENANT_BEARS


def settle(settle_minutes: int, burn_in: int = 0) -> dict[str, Acceptance]:
    """Terms of acceptance."""
    return {"acceptance": Acceptance(burn_in * MINUTE_MS, settle_minutes * MINUTE_MS)}


def test_3_1_time_without_a_span_is_unknown() -> None:
    """Four minutes that nobody observed may have been good or bad."""
    assert lost(judged(told("....????..", error=0))) == (0, 4, 4)


def test_3_1_a_held_slot_that_the_timeline_does_not_know_is_unknown() -> None:
    """All of it, as is what is judged beyond the timeline."""
    facts = told("....", "....")
    known = timeline_of(facts)
    fewer = Timeline(known.period, {slot(0): known.spans[slot(0)]})
    assert lost(judged(replace(facts, timeline=fewer), {"gpus": 2})) == (0, 4, 4)
    later = judged(always(told("....")), window=(2, 6))
    assert lost(later) == (0, 2, 2)


def test_3_2_a_level_is_the_least_fraction_of_the_reasons() -> None:
    """Two minutes at a half and three at a third lose one and two."""
    assert lost(judged(told("..hh.ttt.."))) == (3, 3, 3)


def test_3_2_a_reason_without_a_fraction_of_its_own_has_the_default() -> None:
    """The default of the simple terms is that degraded counts in full."""
    assert lost(judged(told("..hh.ttt.."), degraded={"by_reason": {}})) == (0, 0, 0)


def test_3_2_unknown_is_worth_what_the_policy_says_to_the_value() -> None:
    """And nothing, or all, to the bounds."""
    facts = told("..uuu.")
    assert lost(judged(facts)) == (0, 3, 3)
    assert lost(judged(facts, policy=TENANT)) == (0, 0, 3)
    assert lost(judged(facts, policy=EXCLUDE)) == (0, 0, 3)
    assert total(judged(facts, policy=EXCLUDE)) == (6, 3, 6)


def test_3_2_unknown_time_that_cannot_count_anyway_stays_in_the_count() -> None:
    """While it settles, burns in or weighs nothing, nobody needs to know."""
    settling = judged(told("..xuuu.."), settle(2), policy=EXCLUDE)
    assert (total(settling)[1], lost(settling)[1]) == (7, 3)
    weightless = judged(sold_as(told("..uuu..."), s0="h100"), policy=EXCLUDE)
    assert (total(weightless)[1], lost(weightless)[1]) == (8, 8)


def test_3_2_low_takes_the_smaller_of_condition_and_other_and_high_the_larger() -> None:
    """At an edge the value is the condition at its start."""
    assert lost(judged(told("..ee.."))) == (0, 0, 2)
    assert lost(judged(told("..ww.."))) == (0, 2, 2)


def test_3_3_the_first_of_unknown_time_carries_over_what_was_seen_before() -> None:
    """Two minutes of half, then a minute that the policy decides about."""
    assert lost(judged(told("..huuu.."), carry=2)) == (
        Fraction(1, 2),
        Fraction(1, 2) + 2 * Fraction(1, 2) + 1,
        Fraction(1, 2) + 3,
    )


def test_3_3_nothing_is_carried_into_a_reach_that_begins_unknown() -> None:
    """There is no span before it."""
    assert lost(judged(told("uuu..."), carry=2))[1] == 3


def test_3_3_what_is_carried_over_is_not_out_of_the_count() -> None:
    """Under `exclude` only the rest of the stretch is."""
    measure = judged(told("..uuuu"), carry=3, policy=EXCLUDE)
    assert (total(measure)[1], lost(measure)[1]) == (5, 0)


def test_3_3_neighbouring_unknown_conditions_are_one_stretch() -> None:
    """A gap and a slot that was seen as unknown are not carried over twice."""
    assert lost(judged(told("..uu??uu"), carry=3))[1] == 3


def test_3_4_a_span_reaches_its_clock_error_beyond_both_ends_in_the_bounds() -> None:
    """Three minutes of down are one at least and five at most."""
    assert lost(judged(told("....xxx....", error=1))) == (1, 3, 5)


def test_3_4_a_clock_that_nobody_knows_is_off_by_what_the_contract_says() -> None:
    """Two minutes of error: three of down may be none, or seven."""
    assert lost(judged(told("....xxx....", error=None), clock_error_ms=2 * MINUTE_MS)) == (0, 3, 7)


def test_3_4_a_reach_is_not_widened_beyond_itself() -> None:
    """At the end of the reach there is nothing that could be there instead."""
    assert lost(judged(told("xxx....", error=1))) == (2, 3, 4)


def test_3_5_an_unknown_slot_is_up_for_value_and_high_and_down_for_low() -> None:
    """Settle follows unknown time in low alone."""
    assert lost(judged(told("..uu...."), settle(3), policy=TENANT)) == (0, 0, 5)


def test_3_6_a_slot_settles_after_each_down_time() -> None:
    """Two minutes after each, and two down times that follow closely settle once."""
    assert lost(judged(told("..x..x....x."), settle(2))) == (8, 8, 8)


def test_3_6_what_the_reach_cuts_off_is_followed_by_nothing() -> None:
    """Only what lies within it counts."""
    assert lost(judged(told("......x"), settle(2))) == (1, 1, 1)


def test_3_7_a_slot_burns_in_from_the_start_of_each_unbroken_holding() -> None:
    """Three minutes twice, for it was given back in between; a change of kind is no break."""
    assert lost(judged(told("......-....."), settle(0, burn_in=3))) == (7, 7, 7)
    facts = told("........")
    parts = Holding(minutes(0, 4), "gb300"), Holding(minutes(4, 8), "gb200")
    changed = judged(replace(facts, held={slot(0): parts}), settle(0, burn_in=3))
    assert lost(changed)[1] == 3 + 4 * Fraction(1, 2)


def test_3_8_a_level_is_multiplied_by_the_weight_of_its_kind() -> None:
    """Half a weight: half is missing always, and a half of the half while it is degraded."""
    measure = judged(sold_as(told("..hh.."), s0="gb200"))
    assert lost(measure)[1] == 6 * Fraction(1, 2) + 2 * Fraction(1, 4)


def test_3_8_a_kind_that_is_not_accepted_weighs_nothing() -> None:
    """It is held and delivers nothing."""
    assert lost(judged(sold_as(told("......"), s0="h100"))) == (6, 6, 6)


def test_3_9_an_excused_slot_counts_in_full_in_all_bounds() -> None:
    """Also while it settles or burns in."""
    facts, excused = told("..xxuu.."), {slot(0): [(2, 8)]}
    assert lost(judged(facts, settle(2, burn_in=3), excused=excused)) == (2, 2, 2)


def test_time_outside_its_holdings_does_not_exist_for_a_slot() -> None:
    """It was down while it was not ours; that it delivered nothing then is lost all the same."""
    measure = judged(told("--..x..", ".-....."), {"gpus": 2})
    assert lost(measure)[1] == 2 + 1 + 1
    assert [unit.unit for unit in measure.units] == [str(slot(0))]
    assert in_minutes(unit_of(measure, slot(0)).lost_ms)[1] == 1
