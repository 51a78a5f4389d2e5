"""A name that others rely on (metric, alert, error code) is written once, in the catalogue."""

import re
from pathlib import Path

from gpusla.catalogue import codes, metrics
from gpusla.catalogue.alerts import ALERTS
from gpusla.catalogue.codes import ErrorCode
from gpusla.catalogue.metrics import Metric
from tests.architecture.tree import PACKAGES, ROOT, place, product_files, text_constants

CATALOGUE = PACKAGES["gpusla"] / "catalogue"
# A recording rule's name has colons; it is written in its rule file.
METRIC_NAME = re.compile(r"(?<![\w.:])gpusla_[a-z0-9_]+\b(?!\.\w|[\w:])")
CODE_NAME = re.compile(r"\bGS\d{4}\b")
METRIC_PARTS = ("_bucket", "_count", "_sum", "_created")
METRICS = {row.name for row in vars(metrics).values() if isinstance(row, Metric)}
# Names of tables, options and triggers begin with `gpusla_` too; a metric ends with its unit.
METRIC_ENDS = (
    "_bytes",
    "_celsius",
    "_hertz",
    "_info",
    "_joules",
    "_ratio",
    "_seconds",
    "_total",
    "_watts",
)
WORD = re.compile(r"\bGpusla[A-Z]\w+\b")


def test_a_metric_is_named_in_the_catalogue_only() -> None:
    """Code builds its expressions from rows, so that a name can be found from its row."""
    assert not [
        f"{place(file, node)}: {name}"
        for file in outside_the_catalogue()
        for node, text in text_constants(file)
        for name in METRIC_NAME.findall(text)
        if name in METRICS or name.endswith(METRIC_ENDS)
    ]


def test_an_alert_is_named_in_the_catalogue_only() -> None:
    """Rule files apart, which are what the rows are about."""
    names = {alert.name for alert in ALERTS}
    assert not [
        f"{place(file, node)}: {name}"
        for file in outside_the_catalogue()
        for node, text in text_constants(file)
        for name in WORD.findall(text)
        if name in names
    ]


def test_an_error_code_is_written_in_the_catalogue_only() -> None:
    """An error is raised with its row, never with its number."""
    assert not [
        f"{place(file, node)}: {name}"
        for file in outside_the_catalogue()
        for node, text in text_constants(file)
        for name in CODE_NAME.findall(text)
    ]


def test_a_rule_file_uses_no_metric_that_is_not_in_the_catalogue() -> None:
    """A misspelt metric gives an empty answer for ever, and an alert that never fires."""
    known = METRICS | {name + part for name in METRICS for part in METRIC_PARTS}
    assert not [
        f"{place(file)}: {name}"
        for file in rule_files()
        for name in METRIC_NAME.findall(without_comments(file))
        if name not in known and name not in PACKAGES
    ]


def test_names_and_codes_are_each_used_once() -> None:
    """Two rows of one name would be two meanings of it."""
    rows = [row for row in vars(metrics).values() if isinstance(row, Metric)]
    error_codes = [row for row in vars(codes).values() if isinstance(row, ErrorCode)]
    assert len({row.name for row in rows}) == len(rows) > 0
    assert len({row.code for row in error_codes}) == len(error_codes) > 0
    assert len({row.name for row in error_codes}) == len(error_codes)
    assert len({alert.name for alert in ALERTS}) == len(ALERTS) > 0


def outside_the_catalogue() -> list[Path]:
    """The product's files that have to take names from rows."""
    return [file for file in product_files() if CATALOGUE not in file.parents]


def rule_files() -> list[Path]:
    """What Prometheus and Grafana read; the tests of rules name series that must not exist."""
    rules = sorted((ROOT / "alerts").glob("*.y*ml"))
    return rules + sorted((ROOT / "dashboards" / "json").glob("*.json"))


def without_comments(file: Path) -> str:
    """The file's text, less the lines that are only for the reader."""
    lines = file.read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))
