"""Which schema a database has, and bringing it to the one that this version needs."""

import io

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.dialects import postgresql, sqlite

from gpusla.catalogue.codes import NOTHING_TO_SHOW, STORE_SCHEMA
from gpusla.errors import InputError, StoreError
from gpusla_collector.adapters.sql.database import Database

SCRIPTS = "gpusla_collector.adapters.sql:migrations"
DIALECTS = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect}


def migrate(database: Database, revision: str = "head") -> str:
    """
    Bring a database to the newest schema, or to an older one; returns its revision.

    Raises StoreError if the database comes from a newer version of the product.
    """
    if revision == "head" and _is_newest(database):
        return _newest()
    with database.migrating() as connection:
        _refuse_newer(connection)
        command.upgrade(_config(connection=connection), revision)
        return _revision(connection) or ""


def require_newest(database: Database) -> None:
    """
    Create the schema in an empty database; otherwise see that it is the newest.

    An older schema is left alone: an upgrade is the operator's act, after a backup.
    Raises StoreError `store_schema`.
    """
    if _is_newest(database):
        return
    with database.migrating() as connection:
        _refuse_newer(connection)
        if _is_empty(connection):
            command.upgrade(_config(connection=connection), "head")
        _refuse_older(connection)


def require_readable(database: Database) -> None:
    """
    See that there is something to read, and change nothing.

    Raises StoreError `store_schema` for another schema, InputError `nothing_to_show` for none.
    """
    with database.reading() as connection:
        if _is_empty(connection):
            raise nothing_yet()
        _refuse_newer(connection)
        _refuse_older(connection)


def nothing_yet() -> InputError:
    """Say that no collector worked on a database yet."""
    return InputError(
        NOTHING_TO_SHOW,
        "the database holds nothing yet",
        fix="Run `gpusla collector once` or `gpusla collector run` first.",
    )


def sql_for(dialect: str) -> str:
    """Return the statements that create the newest schema, for a database that others run."""
    text = io.StringIO()
    config = _config(dialect=DIALECTS[dialect]().name)
    config.output_buffer = text
    command.upgrade(config, "head", sql=True)
    return text.getvalue()


def _config(**attributes: object) -> Config:
    config = Config(attributes=dict(attributes))
    config.set_main_option("script_location", SCRIPTS)
    return config


def _newest() -> str:
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None  # the wheel carries at least one revision
    return newest


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_newest(database: Database) -> bool:
    """Ask without a lock: who starts every day should wait for nobody who changes nothing."""
    with database.reading() as connection:
        return _revision(connection) == _newest()


def _is_empty(connection: Connection) -> bool:
    return not inspect(connection).get_table_names()


def _refuse_older(connection: Connection) -> None:
    found = _revision(connection)
    if found != _newest():
        raise StoreError(
            STORE_SCHEMA, f"the database has schema {found}, this version needs {_newest()}"
        )


def _refuse_newer(connection: Connection) -> None:
    found = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is None or found in known:
        return
    raise StoreError(
        STORE_SCHEMA,
        f"the database has schema {found}, which a newer version of gpusla wrote",
        fix="Install that version again; schemas are never taken back.",
    )
