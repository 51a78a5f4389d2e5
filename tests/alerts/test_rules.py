"""What every rule has: a row in the catalogue, labels, links, known metrics, valid PromQL."""

import re

import promql_parser
import pytest

from gpusla.catalogue.alerts import ALERTS, WATCHDOG
from gpusla.catalogue.metrics import METRICS, Metric
from tests.alerts.rules import ROOT, Rule, alerting_rules, load, rules

ROWS = {row.name: row for row in ALERTS}
BY_NAME = {metric.name: metric for metric in METRICS}
# What the targets' service discovery adds to each series of an agent, and Prometheus to all.
TARGET_LABELS = {"job", "instance", "node", "site", "rack"}
EVALUATION_SECONDS = 5
SECONDS = {"s": 1, "m": 60, "h": 3600}
SELECTOR = re.compile(r"(?<![\w:])((?:\w+:)?gpusla_\w+(?::\w+)?|up)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)")


def ids(rule: Rule) -> str:
    """Name a rule in pytest's output."""
    return rule.alert or rule.record


every_alert = pytest.mark.parametrize("rule", alerting_rules(), ids=ids)
every_rule = pytest.mark.parametrize("rule", rules(), ids=ids)


def test_every_row_of_the_catalogue_has_its_rule_and_every_rule_its_row() -> None:
    """A row without a rule is a promise that nobody keeps."""
    assert sorted(ROWS) == sorted(rule.alert for rule in alerting_rules())


@every_alert
def test_labels_are_those_of_the_catalogue(rule: Rule) -> None:
    """Routes and mutes hang on them."""
    row = ROWS[rule.alert]
    labels = rule.body["labels"]
    assert labels.keys() == {"severity", "audience", "scope", "category"}
    assert (labels["severity"], labels["scope"], labels["category"]) == (
        row.severity,
        row.scope,
        row.category,
    )
    assert labels["audience"] in {"operator", "tenant", "both"}


@every_alert
def test_no_label_holds_a_value(rule: Rule) -> None:
    """A label that changes with the figure would be a new alert at every evaluation."""
    assert not [text for text in rule.body["labels"].values() if "{{" in text]


@every_alert
def test_annotations_are_complete_and_link_to_a_page_that_exists(rule: Rule) -> None:
    """Whoever is woken gets a sentence, the figures, what to do, and where to look."""
    notes = rule.body["annotations"]
    assert notes.keys() == {"summary", "description", "runbook_url", "dashboard_url"}
    assert notes["summary"].endswith(".")
    assert "{{" not in notes["summary"]
    page = f"operating/alerts/{rule.alert}.md"
    assert notes["runbook_url"] == "{{ $externalLabels.documentation_url }}/" + page
    assert (ROOT / "docs" / page).is_file()
    uid = notes["dashboard_url"].removeprefix("{{ $externalLabels.dashboards_url }}/d/")
    assert (ROOT / "dashboards" / "json" / f"{uid.partition('?')[0]}.json").is_file()


@every_alert
def test_an_alert_waits_for_two_evaluations_and_compares_with_something(rule: Rule) -> None:
    """One odd sample wakes nobody; an expression without a threshold always would."""
    if rule.alert == WATCHDOG.name:
        assert rule.expression == "vector(1)"
        return
    duration = rule.body["for"]
    assert int(duration[:-1]) * SECONDS[duration[-1]] >= 2 * EVALUATION_SECONDS
    assert re.search(r"[<>=]|absent|unless", rule.expression)


@every_rule
def test_an_expression_is_promql(rule: Rule) -> None:
    """As a second parser reads it."""
    promql_parser.parse(rule.expression)


@every_rule
def test_an_expression_names_only_labels_that_its_metrics_have(rule: Rule) -> None:
    """A misspelt label matches nothing, or joins everything with everything."""
    known = set(TARGET_LABELS)
    for name, _ in SELECTOR.findall(rule.expression):
        known |= labels_of(name)
    used = set(re.findall(r"[a-z_]+", " ".join(GROUPING.findall(rule.expression))))
    for _, matchers in SELECTOR.findall(rule.expression):
        used |= set(re.findall(r"([a-z_]+)\s*[=!]", matchers))
    assert used <= known, used - known


@every_rule
def test_a_recorded_name_says_level_metric_and_operation(rule: Rule) -> None:
    """`level:metric:operation`, and the level is the first thing it is grouped by."""
    if rule.record:
        assert re.fullmatch(r"(slot|node|rack|fleet|contract):gpusla_[a-z_]+:[a-z]+", rule.record)


def test_no_function_is_newer_than_the_oldest_prometheus() -> None:
    """2.42 is what Debian 12 has; `holt_winters` is gone from 3.0."""
    newer = re.compile(r"\b(holt_winters|info|limitk|limit_ratio|sort_by_label|mad_over_time)\s*\(")
    assert not [rule for rule in rules() if newer.search(rule.expression)]


def test_every_external_label_that_links_use_is_set_in_the_shipped_configuration() -> None:
    """And dropped before an alert leaves, so that no address becomes part of its identity."""
    settings = load(ROOT / "deploy" / "prometheus" / "prometheus.yml")
    names = set(settings["global"]["external_labels"])
    assert {"documentation_url", "dashboards_url"} <= names
    dropped = settings["alerting"]["alert_relabel_configs"]
    assert [rule["regex"] for rule in dropped if rule["action"] == "labeldrop"] == [
        "documentation_url|dashboards_url"
    ]


def labels_of(name: str) -> set[str]:
    """Give the labels of a metric of the catalogue or of a recorded one."""
    metric: Metric | None = BY_NAME.get(name)
    if metric is not None:
        return set(metric.labels)
    recorded = [rule for rule in rules() if rule.record == name]
    assert name == "up" or recorded, f"{name} is neither in the catalogue nor recorded"
    labels: set[str] = set()
    for rule in recorded:
        labels |= set(re.findall(r"[a-z_]+", " ".join(GROUPING.findall(rule.expression))))
    return labels
