"""Rows as comma-separated values and as lines of JSON."""

import json
from collections.abc import Iterable
from decimal import Decimal

from gpusla.statement.render.tables import Cell, Columns

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs text that begins so."""


def to_csv(table: Columns) -> bytes:
    """
    Return RFC 4180 in UTF-8, with a header line.

    Text that a spreadsheet would take for a formula gets an apostrophe before it; numbers, also
    negative ones, stay as they are.
    """
    names: tuple[Cell, ...] = tuple(name for name, _ in table.columns)
    return "".join(map(_csv_line, (names, *table.rows))).encode("utf-8")


def to_json_lines(table: Columns) -> bytes:
    """Return one JSON object a row; decimals are text, so that no reader rounds them."""
    names = [name for name, _ in table.columns]
    lines = (dict(zip(names, map(_json_value, row), strict=True)) for row in table.rows)
    written = (json.dumps(line, separators=(",", ":"), ensure_ascii=False) for line in lines)
    return "".join(f"{line}\n" for line in written).encode("utf-8")


def _csv_line(row: Iterable[Cell]) -> str:
    return ",".join(map(_csv_cell, row)) + "\r\n"


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
    text = f"'{cell}" if cell.startswith(STARTS_A_FORMULA) else cell
    if any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _json_value(cell: Cell) -> str | int | None:
    return f"{cell:f}" if isinstance(cell, Decimal) else cell
