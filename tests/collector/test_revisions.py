"""The three numbers that are called revision, and what the page on statements says of each."""

import re
from pathlib import Path

from gpusla.statement.render.answer import standing_words
from gpusla.statement.render.focus import focus_of
from gpusla.statement.render.tables import Cell, Columns, TableName, table_of
from tests.collector.bundles import bundle_of, members_of, payload_of
from tests.collector.claims import asking, at, claim, put
from tests.collector.memory_store import MemoryStore
from tests.collector.stage import AUGUST_MS, DAY_MS, FINAL_MS, Stage

PAGE = Path(__file__).resolve().parents[2] / "docs" / "start" / "statements.md"
ROW = re.compile(r"^\| (?:a bundle|a statement|an entry)\b.* \| (\d) \| (\d) \|$", re.MULTILINE)


def rows(table: Columns) -> list[dict[str, Cell]]:
    """Return a table's rows by the names of its columns."""
    names = [name for name, _ in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def revisions(stage: Stage) -> list[Cell]:
    """Return July's: of its bundle, of its statement, and of the entry that was booked last."""
    manifest = payload_of(members_of(bundle_of(stage)[0])["manifest.json"])
    statement = stage.statement()
    # Behind the bookings stands what may be claimed anew.
    booked = [row for row in rows(table_of(statement, TableName.CREDITS)) if row["entry"]]
    by_entry = {row["entry"]: row["revision"] for row in booked}
    exported = rows(focus_of(statement))
    assert exported
    assert all(row["x_Revision"] == by_entry[row["x_EntryKey"]] for row in exported)
    corrected = booked[-1]["statement_revision"]
    words = f"Final, revision {corrected}" if corrected else "Final"
    assert standing_words(statement) == words
    return [manifest["revision"], corrected, booked[-1]["revision"]]


def test_the_page_tells_each_of_the_three_numbers() -> None:
    """A credit of 50.00 that was pending, posted and, as the claim was withdrawn, taken back."""
    first, corrected = zip(*ROW.findall(PAGE.read_text("utf-8")), strict=True)
    stage = asking(MemoryStore())
    asked = claim("k1", AUGUST_MS - DAY_MS)
    put(stage, asked)
    stage.clock.now_ms = AUGUST_MS
    turns = stage.turns()
    turns.once()
    pending = [("pending", 5_000), ("void", -5_000)]
    assert at(stage, turns, FINAL_MS) == [*pending, ("posted", 5_000)]
    assert revisions(stage) == [int(number) for number in first]
    withdrawn = claim("k2", FINAL_MS, more=", supersedes: k1, withdrawn: true")
    put(stage, asked, withdrawn)
    booked = at(stage, turns, FINAL_MS + DAY_MS)
    assert booked == [*pending, ("posted", 5_000), ("posted", -5_000), ("posted", 0)]
    assert revisions(stage) == [int(number) for number in corrected]
