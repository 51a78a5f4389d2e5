"""The chain over the records, by its links alone."""

from sqlalchemy import bindparam, select

from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.tables import CHAIN_LINKS
from gpusla_collector.ports.continuity import ChainEnd

END = (
    select(CHAIN_LINKS.c.number, CHAIN_LINKS.c.digest)
    .order_by(CHAIN_LINKS.c.number.desc())
    .limit(1)
)
DIGEST = select(CHAIN_LINKS.c.digest).where(CHAIN_LINKS.c.number == bindparam("number"))


class SqlChain:
    """The port `Chain`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def end(self) -> ChainEnd | None:
        """Return the last link; None before the first."""
        with self._database.reading() as connection:
            row = connection.execute(END).first()
        return None if row is None else ChainEnd(row.number, row.digest)

    def holds(self, end: ChainEnd) -> bool:
        """Tell whether a link of this number has this digest."""
        with self._database.reading() as connection:
            return connection.scalar(DIGEST, {"number": end.number}) == end.digest
