"""Opens a database for commands: to show what a collector found, or to keep what people decide."""

from collections.abc import Iterator
from contextlib import contextmanager

from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import nothing_yet, require_newest, require_readable
from gpusla_collector.adapters.sql.store import SqlStore


@contextmanager
def reading(url: str) -> Iterator[SqlStore]:
    """
    Give the store of a SQLAlchemy URL, without the right to write.

    Raises StoreError for another schema, InputError `nothing_to_show` for an empty database.
    """
    database = open_database(url)
    if database.is_absent:
        raise nothing_yet()  # asking SQLite would make the file
    try:
        require_readable(database)
        yield SqlStore(database)
    finally:
        database.close()


@contextmanager
def deciding(url: str) -> Iterator[SqlStore]:
    """
    Give the store of a SQLAlchemy URL to a person's command; makes the schema if there is none.

    Raises StoreError for another schema.
    """
    database = open_database(url)
    try:
        require_newest(database)
        yield SqlStore(database)
    finally:
        database.close()
