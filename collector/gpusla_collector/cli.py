"""
`gpusla collector` and `gpusla statement`; errors become words and exit codes in `gpusla.cli`.

What a command needs is imported when it is called: the service brings a web server, a scheduler
and a database with it, and `check` needs none of them.
"""

import sys

import typer

from gpusla import logs
from gpusla.cli import main
from gpusla.clock import SystemClock
from gpusla.commands.exits import Exit
from gpusla.commands.group import COMMON
from gpusla_collector.commands.bundle import bundle_command, sign_command
from gpusla_collector.commands.check import check_command
from gpusla_collector.commands.claims import claims_command
from gpusla_collector.commands.findings import findings_command
from gpusla_collector.commands.importing import import_command
from gpusla_collector.commands.key import key_app
from gpusla_collector.commands.output import Config, said
from gpusla_collector.commands.reconciliation import reconciliation_command
from gpusla_collector.commands.release import (
    approvals_command,
    approve_command,
    automatic_command,
    shadow_command,
)
from gpusla_collector.commands.statements import facts_command, list_command, show_command
from gpusla_collector.settings import read_settings

app = typer.Typer(
    help="The collector: takes in journals, judges contracts, books credits.", **COMMON
)
statement_app = typer.Typer(help="What was delivered and what is owed, month by month.", **COMMON)


@app.command("run")
def run_command(config: Config) -> None:
    """
    Work and serve until stopped.

    For example: gpusla collector run --config collector.yaml
    """
    from gpusla_collector import app as root  # noqa: PLC0415

    logs.configure()
    root.run(read_settings(config), SystemClock())


@app.command("once")
def once_command(config: Config) -> None:
    """
    Take in, judge, book and close what there is, then end; 1 if a node could not be read.

    For example: gpusla collector once --config collector.yaml

    Prints each contract with the month that was judged and the digest of the judgement.
    """
    from gpusla_collector import app as root  # noqa: PLC0415

    logs.configure()
    collector = root.once(read_settings(config), SystemClock())
    standing = collector.board.read()
    for contract, (judgement, _) in sorted(standing.judgements.items()):
        typer.echo(f"{contract} {judgement.judged.period} {judgement.judged.digest}")
    if standing.fetch_failures:
        raise typer.Exit(Exit.BAD)


@app.command("migrate")
def migrate_command(config: Config) -> None:
    """
    Bring the database to the schema that this version needs, and print its number.

    For example: gpusla collector migrate --config collector.yaml
    """
    from gpusla_collector import app as root  # noqa: PLC0415

    logs.configure(level="warning")
    revision = root.upgrade(read_settings(config))
    typer.echo(revision)
    said(f"the database has schema {revision}, which this version needs")


@app.command("roles")
def roles_command() -> None:
    """
    Print the SQL that gives roles of a PostgreSQL database what each needs, and no more.

    For example: gpusla collector roles > roles.sql
    """
    from gpusla_collector.adapters.sql.roles import roles_sql  # noqa: PLC0415

    typer.echo(roles_sql(), nl=False)


app.command("check")(check_command)
app.command("import")(import_command)
app.command("findings")(findings_command)
app.command("claims")(claims_command)
app.command("reconciliation")(reconciliation_command)
app.command("approvals")(approvals_command)
app.command("approve")(approve_command)
app.command("automatic")(automatic_command)
app.command("shadow")(shadow_command)
app.command("facts")(facts_command)
app.command("bundle")(bundle_command)
app.add_typer(key_app, name="key")
statement_app.command("list")(list_command)
statement_app.command("show")(show_command)
statement_app.command("sign")(sign_command)


if __name__ == "__main__":
    sys.exit(main(["collector", *sys.argv[1:]]))
