"""
Opens a database and runs transactions in it.

Every writing transaction takes the database's one write lock at its beginning, so that what it
reads cannot be changed under it: on SQLite by BEGIN IMMEDIATE, on PostgreSQL by locking the table
of leases before its snapshot is taken.  A commit is on disk when it returns.  Errors of the library
leave this module as StoreError.
Source: docs/decisions/0130-postgresql.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import SQLITE_READONLY
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gpusla.catalogue.codes import BAD_SETTING, STORE_SCHEMA, STORE_UNAVAILABLE
from gpusla.errors import SettingsError, StoreError

LOCK_WAIT_SECONDS = 20
"""How long a writer waits for another one; longer than any transaction of ours takes."""

IDLE_SECONDS = 10
"""
How long PostgreSQL waits for the next statement of a transaction before it ends the session: a
process that was stopped inside a transaction must not keep the lock from the one that takes over.
"""

DURABLE = (
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
    "WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"
)
"""A commit is on disk when it returns, whatever the server is told; never less than it is told."""

WRITE_LOCK = f"""\
SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s';
SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s';
LOCK TABLE leases IN EXCLUSIVE MODE;
{DURABLE}"""
"""One round trip; a SELECT before the lock would take the snapshot before it."""

MIGRATION_KEY = 7_478_771
"""A number of ours in PostgreSQL's space of advisory locks; there may be no table to lock yet."""

MIGRATION_LOCK = f"""\
SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s';
SELECT pg_advisory_xact_lock({MIGRATION_KEY});
{DURABLE}"""
LOCK_NOT_AVAILABLE = "55P03"
END_WHO_HOLDS_IT = (
    "SELECT pid, pg_terminate_backend(pid) FROM pg_locks "  # noqa: S608
    f"WHERE locktype = 'advisory' AND objid = {MIGRATION_KEY} AND granted"
)
READ_ONLY = (
    "Run it as the collector's user: SQLite cannot even read a database that nobody has open "
    "without writing files beside it."
)
"""What to do about SQLITE_READONLY; while the collector runs, those files are there."""


class Database:
    """An engine and its three kinds of transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def is_postgresql(self) -> bool:
        """Whether a server keeps it; otherwise SQLite does, in a file."""
        return self.engine.dialect.name == "postgresql"

    @property
    def is_absent(self) -> bool:
        """Whether there is no file yet; where a folder may not be looked into, opening says so."""
        file = self.engine.url.database
        if self.is_postgresql or not file:
            return False
        try:
            Path(file).stat()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database."""
        with _translated(), self.engine.connect() as connection:
            reader = connection
            if self.is_postgresql:
                reader = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            transaction = reader.begin()
            try:
                yield reader
            finally:
                # Nothing was written; and SQLite commits nothing after it met a damaged page.
                transaction.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """
        Give a connection whose work is done wholly or not at all.

        Nobody else writes meanwhile, so that nothing has to be tried again.
        """
        with (
            _translated(),
            self.engine.connect() as connection,
            self._writer(connection, "SERIALIZABLE") as writer,
        ):
            if self.is_postgresql:
                writer.exec_driver_sql(WRITE_LOCK)
            yield writer

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """
        Give a connection that may change the schema, wholly or not at all.

        SQLite changes a table by making another one in its place, so references are checked at the
        end; raises StoreError if one then leads nowhere, or if somebody else holds the lock for
        longer than a change of schema takes.
        """
        with _translated(), self.engine.connect() as connection:
            if self.is_postgresql:
                with self._writer(connection, "READ COMMITTED") as writer:
                    _lock_schema(writer)
                    yield writer
                return
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA foreign_keys=OFF")
            try:
                with self._writer(connection, None) as writer:
                    yield writer
                    _require_references(writer)
            finally:
                cursor.execute("PRAGMA foreign_keys=ON")
                cursor.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _writer(self, connection: Connection, isolation: Any) -> Iterator[Connection]:
        options = {"isolation_level": isolation} if self.is_postgresql else {}
        writer = connection.execution_options(gpusla_writes=True, **options)
        with writer.begin():
            yield writer


def open_database(url: str) -> Database:
    """
    Open the database of a SQLAlchemy URL such as `sqlite:////var/lib/gpusla/collector.db`.

    Nothing is created or changed in it.  Raises SettingsError if the URL cannot be understood, and
    once it is used if a server keeps its text in another encoding than UTF-8.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return Database(_sqlite(url))
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        return Database(_postgresql(parsed))
    except (ArgumentError, NoSuchModuleError, ImportError) as cause:
        raise SettingsError(
            BAD_SETTING,
            f"database: no driver for {url.split(':', 1)[0]!r}",
            fix="Write sqlite:////var/lib/gpusla/collector.db, or for postgresql:// install "
            "gpusla[postgresql].",
        ) from cause


def _postgresql(url: URL) -> Engine:
    from gpusla_collector.adapters.sql.round_trips import AnsweredCursor  # noqa: PLC0415

    arguments = {"cursor_factory": AnsweredCursor, "client_encoding": "UTF8"}
    engine = create_engine(url, pool_pre_ping=True, connect_args=arguments)
    event.listen(engine, "connect", _require_utf8, insert=True)  # the library asks things first
    # Many rows then go in one statement, which is as quick as a pipeline of many.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    return engine


def _require_utf8(connection: Any, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise SettingsError(
            BAD_SETTING,
            f"database: its encoding is {encoding}, in which not every name can be kept",
            fix="Make it anew in UTF-8: createdb -E UTF8 -T template0 NAME.",
        )


def _lock_schema(writer: Connection) -> None:
    """Keep others from changing the schema; any login may hold this lock, and by mistake."""
    try:
        writer.exec_driver_sql(MIGRATION_LOCK)
    except OperationalError as cause:
        if getattr(cause.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        error = StoreError(
            STORE_UNAVAILABLE,
            "another session holds the lock for changes of the schema, advisory lock "
            f"{MIGRATION_KEY}: a collector that starts, `gpusla collector migrate`, or any login "
            f"of the server that took it, and for over {LOCK_WAIT_SECONDS} seconds",
            fix=f"Wait for it, or end it as the administrator: {END_WHO_HOLDS_IT}.",
        )
        error.retryable = True
        raise error from cause


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


def _require_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise StoreError(
            STORE_SCHEMA, f"after the change of schema a row of {broken[0]} leads nowhere"
        )


def reason_of(error: Exception) -> str:
    """Return the first line of what a database, or its driver, said."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]


@contextmanager
def _translated() -> Iterator[None]:
    """Only what the database says is translated; a misuse of the library is a defect of ours."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as cause:
        code = getattr(getattr(cause, "orig", None), "sqlite_errorcode", 0) & 0xFF
        fix = READ_ONLY if code == SQLITE_READONLY else ""
        error = StoreError(STORE_UNAVAILABLE, f"the database refuses: {reason_of(cause)}", fix=fix)
        error.retryable = not isinstance(cause, (IntegrityError, ProgrammingError, DataError))
        raise error from cause
