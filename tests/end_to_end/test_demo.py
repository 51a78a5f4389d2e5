"""The demo, as a stranger runs it: the story happens, and it says so when it does not."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import promql_parser
import pytest
import yaml

from gpusla.catalogue.metrics import COLLECTOR_RECONCILED
from gpusla_collector.demo.witness import wait_for

SECONDS_MAX = 360
CHECKOUT = Path(__file__).resolve().parents[2]
COMMANDS = Path(sys.executable).parent
SETTLED_SECONDS = 20
"""After this, rules with a `for` and rates over a few scrapes have their first values."""


pytestmark = pytest.mark.xdist_group("demo")
"""One worker tells the story once for all of these tests."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Run the demo until its story is told; give what it said and Prometheus' address."""
    folder = tmp_path_factory.mktemp("demo")
    said = folder / "said.txt"
    with said.open("w") as output:
        process = subprocess.Popen(
            [COMMANDS / "gpusla", "demo", "--folder", folder / "stage"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + SECONDS_MAX
    while "Everything stays up" not in said.read_text("utf-8") and process.poll() is None:
        assert time.monotonic() < deadline, said.read_text("utf-8")
        time.sleep(0.5)
    text = said.read_text("utf-8")
    found = re.search(r"Prometheus +(http\S+)", text)
    try:
        assert found, text
        yield text, found[1]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert not _left_over(folder)


def test_a_lost_switch_is_metered_paged_and_credited(told: tuple[str, str]) -> None:
    """Every step of the story happens, on real Prometheus and Alertmanager."""
    text, _ = told
    assert "on-call is paged" in text
    assert "read from the ledger" in text
    assert "✗" not in text


def test_the_tenant_checks_the_statement_alone(told: tuple[str, str]) -> None:
    """Bundle and PDF are verified, the dollars come out again, and one changed byte is refused."""
    text, _ = told
    assert re.search(r"zip +verified: reflection-2026, .*revision 1\n", text)
    assert re.search(r"pdf +verified: reflection-2026", text)
    owed = re.search(r"credit +(USD \S+)", text)
    recomputed = re.search(r"recomputed +(USD \S+)", text)
    assert owed
    assert recomputed
    assert owed[1] == recomputed[1]
    assert re.search(r"refused +broken: digest: .*hours/r01-t18.jsonl", text)


def test_nothing_in_the_demos_books_is_broken(told: tuple[str, str]) -> None:
    """After all faults of the story, while the collector goes on: it once called 99 things so."""
    text, _ = told
    looked_at = re.search(r"looked at +(.+)\n", text)
    assert looked_at
    for things in ("entries", "links", "nodes"):
        assert re.search(rf"\b\d+ {things}\b", looked_at[1])
    assert re.search(r"found +nothing broken\n", text)


def test_every_query_of_every_dashboard_has_an_answer(
    told: tuple[str, str], tmp_path: Path
) -> None:
    """On the demo's own Prometheus; the preview ends with 1 if a query gives nothing."""
    _, prometheus = told
    time.sleep(SETTLED_SECONDS)
    finished = subprocess.run(
        [COMMANDS / "gpusla", "dashboards", "preview", "--prometheus", prometheus,
         "--out", tmp_path, "--minutes", "5", "--set", "contract=reflection-2026",
         "--no-pictures"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_every_rule_finds_what_it_looks_for(told: tuple[str, str]) -> None:
    """Each rule evaluates without error, and each selector in it selects something or may not."""
    _, prometheus = told
    answer = httpx.get(f"{prometheus}/api/v1/rules").json()
    rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    reconciled = wait_for(
        lambda: _samples(prometheus, COLLECTOR_RECONCILED.name) or None, RECONCILED_SECONDS_MAX
    )
    assert reconciled is not None
    silent = {
        selector
        for file in sorted((CHECKOUT / "alerts").glob("*.rules.yml"))
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
        for rule in group["rules"]
        for selector in _metrics_in(rule["expr"])
        if not _samples(prometheus, selector)
    }
    assert silent <= MAY_BE_ABSENT


def test_without_the_fault_the_story_does_not_happen(tmp_path: Path) -> None:
    """A demo that could not fail would prove nothing: without the fault it ends with 1."""
    finished = subprocess.run(
        [COMMANDS / "gpusla", "demo", "--folder", tmp_path / "demo", "--once", "--no-fault"],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "no credit is pending in the ledger" in finished.stderr
    assert not _left_over(tmp_path)


RECONCILED_SECONDS_MAX = 120.0
"""Reconciling looks at a window of a minute, which Prometheus must have lived through."""

MAY_BE_ABSENT = {
    "gpusla_collector_fetch_failures_total",  # a series for each node that failed
    "gpusla_collector_job_failures_total",  # a series for each job that failed
    "gpusla_agent_rejected_readings_total",  # a series for each reading that was rejected
    # The demo's agent leaves the log of whatever machine it runs on alone.
    "gpusla_agent_kernel_log_readable",
    "gpusla_agent_kernel_log_lost_records_total",
    "gpusla_agent_kernel_log_unread_xids_total",
    "gpusla_host_leak_detected",  # the demo has no controller to ask
    # No contract of the demo asks for claims, and a tier that the rate does not reach has no day.
    "gpusla_contract_claim_deadline_timestamp_seconds",
    "gpusla_contract_claimable_credit",
    "gpusla_objective_next_tier_expected_timestamp_seconds",
    "gpusla_outbox_oldest_timestamp_seconds",  # the demo announces bookings to nobody
}


def _metrics_in(expression: str) -> Iterator[str]:
    """Yield the metrics that an expression selects, by name."""
    tree = promql_parser.parse(expression).prettify()
    yield from re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*gpusla_[a-zA-Z0-9_:]*|gpusla_[a-z_]+", tree)


def _samples(prometheus: str, metric: str) -> list[object]:
    answer = httpx.get(
        f"{prometheus}/api/v1/query", params={"query": f"last_over_time({metric}[5m])"}
    )
    found: list[object] = json.loads(answer.text)["data"]["result"]
    return found


def _left_over(folder: Path) -> str:
    """Return the processes that still name the folder."""
    return subprocess.run(
        ["pgrep", "-af", str(folder)], capture_output=True, text=True, check=False
    ).stdout
