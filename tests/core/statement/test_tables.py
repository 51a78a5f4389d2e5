"""Tables: exact, the same twice, harmless in a spreadsheet, and adding up to the statement."""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gpusla.sla.evaluation import ClaimStanding
from gpusla.statement import Statement, to_json
from gpusla.statement.reading import from_json
from gpusla.statement.render.days import days_of
from gpusla.statement.render.delimited import to_csv, to_json_lines
from gpusla.statement.render.parquet import to_parquet
from gpusla.statement.render.tables import Columns, Kind, TableName, table_of
from tests.core.statement.scenes import (
    FOUR,
    bad_october,
    four_promises,
    judged,
    open_month,
    statement,
)
from tests.core.statement.test_statement import same_as_golden

WRITERS = {"csv": to_csv, "jsonl": to_json_lines, "parquet": to_parquet}
HOUR_MS = 3_600_000


def rows(of: Statement, name: TableName) -> list[dict[str, str]]:
    """A table as a reader of CSV has it."""
    return list(csv.DictReader(io.StringIO(to_csv(table_of(of, name)).decode("utf-8"))))


@pytest.mark.parametrize("name", TableName)
def test_a_table_is_what_it_was(name: TableName) -> None:
    """Under four promises."""
    content = to_csv(table_of(statement(four_promises()), name)).decode("utf-8")
    same_as_golden(f"four.{name.value}.csv", content.replace("\r\n", "\n"))


@pytest.mark.parametrize("name", TableName)
@pytest.mark.parametrize("form", WRITERS)
def test_the_same_statement_gives_the_same_bytes(name: TableName, form: str) -> None:
    """Also when it was read back."""
    one, write = statement(four_promises()), WRITERS[form]
    again = from_json(to_json(one))
    assert write(table_of(one, name)) == write(table_of(again, name))


def test_bookings_add_up_to_the_credit() -> None:
    """858,380.99 + 1,141,619.02 + 0 + 0 = 2,000,000.01, in dollars and in cents."""
    booked = rows(statement(four_promises()), TableName.CREDITS)
    assert [row["amount"] for row in booked] == ["0.00", "0.00", "858380.99", "1141619.02"]
    assert sum(Decimal(row["amount"]) for row in booked) == Decimal("2000000.01")
    assert sum(int(row["amount_minor_units"]) for row in booked) == 200_000_001


def test_before_any_booking_the_parts_are_listed() -> None:
    """With their status, and no entry to name."""
    parts = rows(statement(four_promises(), ()), TableName.CREDITS)
    assert {row["status"] for row in parts} == {"not booked"}
    assert sum(int(row["amount_minor_units"]) for row in parts) == 200_000_001


def test_what_may_be_claimed_has_a_row_that_is_no_part_of_the_credit() -> None:
    """Nobody claimed: no credit, and 2,000,000.01 to be asked for in thirty days after October."""
    unclaimed = judged(FOUR, granted_minor_units={"gpus": 12_345})
    (row,) = rows(statement(unclaimed, ()), TableName.CREDITS)
    assert (row["status"], row["amount"], row["claimable_amount"]) == (
        "not claimed",
        "",
        "2000000.01",
    )
    assert (row["claimable_minor_units"], row["claim_before"]) == (
        "200000001",
        "2026-12-01T06:00:00Z",
    )
    booked = rows(statement(unclaimed), TableName.CREDITS)
    assert sum(int(row["amount_minor_units"] or 0) for row in booked) == 0
    assert booked[-1] == {**row, "standing": "final"}


def test_nothing_to_claim_has_no_row() -> None:
    """It was claimed; or it is at a shadow price, for which nobody asks."""
    claim = ClaimStanding(1, None, 5)
    at_shadow = replace(judged(FOUR), is_shadow=True, claim=claim)
    for one in (four_promises(), at_shadow):
        found = rows(statement(one, ()), TableName.CREDITS)
        assert {row["claimable_minor_units"] for row in found} <= {""}


def test_incidents_add_up_to_the_loss() -> None:
    """Two are listed, the last is in none, those between in one row; each at the same price."""
    whole = statement(bad_october())
    assert whole.grounds is not None
    found = whole.grounds.incidents
    first, second, *others = found.listed
    shorter = replace(
        found,
        listed=(first, second),
        more=len(others) - 1,
        more_gpu_ms=sum((one.gpu_ms for one in others[:-1]), Fraction(0)),
        more_minor_units=sum((one.minor_units for one in others[:-1]), Fraction(0)),
    )
    cut = replace(whole, grounds=replace(whole.grounds, incidents=shorter))
    table = rows(cut, TableName.INCIDENTS)
    assert [row["incident"] for row in table[2:]] == [
        f"other incidents ({len(others) - 1})",
        "no incident",
    ]
    assert sum(Fraction(row["lost_gpu_ms"]) for row in table) == 313 * HOUR_MS
    every = rows(whole, TableName.INCIDENTS)
    worth = [sum(Fraction(row["worth_minor_units"]) for row in of) for of in (table, every)]
    assert worth[0] == worth[1] == whole.evaluation.price_per_gpu_ms * 313 * HOUR_MS


def test_days_add_up_to_the_account() -> None:
    """31 local days of 24 hours; October in Chicago has no change of clocks."""
    days = rows(statement(bad_october()), TableName.DAYS)
    assert len(days) == 31
    assert {row["committed_gpu_ms"] for row in days} == {str(72 * 24 * HOUR_MS)}
    assert sum(Fraction(row["lost_gpu_ms"]) for row in days) == 313 * HOUR_MS
    # On the fifth nine GPUs were down for ten hours; three of them took the rack below 64 of 72.
    worst = max(days, key=lambda row: Fraction(row["lost_gpu_ms"]))
    assert (worst["day"], worst["lost_gpu_hours"]) == ("2026-10-05", "275.000000")


def test_a_day_that_was_not_judged_has_nothing() -> None:
    """The open month is judged to noon of the sixteenth, 15.5 days."""
    days = days_of(open_month())
    assert [day.judged.duration_ms for day in days[15:17]] == [12 * HOUR_MS, 0]
    assert sum(day.committed_gpu_ms or 0 for day in days) == 72 * 372 * HOUR_MS


def test_days_say_nothing_of_a_commitment_that_the_ramp_does_not_explain() -> None:
    """A file of format 2 does not say when the term began."""
    evaluation = bad_october()
    account = replace(evaluation.account, committed_gpu_ms=1)
    days = days_of(replace(evaluation, account=account))
    assert {day.committed_gpu_ms for day in days} == {None}


def test_losses_add_up_to_the_loss() -> None:
    """Every one of them, with its slots and its records."""
    losses = rows(statement(bad_october()), TableName.LOSSES)
    assert len(losses) == len(bad_october().losses)
    assert sum(Fraction(row["gpu_ms"]) for row in losses) == 313 * HOUR_MS
    nine = next(row for row in losses if row["gpu_hours"] == "72.000000")
    assert len(nine["slots"].split()) == 9
    assert nine["records"] == "n1:1-1"


def table(*cells: object) -> Columns:
    """One column of text."""
    return Columns((("text", Kind.TEXT),), tuple((cell,) for cell in cells))  # type: ignore[misc]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']
)
def test_what_a_spreadsheet_would_run_is_only_text(text: str) -> None:
    """An apostrophe stands before it; the rest is as it was."""
    content = to_csv(table(text)).decode("utf-8")
    assert list(csv.reader(io.StringIO(content, newline="")))[1] == [f"'{text}"]


@pytest.mark.parametrize("text", ['a "b", c', "two\nlines", "plain", "", "a=b", "Ω ✓"])
def test_any_other_text_comes_back_as_it_was(text: str) -> None:
    """Quoted where RFC 4180 asks for it, with its line ends."""
    content = to_csv(table(text)).decode("utf-8")
    assert content.startswith("text\r\n")
    assert list(csv.reader(io.StringIO(content, newline="")))[1:] == ([[text]] if text else [[]])


def test_a_negative_amount_stays_a_number() -> None:
    """A reversal has one."""
    money = Columns((("amount", Kind.DECIMAL),), ((Decimal("-5.00"),),))
    assert to_csv(money) == b"amount\r\n-5.00\r\n"


def test_json_lines_hold_no_float() -> None:
    """Decimals are text."""
    lines = to_json_lines(table_of(statement(four_promises()), TableName.CREDITS)).splitlines()
    assert len(lines) == 4
    kinds = {type(value) for line in lines for value in json.loads(line).values()}
    assert kinds <= {str, int, type(None)}
    assert json.loads(lines[2])["amount"] == "858380.99"


@pytest.mark.parametrize("name", TableName)
def test_parquet_holds_what_the_csv_holds_and_no_float(name: TableName) -> None:
    """Read by Arrow again; decimals to the last place."""
    one = statement(four_promises())
    read = pq.read_table(pa.BufferReader(to_parquet(table_of(one, name))))
    assert not [field for field in read.schema if pa.types.is_floating(field.type)]
    for row, line in zip(read.to_pylist(), rows(one, name), strict=True):
        for key, value in row.items():
            if isinstance(value, Decimal):
                assert value == Decimal(line[key])
            else:
                assert ("" if value is None else str(value)) == line[key]


def test_a_table_without_rows_is_a_table() -> None:
    """An empty one still has its columns."""
    empty = Columns((("text", Kind.TEXT), ("amount", Kind.DECIMAL)), ())
    assert to_csv(empty) == b"text,amount\r\n"
    assert to_json_lines(empty) == b""
    assert pq.read_table(pa.BufferReader(to_parquet(empty))).column_names == ["text", "amount"]
