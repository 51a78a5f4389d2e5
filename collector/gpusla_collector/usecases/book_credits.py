"""
Books what a judgement is worth: pending while the month is open, posted when it is settled.

What to book is decided inside the transaction that books it, from the entries as they stand there;
so a second process, a retry or a crash can neither double an entry nor leave one out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gpusla.ledger.booking import decide
from gpusla.ledger.entries import Entry
from gpusla_collector.ports import OPERATOR, Lease, Store
from gpusla_collector.usecases.judge import Judgement


@dataclass(frozen=True, slots=True)
class Booker:
    """What booking needs."""

    store: Store

    def book(self, lease: Lease, judgement: Judgement, *, is_final: bool) -> tuple[Entry, ...]:
        """
        Append what the ledger lacks; returns it.

        Raises LedgerError `ledger_conflict` if the ledger holds another decision under the same
        key: nothing more may be booked until a person has looked.
        """

        def decided(standing: Sequence[Entry]) -> Sequence[Entry]:
            return decide(standing, judgement.evaluation, is_final=is_final)

        judged = judgement.judged
        if not decided(self.store.entries(OPERATOR, judged.contract, judged.period)):
            return ()
        return self.store.book(lease, judged, decided)
