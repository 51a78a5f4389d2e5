"""`gpusla contract rights --statement`: what chronic failure opens, from final statements alone."""

import re
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.contracts.load import load_contract
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.ledger.booking import decide
from gpusla.sla.evaluate import evaluate
from gpusla.sla.facts import Facts
from gpusla.sla.periods import period_of
from gpusla.statement import Inputs, build, to_json
from gpusla.timeline.model import Timeline
from tests.conftest import ROOT

REFLECTION = ROOT / "examples" / "contracts" / "reflection-2026.yaml"
HOUSE = ROOT / "examples" / "contracts" / "house.yaml"
INPUTS = Inputs(
    journals={NodeName("n"): Head(1, "0" * 64)},
    inventory_digest="1" * 64,
    assignments_digest="2" * 64,
    exclusions_digest="3" * 64,
    claims_digest="",
    zone_edition="2026.1",
    program="gpusla 0.1.0",
)
Capture = pytest.CaptureFixture[str]


def october(tmp_path: Path, *, is_posted: bool, contract: Path = REFLECTION) -> Path:
    """October in which nothing was provided: below the floor of 90 %."""
    of = load_contract(contract.read_bytes(), str(contract))
    period = period_of(of, "2026-10")
    nothing = Facts(Timeline(period.interval, {}), {})
    evaluation = evaluate(of, period, period.interval.end_ms, nothing)
    entries = decide((), evaluation, is_final=True) if is_posted else ()
    path = tmp_path / "october.json"
    path.write_bytes(to_json(build(evaluation, entries, INPUTS)))
    return path


def test_a_month_below_the_floor_opens_the_right_once_it_can_not_be_cured(
    tmp_path: Path, capsys: Capture
) -> None:
    """
    October is final two days after it ends, on 2 November: clocks went back, so at 23:00.

    It can be cured for 45 days, to 17 December; then the right can be used for 30, to 16 January.
    """
    statement = str(october(tmp_path, is_posted=True))
    assert main(["contract", "rights", str(REFLECTION), "--statement", statement]) == 0
    shown = capsys.readouterr().out
    line = next(line for line in shown.splitlines() if "[chronic]" in line)
    assert re.search(r"2026-12-18 to 2027-01-16 +availability was missed too often", line)
    assert "by tenant" in line
    assert main(["contract", "rights", str(REFLECTION)]) == 0
    assert "[chronic]" not in capsys.readouterr().out


def test_a_month_that_may_still_change_opens_nothing(tmp_path: Path, capsys: Capture) -> None:
    """It is refused, and not passed over in silence."""
    statement = str(october(tmp_path, is_posted=False))
    assert main(["contract", "rights", str(REFLECTION), "--statement", statement]) == 2
    assert "this statement is provisional; only final ones open a right" in capsys.readouterr().err


def test_a_month_at_a_shadow_price_is_not_said_to_wait_for_a_posting(
    tmp_path: Path, capsys: Capture
) -> None:
    """There never is one, and its file does not hold when it was judged."""
    statement = str(october(tmp_path, is_posted=False, contract=HOUSE))
    assert main(["contract", "rights", str(HOUSE), "--statement", statement]) == 2
    refused = capsys.readouterr().err
    assert "this statement is over, no money is booked; only final ones open a right" in refused
    assert "Nothing is due for it, so it is never posted" in refused
    assert "until it is posted" not in refused


def test_a_statement_of_another_contract_is_refused(tmp_path: Path, capsys: Capture) -> None:
    """Both are named."""
    statement = str(october(tmp_path, is_posted=True))
    assert main(["contract", "rights", str(HOUSE), "--statement", statement]) == 2
    refused = capsys.readouterr().err
    assert "a statement of contract 'reflection-2026', not of 'house'" in refused
