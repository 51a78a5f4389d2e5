"""
Threat row O1, goal L4: what is appended to is never changed, on real databases, whoever asks.

On SQLite the triggers hold against every program that opens the file; on PostgreSQL they hold
against the owner too, and the role that the collector works under may not even ask.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import BigInteger, Table, UniqueConstraint

from gpusla.errors import StoreError
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.roles import roles_sql
from gpusla_collector.adapters.sql.schema import migrate
from gpusla_collector.adapters.sql.tables import APPEND_ONLY, FORGOTTEN, METADATA
from tests.collector.revisions import NEWEST, OLDER
from tests.collector.rows import ROWS, content, fill, row, tables
from tests.postgresql import Server

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = {table.name: table.columns.keys() for table in METADATA.sorted_tables}
REPLACING = (
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE "
    "SET {column} = EXCLUDED.{column}"
)
MERGING = (
    "MERGE INTO {table} USING {table} AS other ON {table}.{column} = other.{column} "
    "WHEN MATCHED THEN DELETE"
)
MERGE_SINCE = 150_000
UNGUARDING = (
    "CREATE OR REPLACE FUNCTION gpusla_append_only() RETURNS trigger LANGUAGE plpgsql "
    "AS $$ BEGIN RETURN NULL; END $$"
)
BY_THE_APP = (
    "UPDATE {table} SET {column} = {column}",
    "UPDATE {table} SET {column} = {column} WHERE false",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    REPLACING,
    "SELECT 1 FROM {table} FOR UPDATE",
    "DROP TABLE {table} CASCADE",
    "DROP TRIGGER {table}_append_only ON {table}",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} RENAME TO gone",
    "CREATE RULE nothing AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION f()",
    MERGING,
)
BY_THE_APP_AT_ALL = (
    "SET session_replication_role = replica",
    "SET ROLE gpusla_owner",
    "SET ROLE postgres",
    UNGUARDING,
    "DROP FUNCTION gpusla_append_only() CASCADE",
    "ALTER ROLE gpusla_app SUPERUSER",
    "CREATE TABLE ledger (number integer)",
    "CREATE TEMP TABLE chain_links (number bigint, digest text)",
    "ALTER FUNCTION gpusla_next_link() RESET search_path",
    "SELECT setval('ledger_entries_position_seq', 1)",
    "DELETE FROM leases",
    "UPDATE evaluations SET content = 'other'",
    "DELETE FROM evaluations",
    "DELETE FROM evaluation_inputs",
    "UPDATE alembic_version SET version_num = '0001'",
)
BY_THE_OWNER = BY_THE_APP[:5]
REFUSING = (*APPEND_ONLY, *FORGOTTEN)
"""Where SQLite lets no row take the place of another one."""


@pytest.fixture
def filled(postgresql: Server, postgresql_name: str) -> Iterator[psycopg.Connection]:
    """The app's own connection to a database with three rows in every table."""
    database = open_database(postgresql.url(postgresql_name))
    with database.migrating() as connection:
        fill(connection)
    database.close()
    with postgresql.connect(postgresql_name, "gpusla_collector") as found:
        yield found


def rows_of(connection: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return everything that the database holds."""
    return {
        table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
        for table in EVERYTHING
    }


def spelled(words: str, table: Table) -> str:
    """Write a statement out for one table."""
    key = ", ".join(column.name for column in table.primary_key)
    return words.format(table=table.name, column=table.columns.keys()[-1], key=key)


def test_the_app_can_change_nothing_that_is_appended_to(filled: psycopg.Connection) -> None:
    """Every statement on every table, under the role that the collector has."""
    before = rows_of(filled)
    filled.execute(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO gpusla_app"
    )  # warns, grants nothing
    ways = BY_THE_APP if filled.info.server_version >= MERGE_SINCE else BY_THE_APP[:-1]
    statements = [spelled(words, table) for words in ways for table in APPEND_ONLY]
    for statement in (*statements, *BY_THE_APP_AT_ALL):
        with pytest.raises(psycopg.Error) as caught:
            filled.execute(statement)
        misspelled = (psycopg.errors.SyntaxError, psycopg.errors.UndefinedTable)
        assert not isinstance(caught.value, misspelled), statement
    assert rows_of(filled) == before
    assert all(len(rows) == len(ROWS) for rows in before.values())


@pytest.mark.parametrize("role", ["gpusla_owner", "postgres"])
def test_the_owner_cannot_either(
    filled: psycopg.Connection, postgresql: Server, postgresql_name: str, role: str
) -> None:
    """Nor a superuser, as long as the triggers stand: no slip of the hand changes a row."""
    before = rows_of(filled)
    with postgresql.connect(postgresql_name) as other:
        other.execute(f"SET ROLE {role}")
        for table in APPEND_ONLY:
            for words in BY_THE_OWNER:
                with pytest.raises(psycopg.Error, match=r"is append-only|cannot truncate"):
                    other.execute(spelled(words, table))
    assert rows_of(filled) == before


def test_a_reader_writes_nothing(
    filled: psycopg.Connection, postgresql: Server, postgresql_name: str
) -> None:
    """But sees everything."""
    before = rows_of(filled)
    with postgresql.connect(postgresql_name) as other:
        other.execute("SET SESSION AUTHORIZATION gpusla_reader")
        assert rows_of(other) == before
        for table in METADATA.sorted_tables:
            for statement in (
                f"INSERT INTO {table} DEFAULT VALUES",
                f"DELETE FROM {table}",  # noqa: S608
                f"UPDATE {table} SET {table.columns.keys()[-1]} = NULL",  # noqa: S608
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    other.execute(statement)


def test_the_roles_may_be_made_twice(postgresql: Server, postgresql_name: str) -> None:
    """After every upgrade the same file is run again."""
    with postgresql.connect(postgresql_name) as connection:
        connection.execute(roles_sql())
        connection.execute(roles_sql())


def test_the_file_of_roles_is_what_the_command_prints() -> None:
    """An administrator who has only the repository runs the same."""
    assert (ROOT / "deploy" / "postgresql" / "roles.sql").read_text("utf-8") == roles_sql()


@pytest.mark.parametrize("table", APPEND_ONLY, ids=lambda table: table.name)
def test_sqlite_refuses_to_change_what_is_appended_to(
    database: Database, tmp_path: Path, table: Table
) -> None:
    """Whatever program asks; REPLACE as well, which asks no trigger about what it deletes."""
    with database.writing() as connection:
        fill(connection)
    statements = [
        f"UPDATE {table} SET rowid = rowid",  # noqa: S608
        f"UPDATE OR REPLACE {table} SET rowid = rowid + 1",  # noqa: S608
        f"DELETE FROM {table}",  # noqa: S608
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",  # noqa: S608
        f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",  # noqa: S608
    ]
    with sqlite3.connect(tmp_path / "collector.db") as other:
        before = other.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
        for statement in statements:
            with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
                other.execute(statement)
        assert other.execute(f"SELECT * FROM {table}").fetchall() == before  # noqa: S608
    other.close()
    assert len(before) == len(ROWS)


@pytest.mark.parametrize("table", REFUSING, ids=lambda table: table.name)
def test_no_unique_column_lets_a_row_be_replaced_on_sqlite(
    database: Database, tmp_path: Path, table: Table
) -> None:
    """Each key alone, SQLite's own hidden one too: a new row that shares it is refused."""
    with database.writing() as connection:
        fill(connection)
    next_one = dict(row(table, 4))  # so that no trigger refuses it for a gap
    with sqlite3.connect(tmp_path / "collector.db") as other:
        before = other.execute(f"SELECT rowid, * FROM {table}").fetchall()  # noqa: S608
        for unique in uniques_of(table):
            values = next_one | {name: row(table, 2).get(name, 2) for name in unique}
            marks = ", ".join("?" * len(values))
            with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
                other.execute(
                    f"REPLACE INTO {table} ({', '.join(values)}) VALUES ({marks})",  # noqa: S608
                    tuple(values.values()),
                )
        assert other.execute(f"SELECT rowid, * FROM {table}").fetchall() == before  # noqa: S608
        words = f"INSERT INTO {table} ({', '.join(next_one)}) VALUES "  # noqa: S608
        other.execute(words + f"({', '.join('?' * len(next_one))})", tuple(next_one.values()))
    other.close()


def uniques_of(table: Table) -> list[list[str]]:
    """Return each list of columns by which a row is the only one; an INTEGER key is the rowid."""
    uniques = [list(table.primary_key.columns)]
    uniques += [list(c.columns) for c in table.constraints if isinstance(c, UniqueConstraint)]
    named = [[column.name for column in unique] for unique in uniques]
    (first, *others) = table.primary_key.columns
    is_counted = not others and isinstance(first.type, BigInteger)
    return named if is_counted else [*named, ["rowid"]]


def test_sqlite_keeps_the_evaluations_that_the_ledger_names(
    database: Database, tmp_path: Path
) -> None:
    """Also from a program that does not check references, as sqlite3 does not by default."""
    with database.writing() as connection:
        fill(connection)
    with sqlite3.connect(tmp_path / "collector.db") as other:
        for statement in ("DELETE FROM evaluations", "UPDATE evaluations SET content = 'other'"):
            with pytest.raises(sqlite3.IntegrityError, match="evaluations"):
                other.execute(statement)
    other.close()


def test_a_gap_in_the_numbers_of_credit_notes_is_refused(
    any_database: Database, owner: Database
) -> None:
    """By the database: 5 cannot follow 3, nor can a second 3."""
    with owner.migrating() as connection:
        fill(connection)
    notes = METADATA.tables["credit_notes"]
    for number in (5, 3, 0, -1):
        values = dict(row(notes, number)) | {"document": "other", "entry": "other"}
        with (
            pytest.raises(Exception, match=r"without gaps|append-only"),
            any_database.writing() as connection,
        ):
            connection.execute(notes.insert().values(values))


@pytest.mark.parametrize("revision", OLDER)
def test_after_an_upgrade_from_any_schema_no_hidden_number_lets_a_row_be_replaced(
    bare_sqlite: Database, revision: str
) -> None:
    """What the finder did: the first row's number under a key of its own."""
    old = bare_sqlite
    migrate(old, revision)
    with old.migrating() as connection:
        fill(connection)
    migrate(old)
    for table in ("ledger_lines", "records", "contract_versions", "evaluations"):
        columns = METADATA.tables[table].columns.keys()
        key, *others = (f"'other {name}'" if name in {"entry", "kind", "contract", "digest"}
                        else name for name in columns)  # fmt: skip
        with pytest.raises(StoreError, match=f"{table} is append-only"), old.writing() as writer:
            writer.exec_driver_sql(
                f"INSERT OR REPLACE INTO {table} (rowid, {', '.join(columns)}) "  # noqa: S608
                f"SELECT min(rowid), {', '.join((key, *others))} FROM {table}"
            )


def test_an_upgrade_keeps_everything(bare_database: Database) -> None:
    """A database of the first schema with content has the same content afterwards."""
    old = bare_database
    assert migrate(old, OLDER[0]) == OLDER[0]
    with old.migrating() as connection:
        fill(connection)
        kept = {
            table.name: [name for name in table.columns.keys() if name != "sent_ms"]  # noqa: SIM118
            for table in tables(connection)
        }
        before = content(connection, kept)
    assert migrate(old) == NEWEST
    with old.reading() as connection:
        assert content(connection, kept) == before
        assert {table.name for table in tables(connection)} == set(EVERYTHING)
    require_guarded(old)
    with old.writing() as connection:
        entries = METADATA.tables["ledger_entries"]
        later = dict(row(entries, 4)) | {"evaluation": "x3"}
        del later["position"]
        if not old.is_postgresql:  # where the upgrade made the table anew, it must count on
            connection.execute(entries.insert().values(later))
            assert (
                connection.exec_driver_sql("SELECT max(position) FROM ledger_entries").scalar() == 4
            )


def require_guarded(database: Database) -> None:
    """Nothing that was guarded before is open afterwards."""
    for table in APPEND_ONLY:
        with database.reading() as connection:
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608
        if found:
            with (
                pytest.raises(Exception, match="is append-only"),
                database.writing() as connection,
            ):
                connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
