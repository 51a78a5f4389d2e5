"""What people see of the base install's commands, and the exit codes that scripts see."""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gpusla.catalogue import codes
from gpusla.catalogue.alerts import ALERTS
from gpusla.catalogue.codes import CODES
from gpusla.catalogue.metrics import METRICS
from gpusla.catalogue.reasons import JUDGEMENTS, REASONS
from gpusla.cli import SENTENCES, main, missing, run
from gpusla.commands.exits import Exit, exit_of
from gpusla.contracts.load import load_contract
from gpusla.errors import (
    GpuslaError,
    InputError,
    JournalError,
    LedgerError,
    ServiceError,
    SourceError,
    StoreError,
)
from gpusla.statement import to_json
from tests.conftest import ROOT
from tests.core.statement.scenes import bad_october, statement

Capture = pytest.CaptureFixture[str]
CONTRACTS = ROOT / "examples" / "contracts"


# --- gpusla ---------------------------------------------------------------------------------------


def test_help_names_every_command(capsys: Capture) -> None:
    """And says what each is for, without importing any."""
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown and sentence in shown for name, (sentence, _) in SENTENCES.items())


def test_no_command_is_wrong_usage(capsys: Capture) -> None:
    """The help is shown all the same."""
    assert main([]) == 2
    assert "Usage: gpusla COMMAND" in capsys.readouterr().out


def test_a_misspelt_command_is_told_its_neighbour(capsys: Capture) -> None:
    """On standard error, with 2."""
    assert main(["contrct"]) == 2
    assert capsys.readouterr().err == (
        "gpusla: there is no command 'contrct'. Did you mean 'contract'?\n"
    )


def test_the_version_is_one_line(capsys: Capture) -> None:
    """For bug reports."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("gpusla 0.")


def test_a_command_of_another_extra_says_which() -> None:
    """A base install lists the collector and cannot run it."""
    entry = EntryPoint("statement", "gpusla_collector.cli:statement_app", "gpusla.commands")
    cause = ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")
    assert missing(entry, cause) == (
        "`gpusla statement` needs sqlalchemy. Install it with: pip install gpusla[collector]"
    )


def test_help_imports_none_of_the_commands() -> None:
    """It would cost every call the time of all of them."""
    code = (
        "import sys; from gpusla.cli import main; main(['--help']);"
        "print(sorted({'typer', 'pydantic', 'yaml', 'sqlalchemy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError(codes.UNKNOWN_KEY, "x"), Exit.REFUSED),
        (InputError(codes.NOTHING_TO_SHOW, "x"), Exit.NOTHING),
        (ServiceError(codes.AGENT_UNREACHABLE, "x"), Exit.UNREACHABLE),
        (SourceError(codes.SOURCE_UNAVAILABLE, "x"), Exit.UNREACHABLE),
        (StoreError(codes.STORE_UNAVAILABLE, "x"), Exit.UNREACHABLE),
        (StoreError(codes.STORE_SCHEMA, "x"), Exit.REFUSED),
        (JournalError(codes.JOURNAL_CORRUPT, "x"), Exit.INTEGRITY),
        (JournalError(codes.JOURNAL_FORKED, "x"), Exit.INTEGRITY),
        (JournalError(codes.JOURNAL_LOCKED, "x"), Exit.REFUSED),
        (LedgerError(codes.LEDGER_UNBALANCED, "x"), Exit.INTEGRITY),
        (LedgerError(codes.LEDGER_CONFLICT, "x"), Exit.INTEGRITY),
        (InputError(codes.STATEMENT_ALTERED, "x"), Exit.INTEGRITY),
    ],
)
def test_an_error_ends_a_command_with_the_code_of_its_kind(error: GpuslaError, code: Exit) -> None:
    """Documented, and the same for every command."""
    assert exit_of(error) is code


def test_an_error_is_one_sentence_on_standard_error(capsys: Capture) -> None:
    """No trace, whatever the command."""

    def fail(**_: object) -> None:
        raise ServiceError(codes.AGENT_UNREACHABLE, "agent n1 does not answer")

    assert run(fail, ["collector"]) == 5
    assert capsys.readouterr().err == (
        "gpusla: agent n1 does not answer. "
        "Check the node; its time is unknown until its journal can be fetched. [GS5001]\n"
    )


# --- gpusla contract check ------------------------------------------------------------------------


def test_the_contracts_of_the_examples_are_in_order(capsys: Capture) -> None:
    """And their fees add up to what was published."""
    assert main(["contract", "check", str(CONTRACTS)]) == 0
    shown = capsys.readouterr().out
    for total in ("6,300,000,000.00", "43,750,000,000.00", "30,360,000,000.00"):
        assert f"fees: USD {total} in all" in shown
    assert "2026-07-01 to 2029-12-31 (42 months, America/Chicago)" in shown


def test_the_examples_share_three_racks() -> None:
    """All they commit together is what the demo's fleet has."""
    contracts = [load_contract(f.read_bytes(), f.name) for f in sorted(CONTRACTS.glob("*.yaml"))]
    assert sum(contract.capacity.ramp[-1].gpus for contract in contracts) == 3 * 72
    assert all(contract.assumed for contract in contracts)


def test_a_bad_contract_ends_with_one_and_the_others_are_still_told(
    tmp_path: Path, capsys: Capture
) -> None:
    """The sentence goes to standard error with file, line and column."""
    good = CONTRACTS / "house.yaml"
    bad = tmp_path / "bad.yaml"
    text = good.read_text("utf-8").replace('target: "0.99"', 'target: "99"')
    bad.write_text(text, "utf-8")
    line = text[: text.index('target: "99"')].count("\n") + 1
    assert main(["contract", "check", str(bad), str(good)]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith(f"{bad}:{line}:13: slos[0].target: 99 is a percentage")
    assert f"{good}: house version 1 is in order" in shown.out


def test_two_files_of_one_contract_are_bad(tmp_path: Path, capsys: Capture) -> None:
    """Each is in order, and together they are not."""
    copy = tmp_path / "copy.yaml"
    copy.write_bytes((CONTRACTS / "house.yaml").read_bytes())
    assert main(["contract", "check", str(copy), str(CONTRACTS / "house.yaml")]) == 1
    assert "stands in" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_bad(tmp_path: Path, capsys: Capture) -> None:
    """With the system's reason."""
    assert main(["contract", "check", str(tmp_path / "none.yaml")]) == 1
    assert "the file cannot be read: No such file or directory" in capsys.readouterr().err


def test_a_folder_without_contracts_is_nothing_to_assess(tmp_path: Path) -> None:
    """A check of nothing must not look fine."""
    assert main(["contract", "check", str(tmp_path)]) == 4


def test_wrong_usage_ends_with_two() -> None:
    """No file, no such option."""
    assert main(["contract", "check"]) == 2
    assert main(["contract", "check", "--no-such-option"]) == 2


# --- gpusla explain -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *[code.code for code in CODES],
        *[code.name for code in CODES],
        *REASONS,
        *JUDGEMENTS,
        *[alert.name for alert in ALERTS],
        *[metric.name for metric in METRICS],
    ],
)
def test_everything_in_the_catalogue_can_be_explained(name: str, capsys: Capture) -> None:
    """Whatever a page, an alert or a message names."""
    assert main(["explain", name]) == 0
    assert name in capsys.readouterr().out


def test_a_name_of_two_things_is_explained_as_both(capsys: Capture) -> None:
    """Some names are an error and a reason."""
    assert main(["explain", "source_unavailable"]) == 0
    shown = capsys.readouterr().out
    assert ": an error" in shown
    assert ": a reason why a slot is unknown" in shown


@pytest.mark.parametrize("words", [["xid", "149"], ["Xid", "149"], ["xid149"], ["XID-149"]])
def test_an_error_number_of_the_driver_is_explained(words: list[str], capsys: Capture) -> None:
    """With what the register words of its line make of it."""
    assert main(["explain", *words]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Xid 149 NVLINK_NETIR_ERROR: an error number of the driver\n")
    assert "NETIR_LINK_DOWN, link-fatal, root: a reset of the GPU" in shown


def test_an_error_number_that_nobody_knows_asks_for_support(capsys: Capture) -> None:
    """It has a page all the same."""
    assert main(["explain", "xid", "999"]) == 0
    assert "To do: contact_support" in capsys.readouterr().out


def test_a_name_of_nothing_is_told_its_neighbours(capsys: Capture) -> None:
    """With 4: there is nothing to explain."""
    assert main(["explain", "fabric_dwn"]) == 4
    assert "Close to it: fabric_down" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["gpu_lost", "--statement", "x.json"]])
def test_explain_wants_one_thing(words: list[str]) -> None:
    """A name or a statement, not both, not neither."""
    assert main(["explain", *words]) == 2


def test_a_statement_is_explained_down_to_the_records(tmp_path: Path, capsys: Capture) -> None:
    """From the credit to the journal lines behind each slot."""
    file = tmp_path / "october.json"
    file.write_bytes(to_json(statement(bad_october())))
    assert main(["explain", "--statement", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "credit of availability = USD 0.00   [slos[0].credit]" in shown
    assert (
        "c2/r01/t01/m2 down (fabric_down: driver: fabric state 2); journal of n1, records 1 to 1"
    ) in shown
    assert "no records: nobody observed" in shown


def test_what_an_incident_is_worth_is_explained(tmp_path: Path, capsys: Capture) -> None:
    """Nine GPUs for ten hours and more, at the fee for that time; which is not what is owed."""
    file = tmp_path / "october.json"
    file.write_bytes(to_json(statement(bad_october())))
    assert main(["statement", str(file)]) == 0
    text = capsys.readouterr().out
    assert "not what is owed for it" in text
    assert main(["explain", "--statement", str(file), "incidents[0]"]) == 0
    shown = capsys.readouterr().out
    worth = shown.split("incidents[0] = ", 1)[1].split("   [fees]", 1)[0]
    assert worth.startswith("USD ")
    assert worth in text
    assert "Worth is the fee for the time that was lost through it" in shown
    assert main(["explain", "--statement", str(file), "incidents[99]"]) == 4
    assert "the statement has no incidents[99]. It lists " in capsys.readouterr().err


def test_a_line_that_is_wrong_is_told_with_its_file(tmp_path: Path, capsys: Capture) -> None:
    """Which one of a year's."""
    file = tmp_path / "october.json"
    file.write_bytes(to_json(statement(bad_october())))
    for line, said in (
        ("incidents[99]", "the statement has no incidents[99]"),
        ("losses[99]", "the statement has no line 'losses[99]'"),
    ):
        assert main(["explain", "--statement", str(file), line]) == 4
        assert f"gpusla: {file}: {said}. " in capsys.readouterr().err


@pytest.mark.parametrize("worth", ["1/0", "x", "0x1/0x0"])
def test_an_incident_of_no_number_is_refused(worth: str, tmp_path: Path, capsys: Capture) -> None:
    """Incidents stand beside the figures that the digest is of."""
    changed = json.loads(to_json(statement(bad_october())))
    changed["grounds"]["incidents"]["listed"][0]["minor_units"] = worth
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(changed), "utf-8")
    assert main(["explain", "--statement", str(file), "incidents[0]"]) == 2
    assert "this is not a statement's JSON" in capsys.readouterr().err


def test_an_altered_statement_is_an_integrity_failure(tmp_path: Path, capsys: Capture) -> None:
    """A figure was changed and the digest beside it was not."""
    altered = json.loads(to_json(statement(bad_october())))
    altered["evaluation"]["account"]["lost_gpu_ms"] += 1
    file = tmp_path / "altered.json"
    file.write_text(json.dumps(altered), "utf-8")
    assert main(["explain", "--statement", str(file)]) == 6
    assert "[GS3101]" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0.5}', "[" * 100_000, "\xff"])
def test_what_is_no_statement_is_refused(text: str, tmp_path: Path, capsys: Capture) -> None:
    """In a sentence, with 2."""
    file = tmp_path / "none.json"
    file.write_bytes(text.encode("latin-1"))
    assert main(["explain", "--statement", str(file)]) == 2
    assert "[GS1010]" in capsys.readouterr().err


def test_a_statement_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """As any file."""
    assert main(["explain", "--statement", str(tmp_path / "none.json")]) == 2
