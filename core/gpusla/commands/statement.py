"""
`gpusla statement`: a statement's file as text, page, PDF, tables or export, without a network.

`gpusla statement FILE` is short for `gpusla statement render FILE`.  What looks into a
collector's database (`show`, `list`) comes from the entry points of group
`gpusla.statement_commands` and is imported only when it is called.
"""

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer

from gpusla.commands.exits import Exit
from gpusla.commands.group import COMMON
from gpusla.commands.statement_file import read_sealed, read_whole
from gpusla.commands.statement_forms import Form, Rows, write_statement
from gpusla.statement.revisions import (
    changes_between,
    is_same,
    render_changes,
    require_same,
)

GROUP = "gpusla.statement_commands"
DEFAULT = "render"

As = Annotated[Form, typer.Option("--as", "--format", help="What to write.")]
Table = Annotated[
    Rows | None,
    typer.Option("--table", help="Which rows, of csv, jsonl and parquet; else credits."),
]
Before = Annotated[
    Path | None, typer.Option(help="An earlier one of the period: say what changed since.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="File to write, whole or not at all, in place of what is there; else standard output.",
    ),
]


HELP = """
What was delivered and what is owed, month by month.

\b
gpusla statement FILE                              as text, on standard output
gpusla statement FILE --as pdf --out october.pdf   as a PDF, a page, a table or an export

FILE is a statement's JSON, signed or bare, its PDF, or a bundle of evidence; each of these is short
for `gpusla statement render FILE`.  A file that is called like a command is given as ./FILE.
"""
WORDS = frozenset({"render", "changes", "list", "show", "sign"})
"""All commands, also those of other extras; a file of such a name is named with its folder."""

ours = typer.Typer(help=HELP, **COMMON)


def app(args: Sequence[str], prog_name: str) -> Any:
    """Run a command of this module or of another extra; a file's name alone means `render`."""
    words = list(args)
    if words and _is_file(words[0]):
        words.insert(0, DEFAULT)
    word = words[0] if words else ""
    is_ours = word in {command.name for command in ours.registered_commands}
    return (ours if is_ours else _with_others(word))(args=words, prog_name=prog_name)


@ours.command(DEFAULT)
def render_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="A statement: JSON, a signed envelope of it, its PDF, or a bundle.",
            show_default=False,
        ),
    ],
    as_: As = Form.TEXT,
    table: Table = None,
    before: Before = None,
    out: Out = None,
) -> None:
    """
    Write a statement's file as text, page, PDF, table or export.

    For example: gpusla statement october.json --as pdf --out october.pdf

    It needs no network, and of the same file it makes the same bytes.

    Of a signed envelope the signature is not checked: `gpusla verify` does that. The envelope goes
    with the page and the PDF. Ends with 6 if the file's figures were altered.
    """
    statement, envelope = read_sealed(file)
    earlier = read_whole(before) if before is not None else None
    write_statement(statement, as_, rows=table, before=earlier, envelope=envelope, out=out)


@ours.command("changes")
def changes_command(
    before: Annotated[Path, typer.Argument(help="The earlier statement as JSON.")],
    after: Annotated[Path, typer.Argument(help="The later one.")],
) -> None:
    """
    Say what changed between two statements of a period.

    For example: gpusla statement changes march-first.json march.json

    Ends with 1 if anything did.
    """
    was, now = read_whole(before), read_whole(after)
    try:
        require_same(was, now)
    except ValueError as cause:
        raise typer.BadParameter(str(cause)) from cause
    typer.echo(render_changes(was, now), nl=False)
    if changes_between(was, now) or not is_same(was, now):
        raise typer.Exit(Exit.BAD)


def _is_file(word: str) -> bool:
    """Tell whether a word is a file's name: it looks like one, or there is one and no command."""
    return "." in word or "/" in word or (word not in WORDS and Path(word).is_file())


def _with_others(word: str) -> typer.Typer:
    """
    Return all commands that can be had here.

    word: the one that is asked for.  Raises SystemExit (wrong usage), with a sentence, if it may be
    one of an extra whose packages are not installed.
    """
    whole = typer.Typer(help=HELP, **COMMON)
    whole.registered_commands = list(ours.registered_commands)
    for entry in entry_points(group=GROUP):
        try:
            whole.registered_commands += entry.load().registered_commands
        except ModuleNotFoundError as cause:
            if word and not word.startswith("-"):
                extra = f"pip install gpusla[{entry.name}]"
                sentence = f"`gpusla statement {word}` needs {cause.name}. Install it with: {extra}"
                typer.echo(f"gpusla: {sentence}", err=True)
                raise SystemExit(Exit.REFUSED) from None
    return whole
