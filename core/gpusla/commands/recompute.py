"""`gpusla recompute`: from what the nodes signed to the same dollars, without a network."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gpusla.clock import SystemClock
from gpusla.commands.bundle_file import BundleFile
from gpusla.commands.exits import Exit
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.report import plain, recompute, render
from gpusla.sla.digest import canonical


class Form(StrEnum):
    """How the outcome is told."""

    TEXT = "text"
    JSON = "json"


app = typer.Typer(
    help="Come to a statement's dollars once more, from what the nodes signed.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def recompute_command(
    bundle: Annotated[Path, typer.Argument(help="A bundle of evidence.", show_default=False)],
    *,
    as_: Annotated[Form, typer.Option("--as", help="How the outcome is told.")] = Form.TEXT,
) -> None:
    """
    Make the timeline of the nodes' blocks, judge it, and hold every figure against the statement.

    For example: gpusla recompute reflection-2026-2026-10-r0.bundle.zip

    Ends with 6 if anything is not the same; the first thing that is not is named.
    """
    began_ms = SystemClock().monotonic_ms()
    outcome = recompute(Bundle(BundleFile(bundle)), _tell)
    if as_ is Form.JSON:
        typer.echo(canonical(plain(outcome)).decode("ascii"))
    else:
        typer.echo("\n".join(render(outcome)))
    _tell(f"it took {(SystemClock().monotonic_ms() - began_ms) / 1000:.1f} s")
    if not outcome.is_same:
        raise typer.Exit(Exit.INTEGRITY)


def _tell(line: str) -> None:
    typer.echo(f"gpusla recompute: {line}", err=True)
