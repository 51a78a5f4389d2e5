"""The page's figures of what is still to come, against numbers by hand."""

import pytest

from gpusla.instants import parse_instant
from tests.collector.claims import ON_CLAIM
from tests.collector.journals import DOWN
from tests.collector.pages import figures, served
from tests.collector.site import Tray
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, HOUR_MS, LAG_MS, START_MS, Stage

CHRONIC = """\
chronic: {objective: availability, misses: 1, within_periods: 1, right: terminate,
  exercise_days: 20, cure_days: CURE}
"""
EXCLUSIONS = f"""\
apiVersion: gpusla/v1
kind: Exclusions
exclusions:
  - {{id: e, slots: [c2/r01], contract: {ALPHA}, kind: maintenance, reason: r, clause: none,
     approver: tenant, from: 2026-07-01T00:00:00Z, until: 2026-07-01T01:00:00Z,
     recorded_at: 2026-06-30T00:00:00Z}}
"""


UPTIME = """\
  - id: uptime
    kind: time_unit
    target: "0.999"
    comparison: below
    window: {type: billing_period}
    unknown: {policy: provider_bears}
    degraded: {delivered_fraction: {default: "1"}}
    credit: {type: none}
"""
CLAIM = f"""\
apiVersion: gpusla/v1
kind: Claims
claims:
  - {{id: k, contract: {ALPHA}, period: 2026-07, claimed_at: 2026-08-02T00:00:00Z, by: tenant,
     reference: r, recorded_at: 2026-08-02T00:00:00Z}}
"""


def stage_with(*clauses: str, fee: str = "1000.00") -> Stage:
    """Return a site whose contract has more clauses."""
    stage = Stage((Tray("t01", ALPHA, fee=fee),))
    key = ("Contract", f"contracts/{ALPHA}.yaml")
    text = stage.files.texts[key]
    stage.files.texts[key] = text.replace("statement: {", "".join(clauses) + "statement: {")
    return stage


def first_day(stage: Stage, down_hours: int) -> Stage:
    """Let the first day end with hours in which one GPU of four is down."""
    journal = stage.journal()
    edge_ms = START_MS + (24 - down_hours) * HOUR_MS
    journal.observe(START_MS, edge_ms - 1_000)
    journal.observe(edge_ms, START_MS + DAY_MS, {journal.slots[0]: DOWN})
    return stage


def july(stage: Stage, down_days: int) -> Stage:
    """Let one GPU of four be down for the first days of July, and all be well until September."""
    journal = stage.journal()
    edge_ms = START_MS + down_days * DAY_MS
    journal.observe(START_MS, edge_ms, {journal.slots[0]: DOWN})
    journal.observe(edge_ms + 1_000, AUGUST_MS + 60 * DAY_MS)
    return stage


def test_an_hour_of_one_gpu_is_told_as_budget_left_and_burn() -> None:
    """3,600 GPU-seconds of the 1 % of four GPUs over 31 days; a quarter lost burns 25 times."""
    found = figures(first_day(stage_with(), 1), START_MS + DAY_MS)
    assert found["objective_window_seconds"] == 31 * 86_400
    assert found["objective_budget_allowed_seconds value"] == 107_136
    assert found["objective_budget_left_seconds value"] == 103_536
    assert found["objective_budget_left_seconds low"] < 103_536
    assert found["objective_budget_left_seconds high"] > 103_536
    rates = {"5m": 25, "30m": 25, "1h": 25, "2h": 12.5, "6h": 25 / 6, "24h": 25 / 24}
    for window, rate in rates.items():
        assert found[f"objective_burn_rate {window}"] == pytest.approx(rate, rel=1e-12)


def test_at_the_present_rate_target_and_tier_fall_a_millisecond_after_the_budget_is_gone() -> None:
    """One GPU-second a second: what is left, in seconds from now, and one millisecond more."""
    found = figures(first_day(stage_with(), 1), START_MS + DAY_MS)
    crossed = (START_MS + DAY_MS) / 1000 + 103_536.001
    assert found["objective_breach_expected_timestamp_seconds"] == crossed
    assert found["objective_next_tier_expected_timestamp_seconds"] == crossed
    assert found["objective_next_tier_credit_rise"] == 50.0
    assert found["objective_breach_certain value"] == 0


def test_the_credit_is_told_for_each_case() -> None:
    """Below a tier to date; not at the end, if all goes well; the lowest tier if it goes on."""
    found = figures(first_day(stage_with(), 1), START_MS + DAY_MS)
    for case, credit in {"now": 50, "nothing_more": 0, "at_rate": 100, "all_lost": 100}.items():
        assert found[f"contract_credit_forecast value {case}"] == credit


def test_a_breach_that_is_certain_has_no_day_that_it_is_expected_on() -> None:
    """Two days of one GPU are 172,800 GPU-seconds; the budget was 107,136."""
    found = figures(july(stage_with(), 2), START_MS + 5 * DAY_MS)
    assert found["objective_budget_left_seconds value"] == pytest.approx(107_136 - 172_800, abs=2)
    assert found["objective_breach_certain low"] == 1
    assert found["contract_credit_forecast value nothing_more"] == 50
    assert "objective_breach_expected_timestamp_seconds" not in found


def test_a_month_that_loses_nothing_expects_nothing() -> None:
    """No rate, no day: the series are absent, and the burn rate is a zero that was measured."""
    found = figures(july(stage_with(), 0), START_MS + 5 * DAY_MS)
    assert found["objective_burn_rate 72h"] == 0
    assert "objective_next_tier_expected_timestamp_seconds" not in found
    assert not [name for name in found if "claim" in name or "chronic" in name]


def test_what_the_month_before_lost_burns_none_of_the_new_budget() -> None:
    """The windows reach back into a month that was all lost for one GPU."""
    stage = stage_with()
    journal = stage.journal()
    journal.observe(START_MS, AUGUST_MS, {journal.slots[0]: DOWN})
    journal.observe(AUGUST_MS + 1_000, AUGUST_MS + 2 * HOUR_MS)
    found = figures(stage, AUGUST_MS + HOUR_MS)
    assert found["objective_burn_rate 72h"] == pytest.approx(1 / (72 * 3600 * 4 * 0.01), rel=0.5)


def test_nothing_is_owed_for_a_shadow_price() -> None:
    """A house contract has budgets and no money."""
    stage = stage_with(fee="0.00")
    key = ("Contract", f"contracts/{ALPHA}.yaml")
    shadow = '  shadow: {amount: "1000.00", per: month}\ncapacity:'
    stage.files.texts[key] = stage.files.texts[key].replace("capacity:", shadow, 1)
    found = figures(first_day(stage, 1), START_MS + DAY_MS)
    assert found["objective_budget_left_seconds value"] == 103_536
    assert not [name for name in found if "credit" in name]


def test_claims_are_told_for_every_month_that_may_still_be_claimed() -> None:
    """July's until the thirtieth of August, posted or not; August has lost nothing so far."""
    stage = july(stage_with(ON_CLAIM), 2)
    deadline = "contract_claim_deadline_timestamp_seconds"
    for days in (1, 3):
        found = figures(stage, AUGUST_MS + days * DAY_MS)
        assert found[f"{deadline} 2026-07"] == parse_instant("2026-08-31T00:00:00Z") / 1000
        assert found["contract_claimable_credit 2026-07"] == 50.0
        assert f"{deadline} 2026-08" not in found
    found = figures(stage, AUGUST_MS + 30 * DAY_MS)
    assert f"{deadline} 2026-07" not in found


def test_a_claim_on_record_ends_the_wait_for_it() -> None:
    """Only what may still be lost has a deadline."""
    stage = july(stage_with(ON_CLAIM), 2)
    stage.files.texts["Claims", "claims.yaml"] = CLAIM
    found = figures(stage, AUGUST_MS + 3 * DAY_MS)
    assert not [name for name in found if "claim" in name and "2026-07" in name]


def test_an_objective_of_units_burns_by_its_own_down_time() -> None:
    """One unit of four down for the last hour: 3,600 unit-seconds of 0.1 % of the month's."""
    found = figures(
        first_day(stage_with(UPTIME, "combine: {across_slos: sum}\n"), 1), START_MS + DAY_MS
    )
    allowed = 4 * 31 * 86_400 / 1000
    assert found["objective_budget_left_seconds value uptime"] == pytest.approx(allowed - 3600)
    assert found["objective_burn_rate uptime 1h"] == pytest.approx(250)
    assert found["objective_burn_rate uptime 2h"] == pytest.approx(125)


def test_a_forecast_that_fails_hides_no_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn fails, and is counted; availability and credit are shown, and booked."""
    stage = first_day(stage_with(), 1)
    stage.clock.now_ms = START_MS + DAY_MS

    def fail(*_: object) -> None:
        raise ArithmeticError("a defect")

    monkeypatch.setattr("gpusla_collector.usecases.turns.prospect_of", fail)
    with pytest.raises(ArithmeticError):
        stage.turns().once()
    page = served(stage).get("/metrics").text
    assert 'gpusla_contract_delivered_gpus{contract="alpha-2026"' in page
    assert "gpusla_objective_burn_rate{" not in page
    assert stage.amounts("2026-07") == [("pending", 5_000)]


@pytest.mark.parametrize(("cure_days", "state"), [(30, "open"), (0, "exercisable")])
def test_a_missed_final_month_opens_the_chronic_right(cure_days: int, state: str) -> None:
    """Not before July is final, two days into August; then with the days on which it is usable."""
    stage = july(stage_with(CHRONIC.replace("CURE", str(cure_days))), 2)
    found = figures(stage, AUGUST_MS + DAY_MS)
    states = {one: found[f"contract_chronic_right {one}"] for one in ("open", "exercisable")}
    assert states == {"open": 0, "exercisable": 0}
    found = figures(stage, AUGUST_MS + 3 * DAY_MS)
    states = {one: found[f"contract_chronic_right {one}"] for one in ("open", "exercisable")}
    assert states == {"open": 0, "exercisable": 0} | {state: 1}
    opened_ms = AUGUST_MS + 2 * DAY_MS
    opens_ms = opened_ms + (cure_days + 1) * DAY_MS if cure_days else opened_ms
    closes_ms = opened_ms + (cure_days + 20 + 1) * DAY_MS
    key = "timestamp_seconds tenant chronic_terminate"
    assert found[f"contract_right_opens_{key}"] == opens_ms / 1000
    assert found[f"contract_right_closes_{key}"] == closes_ms / 1000


def test_a_right_is_told_with_its_days_and_whose_it_is() -> None:
    """Notice from the fourth month to the last day that it can still end anything."""
    stage = stage_with()
    key = ("Contract", f"contracts/{ALPHA}.yaml")
    notice = "timezone: UTC, termination: {initial_period_months: 3, notice_days: 90, by: BY}}"
    notice = notice.replace("BY", "[provider, tenant]")
    stage.files.texts[key] = stage.files.texts[key].replace("timezone: UTC}", notice)
    found = figures(july(stage, 0), START_MS + DAY_MS)
    opens = found["contract_right_opens_timestamp_seconds both notice"]
    assert opens == parse_instant("2026-10-01T00:00:00Z") / 1000
    closes = found["contract_right_closes_timestamp_seconds both notice"]
    assert closes == parse_instant("2027-04-02T00:00:00Z") / 1000
    ends = found["contract_right_opens_timestamp_seconds none term_end"]
    assert ends == parse_instant("2027-07-01T00:00:00Z") / 1000
    assert "contract_right_closes_timestamp_seconds none term_end" not in found


def test_an_exclusion_that_does_not_count_is_counted() -> None:
    """Its clause names no rule of the contract."""
    stage = july(stage_with(), 0)
    assert figures(stage, START_MS + DAY_MS)["contract_refused_exclusions"] == 0
    stage.files.texts["Exclusions", "exclusions.yaml"] = EXCLUSIONS
    assert figures(stage, START_MS + DAY_MS + LAG_MS)["contract_refused_exclusions"] == 1
