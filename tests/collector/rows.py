"""
A database of any schema: three rows in every table, and the statements that it is asked.

Values are plain, references valid.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    event,
    insert,
)

from gpusla_collector.adapters.sql.database import Database

ROWS = (1, 2, 3)
SAID = {"status": "pending", "mode": "shadow"}
"""What a constraint lets stand in a column of text."""


def fill(connection: Connection) -> None:
    """Put three rows into every table, first what others refer to."""
    for table in tables(connection):
        for number in ROWS:
            connection.execute(insert(table).values(row(table, number)))


def tables(connection: Connection) -> Iterable[Table]:
    """Return the tables that the database has, those that are referred to first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def row(table: Table, number: int) -> Mapping[str, Any]:
    """Return a row: its number in every column that counts, and in the words of all others."""
    return {column.name: _value(table, column.name, number) for column in table.columns}


def content(connection: Connection, of: Mapping[str, Iterable[str]]) -> Mapping[str, Any]:
    """Return all rows of some tables, of each the columns that were named."""
    return {
        table: connection.exec_driver_sql(
            f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2"  # noqa: S608
        ).all()
        for table, columns in of.items()
    }


@contextmanager
def asked_of(database: Database) -> Iterator[list[str]]:
    """Give the statements that a database is asked meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _value(table: Table, name: str, number: int) -> Any:
    kind = table.columns[name].type
    if name in {"reverses", "previous"}:
        return None if (name, number) == ("reverses", 1) else f"x{number - 1}"
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, LargeBinary):
        return b"x"
    if isinstance(kind, (BigInteger, Integer)):
        return number + 1 if name == "end_ms" else number
    if table.name == "credit_notes" and name == "contract":
        return "x"
    return SAID.get(name, f"x{number}")
