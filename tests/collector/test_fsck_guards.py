"""`gpusla fsck` looks at what keeps rows from being changed: a guard that is off is named."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from gpusla_collector.adapters.sql.books import books
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.roles import roles_sql
from gpusla_collector.adapters.sql.schema import migrate
from tests.collector.fsck_ground import Ground
from tests.collector.revisions import OLDER
from tests.postgresql import Server

ON_SQLITE = {
    "dropped": (
        ("DROP TRIGGER ledger_entries_no_update",),
        "ledger_entries: its trigger ledger_entries_no_update is gone",
    ),
    "made anew without the hidden number": (
        (
            "DROP TRIGGER records_no_replace",
            "CREATE TRIGGER records_no_replace BEFORE INSERT ON records BEGIN SELECT 1; END",
        ),
        "records: its trigger records_no_replace says something else",
    ),
    "one that writes": (
        ("CREATE TRIGGER eat AFTER INSERT ON ledger_entries BEGIN DELETE FROM leases; END",),
        "ledger_entries: its trigger eat is none of ours",
    ),
}
"""By what was done: the statements, and what is said of it."""

ON_POSTGRESQL = {
    "all off": (
        "ALTER TABLE chain_links DISABLE TRIGGER ALL",
        "chain_links: its trigger chain_links_append_only is switched off",
    ),
    "for replicas": (
        "ALTER TABLE approvals ENABLE REPLICA TRIGGER approvals_append_only",
        "approvals: its trigger approvals_append_only is switched off",
    ),
    "references": (
        "ALTER TABLE ledger_lines DISABLE TRIGGER ALL",
        "is switched off",
    ),
    "dropped": (
        "DROP TRIGGER findings_append_only ON findings",
        "findings: its trigger findings_append_only is gone",
    ),
    "fewer acts": (
        (
            "CREATE OR REPLACE TRIGGER outbox_append_only BEFORE UPDATE ON outbox "
            "FOR EACH STATEMENT EXECUTE FUNCTION gpusla_append_only()"
        ),
        "outbox: its trigger outbox_append_only does something else",
    ),
    "a condition": (
        (
            "CREATE OR REPLACE TRIGGER chain_links_without_gaps BEFORE INSERT ON chain_links "
            "FOR EACH ROW WHEN (NEW.number < 9) EXECUTE FUNCTION gpusla_next_link()"
        ),
        "chain_links: its trigger chain_links_without_gaps does something else",
    ),
    "one more": (
        "CREATE TRIGGER more AFTER INSERT ON outbox EXECUTE FUNCTION gpusla_append_only()",
        "outbox: its trigger more is none of ours",
    ),
    "a rule": (
        "CREATE RULE nothing AS ON INSERT TO findings DO INSTEAD NOTHING",
        "findings: its rule nothing is none of ours",
    ),
    "another body": (
        (
            "CREATE OR REPLACE FUNCTION gpusla_append_only() RETURNS trigger LANGUAGE plpgsql "
            "SET search_path = public, pg_temp AS $$ BEGIN RETURN NULL; END $$"
        ),
        "gpusla_append_only: the function behind triggers reads otherwise",
    ),
    "no path": (
        "ALTER FUNCTION gpusla_next_link() RESET search_path",
        "gpusla_next_link: the function behind triggers looks for tables by wherever",
    ),
    "another path": (
        "ALTER FUNCTION gpusla_next_note() SET search_path = pg_temp, public",
        "gpusla_next_note: the function behind triggers looks for tables by search_path=pg_temp",
    ),
    "everything to everybody": (
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO public",
        "ledger_entries: PUBLIC may DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE",
    ),
    "one column": (
        "GRANT UPDATE (person) ON contract_modes TO gpusla_app",
        "contract_modes: gpusla_app may UPDATE on it",
    ),
    "a counter": (
        "GRANT UPDATE ON SEQUENCE ledger_entries_position_seq TO gpusla_app",
        "ledger_entries_position_seq: gpusla_app may UPDATE on it",
    ),
    "somebody else": (
        "GRANT DELETE ON spans TO pg_monitor",
        "spans: pg_monitor may DELETE on it",
    ),
    "the owner's role": (
        "ALTER TABLE documents OWNER TO gpusla_app",
        "documents: gpusla_app has the rights of its owner",
    ),
}


def guards(database: Database) -> list[str]:
    """Return what is said of the guards, as whoever opened the database sees them."""
    with books(database) as found:
        return [f"{subject}: {words}" for subject, words in found.guards()]


@pytest.fixture
def administrator(postgresql: Server, postgresql_name: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to the same database."""
    with postgresql.connect(postgresql_name) as connection:
        yield connection


def test_as_they_were_made_nothing_is_said(any_database: Database, owner: Database) -> None:
    """To the collector's own login, and to whoever owns the tables."""
    assert guards(any_database) == []
    assert guards(owner) == []


@pytest.mark.parametrize("revision", OLDER)
def test_after_an_upgrade_from_any_schema_nothing_is_said(
    bare_database: Database, revision: str, postgresql: Server
) -> None:
    """Without the roles as well, and after they were made."""
    migrate(bare_database, revision)
    migrate(bare_database)
    assert guards(bare_database) == []
    if bare_database.is_postgresql:
        with postgresql.connect(str(bare_database.engine.url.database)) as connection:
            connection.execute(roles_sql())
        assert guards(bare_database) == []


def test_nor_where_the_schema_is_not_public(elsewhere: Database) -> None:
    """The guards look at home, whatever it is called."""
    migrate(elsewhere)
    assert guards(elsewhere) == []
    with elsewhere.migrating() as connection:
        connection.execute(text("ALTER TABLE outbox DISABLE TRIGGER outbox_append_only"))
    assert guards(elsewhere) == ["outbox: its trigger outbox_append_only is switched off"]


@pytest.mark.parametrize("what", ON_SQLITE)
def test_a_guard_of_sqlite_that_is_off_is_named(database: Database, what: str) -> None:
    """By the table and the trigger."""
    statements, said = ON_SQLITE[what]
    with database.migrating() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    (found,) = guards(database)
    assert found.startswith(said)


@pytest.mark.parametrize("what", ON_POSTGRESQL)
def test_a_guard_of_postgresql_that_is_off_is_named(
    postgresql_database: Database, administrator: psycopg.Connection, what: str
) -> None:
    """By the table, the function or the role, and to the collector's own login."""
    statement, said = ON_POSTGRESQL[what]
    assert guards(postgresql_database) == []
    administrator.execute(statement.encode())
    found = guards(postgresql_database)
    assert any(said in one for one in found), found


def test_a_server_on_which_no_trigger_fires_is_named(
    postgresql_database: Database, administrator: psycopg.Connection, postgresql_name: str
) -> None:
    """A superuser may set that for a database or a login, and every trigger stays as it is."""
    words = f"ALTER DATABASE {postgresql_name} SET session_replication_role = replica"
    administrator.execute(words.encode())
    (found,) = guards(postgresql_database)
    assert found.startswith("session_replication_role: is replica")


def test_what_a_site_gives_to_its_own_readers_is_no_damage(
    postgresql_database: Database, administrator: psycopg.Connection
) -> None:
    """A login that looks for a report changes nothing."""
    administrator.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO pg_monitor")
    assert guards(postgresql_database) == []


def test_the_check_names_them_as_a_class(ground: Ground) -> None:
    """Every trigger dropped, and not one row is damaged."""
    assert ground.check() == []
    with ground.database.migrating() as connection:
        query = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        names = connection.scalars(query).all()
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}"))
    found = ground.check()
    assert {one.breach.value for one in found} == {"guards"}
    assert len(found) == len(names)
    assert all(any(f" {name} is gone" in one.words for one in found) for name in names)
    assert str(found[0]).startswith("guards: approvals: its trigger approvals_no_delete is gone")
