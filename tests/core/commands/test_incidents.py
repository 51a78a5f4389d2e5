"""`gpusla incidents`: causes and their cost, dearest first, and all of the loss in them."""

import json
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.commands.contract.files import read_contract_file, read_facts_file
from gpusla.commands.contract.trial import tried
from gpusla.sla.incident_costs import incident_costs
from tests.core.commands.test_contract import REFLECTION, october

__all__ = ["october"]

Capture = pytest.CaptureFixture[str]


def test_a_rack_that_was_lost_is_one_incident_with_its_worth(
    october: Path, capsys: Capture
) -> None:
    """9 of 744 hours of USD 150,000,000 are USD 1,814,516.13, whatever the credit is."""
    assert main(["incidents", str(REFLECTION), "--facts", str(october)]) == 0
    heading, _, *rows = capsys.readouterr().out.splitlines()
    assert heading == ("reflection-2026, 2026-10: 1 incident, 648.000 of 648.000 lost GPU-hours")
    (row,) = rows
    assert row.split() == [
        "2026-10-05T09:00:00Z", "9", "h", "c2/r01", "gpu_lost", "72", "648.000", "USD",
        "1,814,516.13",
    ]  # fmt: skip


def test_a_machine_gets_exact_figures_and_the_reasons_for_folding(
    october: Path, capsys: Capture
) -> None:
    """Whole numbers and fractions, never a rounded one."""
    assert main(["incidents", str(REFLECTION), "--facts", str(october), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["lost_gpu_ms"] == 648 * 3_600_000
    assert one["worth_minor_units"] == "5625000000/31"  # 9/744 of 15,000,000,000
    assert one["scope"] == "domain"
    assert one["why"]
    assert len(one["slots"]) == 72


def test_the_whole_loss_is_in_the_incidents(october: Path) -> None:
    """Nothing is counted twice, and nothing is left out."""
    recorded = read_facts_file(october)
    evaluation = tried(read_contract_file(REFLECTION), recorded, explain=True).evaluation
    costs = incident_costs(evaluation, recorded.facts)
    assert sum(one.gpu_ms for one in costs) == evaluation.account.lost_gpu_ms
