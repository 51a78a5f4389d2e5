"""The ports of money: the ledger, what releases a posting, and who is told of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gpusla.identity import ContractId
from gpusla.ledger.entries import Entry
from gpusla.ledger.notes import CreditNote
from gpusla.ledger.release import Mode, Proposal
from gpusla_collector.ports.values import (
    Announcement,
    Approval,
    Judged,
    Lease,
    Scope,
    Waiting,
)


class Ledger(Protocol):
    """The double-entry ledger; append-only."""

    def entries(
        self, scope: Scope, contract: ContractId | None = None, period: str | None = None
    ) -> tuple[Entry, ...]:
        """Return entries in the order of booking."""

    def book(
        self,
        lease: Lease,
        judged: Judged,
        decide: Callable[[Sequence[Entry]], Sequence[Entry]],
        now_ms: int,
    ) -> tuple[Entry, ...]:
        """
        Append what decide makes of the billing period, in one transaction; returns what is new.

        decide: pure; sees the entries of the whole billing period, its segments too, as they stand
        in that same transaction.  now_ms: when it is booked and announced, which may be long
        after it was judged.  The evaluation that the entries name and one announcement for
        each are kept with them.
        Raises LedgerError `ledger_conflict` if another entry stands under a key, and StoreError
        `fenced` if the lease was lost.
        """

    def unbalanced(self) -> tuple[str, ...]:
        """Return keys of entries whose legs are not amount and opposite, the first few."""

    def credit_notes(
        self, scope: Scope, contract: ContractId | None = None
    ) -> tuple[CreditNote, ...]:
        """
        Return the documents of what was posted, by contract and number.

        Their numbers are given in the transaction that books, and have no gaps.
        """


class Releases(Protocol):
    """What waits for people before it is posted, and what people decided; append-only."""

    def propose(self, lease: Lease, proposal: Proposal, now_ms: int) -> bool:
        """Keep a proposal; returns False if it is known already."""

    def proposals(self) -> tuple[Proposal, ...]:
        """Return all proposals in the order in which they were made."""

    def approve(self, approval: Approval) -> bool:
        """
        Keep an approval; returns False if this person approved this proposal already.

        Needs no lease: people approve while a collector works.
        """

    def approvals(self) -> tuple[Approval, ...]:
        """Return all approvals in the order in which they were given."""

    def switch(self, contract: ContractId, mode: Mode, person: str, now_ms: int) -> None:
        """Put a contract into a mode; needs no lease."""

    def modes(self) -> Mapping[ContractId, Mode]:
        """Return the mode of every contract that was ever switched."""


class Outbox(Protocol):
    """What was announced together with its booking, and who has taken it; append-only."""

    def undelivered(self, receiver: str, limit: int) -> tuple[Announcement, ...]:
        """Return the oldest announcements that a receiver has not taken, in their order."""

    def waiting(self, receiver: str) -> Waiting:
        """Return how much a receiver has not taken, and since when."""

    def delivered(self, lease: Lease, receiver: str, key: str, now_ms: int) -> None:
        """Remember that a receiver took an announcement; doing so twice changes nothing."""


class Receiver(Protocol):
    """Who is told of bookings."""

    name: str

    def take(self, announcement: Announcement) -> None:
        """
        Hand an announcement over; returns when it was taken.

        May be called again with the same key. Raises ServiceError if it was not taken, or nobody
        knows.
        """

    def close(self) -> None:
        """Close all connections."""
