"""A booking of a statement, told by itself: what it is, what it takes back, what took it back."""

from collections.abc import Iterator

from gpusla.ledger.entries import Entry, Status
from gpusla.sla.digest import digest
from gpusla.sla.evaluation import Derivation
from gpusla.statement.model import Statement
from gpusla.statement.numbers import money

KEY_COLUMNS = 12
_WORDS = {
    Status.PENDING: "accrued while the month was not settled, and not owed",
    Status.POSTED: "owed to the tenant",
    Status.VOID: "takes back what was pending",
    Status.EXPIRED: "takes back what was pending, for it was claimed too late",
}


def booking(statement: Statement, entry: Entry) -> Derivation:
    """Return a booking as a figure."""
    amount = money(statement.evaluation.contract, entry.amount_minor_units)
    rule = "; ".join(_told(statement, entry))
    return Derivation(f"entry {entry.key[:KEY_COLUMNS]}", rule, "", amount, ())


def _told(statement: Statement, entry: Entry) -> Iterator[str]:
    is_reversal = entry.status is Status.POSTED and entry.reverses is not None
    words = "takes back what was posted" if is_reversal else _WORDS[entry.status]
    yield f"{entry.status.value}: {words}"
    yield f"clause {entry.clause}, revision {entry.revision} of {entry.period}"
    document = statement.document_of(entry)
    yield f"credit note {document}" if document else "no credit note"
    for other in statement.entries:
        name = f"entry {other.key[:KEY_COLUMNS]} of {_amount(statement, other)}"
        if other.key == entry.reverses:
            yield f"it takes back {name}, which was {other.status.value}"
        if other.reverses == entry.key:
            yield f"it was taken back by {name}"
    is_now = entry.evaluation_digest == digest(statement.evaluation)
    judgement = "this judgement" if is_now else "an earlier judgement, not from the figures below"
    yield f"it follows from {judgement}"


def _amount(statement: Statement, entry: Entry) -> str:
    return money(statement.evaluation.contract, entry.amount_minor_units)
