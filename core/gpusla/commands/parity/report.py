"""`gpusla parity report`: everything that was found, with names and prices, for an auditor."""

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
from gpusla.commands.parity.tables import tables
from gpusla.parity.commitment import FORMAT, commitment, plain
from gpusla.parity.report import report as report_of
from gpusla.sla.digest import canonical


def report(
    contracts: Contracts,
    *,
    facts: FactsFiles,
    salt: Salt,
    assignments: AssignmentsFile = None,
    inventory: InventoryFile = None,
    peak: PeakHours = "",
    json: Annotated[
        bool, typer.Option("--json", help="All of it with its inputs, for `parity verify`.")
    ] = False,
) -> None:
    """
    Compare how contracts were served: the full report, for an auditor and nobody else.

    For example: gpusla parity report contracts/ --facts acme.json --facts house.json --salt TEXT
    """
    inputs = read_inputs(contracts, facts, assignments, inventory, peak)
    digest = commitment(inputs, salt_bytes(salt))
    found = report_of(inputs)
    if json:
        content = {"format": FORMAT, "commitment": digest, **_plain(found)}
        typer.echo(canonical(content).decode("ascii"))
        return
    typer.echo("\n".join(tables(found, digest)))


def _plain(found: object) -> dict[str, object]:
    shown = plain(found)
    assert isinstance(shown, dict)
    return shown
