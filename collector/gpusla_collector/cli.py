"""`gpusla collector` and `gpusla statement`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.clock import SystemClock
from gpusla.errors import GpuslaError, JournalError, ServiceError
from gpusla_collector import app as root
from gpusla_collector.settings import read_settings
from gpusla_collector.usecases.world import read_world

BAD, REFUSED, NOTHING, UNREACHABLE, INTEGRITY = 1, 2, 4, 5, 6

app = typer.Typer(help="The collector: takes in journals, judges contracts, books credits.")
statement_app = typer.Typer(help="What was delivered and what is owed, month by month.")

Config = Annotated[
    Path, typer.Option("--config", help="Settings file of kind Collector.", show_default=False)
]


class Format(StrEnum):
    """How a statement is printed."""

    TEXT = "text"
    JSON = "json"


@app.command("run")
def run_command(config: Config) -> None:
    """Work and serve until stopped."""
    with told():
        root.run(read_settings(config), SystemClock())


@app.command("once")
def once_command(config: Config) -> None:
    """Take in, judge, book and close what there is, then end; 1 if a node could not be read."""
    with told():
        collector = root.once(read_settings(config), SystemClock())
    standing = collector.board.read()
    for contract, (judgement, _) in sorted(standing.judgements.items()):
        typer.echo(f"{contract} {judgement.judged.period} {judgement.judged.digest}")
    if standing.fetch_failures:
        raise typer.Exit(BAD)


@app.command("migrate")
def migrate_command(config: Config) -> None:
    """Bring the database to the schema that this version needs."""
    with told():
        typer.echo(root.upgrade(read_settings(config)))


@app.command("check")
def check_command(config: Config) -> None:
    """Read the settings and all the files that they name, and change nothing."""
    with told():
        settings = read_settings(config)
        world = read_world(root.input_files(settings).read())
    typer.echo(
        f"{config}: {len(world.versions)} contracts, "
        f"{len(world.inventory.node_names())} nodes, "
        f"{len(world.assignments.records)} assignments"
    )


@contextmanager
def told() -> Iterator[None]:
    """Turn an error into one sentence and the exit code that its kind has."""
    try:
        yield
    except GpuslaError as error:
        typer.echo(f"gpusla: {error}", err=True)
        raise typer.Exit(_exit_code(error)) from error
    except KeyboardInterrupt:
        sys.exit(130)


def _exit_code(error: GpuslaError) -> int:
    if error.code is NOTHING_TO_SHOW:
        return NOTHING
    if isinstance(error, JournalError):
        return INTEGRITY
    return UNREACHABLE if isinstance(error, ServiceError) else REFUSED
