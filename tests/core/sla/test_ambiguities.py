"""
The twenty-eight questions that contracts leave open, each with its field and a test of its name.

A1 to A28 are those of the requirement; the four that are about calendars alone are tested where
calendars are, and named in ELSEWHERE.  What is expected is reckoned in each test's words.
"""

import ast
import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gpusla.contracts.model import ContractVersion, Rebase
from gpusla.contracts.promises import (
    Comparison,
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    RunCount,
    UnknownPolicy,
    ValueRounding,
)
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Combination,
    ExclusionRule,
    HoursPer,
    Linear,
    LinearOf,
    Step,
    Tier,
)
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.periods import period_of, segments
from tests.core.contracts.terms import contract, objective
from tests.core.sla.notation import Scene, outcome, scene
from tests.core.sla.presets import CAPACITY, PRESETS, tiers

ROOT = Path(__file__).resolve().parents[3]
ELSEWHERE = {
    "a10": ("core/sla/test_periods.py", "test_a_period_has_the_length_that_its_zone_gives_it"),
    "a12": (
        "core/contracts/test_rights.py",
        "test_a12_notice_takes_effect_at_the_start_of_a_local_day",
    ),
    "a13": (
        "core/contracts/test_rights.py",
        "test_a13_grace_counts_months_then_days_and_ends_with_its_last_local_day",
    ),
    "a26": (
        "core/sla/test_claims.py",
        "test_a26_a_claim_is_too_late_when_its_last_local_day_is_over",
    ),
}
FEE = 15_000_000_000
TICK_MS = 1_000


def test_a1_exactly_at_a_threshold_is_a_miss_only_where_the_contract_says_so() -> None:
    """1 of 1,000 lost is 99.9 % exactly."""
    below = with_objective(CAPACITY, credit=step("0.999:10"), target=Fraction("0.999"))
    assert judged("", ".999x1", below)["credit"] == "0.00"
    at = with_objective(below, comparison=Comparison.AT_OR_BELOW)
    assert judged("", ".999x1", at)["credit"] == "15000000.00"
    assert judged("", ".1000", at)["credit"] == "0.00"


@pytest.mark.parametrize(
    ("granularity", "lost"),
    [
        (Granularity.EXACT, "119"),
        (Granularity.ELAPSED_MINUTES, "60"),
        (Granularity.CLOCK_MINUTES, "60"),
        (Granularity.SLOTS_ANY, "300"),
        (Granularity.SLOTS_ALL, "0"),
    ],
)
def test_a2_how_minutes_are_counted_is_a_field(granularity: Granularity, lost: str) -> None:
    """Seconds 30 to 149: one elapsed minute, the clock's from 60 to 120, one slot touched."""
    timed = with_objective(CAPACITY, kind=Kind.TIME_UNIT, granularity=granularity)
    assert judged("", ".30x119.451", timed)["lost"] == lost


@pytest.mark.parametrize(
    ("rounding", "credit"),
    [
        (ValueRounding.NONE, "7500000.00"),
        (ValueRounding.HALF_UP, "0.00"),
        (ValueRounding.FLOOR, "7500000.00"),
    ],
)
def test_a3_the_value_is_compared_exactly_unless_rounding_is_asked_for(
    rounding: ValueRounding, credit: str
) -> None:
    """10,001 of 1,000,000 lost are 98.9999 %: 99.00 % by halves, 98.99 % down; 5 %."""
    rounded = with_objective(CAPACITY, value_rounding=rounding, value_decimals=2)
    assert judged("", ".989999x10001", rounded)["credit"] == credit


def test_a4_outages_at_one_time_are_one_and_objectives_combine_as_the_contract_says() -> None:
    """Two records of one outage lose it once; two objectives that miss by it give the larger."""
    assert judged("", ".8x2&.8x2")["lost"] == "2"
    first = objective(id="first", credit=step("0.99:5"))
    second = objective(id="second", credit=step("0.99:10"))
    both = contract(fees={"proration": CAPACITY.fees.proration}, objectives=(first, second))
    for across, credit in (
        (AcrossObjectives.MAX, "15000000.00"),
        (AcrossObjectives.SUM, "22500000.00"),
        (AcrossObjectives.FIRST, "7500000.00"),
    ):
        combined = replace(both, combination=Combination(across, (), 0))
        assert judged("", ".8x2", combined)["credit"] == credit


def test_a5_only_the_overlap_is_excluded_and_length_is_judged_before() -> None:
    """Of six minutes two are excused: the run stays long enough, four are lost."""
    assert judged("tick 1m", "x2X2x2.9994", PRESETS["nebius"])["lost"] == "4"
    assert judged("tick 1m", "x2X1x1.9996", PRESETS["nebius"])["lost"] == "0"


def test_a6_six_minutes_of_an_hour_are_a_sum_or_consecutive() -> None:
    """Three and four minutes of one hour at $5 an hour."""
    month, slots = "month 2026-10 tick 1m", "x3.10x4+ +"
    assert judged(month, slots, PRESETS["aws-hour"])["credit"] == "5.00"
    assert judged(month, slots, PRESETS["aws-hour-consecutive"])["credit"] == "0.00"


def test_a7_maintenance_stays_in_the_denominator_unless_the_contract_takes_it_out() -> None:
    """Half excused, 1 of the other 100 lost: 1 of 200, or 1 of 100."""
    slots = ".99x1X100"
    assert judged("", slots)["availability"] == "199/200"
    out = with_objective(CAPACITY, denominator=Denominator.MINUS_EXCLUSIONS)
    assert judged("", slots, out)["availability"] == "99/100"


@pytest.mark.parametrize(
    ("late_ms", "hours_max_ms", "lost"),
    [(0, 0, "0"), (1, 0, "10"), (0, 6 * TICK_MS, "4")],
    ids=["in time", "a millisecond late", "four over the hours"],
)
def test_a8_notice_that_is_too_short_excludes_nothing_and_an_overrun_is_not_excluded(
    late_ms: int, hours_max_ms: int, lost: str
) -> None:
    """Ten down, all excused by a record with an hour's notice."""
    rule = ExclusionRule(
        "planned", "maintenance", 3_600_000, hours_max_ms, HoursPer.SLOT, 0, needs_approval=False
    )
    made = scene("", "X10.90", replace(CAPACITY, exclusion_rules=(rule,)))
    facts = made.facts(made.period())
    told = [late(record, late_ms) for record in facts.exclusions]
    evaluation = judge(made, exclusions=told)
    assert outcome(evaluation, TICK_MS)["lost"] == lost


def test_a9_a_table_with_a_gap_is_refused_and_every_length_has_one_row() -> None:
    """Vultr's nine minutes are the second row's, and a month is 672 hours; loading refuses gaps."""
    month = "month 2026-10 tick 1m"
    assert judged(month, "x9+ +", PRESETS["vultr"])["credit"] == "120.00"
    assert judged(month, "x44640 +", PRESETS["vultr"])["credit"] == "3360.00"
    refusals = (ROOT / "tests/core/contracts/refusals.txt").read_text("utf-8")
    assert "this row leaves a gap after the one before it" in refusals


def test_a11_a_month_with_a_leap_second_is_as_long_as_any() -> None:
    """December 2016 had one; POSIX time has 31 x 86,400 s."""
    old = contract(
        term={"start": date(2016, 1, 1), "end": date(2017, 12, 31), "timezone": "UTC"},
        effective_from=date(2016, 1, 1),
    )
    assert period_of(old, "2016-12").interval.duration_ms == 31 * 86_400_000


def test_a14_an_amendment_makes_segments_with_their_own_target_and_part_of_the_fee() -> None:
    """99.5 % from 16 October; each part loses 3 h, the second misses: 5 % of 16/31 of the fee."""
    first = contract(term={"timezone": "UTC"})
    second = replace(
        first,
        version=2,
        effective_from=date(2026, 10, 16),
        objectives=(objective(target=Fraction("0.995"), credit=step("0.995:5")),),
    )
    given = []
    for version, segment in segments((first, second), period_of(first, "2026-10")):
        made = scene("tick 1h", ".100x3+", version)
        facts = made.facts(segment)
        found = evaluate(
            version,
            segment,
            segment.interval.end_ms,
            facts,
            versions=(first, second),
            explain=False,
        )
        given.append(found.credit_minor_units.value)
    # 3 of 360 h are 0.83 %, above 99 %; 3 of 384 h are 0.78 %, below 99.5 %.
    assert given == [0, round(Fraction(FEE * 16, 31) / 20)]


def test_a15_the_provider_bears_what_nobody_saw_after_a_grace() -> None:
    """Of a gap of seven minutes five count as before; the bounds show all of it."""
    carried = with_objective(CAPACITY, unknown={"carry_last_ms": 300_000})
    assert judged("tick 1m", ".50_7.43", carried)["lost"] == "0 2 7"
    tenants = with_objective(
        carried, unknown={"policy": UnknownPolicy.TENANT_BEARS, "carry_last_ms": 0}
    )
    assert judged("tick 1m", ".50_7.43", tenants)["lost"] == "0 0 7"


def test_a16_where_witnesses_contradict_each_other_the_time_is_unknown() -> None:
    """What is seen as unknown, `disputed` too, is in the bounds and goes by the policy."""
    assert judged("", ".5?5")["lost"] == "0 5 5"
    assert judged("unknown tenant", ".5?5")["lost"] == "0 0 5"
    assert "test_what_witnesses_come_to" in functions_of("tests/core/timeline/test_witnesses.py")


def test_a17_a_clock_that_may_be_wrong_widens_the_bounds_and_nothing_else() -> None:
    """Half a second on each side of four; a clock that nobody knows by the contract's word."""
    assert judged("", ".3x4.3~500")["lost"] == "3 4 5"
    assert judged("clock 1000", ".3x4.3~?")["lost"] == "2 4 6"


def test_a18_lost_time_stays_with_the_slot_when_its_gpu_is_replaced() -> None:
    """Four are down, and the part is replaced in their middle: one outage, long enough to count."""
    least = MinOutage(4 * TICK_MS, RunCount.WHOLE_RUN, splits=False)
    made = scene("", ".3x4.3", with_objective(CAPACITY, min_outage=least))
    (place, (whole,)) = next(iter(made.facts(made.period()).held.items()))
    middle_ms = whole.interval.start_ms + 5 * TICK_MS
    parts = (
        replace(whole, interval=replace(whole.interval, end_ms=middle_ms)),
        replace(whole, interval=replace(whole.interval, start_ms=middle_ms)),
    )
    assert outcome(judge(made, held={place: parts}), TICK_MS)["lost"] == "4"


def test_a19_a_unit_counts_from_its_hand_over_and_a_late_one_is_a_shortfall_from_the_ramp() -> None:
    """Committed from the start and handed over after three, three are lost; two more burn in."""
    late_unit = judged("commit 1", "-3.7")
    assert (late_unit["lost"], late_unit["total"]) == ("3", "10")
    burnt_in = replace(
        CAPACITY,
        capacity=replace(
            CAPACITY.capacity, acceptance=replace(CAPACITY.capacity.acceptance, burn_in_ms=2_000)
        ),
    )
    assert judged("commit 1", "-3.7", burnt_in)["lost"] == "5"


def test_a20_a_percentage_is_of_the_fee_that_is_due_after_re_basing() -> None:
    """90 of 100 accepted: 25 % of 90 % of $150,000,000."""
    rebased = replace(
        CAPACITY, fees=replace(CAPACITY.fees, rebases=(Rebase(CAPACITY.term.start, 90, 100),))
    )
    assert judged("", "x10", rebased)["credit"] == "33750000.00"


def test_a21_a_credit_is_never_more_than_the_fee() -> None:
    """Fifty times all of it."""
    linear = Linear(Base.PERIOD_FEE, LinearOf.ALL_LOST, Fraction(50))
    assert judged("", "x10", with_objective(CAPACITY, credit=linear))["credit"] == "150000000.00"


def test_a22_what_was_granted_for_the_same_time_is_not_granted_twice() -> None:
    """25 % are $37,500,000, of which $30,000,000 were given before."""
    made = scene("", "x10", CAPACITY)
    evaluation = judge(made, granted_minor_units={"availability": 3_000_000_000})
    assert outcome(evaluation, TICK_MS)["credit"] == "7500000.00"
    window = replace(CAPACITY.objectives[0].window, grants_again=True)
    again = scene("", "x10", with_objective(CAPACITY, window=window))
    evaluation = judge(again, granted_minor_units={"availability": 3_000_000_000})
    assert outcome(evaluation, TICK_MS)["credit"] == "37500000.00"


def test_a23_money_is_rounded_once_and_lines_add_up_to_it() -> None:
    """Three objectives give 33 1/3 cents of a fee of 100 each, together 100: 34 + 33 + 33."""
    third = Step(Base.PERIOD_FEE, (Tier(Fraction("0.99"), Fraction(100, 3)),))
    three = contract(
        fees={"proration": CAPACITY.fees.proration},
        objectives=tuple(objective(id=name, credit=third) for name in ("a", "b", "c")),
    )
    evaluation = scene("fee 1.00", "x10", three).judge()
    assert evaluation.credit_minor_units.value == 100
    assert [line.minor_units for line in evaluation.lines] == [34, 33, 33]


def test_a24_a_spare_counts_from_the_moment_it_is_handed_over() -> None:
    """The one committed fails after four; a spare stands ready and serves from the sixth on."""
    assert judged("commit 1", ".4x6 -6.4")["lost"] == "2"
    assert judged("commit 1", ".4x6 -10")["lost"] == "6"


def test_a25_the_clock_of_a_repair_stops_while_the_tenant_refuses_it() -> None:
    """34 h from the ticket, 10 of them refused: the clock shows 24, one step; 10 % of $5,000."""
    month = "month 2026-10 tick 1h"
    assert judged(month, "X10+ + fix:0@0/-/34", PRESETS["gpuyard"])["credit"] == "500.00"
    assert judged(month, "+ + fix:0@0/-/34", PRESETS["gpuyard"])["credit"] == "500.00"
    assert judged(month, "X10+ + fix:0@0/-/33", PRESETS["gpuyard"])["credit"] == "0.00"


def test_a27_a_period_that_is_judged_again_comes_to_its_new_figure_alone() -> None:
    """A day of late evidence is a new judgement; the ledger reverses the first and books it."""
    assert judged("", ".1000")["credit"] == "0.00"
    assert judged("", ".980x20")["credit"] == "7500000.00"
    named = functions_of("tests/core/ledger/test_booking.py")
    assert "test_a_posted_period_is_corrected_by_reversal_and_new_entry" in named


def test_a28_where_nothing_is_committed_there_is_no_value_and_no_credit() -> None:
    """Down throughout, and owed nothing."""
    found = judged("commit 0", "x10")
    assert (found["availability"], found["missed"], found["credit"]) == ("none", "no", "0.00")


def test_each_of_the_twenty_eight_has_a_test_of_its_name() -> None:
    """Here, or where ELSEWHERE says."""
    names = functions_of(str(Path(__file__).relative_to(ROOT)))
    numbered = {found[1] for name in names if (found := re.match(r"test_(a\d+)_", name))}
    assert numbered | set(ELSEWHERE) == {f"a{number}" for number in range(1, 29)}
    for file, name in ELSEWHERE.values():
        assert name in functions_of(f"tests/{file}"), f"{file} has no {name}"


def judged(options: str, slots: str, preset: ContractVersion = CAPACITY) -> dict[str, str]:
    """What a scene comes to, in the words of the tables."""
    made = scene(options, slots, preset)
    return outcome(made.judge(), made.tick_ms)


def judge(made: Scene, **more: Any) -> Evaluation:
    """A scene with more facts."""
    period = made.period()
    facts = replace(made.facts(period), **more)
    versions = (made.contract,)
    until_ms = made.until_ms(period)
    return evaluate(made.contract, period, until_ms, facts, versions=versions, explain=False)


def with_objective(terms: ContractVersion, **changes: Any) -> ContractVersion:
    """Terms whose first objective is changed."""
    return replace(terms, objectives=(changed(terms, changes), *terms.objectives[1:]))


def changed(terms: ContractVersion, changes: dict[str, Any]) -> Any:
    """The first objective of some terms with some fields changed."""
    first = terms.objectives[0]
    unknown = changes.pop("unknown", None)
    if unknown is not None:
        changes["unknown"] = replace(first.unknown, **unknown)
    return replace(first, **changes)


def step(*pairs: str) -> Step:
    """Tiers of the period's fee."""
    return Step(Base.PERIOD_FEE, tiers(*pairs))


def late(record: ExclusionRecord, late_ms: int) -> ExclusionRecord:
    """A record that was told so late."""
    assert record.notice_ms is not None
    return replace(record, notice_ms=record.notice_ms + late_ms)


def functions_of(place: str) -> set[str]:
    """Names of the test functions of a module."""
    tree = ast.parse((ROOT / place).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
