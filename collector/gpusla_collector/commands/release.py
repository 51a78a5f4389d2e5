"""What waits for people before money is posted, and what people decide about it."""

from collections.abc import Collection
from typing import Annotated

import typer

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.clock import SystemClock
from gpusla.contracts.money import format_amount
from gpusla.errors import InputError
from gpusla.ledger.release import Mode
from gpusla_collector.commands.output import Config, said
from gpusla_collector.commands.unfinished import require_a_turn, unfinished, waiting_months
from gpusla_collector.settings import Settings, read_settings
from gpusla_collector.usecases.release import Releaser, Waiting

Contracts = Annotated[list[str], typer.Argument(help="Contracts, by their ids.")]
Person = Annotated[
    str, typer.Option("--as", help="Who decides; it is kept for good.", show_default=False)
]


def approvals_command(config: Config) -> None:
    """
    List what waits before it is posted, for people or for evidence; 4 if nothing waits.

    For example: gpusla collector approvals --config collector.yaml
    """
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415

    settings = read_settings(config)
    with reading(settings.database) as store:
        found = Releaser(store, settings.policy).waiting()
        looking = unfinished(settings, store)
        months = tuple(waiting_months(looking))
    if not found and not months:
        require_a_turn(looking)
        fix = "`gpusla statement list` prints what is posted."
        raise InputError(NOTHING_TO_SHOW, "nothing waits", fix=fix)
    for waiting in found:
        typer.echo(told(waiting))
    for contract, _, words in months:
        typer.echo(f"{'-' * 16} {contract} {words}")


def approve_command(
    key: Annotated[str, typer.Argument(help="How the proposal's digest begins.")],
    person: Person,
    config: Config,
) -> None:
    """
    Approve one proposal; it is posted once two people have, by the collector's next turn.

    For example: gpusla collector approve 3f9a1c22 --as ada --config collector.yaml
    """
    from gpusla_collector.adapters.sql.reading import deciding  # noqa: PLC0415
    from gpusla_collector.app import make_data_directory  # noqa: PLC0415

    settings = read_settings(config)
    make_data_directory(settings)
    with deciding(settings.database) as store:
        now_ms = SystemClock().wall_ms()
        typer.echo(told(Releaser(store, settings.policy).approve(key, person, now_ms)))


def automatic_command(contracts: Contracts, person: Person, config: Config) -> None:
    """
    Let final months of contracts be posted; until then their credits are only worked out.

    For example: gpusla collector automatic acme-2027 --as ada --config collector.yaml

    What is final already is posted at the collector's next turn, if its evidence is in.
    """
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415

    settings = read_settings(config)
    switch(contracts, Mode.AUTOMATIC, person, settings)
    with reading(settings.database) as store:
        months = waiting_months(unfinished(settings, store))
        waiting = [f"{contract} {words}" for contract, _, words in months if contract in contracts]
    but = ", but for those that wait:" if waiting else ""
    said(f"final months are posted at the collector's next turn{but}")
    for words in waiting:
        said(words)


def shadow_command(contracts: Contracts, person: Person, config: Config) -> None:
    """
    Post nothing more for contracts; their credits go on being worked out.

    For example: gpusla collector shadow acme-2027 --as ada --config collector.yaml
    """
    switch(contracts, Mode.SHADOW, person, read_settings(config))
    said("nothing more is posted; what is posted stays")


def switch(contracts: Collection[str], mode: Mode, person: str, settings: Settings) -> None:
    """Put contracts into a mode, and print each; raises as `Releaser.switch` does."""
    from gpusla_collector.adapters.sql.reading import deciding  # noqa: PLC0415
    from gpusla_collector.app import input_files, make_data_directory  # noqa: PLC0415
    from gpusla_collector.usecases.world import read_world  # noqa: PLC0415

    known = read_world(input_files(settings).read()).versions
    make_data_directory(settings)
    with deciding(settings.database) as store:
        releaser = Releaser(store, settings.policy)
        for contract in contracts:
            releaser.switch(contract, mode, person, SystemClock().wall_ms(), known)
            typer.echo(f"{contract} {mode.value}")


def told(waiting: Waiting) -> str:
    """Say of one proposal what it is worth, and what it waits for."""
    proposal = waiting.proposal
    amount = format_amount(proposal.stake_minor_units, proposal.currency)
    people = ", ".join(waiting.approved_by) or "nobody"
    state = "released" if waiting.hold is None else f"waits: {waiting.hold}"
    return (
        f"{proposal.digest[:16]} {proposal.contract} {proposal.period} {amount} {state}; "
        f"approved by {people}"
    )
