"""Every alert has a page that helps whoever it woke, and no page is left behind."""

import re
from pathlib import Path

import pytest

from gpusla.catalogue.alerts import ALERTS, Alert

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUNBOOKS = DOCS / "operating" / "alerts"
SECTIONS = [
    "What it means",
    "Impact",
    "Check",
    "Fix",
    "Escalate",
    "Clears",
    "False positives",
]
SEVERITIES = {"critical": "Critical", "warning": "Warning", "info": "Info"}

every_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def test_every_alert_has_a_page_and_every_page_its_alert() -> None:
    """A page of an alert that is gone misleads."""
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == {alert.name for alert in ALERTS}


@every_alert
def test_a_page_has_the_parts_that_a_reader_looks_for_in_their_order(alert: Alert) -> None:
    """At three in the morning nobody reads; they look."""
    text = (RUNBOOKS / f"{alert.name}.md").read_text("utf-8")
    assert text.startswith(f"# {alert.name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(len(part.split()) >= 2 for part in parts), alert.name


@every_alert
def test_a_page_says_how_severe_the_alert_is(alert: Alert) -> None:
    """And says it as the rule does."""
    lead = (RUNBOOKS / f"{alert.name}.md").read_text("utf-8").split("\n\n")[1]
    assert f"** {SEVERITIES[alert.severity]}" in lead


def test_the_reference_of_alerts_links_to_every_page() -> None:
    """Whoever reads the list gets to the page."""
    text = (DOCS / "reference" / "alerts.md").read_text("utf-8")
    assert all(f"(../operating/alerts/{alert.name}.md)" in text for alert in ALERTS)
