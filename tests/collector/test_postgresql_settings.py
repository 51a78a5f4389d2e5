"""What a server may be told, or hold, that would keep a collector from starting or from safety."""

from collections.abc import Iterator

import psycopg
import pytest

from gpusla.catalogue.codes import BAD_SETTING, STORE_UNAVAILABLE
from gpusla.errors import SettingsError, StoreError
from gpusla_collector.adapters.sql import database as module
from gpusla_collector.adapters.sql.database import MIGRATION_KEY, Database, open_database
from gpusla_collector.adapters.sql.schema import migrate, require_newest, require_readable
from gpusla_collector.adapters.sql.store import SqlStore
from tests.collector.revisions import NEWEST
from tests.postgresql import Server


@pytest.fixture
def lock(postgresql: Server, postgresql_name: str) -> Iterator[psycopg.Connection]:
    """A session of some login that holds the lock for changes of the schema."""
    with postgresql.connect(postgresql_name, "gpusla_collector") as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_KEY,))
        yield connection


@pytest.mark.usefixtures("lock")
def test_a_collector_starts_on_the_newest_schema_whoever_holds_the_lock(
    postgresql_database: Database,
) -> None:
    """There is nothing to change, so there is nothing to wait for; the same for `migrate`."""
    require_newest(postgresql_database)
    assert migrate(postgresql_database) == NEWEST
    assert SqlStore(postgresql_database).acquire("collector", "this", 0, 1_000) is not None


def test_who_has_to_change_the_schema_does_not_wait_for_ever(
    bare_postgresql: Database, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what may hold the lock, and how to be rid of it; then it goes on."""
    shorter = module.MIGRATION_LOCK.replace(f"'{module.LOCK_WAIT_SECONDS}s'", "'100ms'")
    monkeypatch.setattr(module, "MIGRATION_LOCK", shorter)
    name = str(bare_postgresql.engine.url.database)
    with postgresql.connect(name) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_KEY,))
        for act in (migrate, require_newest):
            with pytest.raises(StoreError, match="another session holds the lock") as caught:
                act(bare_postgresql)
            assert caught.value.code is STORE_UNAVAILABLE
            assert caught.value.retryable
            assert f"advisory lock {MIGRATION_KEY}" in caught.value.message
        way_out = str(caught.value.fix).split(": ")[1].rstrip(".")
        with postgresql.connect(name) as administrator:
            assert len(administrator.execute(way_out.encode()).fetchall()) == 1
        require_newest(bare_postgresql)
        bare_postgresql.engine.dispose()
        with pytest.raises(psycopg.OperationalError):
            holder.execute("SELECT 1")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_is_not_utf_8_is_refused_in_one_sentence(
    postgresql: Server, encoding: str
) -> None:
    """At the first thing that is asked of it, before anything is written."""
    name = f"in_{encoding.lower()}"
    with postgresql.connect() as connection:
        words = f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'"
        connection.execute(words.encode())
    found = open_database(postgresql.url(name))
    for act in (migrate, require_newest, require_readable):
        with pytest.raises(SettingsError, match=f"its encoding is {encoding}") as caught:
            act(found)
        assert caught.value.code is BAD_SETTING
        assert "createdb -E UTF8 -T template0" in str(caught.value)
    found.close()
    postgresql.drop(name)


def test_a_session_speaks_utf_8_whatever_the_login_is_told(
    postgresql: Server, postgresql_name: str, postgresql_database: Database
) -> None:
    """A setting of the login would make names of other scripts an error much later."""
    with postgresql.connect(postgresql_name) as administrator:
        words = f"ALTER DATABASE {postgresql_name} SET client_encoding = 'LATIN1'"
        administrator.execute(words.encode())
    with postgresql_database.reading() as connection:
        assert connection.exec_driver_sql("SHOW client_encoding").scalar() == "UTF8"
        assert connection.exec_driver_sql("SELECT 'Ωμέγα ✓'").scalar() == "Ωμέγα ✓"


@pytest.mark.parametrize(
    ("told", "kept"),
    [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_a_commit_is_on_disk_when_it_returns_whatever_the_server_is_told(
    postgresql: Server, postgresql_name: str, postgresql_database: Database, told: str, kept: str
) -> None:
    """A booking whose commit was answered is there after a crash; nobody is told less."""
    with postgresql.connect(postgresql_name) as administrator:
        words = f"ALTER DATABASE {postgresql_name} SET synchronous_commit = {told}"
        administrator.execute(words.encode())
    owner = open_database(postgresql.url(postgresql_name))
    for transaction in (postgresql_database.writing, owner.migrating):
        with transaction() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == kept
    owner.close()
