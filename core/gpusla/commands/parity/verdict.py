"""`gpusla parity verdict`: what one tenant may be told, and nothing about anybody else."""

from collections.abc import Iterator
from typing import Annotated

import typer

from gpusla.commands.parity.given import (
    AssignmentsFile,
    Contracts,
    FactsFiles,
    InventoryFile,
    PeakHours,
    Salt,
    read_inputs,
    salt_bytes,
)
from gpusla.identity import ContractId
from gpusla.parity.commitment import plain
from gpusla.parity.report import report as report_of
from gpusla.parity.verdict import Standing, Verdict
from gpusla.parity.verdict import verdict as verdict_of
from gpusla.sla.digest import canonical

MEANING = {
    Standing.NO_WORSE: "nothing was found that chance would not explain",
    Standing.WORSE: "came off worse than chance explains, was passed over, or better terms exist",
    Standing.TOO_FEW_UNITS: "too few units to tell a difference from chance",
    Standing.NOT_COMPARABLE: "nobody has anything to compare it with",
}


def verdict(
    contracts: Contracts,
    *,
    facts: FactsFiles,
    salt: Salt,
    contract: Annotated[
        str, typer.Option("--for", metavar="CONTRACT_ID", help="Whose verdict it is.")
    ],
    assignments: AssignmentsFile = None,
    inventory: InventoryFile = None,
    peak: PeakHours = "",
    json: Annotated[bool, typer.Option("--json", help="For `parity verify`.")] = False,
) -> None:
    """
    Say what a tenant may know: a word for each dimension, and the digest that binds it.

    For example: gpusla parity verdict contracts/ --for acme-2027 --facts acme.json
    --facts house.json --salt TEXT
    """
    inputs = read_inputs(contracts, facts, assignments, inventory, peak)
    told = verdict_of(report_of(inputs), ContractId(contract), salt_bytes(salt))
    if json:
        typer.echo(canonical(plain(told)).decode("ascii"))
        return
    typer.echo("\n".join(lines(told)))


def lines(told: Verdict) -> Iterator[str]:
    """Yield a verdict in words."""
    yield f"{told.contract}, {told.period}: how it stands beside those it is compared with"
    for dimension, standing in told.findings:
        yield f"  {dimension:<20}{standing.value:<16}{MEANING[standing]}"
    yield f"commitment {told.commitment}"
