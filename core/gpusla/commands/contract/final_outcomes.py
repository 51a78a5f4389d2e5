"""What final statements say of the objective that a contract's clause on chronic failure names."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gpusla.catalogue.codes import PERIOD_OPEN, UNKNOWN_REFERENCE
from gpusla.catalogue.metrics import CONTRACT_CHRONIC_RIGHT
from gpusla.commands.statement_file import read_whole
from gpusla.contracts.model import ContractVersion
from gpusla.errors import InputError, Position
from gpusla.sla.chronic import FinalOutcome
from gpusla.sla.evaluation import Evaluation
from gpusla.statement import Standing
from gpusla.statement.standing import is_never_booked, standing_name

FINAL = (Standing.FINAL, Standing.RESTATED)
UNPOSTED = (
    "Nothing is due for it, so it is never posted and no file tells when it is final; the "
    f"collector, which knows when it was judged, counts it: {CONTRACT_CHRONIC_RIGHT.name}."
)


def final_outcomes(contract: ContractVersion, statements: Iterable[Path]) -> Iterator[FinalOutcome]:
    """
    Yield what statements say, as final from the first instant at which the contract lets them be.

    Raises InputError for a file that is no statement, was altered, is another contract's, or is not
    final: what may still change opens no right.
    """
    for path in statements:
        found = read_whole(path)
        evaluation = found.evaluation
        place = Position(str(path))
        if evaluation.contract.id != contract.id:
            raise InputError(
                UNKNOWN_REFERENCE,
                f"this is a statement of contract {evaluation.contract.id!r}, "
                f"not of {contract.id!r}",
                fix=f"Give statements of {contract.id}.",
                position=place,
            )
        if found.standing not in FINAL:
            raise InputError(
                PERIOD_OPEN,
                f"this statement is {standing_name(found)}; only final ones open a right",
                fix=UNPOSTED if is_never_booked(found) else "Leave it out until it is posted.",
                position=place,
            )
        yield from _outcomes(contract, evaluation)


def _outcomes(contract: ContractVersion, evaluation: Evaluation) -> Iterator[FinalOutcome]:
    period = evaluation.period
    final_ms = period.interval.end_ms + contract.statement.final_after_ms
    for outcome in evaluation.outcomes:
        if contract.chronic is not None and outcome.objective.id == contract.chronic.objective:
            compared = outcome.compared.value
            yield FinalOutcome(period.key, final_ms, outcome.is_missed, compared)
