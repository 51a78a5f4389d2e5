"""
Sees that the database is the one that was written to, and not an older copy of it.

A copy that was restored, or a server that lagged behind the one that failed, knows nothing of the
latest bookings, which others may have been told of.  To go on from there would book a month again
under other keys, from evidence that the copy does not have yet.
Source: docs/decisions/0160-a-database-that-went-back.md.
"""

from dataclasses import dataclass

from gpusla.catalogue.codes import LEDGER_RESTORED
from gpusla.errors import LedgerError
from gpusla_collector.ports.continuity import Chain, ChainEnd, Mark


@dataclass(slots=True)
class Continuity:
    """The chain, and where its end is written down."""

    chain: Chain
    mark: Mark
    _noted: ChainEnd | None = None

    def require(self) -> None:
        """
        Refuse a database that does not hold what was written down.

        Raises LedgerError(ledger_restored), InputError if the mark cannot be read, StoreError if
        the database does not answer.
        """
        end = self.mark.read()
        if end is not None:
            self._require_held(end)

    def note(self) -> None:
        """
        Write down the chain's end if it moved; only who leads may.

        Raises as `require` does if it moved back: the mark stays where it was.
        """
        end = self.chain.end()
        if end == self._noted:
            return
        if self._noted is not None:
            self._require_held(self._noted)
        if end is not None:
            self.mark.write(end)
            self._noted = end

    def _require_held(self, end: ChainEnd) -> None:
        if not self.chain.holds(end):
            raise LedgerError(
                LEDGER_RESTORED,
                f"the database does not hold link {end.number}, {end.digest[:12]}, of the chain, "
                f"which {self.mark.name} says was written: it is an older copy, or another one",
                fix=f"Bring the newer one back; or restore as docs/operating/restore.md says, and "
                f"delete {self.mark.name} when that is done.",
            )
