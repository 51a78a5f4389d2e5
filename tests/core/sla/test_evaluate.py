"""
The door: from facts to one evaluation, over segments, longer windows, exclusions and claims.

October 2026 in Chicago has 744 hours and costs $150,000,000.00; tiers are below 99 %: 5 %, below
98 %: 10 %, below 95 %: 25 %.
"""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind, Scope, WindowKind
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    ClaimAnchor,
    ClaimMode,
    Combination,
    EventRounding,
    ExclusionRule,
    HourCount,
    HoursPer,
    HourWaiver,
    Linear,
    LinearOf,
    Multiple,
    Step,
)
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.digest import digest
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Bounds
from gpusla.sla.facts import Holding
from gpusla.sla.periods import Period, period_of, segments
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.columns import columns_of
from gpusla.timeline.model import Evidence, Timeline
from tests.core.contracts.terms import SKU, TIERS, contract, objective
from tests.core.sla.making import DAY_MS, DOWN, HOUR_MS, facts, month, slot
from tests.core.sla.october import FEE, OCTOBER, gpus, judged, seen


def test_a_month_is_judged_from_facts_to_money() -> None:
    """18 of 744 hours: 97.58 %, the tier of 10 %."""
    evaluation = judged(contract(), seen({0: [(24, 42, DOWN)]}))
    assert evaluation.outcomes[0].value.value == Fraction(726, 744)
    assert evaluation.credit_minor_units.value == FEE // 10
    assert [(line.objective, line.minor_units) for line in evaluation.lines] == [
        ("availability", FEE // 10)
    ]
    assert evaluation.account.states_gpu_ms[State.DOWN] == 18 * HOUR_MS
    assert evaluation.is_complete


def test_the_period_to_date_is_judged_as_if_it_ended_there() -> None:
    """What comes later is neither promised nor lost yet; the next tier sees the whole period."""
    evaluation = judged(contract(), seen({0: [(24, 30, DOWN)]}), hours=48)
    assert evaluation.account.committed_gpu_ms == 48 * HOUR_MS
    assert evaluation.account.committed_period_gpu_ms == 744 * HOUR_MS
    assert evaluation.outcomes[0].value.value == Fraction(42, 48)
    assert evaluation.next_tier is not None
    # 1 % of 744 h is 7.44 h, of which 6 are lost.
    assert evaluation.next_tier.gpu_ms == Fraction("1.44") * HOUR_MS
    assert not evaluation.is_complete


def test_before_the_period_begins_there_is_nothing_to_judge() -> None:
    """No value, no credit, no division by zero."""
    evaluation = judged(contract(), seen({}), hours=-5)
    assert evaluation.outcomes[0].value.value is None
    assert evaluation.credit_minor_units.value == 0
    assert evaluation.until_ms == OCTOBER.start_ms


def test_a_slot_that_the_timeline_leaves_out_was_not_observed() -> None:
    """Held and absent from the evidence is unknown, never delivered."""
    found = seen({})
    evaluation = judged(contract(), replace(found, timeline=Timeline(OCTOBER, {})))
    assert evaluation.account.states_gpu_ms[State.UNKNOWN] == 744 * HOUR_MS
    value = evaluation.outcomes[0].value
    assert value == Bounds(Fraction(0), Fraction(0), Fraction(1))
    assert evaluation.losses[0].reasons == ("not_observed",)


def test_figures_are_the_same_whether_they_are_explained_or_not() -> None:
    """And in either form of a timeline; only what is told one by one is left out."""
    of = several("sum")
    found = seen({0: [(24, 42, DOWN)], 1: [(30, 33, UNOBSERVED)]}, slots=2)
    told = judged(of, found)
    assert isinstance(found.timeline, Timeline)
    columns = replace(found, timeline=columns_of(found.timeline))
    assert told.losses
    assert told.events
    for other in (judged(of, found, explain=False), judged(of, columns, explain=False)):
        assert other == replace(told, losses=(), events=())
        assert digest(other) != digest(told)


def several(across: str, *caps: Cap, **changes: Any) -> ContractVersion:
    """Two GPUs under four objectives of different kinds and shapes."""
    multiple = Multiple(Fraction(1), EventRounding.HOUR_UP, 0)
    linear = Linear(Base.UNIT_FEE, LinearOf.ALL_LOST, Fraction(1))
    return gpus(
        2,
        objectives=(
            objective(),
            objective(id="units", kind=Kind.TIME_UNIT, scope=Scope.UNIT, credit=linear),
            objective(id="outages", kind=Kind.TIME_UNIT, credit=multiple),
            objective(id="all", kind=Kind.TIME_ALL_DOWN),
        ),
        combination=Combination(AcrossObjectives(across), caps, 0),
        **changes,
    )


@pytest.mark.parametrize(
    ("across", "caps", "lines"),
    [
        # GPU 0 is down for 62 h, GPU 1 for 31 h of them.  Each GPU costs 75,000,000.00.
        # availability: 93 of 1488 h, 93.75 %: 25 % of the fee.
        # units: 75,000,000.00 * (62 + 31) / 744 = 9,375,000.00.
        # outages: the same, for both are whole hours.
        # all: 31 of 744 h, 95.83 %: 10 % of the fee.
        ("sum", (), {"availability": 37.5, "units": 9.375, "outages": 9.375, "all": 15}),
        ("max", (), {"availability": 37.5}),
        ("first", (), {"availability": 37.5}),
        # 20 % of the fee is 30 million, of 71.25 million: 37.5 * 30 / 71.25 and so on.
        (
            "sum",
            (Cap(Fraction(20), Base.PERIOD_FEE, None),),
            {"availability": 300 / 19, "units": 75 / 19, "outages": 75 / 19, "all": 120 / 19},
        ),
        ("max", (Cap(None, Base.PERIOD_FEE, 100_000_000),), {"availability": 1}),
    ],
)
def test_several_objectives_come_to_one_credit(
    across: str, caps: tuple[Cap, ...], lines: dict[str, float]
) -> None:
    """By what each gives, with the caps."""
    found = seen({0: [(24, 86, DOWN)], 1: [(48, 79, DOWN)]}, slots=2)
    evaluation = judged(several(across, *caps), found)
    got = {line.objective: line.minor_units for line in evaluation.lines}
    assert got.keys() == lines.keys()
    for name, millions in lines.items():
        assert abs(got[name] - round(millions * 100_000_000)) <= 1
    assert sum(got.values()) == evaluation.credit_minor_units.value


def test_an_amended_month_is_two_segments_each_with_its_part_of_the_fee() -> None:
    """A14: each is judged under its own version; from the 16th on 16 of 31 days are left."""
    first = contract()
    second = contract(version=2, effective_from=date(2026, 10, 16))
    versions = (first, second)
    found = seen({0: [(0, 36, DOWN), (380, 390, DOWN)]})
    parts = [
        evaluate(version, segment, OCTOBER.end_ms, found, versions=versions)
        for version, segment in segments(versions, month())
    ]
    assert [part.period.key for part in parts] == ["2026-10-v1", "2026-10-v2"]
    fees = [FEE * Fraction(15, 31), FEE * Fraction(16, 31)]
    assert [part.fee_minor_units for part in parts] == fees
    # 36 of 360 h: 90 %, the tier of 25 %.  10 of 384 h: 97.4 %, the tier of 10 %.
    assert [part.settlement.exact.value for part in parts] == [fees[0] / 4, fees[1] / 10]


def test_a_rolling_window_reaches_back_beyond_the_period() -> None:
    """Forty-five days before the end: 1 October less 14 days, and the fee for that time."""
    window = {"kind": WindowKind.ROLLING_DAYS, "days": 45}
    of = contract(objectives=(objective(window=window),))
    outcome = judged(of, seen({0: [(-100, -64, DOWN)]})).outcomes[0]
    assert outcome.measure.window.duration_ms == 45 * DAY_MS
    assert outcome.value.value == 1 - Fraction(36, 45 * 24)
    # 14 of 30 days of September and all of October, at the tier of 10 %.
    assert outcome.credit.value == (FEE * Fraction(14, 30) + FEE) / 10


def test_what_was_granted_for_the_same_time_is_taken_off() -> None:
    """By the objective's id."""
    window = {"kind": WindowKind.ROLLING_DAYS, "days": 45}
    of = contract(objectives=(objective(window=window),))
    once = judged(of, seen({0: [(-100, -64, DOWN)]}, granted_minor_units={"availability": 7}))
    full = judged(of, seen({0: [(-100, -64, DOWN)]}))
    assert once.outcomes[0].credit.value == full.outcomes[0].credit.value - 7


def test_an_objective_whose_window_ends_later_has_no_outcome_yet() -> None:
    """A quarter ends with September and December, and not with October."""
    quarter = objective(id="quarter", window={"kind": WindowKind.QUARTER})
    of = contract(objectives=(quarter, objective()))
    evaluation = judged(of, seen({0: [(24, 42, DOWN)]}))
    assert [outcome.objective.id for outcome in evaluation.outcomes] == ["availability"]
    alone = judged(contract(objectives=(quarter,)), seen({0: [(24, 42, DOWN)]}))
    assert alone.outcomes == ()
    assert alone.credit_minor_units.value == 0


def test_the_last_window_of_the_term_answers_for_what_still_runs() -> None:
    """An outage over the end of October is November's, unless the term ends with October."""
    credit = Multiple(Fraction(1), EventRounding.NONE, 0)
    promise = objective(kind=Kind.TIME_UNIT, credit=credit)
    runs_on = contract(objectives=(promise,))
    ends = contract(objectives=(promise,), term={"end": date(2026, 10, 31)})
    found = seen({0: [(734, 754, DOWN)]})
    assert judged(runs_on, found).credit_minor_units.value == 0
    # Ten hours of October at a 744th of the fee.
    assert judged(ends, found).settlement.exact.value == FEE * Fraction(10, 744)


def test_clock_hours_are_those_of_the_contracts_zone() -> None:
    """In Kathmandu an hour begins a quarter past; 5 and 4 minutes are not of one hour there."""
    waiver = HourWaiver(6 * 60_000, HourCount.SUM)
    promise = objective(kind=Kind.TIME_UNIT, credit=waiver)
    of = contract(objectives=(promise,), term={"timezone": "Asia/Kathmandu"})
    whole = month(of).interval
    reach = Interval(whole.start_ms - DAY_MS, whole.end_ms + DAY_MS)
    # From ten minutes before to three after a full hour of Kathmandu.
    hour = DAY_MS + 5 * HOUR_MS
    found = facts(reach, {0: [(hour - 10 * 60_000, hour + 3 * 60_000, DOWN)]})
    credit = evaluate(of, month(of), whole.end_ms, found).settlement.exact.value
    assert credit == Fraction(FEE, 744)


PLANNED = ExclusionRule(
    "planned", "maintenance", 7 * DAY_MS, 0, HoursPer.SLOT, 0, needs_approval=False
)


def excluded(id_: str, start: int, end: int, notice_days: int | None) -> ExclusionRecord:
    """Maintenance of the first slot by hours of October."""
    start_ms = OCTOBER.start_ms + start * HOUR_MS
    return ExclusionRecord(
        id=id_,
        from_ms=start_ms,
        until_ms=OCTOBER.start_ms + end * HOUR_MS,
        recorded_ms=start_ms - (notice_days or 0) * DAY_MS,
        supersedes=None,
        withdrawn=False,
        slots=(slot(0),),
        contract=contract().id,
        kind="maintenance",
        reason="a new switch",
        clause="planned",
        approver="provider",
        notice_ms=None if notice_days is None else start_ms - notice_days * DAY_MS,
    )


def test_exclusions_that_count_and_those_that_do_not_are_told() -> None:
    """Within the time that is judged; what lies outside is no matter of this period."""
    of = contract(exclusion_rules=(PLANNED,))
    records = (
        excluded("counts", 24, 30, 7),
        excluded("late", 40, 44, 6),
        excluded("november", 750, 760, 0),
        excluded("september", -50, -40, 7),
    )
    evaluation = judged(of, seen({0: [(24, 30, DOWN), (40, 44, DOWN)]}, exclusions=records))
    assert evaluation.exclusions == ("counts",)
    assert [refused.exclusion_id for refused in evaluation.refused] == ["late"]
    assert evaluation.account.excluded_gpu_ms == 6 * HOUR_MS
    assert evaluation.account.lost_gpu_ms == 4 * HOUR_MS


@pytest.mark.parametrize(("claimed_days", "credit"), [(None, 0), (0, 10), (29, 10), (30, 0)])
def test_a_credit_to_be_claimed_waits_for_it(claimed_days: int | None, credit: int) -> None:
    """Within thirty days after the period's last; what may be claimed is told either way."""
    of = contract(claims={"mode": ClaimMode.ON_CLAIM})
    # Clocks go back on 1 November: the end of the thirtieth day is an hour later.
    at_ms = None if claimed_days is None else OCTOBER.end_ms + claimed_days * DAY_MS + HOUR_MS
    evaluation = judged(of, seen({0: [(24, 42, DOWN)]}, claimed_ms=at_ms))
    assert evaluation.claim is not None
    assert evaluation.claim.deadline_ms == OCTOBER.end_ms + 30 * DAY_MS + HOUR_MS
    assert evaluation.claim.claimable_minor_units == FEE // 10
    assert evaluation.credit_minor_units.value == FEE * credit // 100
    assert bool(evaluation.lines) == bool(credit)


@pytest.mark.parametrize("explain", [True, False])
def test_the_first_incident_may_start_the_deadline(*, explain: bool) -> None:
    """It is the first loss of the period, on 5 October: thirty days after it is 4 November."""
    claims = {"mode": ClaimMode.ON_CLAIM, "anchor": ClaimAnchor.INCIDENT}
    evaluation = judged(contract(claims=claims), seen({0: [(100, 118, DOWN)]}), explain=explain)
    assert evaluation.claim is not None
    # The end of 4 November in Chicago, which is six hours behind UTC by then.
    assert evaluation.claim.deadline_ms == OCTOBER.start_ms + 35 * DAY_MS + HOUR_MS


def test_a_shadow_price_stands_in_for_a_fee_of_nothing() -> None:
    """The figures are those of a fee; that it is none is said."""
    nothing = (replace(contract().fees.recurring[0], minor_units=0),)
    of = contract(fees={"recurring": nothing, "shadow_minor_units": 1000})
    evaluation = judged(of, seen({0: [(24, 42, DOWN)]}))
    assert evaluation.is_shadow
    assert evaluation.credit_minor_units.value == 100


def test_the_next_tier_is_that_of_the_first_objective_with_tiers_for_all_time() -> None:
    """Not that of units by themselves, nor of a credit without tiers."""
    linear = Linear(Base.PERIOD_FEE, LinearOf.ALL_LOST, Fraction(1))
    of = contract(
        objectives=(
            objective(id="linear", credit=linear),
            objective(
                id="units", kind=Kind.TIME_UNIT, scope=Scope.UNIT, credit=Step(Base.UNIT_FEE, TIERS)
            ),
            objective(id="time", kind=Kind.TIME_UNIT, target=Fraction(1)),
            objective(id="capacity"),
        )
    )
    found = judged(of, seen({}), hours=10).next_tier
    assert found is not None
    assert (found.objective, found.tier) == ("time", TIERS[0])


def test_a_loss_and_an_outage_name_the_records_behind_them() -> None:
    """Down to the journal lines of a node; unobserved time has none."""
    of = several("sum")
    found = seen({0: [(24, 42, DOWN)], 1: [(30, 33, UNOBSERVED)]}, slots=2)
    assert isinstance(found.timeline, Timeline)
    spans = {
        key: tuple(
            replace(span, evidence=Evidence(NodeName("n1"), number, number + 1))
            if span.condition.state is not State.UNKNOWN
            else span
            for number, span in enumerate(several_)
        )
        for key, several_ in found.timeline.spans.items()
    }
    evaluation = judged(of, replace(found, timeline=replace(found.timeline, spans=spans)))
    recorded, unseen = evaluation.losses
    assert recorded.evidence == (Evidence(NodeName("n1"), 1, 2),)
    assert unseen.evidence == ()
    told = {
        (event.objective, event.unit, event.interval.duration_ms // HOUR_MS): event.causes
        for event in evaluation.events
    }
    assert sorted(key[0] for key in told) == ["all", "outages", "outages", "units", "units"]
    both = told["all", "all", 3]
    assert [cause.slot for cause in both] == [slot(0), slot(1)]
    assert [cause.evidence for cause in both] == [Evidence(NodeName("n1"), 1, 2), None]


def test_a_slot_that_was_not_held_then_is_no_cause() -> None:
    """It was down for somebody else."""
    promise = objective(kind=Kind.TIME_ANY_DOWN)
    found = seen({0: [(24, 30, DOWN)], 1: [(24, 42, DOWN)]}, slots=2)
    late = Interval(OCTOBER.start_ms + 40 * HOUR_MS, OCTOBER.end_ms)
    held = {**found.held, slot(0): (Holding(late, SKU),)}
    (event,) = judged(gpus(2, objectives=(promise,)), replace(found, held=held)).events
    assert [cause.slot for cause in event.causes] == [slot(1)]


def test_an_outage_by_a_rule_alone_names_no_cause() -> None:
    """A slot that burns in is ok and does not count yet."""
    of = contract(
        objectives=(objective(kind=Kind.TIME_UNIT),),
        capacity={"acceptance": {"burn_in_ms": DAY_MS}},
    )
    held = Interval(OCTOBER.start_ms + 5 * DAY_MS, OCTOBER.end_ms)
    (event,) = judged(of, seen({}, held=held)).events
    assert event.interval == Interval(held.start_ms, held.start_ms + DAY_MS)
    assert event.causes == ()


def test_a_segment_of_a_period_can_be_asked_for_by_its_key() -> None:
    """As the ledger names it."""
    versions = (contract(), contract(version=2, effective_from=date(2026, 10, 16)))
    segment: Period = period_of(versions[1], "2026-10-v2", versions)
    evaluation = evaluate(versions[1], segment, OCTOBER.end_ms, seen({}), versions=versions)
    assert evaluation.period.key == "2026-10-v2"
    assert evaluation.fee_minor_units == FEE * Fraction(16, 31)
