"""
Every form that a statement can be had in.

What sets pages and tables is imported when it is asked for: it is in an extra of its own.
"""

from enum import StrEnum
from pathlib import Path

import typer

from gpusla.commands.files import write_atomically
from gpusla.ledger.entries import is_posted
from gpusla.statement import Statement, render_text, to_json
from gpusla.statement.revisions import render_changes, require_same


class Form(StrEnum):
    """How a statement is given."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    FOCUS = "focus"


class Rows(StrEnum):
    """Which rows of it, where the form is a table."""

    CREDITS = "credits"
    DAYS = "days"
    LOSSES = "losses"
    INCIDENTS = "incidents"


_TABLES = {Form.CSV, Form.JSONL, Form.PARQUET}
_TELLING = {Form.TEXT, Form.HTML, Form.PDF}
"""Those that say what changed since an earlier statement."""

_BINARY = {Form.PDF, Form.PARQUET}
"""What no terminal can show."""


def write_statement(
    statement: Statement,
    form: Form,
    *,
    rows: Rows | None = None,
    before: Statement | None = None,
    envelope: bytes | None = None,
    out: Path | None = None,
) -> None:
    """
    Write a statement in a form: to a file, whole or not at all, or to standard output.

    rows: of a table, credits if None.
    before: an earlier statement of the same period, with what changed since as a part of the text
    and the pages.  envelope: the signed one that it came in, which goes with the pages.
    Raises typer.BadParameter where the form's packages are not installed, where a binary form has
    no file to go to, rows are named for what is no table, or before for a form that says nothing of
    it; InputError if the file cannot be
    written.
    """
    if rows is not None and form not in _TABLES:
        names = ", ".join(sorted(one.value for one in _TABLES))
        message = f"--table {rows.value} needs --as with one of {names}"
        raise typer.BadParameter(message)
    if before is not None and form not in _TELLING:
        names = ", ".join(sorted(one.value for one in _TELLING))
        message = f"--before needs --as with one of {names}, and not {form.value}"
        raise typer.BadParameter(message)
    if out is None and form in _BINARY:
        message = f"--as {form.value} needs --out FILE"
        raise typer.BadParameter(message)
    content = form_of(statement, form, rows or Rows.CREDITS, before, envelope)
    if form is Form.FOCUS and not is_posted(statement.entries):
        typer.echo("gpusla: nothing of this period is posted, so the export has no row", err=True)
    if out is None:
        typer.echo(content, nl=form is Form.JSON)
    else:
        write_atomically(out, content)


def form_of(
    statement: Statement,
    form: Form,
    rows: Rows = Rows.CREDITS,
    before: Statement | None = None,
    envelope: bytes | None = None,
) -> bytes:
    """
    Return a statement in a form; the arguments are those of `write_statement`.

    Raises typer.BadParameter if before is of another contract or period, or if the form's packages
    are not installed.
    """
    if before is not None:
        try:
            require_same(before, statement)
        except ValueError as cause:
            raise typer.BadParameter(str(cause)) from cause
    if form is Form.JSON:
        return to_json(statement)
    if form is Form.TEXT:
        changes = render_changes(before, statement) + "\n" if before else ""
        return (changes + render_text(statement)).encode("utf-8")
    try:
        if form in (Form.HTML, Form.PDF):
            return _pages(statement, form, before, envelope)
        return _rows(statement, form, rows)
    except ModuleNotFoundError as cause:
        message = (
            f"--as {form.value} needs {cause.name}. Install it with: pip install gpusla[statements]"
        )
        raise typer.BadParameter(message) from cause


def _pages(
    statement: Statement, form: Form, before: Statement | None, envelope: bytes | None
) -> bytes:
    from gpusla.statement.render.changes import changes_section  # noqa: PLC0415
    from gpusla.statement.render.contents import contents  # noqa: PLC0415

    changes = changes_section(before, statement) if before else None
    is_sealed, is_pdf = envelope is not None, form is Form.PDF
    document = contents(statement, changes, is_sealed=is_sealed, is_pdf=is_pdf)
    if form is Form.HTML:
        from gpusla.statement.render.page import to_html  # noqa: PLC0415

        return to_html(document, envelope)
    from gpusla.statement.render.pdf import to_pdf  # noqa: PLC0415

    return to_pdf(statement, document, envelope)


def _rows(statement: Statement, form: Form, rows: Rows) -> bytes:
    from gpusla.statement.render.delimited import to_csv, to_json_lines  # noqa: PLC0415
    from gpusla.statement.render.focus import focus_of  # noqa: PLC0415
    from gpusla.statement.render.tables import TableName, table_of  # noqa: PLC0415

    if form is Form.FOCUS:
        return to_csv(focus_of(statement))
    table = table_of(statement, TableName(rows.value))
    if form is Form.PARQUET:
        from gpusla.statement.render.parquet import to_parquet  # noqa: PLC0415

        return to_parquet(table)
    return to_csv(table) if form is Form.CSV else to_json_lines(table)
