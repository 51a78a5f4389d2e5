"""`gpusla contract`: check contract files before anybody is judged by them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from gpusla.catalogue.codes import FILE_UNREADABLE, NOTHING_TO_SHOW
from gpusla.commands.exits import Exit
from gpusla.contracts.calendar import month_count, next_month
from gpusla.contracts.load import check_all, load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import format_amount
from gpusla.documents import SIZE_BYTES_MAX
from gpusla.errors import ContractError, InputError, Position
from gpusla.statement.numbers import shortest

app = typer.Typer(
    help="Check contract files.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


@app.callback()
def contract() -> None:
    """Check contract files."""


@app.command()
def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Contract files, or folders of them.")
    ],
) -> None:
    """
    Read contract files and say what is wrong with them, or what they promise.

    Ends with 1 if any is bad, 4 if a folder holds none.
    """
    contracts: list[ContractVersion] = []
    is_bad = False
    for file in files_of(paths):
        try:
            contracts.append(load_contract(_bytes_of(file), str(file)))
        except InputError as error:
            typer.echo(str(error), err=True)
            is_bad = True
    try:
        check_all(contracts)
    except ContractError as error:
        typer.echo(str(error), err=True)
        is_bad = True
    for one in contracts:
        typer.echo("\n".join(summary(one)))
    if is_bad:
        raise typer.Exit(Exit.BAD)


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """
    Yield files as they are and the *.yaml files of folders, sorted.

    Raises InputError for a folder that holds none: a check of nothing must not look fine.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.glob("*.yaml"))
        if not found:
            raise InputError(
                NOTHING_TO_SHOW,
                "the folder holds no .yaml files",
                fix="Name a folder with contracts.",
                position=Position(str(path)),
            )
        yield from found


def summary(contract: ContractVersion) -> Iterator[str]:
    """Yield what a contract promises in a few lines."""
    term, capacity, objective = contract.term, contract.capacity, contract.objective
    months = month_count(term.start, term.end)
    yield f"{contract.source}: {contract.id} version {contract.version} is in order"
    yield (
        f"  {contract.parties.provider} to {contract.parties.tenant}, {term.start} to {term.end} "
        f"({months} months, {term.timezone})"
    )
    yield f"  fees: {format_amount(total_minor_units(contract), contract.fees.currency)} in all"
    steps = ", ".join(f"{step.gpus:,} GPUs from {step.start}" for step in capacity.ramp)
    unit = f"of {capacity.gpus_per_unit}, at least {capacity.min_healthy_gpus} healthy"
    yield f"  capacity: {steps}; unit {capacity.unit.value} {unit}"
    tiers = ", ".join(
        f"below {shortest(tier.below * 100)} %: {shortest(tier.percent)} %"
        for tier in objective.tiers
    )
    yield f"  {objective.id}: {shortest(objective.target * 100)} % a month; credit {tiers}"
    if contract.assumed:
        yield f"  assumed: {', '.join(contract.assumed)}"


def total_minor_units(contract: ContractVersion) -> int:
    """Return all fees of the term."""
    total, day = 0, contract.term.start
    while day <= contract.term.end:
        fee = contract.monthly_fee(day)
        total += fee.minor_units if fee else 0
        day = next_month(day)
    return total


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(SIZE_BYTES_MAX + 1)
    except OSError as cause:
        raise InputError(
            FILE_UNREADABLE,
            f"the file cannot be read: {cause.strerror}",
            position=Position(str(file)),
        ) from cause
