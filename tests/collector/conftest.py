"""What the collector's tests share: each store and each source of journals, fake and real."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.roles import NO_TEMPORARY_TABLES, roles_sql
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import Evidence, Lease, Store
from tests.collector.claims import asking
from tests.collector.fakes import MemoryEvidence
from tests.collector.fsck_ground import ground, records  # noqa: F401  (fixtures)
from tests.collector.memory_store import MemoryStore
from tests.collector.stage import Stage
from tests.postgresql import Server, serving

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Told:
    """Run a command in this process; returns its exit code and both its outputs."""

    def run(*words: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(word) for word in words])
        return code, *capfd.readouterr()

    return run


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database of the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    made = open_database(f"sqlite:///{path}")
    require_newest(made)
    made.close()
    return path


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Iterator[Database]:
    """An empty SQLite database of the newest schema."""
    path = tmp_path / "collector.db"
    shutil.copy(empty_database, path)
    found = open_database(f"sqlite:///{path}")
    yield found
    found.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server that forgets what a crash of the machine would take."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def empty_postgresql(postgresql: Server) -> str:
    """An empty PostgreSQL database of the newest schema and its roles, to be copied."""
    name = postgresql.create()
    made = open_database(postgresql.url(name))
    require_newest(made)
    made.close()
    with postgresql.connect(name) as connection:
        connection.execute(roles_sql())
        connection.execute("CREATE ROLE gpusla_collector LOGIN IN ROLE gpusla_app")
    return name


@pytest.fixture
def postgresql_name(postgresql: Server, empty_postgresql: str) -> Iterator[str]:
    """The name of an empty PostgreSQL database of the newest schema and its roles."""
    name = postgresql.create(empty_postgresql)
    with postgresql.connect(name) as connection:
        connection.execute(NO_TEMPORARY_TABLES.encode())  # not copied: the database's own right
    yield name
    postgresql.drop(name)


@pytest.fixture
def postgresql_database(postgresql: Server, postgresql_name: str) -> Iterator[Database]:
    """An empty PostgreSQL database of the newest schema, with the rights that a collector has."""
    found = open_database(postgresql.url(postgresql_name, "gpusla_collector"))
    yield found
    found.close()


@pytest.fixture
def bare_sqlite(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database without any tables, of which there is no file yet."""
    found = open_database(f"sqlite:///{tmp_path / 'bare.db'}")
    yield found
    found.close()


@pytest.fixture
def bare_postgresql(postgresql: Server) -> Iterator[Database]:
    """A PostgreSQL database without any tables or roles, with the rights of its owner."""
    name = postgresql.create()
    found = open_database(postgresql.url(name))
    yield found
    found.close()
    postgresql.drop(name)


@pytest.fixture
def elsewhere(bare_postgresql: Database, postgresql: Server) -> Database:
    """The same, with tables to be made in a schema of another name than usual."""
    name = bare_postgresql.engine.url.database
    with postgresql.connect(str(name)) as connection:
        connection.execute('CREATE SCHEMA "Led, ger"')
        connection.execute(f'ALTER DATABASE {name} SET search_path = "Led, ger"'.encode())
    return bare_postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database(request: pytest.FixtureRequest) -> Database:
    """A database without any tables, of each kind."""
    found: Database = request.getfixturevalue(f"bare_{request.param}")
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> Database:
    """An empty database of the newest schema, of each kind."""
    kind = "database" if request.param == "sqlite" else "postgresql_database"
    found: Database = request.getfixturevalue(kind)
    return found


@pytest.fixture
def owner(any_database: Database) -> Iterator[Database]:
    """The same database, with the rights of who owns its tables."""
    if not any_database.is_postgresql:
        yield any_database
        return
    found = open_database(str(any_database.engine.url).replace("gpusla_collector", "postgres"))
    yield found
    found.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """The store, fake and real."""
    if request.param == "memory":
        return MemoryStore()
    kind = "database" if request.param == "sqlite" else "postgresql_database"
    return SqlStore(request.getfixturevalue(kind))


@pytest.fixture(params=["memory", "files"])
def evidence(request: pytest.FixtureRequest, tmp_path: Path) -> Evidence:
    """The evidence, fake and real."""
    return MemoryEvidence() if request.param == "memory" else EvidenceFiles(tmp_path / "evidence")


@pytest.fixture
def lease(store: Store) -> Lease:
    """A lease on the store."""
    found = store.acquire("collector", "this", 0, 1_000)
    assert found is not None
    return found


@pytest.fixture
def on_claim(store: Store) -> Stage:
    """A July that misses its target, under a contract whose credits must be asked for."""
    return asking(store)
