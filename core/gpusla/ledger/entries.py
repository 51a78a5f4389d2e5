"""
Entries of the credit ledger: immutable, balanced, harmless to book twice.

A positive amount is owed to the tenant.  Pending entries stand in accounts of their own, so that
nothing is owed before a period is closed.  A correction is a reversal and a new entry.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gpusla.catalogue.codes import LEDGER_UNBALANCED
from gpusla.errors import LedgerError
from gpusla.identity import ContractId, TenantId


class Status(StrEnum):
    """
    What an entry means.

    pending: accrued in an open period.  void: takes a pending entry back.  expired: takes back one
    that was claimed, because the claim turns out to have come too late.  posted: owed, or, with
    `reverses`, takes a posted entry back.
    """

    PENDING = "pending"
    POSTED = "posted"
    VOID = "void"
    EXPIRED = "expired"


class Account(StrEnum):
    """Where a line stands."""

    SLA_CREDIT_EXPENSE = "sla_credit_expense"
    CUSTOMER_CREDIT = "customer_credit"
    PENDING_SLA_CREDIT_EXPENSE = "pending_sla_credit_expense"
    PENDING_CUSTOMER_CREDIT = "pending_customer_credit"


@dataclass(frozen=True, slots=True)
class Line:
    """One leg: debits are positive, credits negative."""

    account: Account
    minor_units: int


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One booking.

    key: see key_of.  revision: counts from 1 within contract, period and clause, reversals too.
    amount_minor_units: negative in a reversal.  reverses: key of the entry that is taken back.
    evaluation_digest: of the judgement that it follows from.
    """

    key: str
    contract: ContractId
    tenant: TenantId
    period: str
    clause: str
    revision: int
    status: Status
    amount_minor_units: int
    currency: str
    lines: tuple[Line, Line]
    reverses: str | None
    evaluation_digest: str

    def __post_init__(self) -> None:
        first, second = (line.minor_units for line in self.lines)
        if first != self.amount_minor_units or second != -first:
            raise LedgerError(
                LEDGER_UNBALANCED,
                f"entry {self.key[:12]} of {self.amount_minor_units} has lines that do not match "
                f"its amount: {first} and {second}",
            )


def month_of(period: str) -> str:
    """Return the key of the billing period that a period is, or is a segment of: `2026-07`."""
    return period[: len("2026-07")]


def key_of(contract: ContractId, period: str, clause: str, revision: int) -> str:
    """Return the entry's key: SHA-256 over contract, period, clause and revision, in hex."""
    parts = json.dumps([contract, period, clause, revision], separators=(",", ":"))
    return hashlib.sha256(parts.encode("utf-8")).hexdigest()


def lines_of(status: Status, amount_minor_units: int) -> tuple[Line, Line]:
    """Return the two legs: expense debited, customer credited, in the accounts of the status."""
    if status is Status.POSTED:
        accounts = Account.SLA_CREDIT_EXPENSE, Account.CUSTOMER_CREDIT
    else:
        accounts = Account.PENDING_SLA_CREDIT_EXPENSE, Account.PENDING_CUSTOMER_CREDIT
    return Line(accounts[0], amount_minor_units), Line(accounts[1], -amount_minor_units)


def is_posted(entries: Iterable[Entry]) -> bool:
    """Tell whether anything is owed, or was: what was posted and taken back counts too."""
    return any(entry.status is Status.POSTED for entry in entries)
