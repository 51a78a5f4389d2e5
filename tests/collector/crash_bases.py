"""A database whose state is put back in milliseconds: by copying a file, or by copying rows."""

import shutil
from pathlib import Path
from threading import Event
from typing import Protocol

from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.roles import roles_sql
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.tables import METADATA
from tests.postgresql import Server

TABLES = tuple(table.name for table in METADATA.sorted_tables)
COLLECTOR = "gpusla_collector"
WITNESSED = {"ledger_entries": "key", "evidence_segments": "node"}
"""Tables that name the epoch of whoever wrote, and what the witness writes down of them."""

WITNESS = "CREATE TABLE witness (name TEXT, epoch BIGINT, standing BIGINT)"
SQLITE_WITNESS = """\
CREATE TRIGGER witness_{table} AFTER INSERT ON {table}
WHEN NEW.epoch <> (SELECT epoch FROM leases) BEGIN
  INSERT INTO witness SELECT NEW.{name}, NEW.epoch, epoch FROM leases; END"""
POSTGRESQL_WITNESS = """\
CREATE FUNCTION witness_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  INSERT INTO witness SELECT NEW.{name}, NEW.epoch, epoch FROM leases WHERE epoch <> NEW.epoch;
  RETURN NEW; END $$;
CREATE TRIGGER witness_{table} AFTER INSERT ON {table}
FOR EACH ROW EXECUTE FUNCTION witness_{table}();"""
VACUUM_EVERY = 100
END_SECONDS = 20


class Base(Protocol):
    """One database; database: as a collector has it, eye: as whoever looks afterwards has it."""

    database: Database
    eye: Database

    def keep(self, name: str) -> None:
        """Keep the state of now under a name."""

    def put_back(self, name: str) -> None:
        """Put a kept state back."""

    def settle(self) -> None:
        """Return when no process that died can have any effect any more."""


def empty_file(path: Path) -> None:
    """Make an SQLite database of the newest schema, with the witness of stale writers."""
    database = open_database(f"sqlite:///{path}")
    require_newest(database)
    with database.writing() as connection:
        connection.exec_driver_sql(WITNESS)
        for table, name in WITNESSED.items():
            connection.exec_driver_sql(SQLITE_WITNESS.format(table=table, name=name))
    database.close()


def empty_template(server: Server) -> str:
    """Make the same on PostgreSQL with the rights that a collector has; returns its name."""
    name = server.create()
    database = open_database(server.url(name))
    require_newest(database)
    database.close()
    with server.connect(name) as connection:
        connection.execute(roles_sql())
        connection.execute(f"CREATE ROLE {COLLECTOR} LOGIN IN ROLE gpusla_app")
        connection.execute(WITNESS)
        for table, column in WITNESSED.items():
            connection.execute(POSTGRESQL_WITNESS.format(table=table, name=column))
    return name


class FileBase:
    """An SQLite database; its states are files."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self._folder = folder
        self._path = folder / "run.db"
        self.database = self.eye = open_database(f"sqlite:///{self._path}")
        shutil.copy(empty, self._kept("empty"))

    def keep(self, name: str) -> None:
        """Keep the state of now under a name."""
        self.database.close()  # the last to close empties the log
        shutil.copy(self._path, self._kept(name))

    def put_back(self, name: str) -> None:
        """Put a kept state back."""
        self.database.close()
        for left in self._folder.glob("run.db*"):
            left.unlink()
        shutil.copy(self._kept(name), self._path)

    def settle(self) -> None:
        """Do nothing: the kernel has dropped all locks of who died."""

    def _kept(self, name: str) -> Path:
        return self._folder / f"{name}.kept"


class ServerBase:
    """A PostgreSQL database; its states are schemas beside the one that is used."""

    def __init__(self, server: Server, name: str) -> None:
        self.database = open_database(server.url(name, COLLECTOR))
        self.eye = open_database(server.url(name))
        self._hand = server.connect(name)
        # What refuses UPDATE and DELETE are triggers; only a superuser may silence them.
        self._hand.execute("SET session_replication_role = replica")
        self._put_back: dict[str, bytes] = {}
        self._count = 0
        self.keep("empty")

    def keep(self, name: str) -> None:
        """Keep the state of now under a name."""
        self.database.close()
        kept = f"kept_{len(self._put_back)}"
        self._run(f"CREATE SCHEMA {kept}")
        for table in TABLES:
            self._run(f"CREATE TABLE {kept}.{table} AS TABLE public.{table}")
        emptied = [f"DELETE FROM {table}" for table in ("witness", *reversed(TABLES))]  # noqa: S608
        filled = [f"INSERT INTO {table} SELECT * FROM {kept}.{table}" for table in TABLES]  # noqa: S608
        self._put_back[name] = ";".join((*emptied, *filled, *self._counters())).encode()

    def put_back(self, name: str) -> None:
        """Put a kept state back."""
        self.settle()
        self._hand.execute(self._put_back[name])
        self._count += 1
        if self._count % VACUUM_EVERY == 0:
            self._run("VACUUM")

    def settle(self) -> None:
        """Return when the sessions of collectors have ended, whatever they were doing."""
        for _ in range(END_SECONDS * 500):
            left = self._hand.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename = %s",
                (COLLECTOR,),
            ).fetchall()
            if not left:
                return
            Event().wait(0.002)
        raise AssertionError(f"{len(left)} sessions do not end")

    def _counters(self) -> list[str]:
        """Return what lets sequences go on where they stand now."""
        found = self._hand.execute(
            "SELECT schemaname, sequencename, coalesce(last_value, 1), last_value IS NOT NULL "
            "FROM pg_sequences WHERE schemaname = 'public'"
        ).fetchall()
        return [
            f"SELECT setval('{schema}.{name}', {value}, {is_used})"
            for schema, name, value, is_used in found
        ]

    def _run(self, words: str) -> None:
        self._hand.execute(words.encode())
