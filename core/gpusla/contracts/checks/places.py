"""How a check says no: the field's place, what it says and why that cannot be, and a way out."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from gpusla.catalogue.codes import CONTRACT_TERM, DUPLICATE_ID, WRONG_TYPE, ErrorCode
from gpusla.contracts.money import parse_amount
from gpusla.contracts.schema import ContractForm
from gpusla.documents import Document
from gpusla.documents.validate import field_name
from gpusla.errors import ContractError

Path = tuple[str | int, ...]


def refuse(
    document: Document, path: Path, code: ErrorCode, message: str, fix: str = ""
) -> ContractError:
    """Return the error that names the field at path."""
    return ContractError(
        code, f"{field_name(path)}: {message}", fix=fix, position=document.position(path)
    )


def minor_units(document: Document, form: ContractForm, path: Path, amount: str) -> int:
    """Return an amount in the contract's minor units; raises ContractError if it is none."""
    try:
        return parse_amount(amount, form.fees.currency)
    except ValueError as cause:
        raise refuse(
            document, path, WRONG_TYPE, str(cause), 'Write it like "150000000.00".'
        ) from cause


def check_inside_term(document: Document, form: ContractForm, path: Path, day: date) -> None:
    """Raise ContractError for a date outside the term."""
    term = form.term
    if not term.start <= day <= term.end:
        raise refuse(
            document,
            path,
            CONTRACT_TERM,
            f"{day} lies outside the term, {term.start} to {term.end}",
        )


def check_rising(document: Document, path: Path, starts: Sequence[date]) -> None:
    """Raise ContractError for a step that does not begin after the one before."""
    for number, (earlier, later) in enumerate(pairwise(starts), start=1):
        if later <= earlier:
            raise refuse(
                document,
                (*path, number, "from"),
                CONTRACT_TERM,
                f"{later} is not after {earlier}, the date of the step before",
                "List the steps by date, each once.",
            )


def check_once(document: Document, path: Path, values: Sequence[str]) -> None:
    """Raise ContractError for what stands in a list twice."""
    for number, value in enumerate(values):
        if value in values[:number]:
            raise refuse(
                document, (*path, number), DUPLICATE_ID, f"{value!r} stands here twice", "Keep one."
            )
