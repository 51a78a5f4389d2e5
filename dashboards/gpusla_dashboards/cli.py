"""`gpusla dashboards`: build, check, publish and preview Grafana's pages."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer

from gpusla.cli import main
from gpusla.clock import SystemClock
from gpusla.commands.exits import Exit, exit_of
from gpusla.commands.group import COMMON
from gpusla.errors import GpuslaError
from gpusla_dashboards import build, preview
from gpusla_dashboards.publish import TIMEOUT_SECONDS, publish, read_token

app = typer.Typer(help="Grafana's pages, built from the catalogue.", **COMMON)


@app.command("build")
def build_command(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")] = build.JSON_FOLDER,
) -> None:
    """Write every page's JSON, for Grafana to read from files."""
    for file in build.write(out):
        typer.echo(file)


@app.command("check")
def check_command(
    folder: Annotated[
        Path, typer.Option("--folder", help="Folder to compare.")
    ] = build.JSON_FOLDER,
) -> None:
    """Compare a folder with what would be written; 1 if anything differs."""
    found = build.differences(folder)
    for sentence in found:
        typer.echo(f"{folder}: {sentence}; `gpusla dashboards build` writes it")
    if found:
        raise typer.Exit(Exit.BAD)


@app.command("publish")
def publish_command(
    url: Annotated[str, typer.Option("--url", help="Grafana's address.")],
    token_file: Annotated[
        Path, typer.Option("--token-file", help="File with a service account's token.")
    ],
    folder: Annotated[str, typer.Option("--folder", help="UID of the folder to put them in.")] = "",
) -> None:
    """Push every page to a running Grafana; files that it reads itself are the better way."""
    with told(), httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS) as client:
        for address in publish(build.built(), client, read_token(token_file), folder):
            typer.echo(address)


@app.command("preview")
def preview_command(  # noqa: PLR0917  # options, by name
    prometheus: Annotated[str, typer.Option("--prometheus", help="Prometheus's address.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write HTML and pictures into.")],
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="How far to look back.")] = 180,
    at: Annotated[
        int | None,
        typer.Option("--at", help="Last second looked at, since 1970; now if not given."),
    ] = None,
    chosen: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE for a variable of the pages.")
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Take pictures with Chromium.")] = True,  # noqa: FBT002  # a switch
) -> None:
    """Draw the pages from a Prometheus; 1 if a query gives nothing where it should."""
    end = at if at is not None else SystemClock().wall_ms() // 1000
    window = preview.Window(end - minutes * 60, end)
    given = dict(pair.partition("=")[::2] for pair in chosen or [])
    missing = []
    with told(), httpx.Client(base_url=prometheus, timeout=TIMEOUT_SECONDS) as client:
        for name, text in build.built().items():
            page = json.loads(text)
            drawn = preview.draw(client, page, window, given)
            missing += [f"{page['uid']}: {sentence}" for sentence in drawn.missing]
            typer.echo(preview.save(drawn, out / name, with_picture=pictures))
    for sentence in missing:
        typer.echo(f"gpusla: {sentence}", err=True)
    if missing:
        raise typer.Exit(Exit.BAD)


@contextmanager
def told() -> Iterator[None]:
    """Turn an error into one sentence and the exit code that its kind has."""
    try:
        yield
    except GpuslaError as error:
        typer.echo(f"gpusla: {error}", err=True)
        raise typer.Exit(exit_of(error)) from error


if __name__ == "__main__":
    sys.exit(main(["dashboards", *sys.argv[1:]]))
