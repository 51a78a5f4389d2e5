"""Opens a database to look at it: for commands that show what a collector found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import nothing_yet, require_readable
from gpusla_collector.adapters.sql.store import SqlStore


@contextmanager
def reading(url: str) -> Iterator[SqlStore]:
    """
    Give the store of a SQLAlchemy URL, without the right to write.

    Raises StoreError for another schema, InputError `nothing_to_show` for an empty database.
    """
    database = open_database(url)
    file = database.engine.url.database
    if database.engine.dialect.name == "sqlite" and file and not Path(file).exists():
        raise nothing_yet()  # asking SQLite would make the file
    try:
        require_readable(database)
        yield SqlStore(database)
    finally:
        database.close()
