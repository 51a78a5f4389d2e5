"""
`gpusla-agent`: what runs on a compute tray.

Results go to standard output, words to standard error; exit codes are those of
`gpusla.commands.exits`.  What a command needs is imported when it is called.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import gpusla
from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import GpuslaError

app = typer.Typer(
    help="Meters the GPUs of one node.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Config = Annotated[Path, typer.Option(help="Settings file.", show_default=False)]


def main() -> None:
    """Run a command and end the process with its code."""
    try:
        app(standalone_mode=True)
    except GpuslaError as error:
        print(f"gpusla-agent: {error}", file=sys.stderr)  # noqa: T201  (words for people)
        raise SystemExit(exit_of(error)) from None


@app.command()
def run(config: Config) -> None:
    """Meter this node until a signal ends it (file of kind Agent)."""
    # A fresh process image: the agent runs for months and needs nothing of a command line, nor an
    # arena of memory for each of its few threads.
    command = [sys.executable, "-m", "gpusla_agent.app", str(config)]
    os.execve(sys.executable, command, {"MALLOC_ARENA_MAX": "1", **os.environ})  # noqa: S606


@app.command()
def check(config: Config) -> None:
    """Say whether a settings file and the files it names are good."""
    from gpusla_agent.app.check import check_settings  # noqa: PLC0415

    try:
        typer.echo(check_settings(config))
    except GpuslaError as error:
        typer.echo(f"gpusla-agent: {error}", err=True)
        raise typer.Exit(Exit.BAD) from None


@app.command()
def scan(
    config: Config,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """Look at this node once: each slot, its GPU, its state and why."""
    from gpusla.clock import SystemClock  # noqa: PLC0415
    from gpusla_agent.app import scan as scanning  # noqa: PLC0415
    from gpusla_agent.settings import read_settings  # noqa: PLC0415

    found = scanning.scan(read_settings(config), SystemClock())
    text = json.dumps(scanning.to_json(found), indent=2) if as_json else scanning.to_text(found)
    typer.echo(text)
    if found.silent is not None:
        typer.echo(f"gpusla-agent: the driver does not answer: {found.silent.detail}", err=True)
        raise typer.Exit(Exit.UNREACHABLE)
    if not found.rows:
        typer.echo(f"gpusla-agent: the inventory expects no GPU on {found.node}", err=True)
        raise typer.Exit(Exit.NOTHING)
    if not found.is_fine:
        raise typer.Exit(Exit.BAD)


@app.command()
def simulate(config: Config) -> None:
    """Run a fleet on paper through the same pipeline (file of kind SimulatedFleet)."""
    from gpusla.logs import configure  # noqa: PLC0415
    from gpusla_agent.app.run import stop_on_signals  # noqa: PLC0415
    from gpusla_agent.fleet import run_fleet  # noqa: PLC0415

    configure()
    run_fleet(config, stop_on_signals())


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"gpusla-agent {gpusla.__version__}")
