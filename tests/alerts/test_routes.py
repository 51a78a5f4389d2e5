"""Who is told what, as Alertmanager itself decides it."""

import re

import pytest

from gpusla.catalogue.alerts import ALERTS, Alert
from tests.alerts.rules import ALERTMANAGER, alerting_rules, expected_alerts, load, run

MATCHER = re.compile(r'^(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"$')
RECEIVERS = {
    "GpuslaCapacityShortfall": "tenant,page",
    "GpuslaCreditAccruing": "tenant,billing",
    "GpuslaBudgetBurningFast": "page",
    "GpuslaBreachCertain": "tenant,ticket",
    "GpuslaNextTierNear": "page",
    "GpuslaClaimDeadlineNear": "tenant,billing",
    "GpuslaRightOpens": "tenant,ticket",
    "GpuslaChronicFailure": "tenant,ticket",
    "GpuslaExclusionRefused": "ticket",
    "GpuslaGpuNotDelivered": "ticket",
    "GpuslaRackNotDelivered": "ticket",
    "GpuslaAgentSilent": "page",
    "GpuslaNodesNotWatched": "page",
    "GpuslaJournalStalled": "page",
    "GpuslaEvidenceStale": "ticket",
    "GpuslaEvidenceUnsigned": "ticket",
    "GpuslaConfigurationRefused": "ticket",
    "GpuslaCollectorStalled": "page",
    "GpuslaWitnessesDisagree": "ticket",
    "GpuslaLedgerUnbalanced": "page",
    "GpuslaAnnouncementsWaiting": "ticket",
    "GpuslaActionDue": "ticket",
    "GpuslaErrorUnexplained": "ticket",
    "GpuslaNvlinkUnsteady": "ticket",
    "GpuslaCoolantLeak": "page",
    "GpuslaEventsMissed": "ticket",
    "GpuslaProbesFailing": "ticket",
    "GpuslaReadingsRejected": "ticket",
    "GpuslaClockUncertain": "ticket",
    "GpuslaWatchdog": "dead-man",
}


def test_amtool_accepts_the_example() -> None:
    """On the oldest Alertmanager that we support."""
    checked = run("GPUSLA_AMTOOL", "check-config", ALERTMANAGER)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_reaches_who_should_hear_of_it(alert: Alert) -> None:
    """With exactly the labels that its rule gives it."""
    labels = next(rule.body["labels"] for rule in alerting_rules() if rule.alert == alert.name)
    asked = run(
        "GPUSLA_AMTOOL",
        "config",
        "routes",
        "test",
        f"--config.file={ALERTMANAGER}",
        f"--verify.receivers={RECEIVERS[alert.name]}",
        f"alertname={alert.name}",
        *(f"{name}={value}" for name, value in labels.items()),
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr


def test_money_is_never_muted() -> None:
    """No inhibition reaches an alert of category sla or billing, whatever else it carries."""
    for rule in load(ALERTMANAGER)["inhibit_rules"]:
        for alert in ALERTS:
            if alert.category in {"sla", "billing"}:
                assert not reaches(rule["target_matchers"], static_labels(alert)), alert.name


def test_the_source_of_a_mute_always_carries_all_labels_that_must_be_equal() -> None:
    """Two missing labels count as equal: a source without a rack would mute all without one."""
    seen = 0
    for rule in load(ALERTMANAGER)["inhibit_rules"]:
        for name, labels in expected_alerts():
            if reaches(rule["source_matchers"], labels | {"alertname": name}):
                seen += 1
                assert all(labels.get(label) for label in rule.get("equal", [])), (rule, labels)
    assert seen


def test_every_mute_has_a_source_and_a_target_among_our_alerts() -> None:
    """A misspelt name in a matcher would mute nothing, and nobody would know."""
    expected = [labels | {"alertname": name} for name, labels in expected_alerts()]
    for rule in load(ALERTMANAGER)["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            assert any(reaches(rule[side], labels) for labels in expected), rule[side]


def static_labels(alert: Alert) -> dict[str, str]:
    """Give the labels that an alert has wherever it fires."""
    return {
        "alertname": alert.name,
        "severity": alert.severity,
        "scope": alert.scope,
        "category": alert.category,
    }


def reaches(matchers: list[str], labels: dict[str, str]) -> bool:
    """Whether all matchers accept the labels."""
    return all(accepts(matcher, labels) for matcher in matchers)


def accepts(matcher: str, labels: dict[str, str]) -> bool:
    """Whether one matcher accepts the labels; a label that is missing is empty."""
    parts = MATCHER.match(matcher)
    assert parts, matcher
    name, operator, wanted = parts.groups()
    value = labels.get(name, "")
    hit = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
    return hit != operator.startswith("!")
