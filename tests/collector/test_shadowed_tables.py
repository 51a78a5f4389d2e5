"""
Threat row O1: a temporary table named like one of ours hides nothing from what guards ours.

PostgreSQL looks for an unqualified name among a session's temporary tables first.  A guard that
asks for the last number must not ask a table that whoever inserts has just made.
"""

import psycopg
import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import DBAPIError

from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.roles import FUNCTIONS, roles_sql
from gpusla_collector.adapters.sql.schema import migrate, sql_for
from gpusla_collector.adapters.sql.tables import LEDGER_ENTRIES
from tests.collector.revisions import OLDER
from tests.collector.rows import fill, row
from tests.postgresql import Server

LINK = "INSERT INTO {schema}.chain_links (number, kind, subject, previous, digest) VALUES "
NOTE = "INSERT INTO {schema}.credit_notes (contract, number, document, entry) VALUES "
TRICKS = {
    "chain_links": (
        "CREATE TEMP TABLE chain_links (number bigint, digest text)",
        "INSERT INTO chain_links VALUES (999999, 'z')",
        LINK + "(1000000, 'findings', '9', 'z', 'y')",
        LINK + "(4, 'findings', '9', 'x3', 'y')",
    ),
    "credit_notes": (
        "CREATE TEMP TABLE credit_notes (contract text, number bigint)",
        "INSERT INTO credit_notes VALUES ('x', 999999)",
        NOTE + "('x', 1000000, 'CN-9', 'x4')",
        NOTE + "('x', 4, 'CN-4', 'x4')",
    ),
}
"""By table: the one that hides it, the row before, the row after a gap, and the next one."""

CONFIGURED = """\
SELECT proname, proconfig FROM pg_proc JOIN pg_namespace AS home ON home.oid = pronamespace
WHERE nspname = current_schema() AND prorettype = 'trigger'::regtype"""


def filled(database: Database) -> None:
    """Put three rows into every table, and a fourth entry that has no credit note yet."""
    fourth = dict(row(LEDGER_ENTRIES, 4)) | {"evaluation": "x3"}
    with database.migrating() as connection:
        fill(connection)
        connection.execute(insert(LEDGER_ENTRIES).values(fourth))


def let_make_tables(owner: Database) -> None:
    """Let everybody make temporary tables, as before the roles were made anew."""
    if owner.is_postgresql:
        words = f"GRANT TEMPORARY ON DATABASE {owner.engine.url.database} TO PUBLIC"
        with owner.migrating() as connection:
            connection.exec_driver_sql(words)


def require_refused(connection: Connection, table: str, schema: str) -> None:
    """Hide a table; the row that leaves a gap is refused, the next one is not."""
    *hiding, gap, following = (words.format(schema=schema) for words in TRICKS[table])
    for words in hiding:
        connection.exec_driver_sql(words)
    connection.commit()
    with pytest.raises(DBAPIError, match=r"append-only and (numbered )?without gaps"):
        connection.exec_driver_sql(gap)
    connection.rollback()
    connection.exec_driver_sql(following)
    connection.commit()


@pytest.mark.parametrize("table", TRICKS)
def test_a_temporary_table_hides_no_gap(
    any_database: Database, owner: Database, table: str
) -> None:
    """Under the collector's own login, where it may make such tables."""
    filled(owner)
    let_make_tables(owner)
    schema = "public" if any_database.is_postgresql else "main"
    with any_database.engine.connect() as connection:
        require_refused(connection, table, schema)


@pytest.mark.parametrize("table", TRICKS)
def test_nor_where_the_schema_is_not_public(elsewhere: Database, table: str) -> None:
    """A guard looks where the tables are, whatever their schema is called."""
    migrate(elsewhere)
    filled(elsewhere)
    with elsewhere.engine.connect() as connection:
        require_refused(connection, table, '"Led, ger"')


@pytest.mark.parametrize("revision", [*OLDER, "printed"])
def test_every_guard_says_where_it_looks(
    bare_postgresql: Database, postgresql: Server, revision: str
) -> None:
    """After an upgrade from each older schema, and where an administrator ran what is printed."""
    with postgresql.connect(str(bare_postgresql.engine.url.database)) as connection:
        if revision == "printed":
            connection.execute(sql_for("postgresql").encode())
        else:
            assert migrate(bare_postgresql, revision) == revision
            migrate(bare_postgresql)
        found = connection.execute(CONFIGURED).fetchall()
    looks = ["search_path=public, pg_temp"]
    assert sorted(found) == sorted((function, looks) for function in FUNCTIONS)


@pytest.mark.parametrize("role", ["gpusla_collector", "gpusla_reader"])
def test_the_roles_make_no_temporary_tables(
    postgresql: Server, postgresql_name: str, role: str
) -> None:
    """Nobody of ours needs any."""
    with postgresql.connect(postgresql_name) as administrator:
        administrator.execute(f"GRANT TEMPORARY ON DATABASE {postgresql_name} TO PUBLIC")
        administrator.execute(roles_sql())
    with postgresql.connect(postgresql_name) as connection:
        connection.execute(f"SET SESSION AUTHORIZATION {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="temporary tables"):
            connection.execute("CREATE TEMP TABLE chain_links (number bigint, digest text)")
