"""
A real Alertmanager is told of a bad day and answers who would be told.

Its groups and mutes are read over its API instead of waiting for notices to be sent: the waiting
times in the example are for people.
"""

import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.alerts.rules import ALERTMANAGER, alerting_rules, program

DEADLINE_SECONDS = 20.0
SLOTS = [(tray, module) for tray in range(18) for module in range(4)]


@pytest.fixture(scope="module", name="alertmanager")
def start_alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Alertmanager on loopback, without a cluster, and give its address."""
    folder = tmp_path_factory.mktemp("alertmanager")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("GPUSLA_ALERTMANAGER"),
                f"--config.file={ALERTMANAGER}",
                f"--storage.path={folder}",
                f"--web.listen-address={address}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_ready(f"http://{address}/-/ready", process, folder / "log")
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module", name="groups")
def post_a_bad_day(alertmanager: str) -> list[dict[str, Any]]:
    """Lose a rack's switch and another rack's GPU while two tenants share the fleet."""
    sent = [alert("GpuslaRackNotDelivered", site="c2", rack="r01", domain="c2/r01")]
    sent += [gpu("r01", tray, module) for tray, module in SLOTS]
    sent += [gpu("r02", 3, 1)]
    sent += [
        alert("GpuslaCapacityShortfall", contract="acme-1", tenant="acme"),
        alert("GpuslaCapacityShortfall", contract="house", tenant="house"),
        alert("GpuslaCreditAccruing", contract="acme-1", tenant="acme", currency="USD"),
    ]
    sent += [
        alert("GpuslaAgentSilent", node=f"c2-r03-t{tray}", site="c2", rack="r03")
        for tray in range(18)
    ]
    sent += [alert("GpuslaEvidenceStale", node=f"c2-r03-t{tray}") for tray in range(18)]
    sent += [alert("GpuslaEvidenceStale", node="c2-r04-t1"), alert("GpuslaWatchdog")]
    sent += [
        alert("GpuslaCoolantLeak", node="c2-r01-t4", site="c2", rack="r01", sensor="leak_1"),
        alert("GpuslaActionDue", slot="c2/r01/t5/m0", action="inspect", site="c2", rack="r01"),
        alert("GpuslaActionDue", slot="c2/r04/t5/m0", action="drain", site="c2", rack="r04"),
        alert("GpuslaProbesFailing", node="c2-r03-t1", site="c2", rack="r03"),
        alert("GpuslaProbesFailing", node="c2-r04-t1", site="c2", rack="r04"),
    ]
    httpx.post(f"{alertmanager}/api/v2/alerts", json=sent).raise_for_status()
    return wait_for_groups(alertmanager, len(sent))


def test_a_rack_that_fails_is_one_ticket_and_its_gpus_are_muted(
    groups: list[dict[str, Any]],
) -> None:
    """Seventy-two alerts of one cause, and the other rack's GPU still comes through."""
    tickets = told(groups, "ticket")
    assert tickets["GpuslaRackNotDelivered"] == 1
    assert tickets["GpuslaGpuNotDelivered"] == 1
    assert muted(groups)["GpuslaGpuNotDelivered"] == len(SLOTS)


def test_nobody_is_told_of_two_tenants_at_once(groups: list[dict[str, Any]]) -> None:
    """Neither the tenants nor, so that it can be passed on, the one on call."""
    for group in groups:
        tenants = {one["labels"].get("tenant") for one in group["alerts"]} - {None}
        assert len(tenants) <= 1 or group["receiver"]["name"] == "ticket"
    assert sum(group["receiver"]["name"] == "tenant" for group in groups) == 2


def test_money_is_told_whatever_the_hardware_does(groups: list[dict[str, Any]]) -> None:
    """To those who book it and to the tenant, who need not claim it."""
    assert told(groups, "billing") == {"GpuslaCreditAccruing": 1}
    assert told(groups, "tenant") == {"GpuslaCreditAccruing": 1, "GpuslaCapacityShortfall": 2}
    assert not {"GpuslaCreditAccruing", "GpuslaCapacityShortfall"} & muted(groups).keys()


def test_a_silent_rack_is_one_page_and_its_stale_evidence_is_muted(
    groups: list[dict[str, Any]],
) -> None:
    """Eighteen nodes, one notice; the stale node of another rack is a ticket of its own."""
    pages = [group for group in groups if group["receiver"]["name"] == "page"]
    silent = [group for group in pages if group["labels"] == {"site": "c2", "rack": "r03"}]
    assert [len(group["alerts"]) for group in silent] == [18]
    assert told(groups, "ticket")["GpuslaEvidenceStale"] == 1
    assert muted(groups)["GpuslaEvidenceStale"] == 18


def test_a_leak_is_told_although_its_rack_failed(groups: list[dict[str, Any]]) -> None:
    """It may be why the rack failed; what waits on a slot of that rack can wait."""
    pages = [group for group in groups if group["labels"] == {"site": "c2", "rack": "r01"}]
    assert told(pages, "page") == {"GpuslaCoolantLeak": 1}
    assert told(groups, "ticket")["GpuslaActionDue"] == 1
    assert muted(groups)["GpuslaActionDue"] == 1


def test_a_silent_agent_mutes_what_it_said_of_itself(groups: list[dict[str, Any]]) -> None:
    """And nothing that the agent of another node says."""
    assert told(groups, "ticket")["GpuslaProbesFailing"] == 1
    assert muted(groups)["GpuslaProbesFailing"] == 1


def test_the_watchdog_leaves_by_its_own_way(groups: list[dict[str, Any]]) -> None:
    """And nothing else does."""
    assert told(groups, "dead-man") == {"GpuslaWatchdog": 1}


def gpu(rack: str, tray: int, module: int) -> dict[str, Any]:
    """Make the alert of one slot that is down."""
    slot = f"c2/{rack}/t{tray}/m{module}"
    return alert(
        "GpuslaGpuNotDelivered", slot=slot, site="c2", rack=rack, contract="acme-1", tenant="acme"
    )


def alert(name: str, **labels: str) -> dict[str, Any]:
    """Make an alert with the labels that its rule gives it, and those of its series."""
    rule = next(rule for rule in alerting_rules() if rule.alert == name)
    return {"labels": {"alertname": name} | rule.body["labels"] | labels}


def told(groups: list[dict[str, Any]], receiver: str) -> Counter[str]:
    """Count what a receiver is told, by the alert's name."""
    return Counter(
        one["labels"]["alertname"]
        for group in groups
        for one in group["alerts"]
        if group["receiver"]["name"] == receiver and one["status"]["state"] == "active"
    )


def muted(groups: list[dict[str, Any]]) -> Counter[str]:
    """Count what nobody is told, by the alert's name."""
    return Counter(
        one["labels"]["alertname"]
        for group in groups
        for one in group["alerts"]
        if one["status"]["state"] == "suppressed"
    )


def wait_for_groups(alertmanager: str, alerts: int) -> list[dict[str, Any]]:
    """Give the groups once every alert is in one and the mutes have been worked out."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        groups: list[dict[str, Any]] = httpx.get(f"{alertmanager}/api/v2/alerts/groups").json()
        seen = {one["fingerprint"] for group in groups for one in group["alerts"]}
        settled = all(
            one["status"]["state"] != "unprocessed" for group in groups for one in group["alerts"]
        )
        if len(seen) == alerts and settled and muted(groups):
            return groups
        assert time.monotonic() < deadline, f"{len(seen)} of {alerts} alerts in groups"


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; fail with its log when it does not."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, timeout=1).raise_for_status()
        except httpx.HTTPError:
            continue
        return
    pytest.fail(f"Alertmanager did not start: {log.read_text('utf-8', 'replace')}")
