"""Fresh reads of the collector's database: what is booked, by a connection of the demo's own."""

from collections.abc import Sequence

from gpusla.identity import ContractId
from gpusla.ledger.booking import balance_minor_units, pending_minor_units
from gpusla.ledger.entries import Entry
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR


def entries(url: str, contract: ContractId, period: str) -> tuple[Entry, ...]:
    """Return the entries of one period in the order of booking, read anew."""
    database = open_database(url)
    try:
        return SqlStore(database).entries(OPERATOR, contract, period)
    finally:
        database.close()


def posted(found: Sequence[Entry]) -> int | None:
    """Return what is owed in minor units; None if nothing was posted yet."""
    statuses = {entry.status.value for entry in found}
    return balance_minor_units(found) if "posted" in statuses else None


def pending(found: Sequence[Entry]) -> int:
    """Return what has accrued in minor units."""
    return pending_minor_units(found)
