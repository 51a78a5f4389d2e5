"""Stores as the simulation has them: what they show their users, and what only a watch looks at."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from gpusla.identity import NodeName
from gpusla.timeline.model import StateSpan
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.adapters.sql.tables import (
    EVALUATION_CURSORS,
    EVALUATIONS,
    LEDGER_LINES,
    OUTBOX,
)
from gpusla_collector.ports import Evidence, Store
from tests.collector.fakes import MemoryEvidence
from tests.collector.memory_store import MemoryStore
from tests.postgresql import Server, serving
from tests.simulation.watch import Inside


class QuickStore(MemoryStore):
    """The fake store, which would join all spans of a node anew where none came."""

    def _keep(self, node: NodeName, spans: Sequence[StateSpan]) -> None:
        if spans:
            super()._keep(node, spans)


@dataclass(slots=True)
class MemoryInside:
    """A store in dictionaries; it makes no announcements."""

    store: MemoryStore = field(default_factory=QuickStore)

    def evaluations(self) -> list[str]:
        """Return the digests of all evaluations that are kept."""
        return list(self.store.evaluations)

    def newest(self) -> list[str]:
        """Return the digest of the last evaluation of each period."""
        return list(self.store.newest.values())

    def announced(self) -> None:
        """Tell that there are none."""

    def total_minor_units(self) -> int:
        """Return the sum of all legs of all entries."""
        return sum(line.minor_units for entry in self.store.ledger for line in entry.lines)


@dataclass(slots=True)
class SqlInside:
    """A store in a database."""

    database: Database
    store: Store

    def evaluations(self) -> list[str]:
        """Return the digests of all evaluations that are kept."""
        with self.database.reading() as connection:
            return list(connection.scalars(select(EVALUATIONS.c.digest)))

    def newest(self) -> list[str]:
        """Return the digest of the last evaluation of each period."""
        with self.database.reading() as connection:
            return list(connection.scalars(select(EVALUATION_CURSORS.c.evaluation)))

    def announced(self) -> list[str]:
        """Return the keys of all announcements in order."""
        with self.database.reading() as connection:
            query = select(OUTBOX.c.key).order_by(OUTBOX.c.position)
            return list(connection.scalars(query))

    def total_minor_units(self) -> int:
        """Return the sum of all legs of all entries."""
        with self.database.reading() as connection:
            return int(connection.scalar(select(func.sum(LEDGER_LINES.c.minor_units))) or 0)


@dataclass(slots=True)
class Grounds:
    """
    Where runs get their empty stores.

    kind: memory, sqlite or postgresql.  folder: for files.
    """

    kind: str
    folder: Path
    server: Server | None = None
    template: str = ""

    @contextmanager
    def fresh(self) -> Iterator[tuple[Inside, Evidence]]:
        """Give an empty store and empty evidence, both thrown away afterwards."""
        if self.kind == "memory":
            yield MemoryInside(), MemoryEvidence()
            return
        with TemporaryDirectory(dir=self.folder) as folder:
            url = self._url(Path(folder))
            database = open_database(url)
            try:
                yield (
                    SqlInside(database, SqlStore(database)),
                    EvidenceFiles(Path(folder) / "evidence"),
                )
            finally:
                database.close()
                if self.server is not None:
                    self.server.drop(url.rsplit("/", 1)[1])

    def _url(self, folder: Path) -> str:
        if self.server is not None:
            return self.server.url(self.server.create(self.template))
        (folder / "evidence").mkdir()
        shutil.copy(self.folder / "empty.db", folder / "run.db")
        return f"sqlite:///{folder / 'run.db'}"


@contextmanager
def grounds(kind: str) -> Iterator[Grounds]:
    """Give grounds of a kind, with an empty database of the newest schema to copy from."""
    with TemporaryDirectory(prefix="simulation-") as name:
        folder = Path(name)
        if kind == "memory":
            yield Grounds(kind, folder)
        elif kind == "sqlite":
            _make(f"sqlite:///{folder / 'empty.db'}")
            yield Grounds(kind, folder)
        else:
            with serving() as server:
                template = server.create()
                _make(server.url(template))
                yield Grounds(kind, folder, server, template)


def _make(url: str) -> None:
    database = open_database(url)
    require_newest(database)
    database.close()
