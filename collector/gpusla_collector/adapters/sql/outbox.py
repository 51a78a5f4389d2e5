"""What was announced together with its booking, and who has taken it."""

from sqlalchemy import and_, func, select

from gpusla_collector.adapters.sql.chain import append
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.tables import DELIVERIES, OUTBOX
from gpusla_collector.ports import Announcement, Lease, Waiting


class SqlOutbox:
    """The port `Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def undelivered(self, receiver: str, limit: int) -> tuple[Announcement, ...]:
        """Return the oldest announcements that a receiver has not taken, in their order."""
        taken = select(DELIVERIES.c.key).where(
            and_(DELIVERIES.c.key == OUTBOX.c.key, DELIVERIES.c.receiver == receiver)
        )
        query = select(OUTBOX).where(~taken.exists()).order_by(OUTBOX.c.position).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(Announcement(row.key, row.topic, row.content, row.written_ms) for row in rows)

    def waiting(self, receiver: str) -> Waiting:
        """Return how much a receiver has not taken, and since when."""
        taken = select(DELIVERIES.c.key).where(
            and_(DELIVERIES.c.key == OUTBOX.c.key, DELIVERIES.c.receiver == receiver)
        )
        query = select(func.count(), func.min(OUTBOX.c.written_ms)).where(~taken.exists())
        with self._database.reading() as connection:
            count, oldest_ms = connection.execute(query).one()
        return Waiting(count, oldest_ms)

    def delivered(self, lease: Lease, receiver: str, key: str, now_ms: int) -> None:
        """Remember that a receiver took an announcement; doing so twice changes nothing."""
        columns = DELIVERIES.c
        known = select(columns.key).where(columns.key == key, columns.receiver == receiver)
        with self._database.writing() as connection:
            require(connection, lease)
            if connection.scalar(known) is None:
                row = {"key": key, "receiver": receiver, "delivered_ms": now_ms}
                append(connection, DELIVERIES, row)
