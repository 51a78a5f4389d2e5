"""What the commands' options and outputs have in common."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gpusla.commands.files import write_atomically

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-v[1-9][0-9]*)?")


def _month(value: str) -> str:
    if not _MONTH.fullmatch(value):
        message = f"{value!r} is no month; write it like 2026-07"
        raise typer.BadParameter(message)
    return value


Month = Annotated[
    str,
    typer.Argument(help="A month, such as 2026-07; of a part of it 2026-07-v2.", callback=_month),
]
Config = Annotated[
    Path, typer.Option("--config", help="Settings file of kind Collector.", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="File to write, whole or not at all, in place of what is there; else standard output.",
    ),
]
NewOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="New file to write, whole or not at all; one that is there is never replaced. "
        "Else standard output.",
    ),
]


class ReportForm(StrEnum):
    """How a report is given."""

    TEXT = "text"
    JSON = "json"


class TableForm(StrEnum):
    """How a list is given."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def said(words: str) -> None:
    """Tell people on standard error what was done, where standard output is for machines."""
    typer.echo(f"gpusla: {words}", err=True)


def put(content: str, out: Path | None) -> None:
    """Write to a file, or to standard output."""
    if out is None:
        typer.echo(content, nl=False)
    else:
        write_atomically(out, content.encode("utf-8"))


def as_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out in columns of equal width, two spaces apart."""
    lines = [header, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows of the same keys; nothing known is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_json(value: Mapping[str, Any]) -> str:
    """Write a report for machines."""
    return json.dumps(value, indent=2) + "\n"
