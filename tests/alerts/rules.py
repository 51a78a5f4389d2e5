"""The shipped rule files, read; and the programs that judge them."""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "alerts"
RULE_FILES = sorted(ALERTS.glob("*.rules.yml"))
TEST_FILES = sorted((ALERTS / "tests").glob("*.test.yml"))
ALERTMANAGER = ALERTS / "alertmanager.example.yml"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; alert is empty for a recording rule and record for an alert."""

    file: Path
    alert: str
    record: str
    expression: str
    body: dict[str, Any]


@cache
def load(file: Path) -> Any:
    """Read one YAML file; whoever wants to change what it gives copies it first."""
    return yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)  # the safe one


@cache
def rules() -> list[Rule]:
    """Every shipped rule, in the order of its file."""
    return [
        Rule(file, rule.get("alert", ""), rule.get("record", ""), rule["expr"], rule)
        for file in RULE_FILES
        for group in load(file)["groups"]
        for rule in group["rules"]
    ]


def alerting_rules() -> list[Rule]:
    """Every shipped alert."""
    return [rule for rule in rules() if rule.alert]


def expected_alerts() -> list[tuple[str, dict[str, str]]]:
    """Each alert that a promtool test expects, with all its labels."""
    return [
        (case["alertname"], alert["exp_labels"])
        for file in TEST_FILES
        for test in load(file)["tests"]
        for case in test.get("alert_rule_test", [])
        for alert in case.get("exp_alerts", [])
    ]


def program(variable: str) -> str:
    """Give the path of a program that ./run brings along."""
    path = os.environ.get(variable)
    assert path, f"{variable} is not set and the program is not on PATH; ./run test installs it"
    return path


def run(variable: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and give its output."""
    return subprocess.run(
        [program(variable), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
