"""
What keeps rows from being changed, held against what the migrations and the roles make.

The expected is read off the migrations: on SQLite they run in a scratch database in memory, for
PostgreSQL they print their statements, and so do the roles.  Nothing is written down twice.
Source: docs/decisions/0131-append-only-by-the-database.md.
"""

from collections.abc import Iterator
from functools import cache

from sqlalchemy import Connection, text

from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.given import given
from gpusla_collector.adapters.sql.guards_postgresql import broken_on_postgresql
from gpusla_collector.adapters.sql.schema import migrate, sql_for

Triggers = dict[tuple[str, str], str]
"""By table and name, the statement that made it."""


def broken_guards(connection: Connection) -> Iterator[tuple[str, str]]:
    """
    Give each guard that is not as it was made, and what is wrong with it.

    Raises StoreError where the database cannot say.
    """
    if connection.dialect.name == "postgresql":
        yield from broken_on_postgresql(connection, _printed())
        return
    found, made = _triggers(connection), _made()
    for (table, name), statement in sorted(made.items()):
        now = found.get((table, name))
        if now is None:
            yield table, f"its trigger {name} is gone"
        elif now != statement:
            yield table, f"its trigger {name} says something else than it should"
    for table, name in sorted(found.keys() - made.keys()):
        yield table, f"its trigger {name} is none of ours"


def _triggers(connection: Connection) -> Triggers:
    query = text("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {(row[0], row[1]): row[2] for row in given(connection, query, "the triggers")}


@cache
def _made() -> Triggers:
    scratch = open_database("sqlite://")
    try:
        migrate(scratch)
        with scratch.reading() as connection:
            return _triggers(connection)
    finally:
        scratch.close()


@cache
def _printed() -> str:
    return sql_for("postgresql")
