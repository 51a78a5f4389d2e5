"""What final statements say of the objective that a contract's clause on chronic failure names."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gpusla.catalogue.codes import PERIOD_OPEN, UNKNOWN_REFERENCE
from gpusla.commands.statement_file import read_with_values
from gpusla.contracts.model import ContractVersion
from gpusla.errors import InputError, Position
from gpusla.sla.chronic import FinalOutcome
from gpusla.sla.digest import from_exact
from gpusla.statement import Standing

FINAL = (Standing.FINAL, Standing.RESTATED)


def final_outcomes(contract: ContractVersion, statements: Iterable[Path]) -> Iterator[FinalOutcome]:
    """
    Yield what statements say, as final from the first instant at which the contract lets them be.

    Raises InputError for a file that is no statement, was altered, is another contract's, or is not
    final: what may still change opens no right.
    """
    for path in statements:
        found, values = read_with_values(path)
        place = Position(str(path))
        if found.contract.get("id") != contract.id:
            raise InputError(
                UNKNOWN_REFERENCE,
                f"this is a statement of contract {found.contract.get('id')!r}, "
                f"not of {contract.id!r}",
                fix=f"Give statements of {contract.id}.",
                position=place,
            )
        if found.standing not in FINAL:
            raise InputError(
                PERIOD_OPEN,
                f"this statement is {found.standing}; only final ones open a right",
                fix="Leave it out until it is posted.",
                position=place,
            )
        yield from _outcomes(contract, values["evaluation"])


def _outcomes(contract: ContractVersion, evaluation: dict[str, Any]) -> Iterator[FinalOutcome]:
    final_ms = evaluation["end_ms"] + contract.statement.final_after_ms
    for outcome in evaluation["outcomes"]:
        if contract.chronic is not None and outcome["objective"] == contract.chronic.objective:
            value = outcome["compared"]["value"]
            yield FinalOutcome(
                evaluation["period"],
                final_ms,
                outcome["is_missed"],
                None if value is None else from_exact(value),
            )
