"""What the collector's tests share: each store and each source of journals, fake and real."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import Evidence, Lease, Store
from tests.collector.fakes import MemoryEvidence, MemoryStore


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


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest) -> Store:
    """The store, fake and real."""
    if request.param == "memory":
        return MemoryStore()
    return SqlStore(request.getfixturevalue("database"))


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
