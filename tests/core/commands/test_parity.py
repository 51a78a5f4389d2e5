"""`gpusla parity`: an auditor's report, a tenant's verdict that tells on nobody, and its proof."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from gpusla.cli import main
from gpusla.sla.facts_file import to_json
from tests.conftest import ROOT
from tests.core.parity.racks import ACME, GOOGLE, HOUSE, PRICES, Plant, recorded, trays_of

Capture = pytest.CaptureFixture[str]

NAMES = (ACME, HOUSE, GOOGLE)
SALT = "correct horse battery staple"
HEX = re.compile(r"\b[0-9a-f]{64}\b")


def files(folder: Path, plant: Plant) -> list[str]:
    """Write three contracts and their facts; return the arguments that name them."""
    contracts = folder / "contracts"
    contracts.mkdir(exist_ok=True)
    for name in NAMES:
        (contracts / f"{name}.yaml").write_text(contract_text(name, plant), "utf-8")
        (folder / f"{name}.json").write_bytes(to_json(recorded(name, plant)))
    facts = [word for name in NAMES for word in ("--facts", str(folder / f"{name}.json"))]
    return [str(contracts), *facts, "--salt", SALT]


def contract_text(name: str, plant: Plant) -> str:
    """The house's example on other terms: who, how many, for how much, compared with whom."""
    form: dict[str, Any] = yaml.safe_load((ROOT / "examples/contracts/house.yaml").read_bytes())
    amount = f"{PRICES[name] // 100}.{PRICES[name] % 100:02}"
    form["metadata"] |= {"id": name, "tenant": name[:-5], "house": name == HOUSE}
    form["parties"]["tenant"] = f"{name[:-5].title()} Holdings"
    if name != HOUSE:
        form["fees"]["recurring"][0]["amount"] = amount
        del form["fees"]["shadow"]
        form["assumed"].remove("fees.shadow")
    else:
        form["fees"]["shadow"]["amount"] = amount
    form["capacity"]["ramp"][0]["gpus"] = sum(map(len, trays_of(name)))
    form["parity"] = {
        "most_favoured": True,
        "compare_with": ["house", "all_external"],
        "dimensions": ["availability", "time_to_repair", "spare_order", "maintenance_share"],
        "price_terms": ["effective_price_per_gpu_hour", "target"],
        "min_units": plant.min_units,
    }
    if name != ACME:
        del form["parity"]
        form["assumed"].remove("parity")
    return yaml.safe_dump(form, sort_keys=False)


@pytest.fixture
def biased(tmp_path: Path) -> list[str]:
    """Acme is served worse in every planted way."""
    fabric = {ACME: 4, HOUSE: 2}
    return files(tmp_path, Plant(acme_times=2, spare_to=HOUSE, fabric_hours=fabric))


def shown(capsys: Capture, *words: str) -> str:
    """What a command that is fine says on standard output."""
    assert main(["parity", *words]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def row(text: str, *words: str) -> list[str]:
    """The one row that holds all these words, cell by cell."""
    (found,) = [line for line in text.splitlines() if all(word in line for word in words)]
    return re.split(r" {2,}", found.strip())


def test_an_auditor_sees_what_was_planted(biased: list[str], capsys: Capture) -> None:
    """The jump with its GPU-hours, the shared incident, the slow repairs, the cheaper price."""
    text = shown(capsys, "report", *biased)
    assert "queue jumps: 1, of 1 hand-overs" in text
    jump = row(text, "2026-10-03T11:00:00Z", "c2/r02/t18/m4")
    assert jump[2] == HOUSE
    assert (jump[4], jump[5], jump[-1]) == (ACME, "2026-10-03T05:00:00Z", "4.000")
    # All of acme's for 4 hours; of the house's 24 there for 2, and its spare made up for one:
    # 96 GPU-hours beside 46.
    assert row(text, "all together", ACME)[-2:] == ["100.0000 %", "2.08 times"]
    assert row(text, ACME, HOUSE, "time_to_repair")[-1] == "WORSE"
    assert (
        row(text, ACME, HOUSE, "maintenance_share")[-1] == "nothing that chance would not explain"
    )
    assert "BETTER TERMS" in row(text, ACME, HOUSE, "TERMS")[-1]
    # 48 GPUs, 744 hours, USD 76,543.21: 214.33… minor units an hour.
    assert row(text, ACME, "external")[-2].startswith("USD 2.14 and 0.33")


def test_where_nothing_is_planted_the_report_finds_nothing(tmp_path: Path, capsys: Capture) -> None:
    """But the terms, which are what they are."""
    text = shown(capsys, "report", *files(tmp_path, Plant()))
    assert "queue jumps: 0, of 1 hand-overs" in text
    assert "no incident took GPUs of several contracts" in text
    assert "WORSE" not in text


def test_too_few_units_are_said_to_be_too_few(tmp_path: Path, capsys: Capture) -> None:
    """With how many there are, and how many were agreed."""
    words = files(tmp_path, Plant(acme_times=2, min_units=14))
    text = shown(capsys, "report", *words)
    finding = row(text, ACME, HOUSE, "availability")[-1]
    assert finding == "too few units: 12, and 14 are agreed"
    told = shown(capsys, "verdict", *words, "--for", ACME)
    assert row(told, "availability")[1] == "too_few_units"


def test_a_verdict_says_nothing_of_anybody_else(biased: list[str], capsys: Capture) -> None:
    """No name, place, price or count: only its own id, the month, words, and the digest."""
    for words in (["--json"], []):
        text = shown(capsys, "verdict", *biased, "--for", ACME, *words)
        assert len(HEX.findall(text)) == 1
        rest = HEX.sub("", text)
        rest = rest.replace(ACME, "").replace("2026-10", "").replace("gpusla/parity/1", "")
        assert not re.search(r"\d", rest), rest
        for other in ("house", "google", "Holdings", "acme", "c2", "r01", "USD", SALT):
            assert other not in rest
    assert "worse" in rest


def test_everybody_gets_the_same_digest_and_the_auditor_too(
    biased: list[str], capsys: Capture
) -> None:
    """It binds all verdicts to one report."""
    report = json.loads(shown(capsys, "report", *biased, "--json"))
    told = json.loads(shown(capsys, "verdict", *biased, "--for", ACME, "--json"))
    assert told["commitment"] == report["commitment"]
    assert report["commitment"] in shown(capsys, "report", *biased)
    assert told["findings"] == [
        ["availability", "worse"],
        ["time_to_repair", "worse"],
        ["spare_order", "worse"],
        ["maintenance_share", "no_worse"],
        ["price_terms", "worse"],
    ]


def test_a_verdict_is_proved_or_disproved(
    biased: list[str], tmp_path: Path, capsys: Capture
) -> None:
    """0 as it was told; 1 with another word; 6 with another salt, or inputs that were changed."""
    report, told = tmp_path / "report.json", tmp_path / "verdict.json"
    report.write_text(shown(capsys, "report", *biased, "--json"), "utf-8")
    told.write_text(shown(capsys, "verdict", *biased, "--for", ACME, "--json"), "utf-8")

    def verify(salt: str = SALT) -> int:
        return main(["parity", "verify", str(told), "--inputs", str(report), "--salt", salt])

    assert verify() == 0
    assert capsys.readouterr().out.startswith("yes: ")
    assert verify(SALT + "!") == 6
    kept = told.read_text("utf-8")
    told.write_text(kept.replace('"worse"', '"no_worse"', 1), "utf-8")
    assert verify() == 1
    told.write_text(kept, "utf-8")
    altered = json.loads(report.read_bytes())
    altered["inputs"]["units"][0]["lost_ms"] += 1
    report.write_text(json.dumps(altered), "utf-8")
    assert verify() == 6
    assert "bound to other inputs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        (lambda words: [*words[:-1], "short"], 2, "a salt of 5 bytes would let others guess"),
        (lambda words: words[:1] + words[3:], 4, "no facts are given of acme-2026, and whoever"),
        (lambda words: [f"{words[0]}/{ACME}.yaml", *words[1:]], 2, "no contract file of it"),
        (lambda words: [*words, "--facts", words[2]], 2, "facts of acme-2026 for 2026-10 are gi"),
        (lambda words: [words[0], *words], 2, "acme-2026 version 1 is given twice"),
        (lambda words: [*words, "--peak", "20-8"], 2, "'20-8' are no hours of a day"),
        (lambda words: [*words, "--assignments", "a.yaml"], 2, "--inventory is missing"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(
    change: Any, code: int, why: str, tmp_path: Path, capsys: Capture
) -> None:
    """On standard error, and nothing on standard output."""
    words: Sequence[str] = change(files(tmp_path, Plant()))
    assert main(["parity", "report", *words]) == code
    said = capsys.readouterr()
    assert why in said.err
    assert said.err.count("\n") == 1
    assert not said.out


def test_a_contract_that_was_promised_nothing_gets_no_verdict(
    tmp_path: Path, capsys: Capture
) -> None:
    """Nor does one that nobody knows."""
    words = files(tmp_path, Plant())
    for name in (GOOGLE, "nobody"):
        assert main(["parity", "verdict", *words, "--for", name]) == 4
        assert "has no `parity` part" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0.5}', "[" * 100_000, "\xff"])
def test_what_is_no_verdict_or_report_is_refused(
    text: str, tmp_path: Path, capsys: Capture
) -> None:
    """In a sentence, with 2."""
    file = tmp_path / "none.json"
    file.write_bytes(text.encode("latin-1"))
    words = ["parity", "verify", str(file), "--inputs", str(file), "--salt", SALT]
    assert main(words) == 2
    assert "[GS1010]" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["report", "verdict", "verify"])
def test_help_shows_how_it_is_called_before_the_options(name: str, capsys: Capture) -> None:
    """An example is what most people read."""
    text = shown(capsys, name, "--help")
    assert text.index(f"For example: gpusla parity {name}") < text.index("Options:")


def test_assignment_files_are_read_with_their_inventory(tmp_path: Path, capsys: Capture) -> None:
    """The examples' racks: nothing was handed over in October but what the files say."""
    fleet = ROOT / "examples" / "fleet"
    words = files(tmp_path, Plant(spare_to=HOUSE))
    given = tmp_path / "assignments.yaml"
    given.write_text(ASSIGNED, "utf-8")
    more = ["--assignments", str(given), "--inventory", str(fleet / "inventory.yaml")]
    text = shown(capsys, "report", *words, *more)
    assert "queue jumps: 1, of 1 hand-overs" in text
    assert "not looked at, for want of facts: what cursor-2026 was given" in text


ASSIGNED = """
apiVersion: gpusla/v1
kind: Assignments
assignments:
  - id: spare
    slots: [c2/r02/t18/m4]
    contract: house-2026
    from: 2026-10-03T11:00:00Z
    recorded_at: 2026-10-03T11:00:00Z
  - id: another
    slots: [c2/r03/t18]
    contract: cursor-2026
    from: 2026-10-04T11:00:00Z
    recorded_at: 2026-10-04T11:00:00Z
"""
