"""
`gpusla collector` and `gpusla statement`; errors become words and exit codes in `gpusla.cli`.

What a command needs is imported when it is called: the service brings a web server, a scheduler
and a database with it, and `check` needs none of them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gpusla import logs
from gpusla.catalogue.codes import FILE_UNREADABLE, NOTHING_TO_SHOW
from gpusla.clock import SystemClock
from gpusla.commands.exits import Exit
from gpusla.commands.statement import As, Before, Out, Table
from gpusla.commands.statement_forms import Form, Rows, read_whole, write_statement
from gpusla.contracts.money import format_amount
from gpusla.errors import GpuslaError, InputError, Position
from gpusla.identity import ContractId
from gpusla.ledger.booking import balance_minor_units, pending_minor_units
from gpusla.ledger.entries import Entry, Status
from gpusla.ledger.release import Mode
from gpusla.sla.facts_file import to_json as facts_to_json
from gpusla_collector.commands.bundle import bundle_command, sign_command
from gpusla_collector.commands.claims import claims_command
from gpusla_collector.commands.findings import findings_command
from gpusla_collector.commands.importing import import_command
from gpusla_collector.commands.key import key_app
from gpusla_collector.commands.output import Config
from gpusla_collector.commands.reconciliation import reconciliation_command
from gpusla_collector.ports import OPERATOR, Store
from gpusla_collector.settings import read_settings
from gpusla_collector.usecases.release import Releaser, Waiting

app = typer.Typer(
    help="The collector: takes in journals, judges contracts, books credits.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
statement_app = typer.Typer(
    help="What was delivered and what is owed, month by month.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.command("claims")(claims_command)
app.command("findings")(findings_command)
app.command("import")(import_command)
app.command("reconciliation")(reconciliation_command)
app.command("bundle")(bundle_command)
app.add_typer(key_app, name="key")
statement_app.command("sign")(sign_command)

Person = Annotated[
    str, typer.Option("--as", help="Who decides; it is kept for good.", show_default=False)
]


@app.command("run")
def run_command(config: Config) -> None:
    """Work and serve until stopped."""
    from gpusla_collector import app as root  # noqa: PLC0415

    logs.configure()
    root.run(read_settings(config), SystemClock())


@app.command("once")
def once_command(config: Config) -> None:
    """Take in, judge, book and close what there is, then end; 1 if a node could not be read."""
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
    """Bring the database to the schema that this version needs."""
    from gpusla_collector import app as root  # noqa: PLC0415

    logs.configure(level="warning")
    typer.echo(root.upgrade(read_settings(config)))


@app.command("roles")
def roles_command() -> None:
    """Print the SQL that gives roles of a PostgreSQL database what each needs, and no more."""
    from gpusla_collector.adapters.sql.roles import roles_sql  # noqa: PLC0415

    typer.echo(roles_sql(), nl=False)


@app.command("approvals")
def approvals_command(config: Config) -> None:
    """List what waits for people before it is posted, and whose approval it has."""
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415

    settings = read_settings(config)
    with reading(settings.database) as store:
        for waiting in Releaser(store, settings.policy).waiting():
            typer.echo(_told(waiting))


@app.command("approve")
def approve_command(
    key: Annotated[str, typer.Argument(help="How the proposal's digest begins.")],
    person: Person,
    config: Config,
) -> None:
    """Approve one proposal; it is posted once two people have, by the collector's next turn."""
    from gpusla_collector.adapters.sql.reading import deciding  # noqa: PLC0415

    settings = read_settings(config)
    settings.data_directory.mkdir(parents=True, exist_ok=True)
    with deciding(settings.database) as store:
        now_ms = SystemClock().wall_ms()
        typer.echo(_told(Releaser(store, settings.policy).approve(key, person, now_ms)))


@app.command("automatic")
def automatic_command(contracts: list[str], person: Person, config: Config) -> None:
    """Let final months of contracts be posted; until then their credits are only worked out."""
    _switch(contracts, Mode.AUTOMATIC, person, config)


@app.command("shadow")
def shadow_command(contracts: list[str], person: Person, config: Config) -> None:
    """Post nothing more for contracts; their credits go on being worked out."""
    _switch(contracts, Mode.SHADOW, person, config)


def _switch(contracts: list[str], mode: Mode, person: str, config: Path) -> None:
    from gpusla_collector.adapters.sql.reading import deciding  # noqa: PLC0415
    from gpusla_collector.app import input_files  # noqa: PLC0415
    from gpusla_collector.usecases.world import read_world  # noqa: PLC0415

    settings = read_settings(config)
    known = read_world(input_files(settings).read()).versions
    settings.data_directory.mkdir(parents=True, exist_ok=True)
    with deciding(settings.database) as store:
        releaser = Releaser(store, settings.policy)
        for contract in contracts:
            releaser.switch(contract, mode, person, SystemClock().wall_ms(), known)
            typer.echo(f"{contract} {mode.value}")


def _told(waiting: Waiting) -> str:
    proposal = waiting.proposal
    amount = format_amount(proposal.stake_minor_units, proposal.currency)
    people = ", ".join(waiting.approved_by) or "nobody"
    state = "released" if waiting.hold is None else f"waits: {waiting.hold}"
    return (
        f"{proposal.digest[:16]} {proposal.contract} {proposal.period} {amount} {state}; "
        f"approved by {people}"
    )


@app.command("check")
def check_command(config: Config) -> None:
    """Read the settings and all the files that they name, and change nothing; 1 if one is bad."""
    from gpusla_collector.adapters.files import InputFilesOnDisk  # noqa: PLC0415
    from gpusla_collector.usecases.reload_inputs import require_examples  # noqa: PLC0415
    from gpusla_collector.usecases.world import read_world, require_claims  # noqa: PLC0415

    try:
        settings = read_settings(config)
        files = InputFilesOnDisk(
            settings.inventory,
            settings.assignments,
            settings.exclusions,
            settings.claims,
            settings.contracts,
        )
        world = read_world(files.read())
        require_claims(world)
        for version in (one for versions in world.versions.values() for one in versions):
            require_examples(version)
    except GpuslaError as error:
        typer.echo(f"gpusla: {error}", err=True)
        raise typer.Exit(Exit.BAD) from None
    typer.echo(
        f"{config}: {len(world.versions)} contracts, "
        f"{len(world.inventory.node_names())} nodes, "
        f"{len(world.assignments.records)} assignments"
    )


@app.command("facts")
def facts_command(
    contract: str,
    period: Annotated[str, typer.Argument(help="A month, such as 2026-07.")],
    config: Config,
    out: Annotated[Path | None, typer.Option(help="File to write instead of printing.")] = None,
) -> None:
    """
    Write the facts that a month was judged from, to judge them anew or on other terms.

    For example: gpusla collector facts acme-2027 2027-03 --config collector.yaml --out march.json
    """
    from gpusla_collector.adapters.evidence import EvidenceFiles  # noqa: PLC0415
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415
    from gpusla_collector.usecases.show_statement import Statements  # noqa: PLC0415

    settings = read_settings(config)
    with reading(settings.database) as store:
        statements = Statements(store, EvidenceFiles(settings.evidence))
        content = facts_to_json(statements.facts(OPERATOR, ContractId(contract), period))
    if out is None:
        typer.echo(content)
        return
    try:
        out.write_bytes(content)
    except OSError as cause:
        raise InputError(
            FILE_UNREADABLE,
            f"the file cannot be written: {cause.strerror}",
            position=Position(str(out)),
        ) from cause


@statement_app.command("show")
def show_command(
    contract: str,
    period: Annotated[str, typer.Argument(help="A month, such as 2026-07.")],
    config: Config,
    *,
    as_: As = Form.TEXT,
    table: Table = Rows.CREDITS,
    before: Before = None,
    out: Out = None,
) -> None:
    """Print one month of one contract, or write it in another form; 4 if there is nothing."""
    from gpusla_collector.adapters.evidence import EvidenceFiles  # noqa: PLC0415
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415
    from gpusla_collector.usecases.show_statement import Statements  # noqa: PLC0415

    settings = read_settings(config)
    with reading(settings.database) as store:
        statements = Statements(store, EvidenceFiles(settings.evidence))
        statement = statements.show(OPERATOR, ContractId(contract), period)
    earlier = read_whole(before) if before is not None else None
    write_statement(statement, as_, rows=table, before=earlier, out=out)


@statement_app.command("list")
def list_command(config: Config) -> None:
    """Print every month that was judged, and what it is worth; 4 if there is none."""
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415

    with reading(read_settings(config).database) as store:
        rows = list(_rows(store))
    if not rows:
        raise InputError(NOTHING_TO_SHOW, "nothing was judged yet")
    for row in rows:
        typer.echo(row)


def _rows(store: Store) -> Iterator[str]:
    for contract, period in store.judged_periods(OPERATOR):
        entries = store.entries(OPERATOR, contract, period)
        yield f"{contract} {period} {_worth(entries)}"


def _worth(entries: tuple[Entry, ...]) -> str:
    """Say what the entries of one month come to; a month without any owes nothing so far."""
    if not entries:
        return "nothing booked"
    currency = entries[0].currency
    if any(entry.status is Status.POSTED for entry in entries):
        return f"posted {format_amount(balance_minor_units(entries), currency)}"
    return f"pending {format_amount(pending_minor_units(entries), currency)}"
