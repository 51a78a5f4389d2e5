"""The rules as promtool judges them, and proof that their tests would notice a broken rule."""

import copy
import os
from pathlib import Path

import pytest
import yaml

from gpusla.catalogue.alerts import WATCHDOG
from tests.alerts.rules import (
    RULE_FILES,
    TEST_FILES,
    alerting_rules,
    load,
    run,
)

NEVER = "vector(1) < 0"
ALWAYS = "vector(1)"


def test_every_alert_has_tests() -> None:
    """At least one file of tests asks about each."""
    tested = {case["alertname"] for file in TEST_FILES for case in cases(file)}
    assert tested == {rule.alert for rule in alerting_rules()}


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.name)
def test_promtool_finds_nothing_to_say(file: Path) -> None:
    """Not even a lint."""
    checked = run("GPUSLA_PROMTOOL", "check", "rules", "--lint-fatal", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.name)
def test_every_rule_does_what_its_tests_say(file: Path) -> None:
    """Fires, stays quiet, clears; with gaps, stale marks and series that vanish."""
    tested = run("GPUSLA_PROMTOOL", "test", "rules", file)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("expression", [NEVER, ALWAYS])
@pytest.mark.parametrize("alert", [rule.alert for rule in alerting_rules()])
def test_the_tests_of_an_alert_notice_when_it_never_or_always_fires(
    alert: str, expression: str, tmp_path: Path
) -> None:
    """A test that passes on a broken rule is no test."""
    if (alert, expression) == (WATCHDOG.name, ALWAYS):
        return
    (tmp_path / "tests").mkdir()
    for file in RULE_FILES:
        write_broken(file, tmp_path / file.name, alert, expression)
    own = [file for file in TEST_FILES if any(case["alertname"] == alert for case in cases(file))]
    for file in own:
        os.link(file, tmp_path / "tests" / file.name)
    tested = run("GPUSLA_PROMTOOL", "test", "rules", *(tmp_path / "tests").iterdir())
    assert tested.returncode == 1, tested.stdout


def write_broken(source: Path, target: Path, alert: str, expression: str) -> None:
    """Write a rule file with another expression for one alert."""
    document = copy.deepcopy(load(source))
    for group in document["groups"]:
        for rule in group["rules"]:
            if rule.get("alert") == alert:
                rule["expr"] = expression
    target.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), "utf-8")


def cases(file: Path) -> list[dict[str, str]]:
    """Every question that a file of tests asks about an alert."""
    return [case for test in load(file)["tests"] for case in test.get("alert_rule_test", [])]
