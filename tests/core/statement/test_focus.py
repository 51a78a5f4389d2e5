"""The export for billing systems: what the standard's own linter says, and that it adds up."""

import csv
import io
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from focus_data_toolkit.model.validator import load_model

from gpusla.ledger.booking import balance_minor_units, decide
from gpusla.statement import Statement
from gpusla.statement.render.delimited import to_csv
from gpusla.statement.render.focus import COLUMNS, focus_of
from tests.core.sla.making import CONTRACT
from tests.core.statement.scenes import four_promises, open_month, statement
from tests.core.statement.test_statement import deep, one_gpu, same_as_golden


def restated() -> Statement:
    """
    One GPU down for 18 hours of 744, which late evidence made 40.

    97.5 % is in the tier of 10 % of USD 150,000,000; 94.6 % in that of 25 %.
    """
    final = decide((), deep(), is_final=True)
    again = one_gpu(CONTRACT, 40)
    return statement(again, (*final, *decide(final, again, is_final=True)))


def rows(of: Statement) -> list[dict[str, str]]:
    """The export as a reader of CSV has it."""
    return list(csv.DictReader(io.StringIO(to_csv(focus_of(of)).decode("utf-8"))))


@pytest.mark.parametrize("of", [lambda: statement(four_promises()), restated])
def test_the_linter_of_focus_1_4_finds_nothing(of: object, tmp_path: Path) -> None:
    """`focus-toolkit validate`, the command that its users run."""
    path = tmp_path / "focus.csv"
    path.write_bytes(to_csv(focus_of(of())))  # type: ignore[operator]
    assert (finished := validated(path)).returncode == 0, finished.stdout + finished.stderr


def test_the_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    """So that its silence means something: a category that there is none of."""
    path = tmp_path / "focus.csv"
    path.write_bytes(to_csv(focus_of(restated())).replace(b"Credit,", b"Gift,", 1))
    finished = validated(path)
    assert finished.returncode != 0
    assert "ChargeCategory" in finished.stdout + finished.stderr


def validated(path: Path) -> subprocess.CompletedProcess[str]:
    """What the toolkit says of a file."""
    words = ["-m", "focus_data_toolkit", "validate", "--dataset", "cost-and-usage", str(path)]
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_every_mandatory_column_is_there() -> None:
    """By the model of the specification that the toolkit ships."""
    columns = load_model()["datasets"]["Cost and Usage"]["columns"]
    mandatory = {name for name, row in columns.items() if row["feature_level"] == "Mandatory"}
    ours = {name for name, _ in COLUMNS}
    assert mandatory <= ours
    assert set(ours - columns.keys()) == {n for n in ours if n.startswith("x_")}


def test_a_first_posting_is_a_credit_and_what_follows_corrects_it() -> None:
    """USD 15,000,000 given, taken back, and USD 37,500,000 given instead."""
    told = [
        (row["ChargeCategory"], row["ChargeClass"], row["BilledCost"]) for row in rows(restated())
    ]
    assert told == [
        ("Credit", "", "-15000000.00"),
        ("Credit", "Correction", "15000000.00"),
        ("Credit", "Correction", "-37500000.00"),
    ]


def test_costs_add_up_to_what_is_owed() -> None:
    """With the other sign, and in every column of costs."""
    for of in (restated(), statement(four_promises())):
        owed = Decimal(balance_minor_units(of.entries)).scaleb(-2)
        for column in ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"):
            assert sum(Decimal(row[column]) for row in rows(of)) == -owed


def test_what_is_not_posted_is_not_exported() -> None:
    """An open month owes nothing, whatever has accrued."""
    pending = decide((), replace(open_month()), is_final=False)
    assert rows(statement(open_month(), pending)) == []


def test_the_export_is_what_it_was() -> None:
    """A statement that was restated."""
    content = to_csv(focus_of(restated())).decode("utf-8")
    same_as_golden("restated.focus.csv", content.replace("\r\n", "\n"))
