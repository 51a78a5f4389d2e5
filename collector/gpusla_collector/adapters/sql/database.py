"""
Opens a database and runs transactions in it.

Every writing transaction takes SQLite's one write lock at its beginning (BEGIN IMMEDIATE), so that
what it reads cannot be changed under it; on PostgreSQL it is serialisable.  A commit is on disk
when it returns.  Errors of the library leave this module as StoreError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gpusla.catalogue.codes import BAD_SETTING, STORE_UNAVAILABLE
from gpusla.errors import SettingsError, StoreError

LOCK_WAIT_SECONDS = 20
"""How long a writer waits for another one; longer than any transaction of ours takes."""


class Database:
    """An engine and its two kinds of transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database."""
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose work is done wholly or not at all."""
        with _translated(), self.engine.connect() as connection:
            writer = connection.execution_options(gpusla_writes=True)
            with writer.begin():
                yield writer

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """
    Open the database of a SQLAlchemy URL such as `sqlite:////var/lib/gpusla/collector.db`.

    Nothing is created or changed in it.  Raises SettingsError if the URL cannot be understood.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return Database(_sqlite(url))
        return Database(create_engine(parsed, isolation_level="SERIALIZABLE", pool_pre_ping=True))
    except (ArgumentError, NoSuchModuleError, ImportError) as cause:
        raise SettingsError(
            BAD_SETTING,
            f"database: no driver for {url.split(':', 1)[0]!r}",
            fix="Write sqlite:////var/lib/gpusla/collector.db, or install the database's driver.",
        ) from cause


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins too late, at the first write.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("gpusla_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    """Only what the database says is translated; a misuse of the library is a defect of ours."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as cause:
        reason = str(getattr(cause, "orig", None) or cause).splitlines()[0]
        error = StoreError(STORE_UNAVAILABLE, f"the database refuses: {reason}")
        error.retryable = not isinstance(cause, (IntegrityError, ProgrammingError, DataError))
        raise error from cause
