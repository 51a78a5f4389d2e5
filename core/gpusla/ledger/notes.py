"""Credit notes: the documents of what is posted, numbered from 1 without gaps in each contract."""

from dataclasses import dataclass

from gpusla.identity import ContractId
from gpusla.ledger.entries import Entry, Status


@dataclass(frozen=True, slots=True)
class CreditNote:
    """
    One document.

    number: counts within the contract.  entry: key of the posting; one that takes another back has
    a note of its own, so that none is ever missing.
    """

    contract: ContractId
    number: int
    entry: str

    @property
    def document(self) -> str:
        """What is printed on it, such as CN-alpha-2026-000001."""
        return f"CN-{self.contract}-{self.number:06}"


def is_documented(entry: Entry) -> bool:
    """Return whether an entry moves what is owed; a period closed with nothing has no note."""
    return entry.status is Status.POSTED and entry.amount_minor_units != 0
