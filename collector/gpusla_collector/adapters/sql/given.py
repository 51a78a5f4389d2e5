"""What a damaged database still gives: each query by itself, whatever became of the one before."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Select, Table, TextClause
from sqlalchemy.exc import DBAPIError

from gpusla.catalogue.codes import STORE_UNAVAILABLE
from gpusla.errors import StoreError
from gpusla_collector.adapters.sql.database import reason_of

NO_VALUE = (TypeError, ValueError, OverflowError)
"""What the library raises for a stored value that a column of its kind cannot hold."""


def given(connection: Connection, query: Select[Any] | TextClause, what: str = "") -> list[Any]:
    """
    Return all rows of a query; what: what they are, if not the rows of tables.

    Raises StoreError, not to be tried again, where the database cannot give them: a table is gone,
    a page is no page.  A connection that ended is no damage: its DBAPIError is left as it is.
    """
    try:
        with _alone(connection):
            return list(connection.execute(query).all())
    except (DBAPIError, *NO_VALUE) as cause:
        if isinstance(cause, DBAPIError) and cause.connection_invalidated:
            raise
        message = f"the database cannot give {what or _tables(query)}: {reason_of(cause)}"
        raise StoreError(STORE_UNAVAILABLE, message) from cause


def _tables(query: Select[Any] | TextClause) -> str:
    froms = query.columns_clause_froms if isinstance(query, Select) else ()
    return " and ".join(one.name for one in froms if isinstance(one, Table))


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """PostgreSQL answers nothing more in a transaction after an error, but for a savepoint."""
    if connection.dialect.name != "postgresql":
        yield
        return
    with connection.begin_nested():
        yield
