"""The schema: complete, integers only, append-only where it says so, the same on PostgreSQL."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BigInteger, Boolean, Dialect, Integer, LargeBinary, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from gpusla.catalogue.codes import BAD_SETTING, STORE_SCHEMA, STORE_UNAVAILABLE
from gpusla.errors import SettingsError, StoreError
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.schema import migrate, require_newest, sql_for
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.adapters.sql.tables import METADATA
from tests.collector.bookings import DAY, SLOT
from tests.collector.revisions import NEWEST

DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def test_the_revisions_make_the_tables_that_the_code_uses(any_database: Database) -> None:
    """A change of tables.py without a revision fails here."""
    with any_database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_no_column_can_hold_a_fraction() -> None:
    """Amounts are minor units and times are milliseconds."""
    allowed = (BigInteger, Boolean, Integer, LargeBinary, Text)
    for table in METADATA.sorted_tables:
        assert all(isinstance(column.type, allowed) for column in table.columns), table.name


def test_every_table_compiles_for_postgresql() -> None:
    """With 64-bit integers, and nothing that only SQLite knows."""
    for table in METADATA.sorted_tables:
        text = str(CreateTable(table).compile(dialect=DIALECT))
        assert "AUTOINCREMENT" not in text
        assert " DATETIME" not in text
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=DIALECT))


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_the_sql_can_be_printed(dialect: str) -> None:
    """Every table is in it, for a database that others run."""
    text = sql_for(dialect)
    assert all(f"CREATE TABLE {table.name} " in text for table in METADATA.sorted_tables)


def test_a_database_is_durable_and_checks_references(database: Database) -> None:
    """A commit that returned is on disk."""
    with database.reading() as connection:
        found = {
            pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_newer_schema_is_refused(database: Database) -> None:
    """An old program must not write into what it does not understand."""
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for act in (require_newest, migrate):
        with pytest.raises(StoreError, match="schema 9999, which a newer version") as caught:
            act(database)
        assert caught.value.code is STORE_SCHEMA


def test_an_older_schema_waits_for_the_operator(bare_sqlite: Database) -> None:
    """An upgrade comes after a backup, not with a restart."""
    old = bare_sqlite
    with old.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE something (number INTEGER)")
    with pytest.raises(StoreError, match="Run `gpusla collector migrate`"):
        require_newest(old)
    assert migrate(old) == NEWEST
    require_newest(old)


def test_what_the_database_says_becomes_an_error_of_ours(bare_sqlite: Database) -> None:
    """With its own words, and whether trying again may help."""
    with pytest.raises(StoreError, match="no such table: journal_cursors") as caught:
        SqlStore(bare_sqlite).account([SLOT], DAY)
    assert caught.value.code is STORE_UNAVAILABLE
    assert caught.value.retryable


def test_a_database_without_a_driver_is_refused_in_one_sentence() -> None:
    """At the start, before anything is done."""
    with pytest.raises(SettingsError, match="no driver for 'nosuch'") as caught:
        open_database("nosuch://localhost/gpusla")
    assert caught.value.code is BAD_SETTING
