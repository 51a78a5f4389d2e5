"""Who may write: leases with a fencing epoch."""

from sqlalchemy import Connection, bindparam, insert, select, update

from gpusla.catalogue.codes import FENCED
from gpusla.errors import StoreError
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.tables import LEASES
from gpusla_collector.ports import Lease

LOCKED = select(LEASES).where(LEASES.c.name == bindparam("lease")).with_for_update()
"""One lease; written once, because every booking begins with it."""


class SqlLeases:
    """The port `Leases`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, name: str, holder: str, now_ms: int, duration_ms: int) -> Lease | None:
        """Take or prolong a lease; None while somebody else holds it."""
        until_ms = now_ms + duration_ms
        with self._database.writing() as connection:
            row = connection.execute(LOCKED, {"lease": name}).one_or_none()
            if row is None:
                connection.execute(
                    insert(LEASES).values(name=name, holder=holder, epoch=1, until_ms=until_ms)
                )
                return Lease(name, holder, 1)
            if row.holder not in {None, holder} and row.until_ms > now_ms:
                return None
            # Who had it might still write: who let it run out, and who gave it back while answers
            # of nodes were on their way.  What they write carries the old epoch.
            epoch = row.epoch if row.holder == holder else row.epoch + 1
            connection.execute(
                update(LEASES)
                .where(LEASES.c.name == name)
                .values(holder=holder, epoch=epoch, until_ms=until_ms)
            )
            return Lease(name, holder, epoch)

    def release(self, lease: Lease) -> None:
        """Give a lease back, so that the next holder need not wait for it to run out."""
        with self._database.writing() as connection:
            connection.execute(
                update(LEASES)
                .where(
                    LEASES.c.name == lease.name,
                    LEASES.c.holder == lease.holder,
                    LEASES.c.epoch == lease.epoch,
                )
                .values(holder=None, until_ms=0)
            )


def require(connection: Connection, lease: Lease) -> None:
    """
    See, inside the transaction that writes, that the writer still holds its lease.

    A lease that ran out and that nobody took is still good: nobody else wrote under it.
    Raises StoreError `fenced`.
    """
    row = connection.execute(LOCKED, {"lease": lease.name}).one_or_none()
    require_held(lease, None if row is None else (row.holder, row.epoch))


def require_held(lease: Lease, held: tuple[str | None, int] | None) -> None:
    """Do as require, once the database was asked; held: who has it, and since which epoch."""
    if held != (lease.holder, lease.epoch):
        raise StoreError(FENCED, f"the lease {lease.name!r} of epoch {lease.epoch} was lost")
