"""The pages: figures under the catalogue's names, absent when not known; targets whole or none."""

import subprocess

import pytest

from gpusla.catalogue.metrics import METRICS, Exporter
from gpusla_collector.schedule import Guard, Job
from gpusla_collector.usecases.standing import StandingBoard
from gpusla_collector.web.exposition import SLOW_FETCH_LAGS
from tests.collector.fakes import HandClock
from tests.collector.journals import DOWN
from tests.collector.pages import samples, served
from tests.collector.site import Tray
from tests.collector.stage import DAY_MS, LAG_MS, START_MS, Stage
from tests.programs import program

HOUSE = "contracts/alpha-2026.yaml"
NOT_WITHOUT_PROMETHEUS = {
    "gpusla_collector_reconciliation_difference_seconds",
    "gpusla_collector_reconciliation_timestamp_seconds",
}


def judged_stage() -> Stage:
    """Return a site with one GPU of four down, ten days into July."""
    stage = Stage()
    journal = stage.journal()
    journal.observe(START_MS, START_MS + 10 * DAY_MS, {journal.slots[0]: DOWN})
    stage.clock.now_ms = START_MS + 10 * DAY_MS
    stage.turns().once()
    return stage


def test_the_page_tells_what_was_judged() -> None:
    """Three of four delivered, and what the fourth costs."""
    found = samples(served(judged_stage()).get("/metrics").text)
    who = ("alpha-2026", "tenant-a")
    assert found["gpusla_contract_committed_gpus", who] == 4
    assert found["gpusla_contract_delivered_gpus", who] == 3
    assert found["gpusla_contract_availability_ratio", ("value", *who)] == 0.75
    assert found["gpusla_contract_state_gpu_seconds", ("alpha-2026", "down", "tenant-a")] == 864_000
    credit = ("value", "alpha-2026", "USD", "tenant-a")
    assert found["gpusla_contract_credit_accrued", credit] == 100.0
    stake = found["gpusla_contract_at_stake_per_hour", ("alpha-2026", "USD", "tenant-a")]
    assert stake == pytest.approx(1000 / 744 / 4)
    assert found["gpusla_ledger_entries", ("alpha-2026", "pending")] == 1
    assert found["gpusla_domain_gpus", ("c2/r01", "down")] == 1


def test_every_metric_of_the_catalogue_is_on_the_page() -> None:
    """And nothing else."""
    page = served(judged_stage()).get("/metrics").text
    lines = [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")]
    expected = {row.name for row in METRICS if row.exporter is Exporter.COLLECTOR}
    assert set(lines) == expected - NOT_WITHOUT_PROMETHEUS


def test_promtool_finds_nothing_wrong_with_the_page() -> None:
    """Names, types and help."""
    page = served(judged_stage()).get("/metrics").text
    command = [program("promtool"), "check", "metrics"]
    done = subprocess.run(command, input=page, capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "non-histogram" not in line]
    assert (done.returncode, complaints) == (0, [])


def test_before_the_first_judgement_no_figure_is_shown() -> None:
    """Absent, not zero."""
    page = served(Stage()).get("/metrics").text
    assert "gpusla_contract" not in page


def test_a_contract_that_is_served_and_not_judged_is_named() -> None:
    """So that its missing figures raise an alert."""
    stage = Stage()
    stage.clock.now_ms = START_MS + DAY_MS
    turns = stage.turns()
    turns.lead_turn()
    turns.reload_turn()
    found = samples(served(stage).get("/metrics").text)
    assert any(name == "gpusla_contract_info" for name, _ in found)
    assert not any(name == "gpusla_contract_delivered_gpus" for name, _ in found)


def test_a_contract_without_a_fee_accrues_no_money() -> None:
    """Its losses are priced by its shadow price, and nothing is owed."""
    stage = Stage((Tray("t01", "alpha-2026", fee="0.00"),))
    key = ("Contract", HOUSE)
    shadow = '  shadow: {amount: "1000.00", per: month}\ncapacity:'
    stage.files.texts[key] = stage.files.texts[key].replace("capacity:", shadow, 1)
    journal = stage.journal()
    journal.observe(START_MS, START_MS + DAY_MS, {journal.slots[0]: DOWN})
    stage.clock.now_ms = START_MS + DAY_MS
    stage.turns().once()
    found = samples(served(stage).get("/metrics").text)
    names = {name for name, _ in found}
    assert "gpusla_contract_credit_accrued" not in names
    assert found["gpusla_contract_at_stake_per_hour", ("alpha-2026", "USD", "tenant-a")] > 0
    assert stage.entries() == ()


def test_the_state_of_a_silent_node_is_unknown() -> None:
    """Its last word does not stand for ever, whether it was asked again or the fetch hangs."""
    stage = judged_stage()
    stage.clock.now_ms += SLOW_FETCH_LAGS * LAG_MS + 1
    found = samples(served(stage).get("/metrics").text)
    assert found["gpusla_domain_gpus", ("c2/r01", "unknown")] == 4


def test_a_slow_fetch_is_not_silence_of_the_agents() -> None:
    """What nobody asked for yet is not missing: racks are shown as of the last fetch."""
    stage = judged_stage()
    before = samples(served(stage).get("/metrics").text)
    stage.clock.now_ms += LAG_MS + 1
    after = samples(served(stage).get("/metrics").text)
    for state in ("ok", "unknown"):
        key = "gpusla_domain_gpus", ("c2/r01", state)
        assert after[key] == before[key]


def test_health_names_the_job_that_stalls() -> None:
    """And is well again when it goes through."""
    stage = judged_stage()
    client = served(stage, {"judge": 60_000})
    assert client.get("/healthz").text == "ok\n"
    stage.clock.now_ms += 60_001
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "stalled: judge\n")
    stage.board.add_worked("judge", stage.clock.now_ms)
    assert client.get("/healthz").status_code == 200


def test_targets_are_all_nodes_of_the_inventory() -> None:
    """With the path below which each one's agent answers."""
    stage = Stage((Tray("t01", "alpha-2026"), Tray("t02", "alpha-2026")))
    turns = stage.turns()
    turns.lead_turn()
    turns.reload_turn()
    found = served(stage).get("/sd/prometheus").json()
    assert found == [
        {
            "targets": ["agents:80"],
            "labels": {
                "__scheme__": "http",
                "__metrics_path__": f"/nodes/c2-r01-{tray}/metrics",
                "node": f"c2-r01-{tray}",
                "site": "c2",
                "rack": "r01",
            },
        }
        for tray in ("t01", "t02")
    ]


def test_without_an_inventory_there_is_no_list_of_targets() -> None:
    """An empty list would make Prometheus forget every node."""
    assert served(Stage()).get("/sd/prometheus").status_code == 503


def test_other_paths_are_not_there() -> None:
    """Nothing that FastAPI adds by itself either."""
    client = served(Stage())
    for path in ("/", "/docs", "/redoc", "/openapi.json", "/metrics/x"):
        assert client.get(path).status_code == 404
    assert client.get("/metrics", "POST").status_code == 405


def test_a_failing_job_is_counted_each_time_and_tried_again() -> None:
    """And its recovery is a turn like any other."""
    board, clock, failing = StandingBoard(), HandClock(), [True]

    def turn() -> None:
        if failing:
            raise RuntimeError("a defect")

    guard = Guard(Job("judge", turn, 1_000), board, clock)
    guard()
    guard()
    assert board.read().job_failures == {("judge", "unexpected"): 2}
    assert board.read().worked_ms == {}
    failing.clear()
    guard()
    assert board.read().worked_ms == {"judge": clock.now_ms}
