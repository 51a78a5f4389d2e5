"""
Asks the ledger each minute whether debits and credits are the same, and halts all booking if not.

Cheap, where `gpusla fsck` is thorough.  What is booked stays to be read; nothing more is booked by
this process until the question is asked again and answered well.
"""

from dataclasses import dataclass

from gpusla.catalogue.codes import LEDGER_UNBALANCED
from gpusla.clock import Clock
from gpusla.errors import LedgerError
from gpusla_collector.ports import Finding, Lease, Store


@dataclass(frozen=True, slots=True)
class Audited:
    """What was found; unbalanced: keys of entries that do not come to nothing, the first few."""

    unbalanced: tuple[str, ...]
    at_ms: int

    @property
    def error(self) -> LedgerError | None:
        """Why nothing may be booked; None if all is well."""
        if not self.unbalanced:
            return None
        return LedgerError(
            LEDGER_UNBALANCED,
            f"debits and credits differ in the ledger, in entry {self.unbalanced[0][:16]}: "
            "nothing more is booked",
            fix="Run `gpusla fsck`, and find out who changed the database.",
        )


def audit(store: Store, clock: Clock, lease: Lease) -> Audited:
    """Ask, and keep a finding where the answer is bad."""
    now_ms = clock.wall_ms()
    found = Audited(store.unbalanced(), now_ms)
    for key in found.unbalanced:
        words = "its legs are not its amount and its opposite"
        id_ = f"{LEDGER_UNBALANCED.name} {key}"
        finding = Finding(id_, LEDGER_UNBALANCED.name, key, now_ms, words)
        store.report(lease, finding)
    return found
