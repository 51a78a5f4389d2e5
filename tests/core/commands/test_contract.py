"""`gpusla contract`: new, check, diff, simulate and rights, as a person runs them."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from gpusla.catalogue.reasons import State
from gpusla.cli import main
from gpusla.commands.contract.new import starting_file
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import INSTANT_MAX_MS, Interval, parse_instant
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.model import Condition, Finding
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.facts_file import RecordedFacts, from_json, to_json
from gpusla.timeline.model import Evidence, StateSpan, Timeline

Capture = pytest.CaptureFixture[str]

CONTRACTS = Path(__file__).resolve().parents[3] / "examples" / "contracts"
REFLECTION = CONTRACTS / "reflection-2026.yaml"
START_MS = parse_instant("2026-10-01T05:00:00Z")
END_MS = parse_instant("2026-11-01T05:00:00Z")
HOUR_MS = 3_600_000
OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost"),))


@pytest.fixture
def october(tmp_path: Path) -> Path:
    """A file of facts: one rack, all of it down for nine hours of October's 744."""
    path = tmp_path / "2026-10.json"
    down_ms = START_MS + 100 * HOUR_MS
    spans = {
        slot: tuple(
            StateSpan(slot, start_ms, end_ms, condition, evidence=Evidence(NodeName("n"), 1, 2))
            for start_ms, end_ms, condition in (
                (START_MS, down_ms, OK),
                (down_ms, down_ms + 9 * HOUR_MS, DOWN),
                (down_ms + 9 * HOUR_MS, END_MS, OK),
            )
        )
        for slot in (Slot("c2", "r01", f"t{n // 4:02}", f"m{n % 4}") for n in range(72))
    }
    month = Interval(START_MS, END_MS)
    held = {slot: (Holding(month, "gb300"),) for slot in spans}
    facts = Facts(Timeline(month, spans), held)
    recorded = RecordedFacts(ContractId("reflection-2026"), "2026-10", END_MS, facts)
    path.write_bytes(to_json(recorded))
    return path


def amended(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Write Reflection's contract with words replaced, without its worked examples."""
    text = REFLECTION.read_text("utf-8")
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    path = tmp_path / "amended.yaml"
    path.write_text(re.sub(r"(?ms)^examples:.*?^(?=\w)", "", text), "utf-8")
    return path


@pytest.mark.parametrize("start", ["2027-01-01", "2027-02-01", "2028-02-01", "2026-11-01"])
def test_a_new_contract_is_in_order_in_months_of_any_length(
    start: str, tmp_path: Path, capsys: Capture
) -> None:
    """Its worked example is computed with the hours that the month really has."""
    path = tmp_path / "acme.yaml"
    words = ["acme-2027", "--tenant", 'Acme "AI"', "--provider", "Colo", "--start", start]
    assert main(["contract", "new", *words, "--out", str(path)]) == 0
    assert main(["contract", "check", "--strict", str(path)]) == 0
    assert 'Colo to Acme "AI"' in capsys.readouterr().out


def test_a_new_contract_says_of_all_that_nobody_told_it_that_it_is_assumed() -> None:
    """The zone, the money, the end and the notice as well; names and the start were told."""
    content = yaml.safe_load(starting_file("acme", "A", "B", date(2027, 1, 1)))
    told = {"apiVersion", "kind", "metadata", "parties", "term", "examples", "assumed"}
    invented = {name for name in content if name not in told}
    invented |= {f"term.{name}" for name in content["term"] if name != "start"}
    assert set(content["assumed"]) == invented
    assert invented > {"fees", "term.timezone", "term.end", "term.termination"}


def test_a_new_contract_overwrites_nothing(tmp_path: Path, capsys: Capture) -> None:
    """What stands there stays."""
    path = tmp_path / "acme.yaml"
    path.write_text("mine", "utf-8")
    words = ["acme", "--tenant", "A", "--provider", "B", "--start", "2027-01-01"]
    assert main(["contract", "new", *words, "--out", str(path)]) == 2
    assert path.read_text("utf-8") == "mine"
    assert "the file cannot be written: File exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("id_", "start", "why"),
    [
        ("Acme", "2027-01-01", "'Acme' is not an identifier"),
        ("acme", "2027-01-15", "2027-01-15 is not the first day of a month. Try 2027-02-01."),
        ("acme", "soon", "'soon' is not a date"),
    ],
)
def test_a_new_contract_needs_an_id_and_the_first_of_a_month(
    id_: str, start: str, why: str, capsys: Capture
) -> None:
    """One sentence, and nothing is written."""
    words = [id_, "--tenant", "A", "--provider", "B", "--start", start]
    assert main(["contract", "new", *words]) == 2
    shown = capsys.readouterr()
    assert why in shown.err
    assert not shown.out


def test_an_example_that_does_not_come_out_is_bad(tmp_path: Path, capsys: Capture) -> None:
    """Whoever changes a tier and not the example is told what it comes to now."""
    path = tmp_path / "acme.yaml"
    text = starting_file("acme", "A", "B", date(2027, 1, 1))
    path.write_text(text.replace('percent: "5"', 'percent: "6"'), "utf-8")
    assert main(["contract", "check", str(path)]) == 1
    shown = capsys.readouterr().err
    assert "one rack is out for a day" in shown
    assert "USD 60,000.00" in shown
    assert "USD 50,000.00" in shown


def test_what_nothing_measures_is_noticed_and_with_strict_refused(
    tmp_path: Path, capsys: Capture
) -> None:
    """With the place in the file, the cause and the way out."""
    path = amended(tmp_path, ("slos:\n", f"slos:\n{BY_TICKET}"))
    assert main(["contract", "check", str(path)]) == 0
    shown = capsys.readouterr().err
    assert re.match(rf"{re.escape(str(path))}:\d+:\d+: notice: no live source knows", shown)
    assert main(["contract", "check", "--strict", str(path)]) == 1


def test_a_credit_that_must_be_asked_for_is_no_notice(tmp_path: Path, capsys: Capture) -> None:
    """Claims are put on record like everything else that people say."""
    path = amended(tmp_path, ("claims: {mode: automatic}", ON_CLAIM))
    assert main(["contract", "check", "--strict", str(path)]) == 0
    assert not capsys.readouterr().err


ON_CLAIM = "claims: {mode: on_claim, deadline: {anchor: end_of_period, days: 30}}"
BY_TICKET = """\
  - id: repair
    kind: replacement_time
    target: "1"
    comparison: below
    window: {type: billing_period}
    replacement: {limit: PT12H, clock_starts: ticket_open}
    credit: {type: none}
"""


def test_a_month_is_tried_on_other_terms(october: Path, tmp_path: Path, capsys: Capture) -> None:
    """9 of 744 hours lost are 98.79 %: below 99 %, 5 % of 150 million; not below 98 %."""
    assert main(["contract", "simulate", str(REFLECTION), "--facts", str(october)]) == 0
    assert "credit: USD 7,500,000.00" in capsys.readouterr().out
    milder = amended(
        tmp_path,
        ('target: "0.99"', 'target: "0.98"'),
        ('- {below: "0.99", percent: "5"}', ""),
    )
    assert main(["contract", "simulate", str(milder), "--facts", str(october)]) == 0
    assert "credit: USD 0.00" in capsys.readouterr().out


def test_the_whole_judgement_can_be_had_for_a_machine(october: Path, capsys: Capture) -> None:
    """One line of JSON, exact."""
    words = ["contract", "simulate", str(REFLECTION), "--facts", str(october), "--json"]
    assert main(words) == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["credit_minor_units"] == {"low": 750000000, "value": 750000000, "high": 750000000}


def test_a_month_outside_the_term_cannot_be_tried(
    october: Path, tmp_path: Path, capsys: Capture
) -> None:
    """It would be no month of the contract."""
    path = tmp_path / "acme.yaml"
    text = starting_file("acme", "A", "B", date(2027, 1, 1))
    path.write_text(text, "utf-8")
    assert main(["contract", "simulate", str(path), "--facts", str(october)]) == 4
    assert "contract acme has no period '2026-10'" in capsys.readouterr().err


def test_two_versions_differ_in_words_and_in_money(
    october: Path, tmp_path: Path, capsys: Capture
) -> None:
    """A first tier of 6 % instead of 5 % is 1.5 million more for the month's 98.79 %."""
    path = amended(tmp_path, ('below: "0.99", percent: "5"', 'below: "0.99", percent: "6"'))
    assert main(["contract", "diff", str(REFLECTION), str(path), "--facts", str(october)]) == 0
    shown = capsys.readouterr().out
    assert "1 term differs" in shown
    assert re.search(r"credit\.tiers\[0\]\.percent +5 % → 6 % +for the tenant", shown)
    assert "USD 1,500,000.00 more for the tenant" in shown


def test_a_month_with_an_exclusion_until_further_notice_is_priced(
    october: Path, tmp_path: Path, capsys: Capture
) -> None:
    """From 16 October to 9999: nine hours on the 5th are lost as before, 5 % or 6 % of the fee."""
    recorded = from_json(october.read_bytes(), "")
    outage = ExclusionRecord(
        id="e1",
        from_ms=START_MS + 15 * 24 * HOUR_MS,
        until_ms=INSTANT_MAX_MS,
        recorded_ms=START_MS,
        supersedes=None,
        withdrawn=False,
        slots=tuple(recorded.facts.held),
        contract=recorded.contract,
        kind="force-majeure",
        reason="flood",
        clause="force-majeure",
        approver="tenant",
        notice_ms=None,
    )
    facts = replace(recorded.facts, exclusions=(outage,))
    october.write_bytes(to_json(replace(recorded, facts=facts)))
    path = amended(tmp_path, ('below: "0.99", percent: "5"', 'below: "0.99", percent: "6"'))
    assert main(["contract", "simulate", str(REFLECTION), "--facts", str(october)]) == 0
    assert "credit: USD 7,500,000.00" in capsys.readouterr().out
    assert main(["contract", "diff", str(REFLECTION), str(path), "--facts", str(october)]) == 0
    assert "USD 1,500,000.00 more for the tenant" in capsys.readouterr().out


def test_rights_are_listed_with_their_days_and_fields(capsys: Capture) -> None:
    """Reflection: three months, then 90 days; 2026-10-01 and 90 days are over on 2026-12-30."""
    assert main(["contract", "rights", str(REFLECTION)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"2026-10-01 to 2029-10-02 +notice of 90 days may be given", shown)
    assert re.search(r"2026-12-29 +the contract ends if notice is given on 2026-10-01", shown)
    # Five whole months and 29 of December's 31 days: 750,000,000 + 29/31 x 150,000,000.
    agreed = next(line for line in shown.splitlines() if "as this contract reads" in line)
    assert "USD 890,322,580.65" in agreed
    assert main(["contract", "rights", str(REFLECTION), "--json"]) == 0
    rights = json.loads(capsys.readouterr().out)["rights"]
    assert {right["name"] for right in rights} >= {"notice", "earliest_end", "term_end"}
