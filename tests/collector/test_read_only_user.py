"""A SQLite database under a user that may only read its files: what docs/start promises."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import require_newest
from tests.collector.revisions import NEWEST

READ = """
import os, sys
from gpusla.errors import StoreError
from gpusla_collector.adapters.sql.database import open_database
database = open_database(sys.argv[1])
with open_database("sqlite://").reading() as connection:
    connection.exec_driver_sql("SELECT 1")  # what is imported late may lie where nobody looks
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    with database.reading() as connection:
        print(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
except StoreError as error:
    print(error)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a database, where everybody may look, other than in a test's own."""
    with tempfile.TemporaryDirectory(prefix="gpusla-read-only-") as name:
        Path(name).chmod(0o755)
        made = open_database(url_of(Path(name)))
        require_newest(made)
        made.close()
        yield Path(name)


def url_of(folder: Path) -> str:
    """Return the database's URL."""
    return f"sqlite:///{folder / 'collector.db'}"


def read_by_another(folder: Path) -> str:
    """
    Return what is told to a user that may write neither the folder nor what is in it.

    Whoever opened the files before keeps what he may; who opens them now may only read, be it the
    same user.  Root, who may always write, becomes nobody first.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with read_only(folder):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", READ, url_of(folder)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write there meanwhile who has not opened it yet."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o644)


def test_beside_a_running_collector_whoever_may_read_the_files_reads(folder: Path) -> None:
    """The files that SQLite needs beside it are there."""
    collector = open_database(url_of(folder))
    with collector.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert read_by_another(folder) == NEWEST
    collector.close()


def test_once_nobody_has_it_open_the_way_out_is_said(folder: Path) -> None:
    """SQLite does not open such a database for reading alone, and says no more than that."""
    told = read_by_another(folder)
    assert "attempt to write a readonly database. Run it as the collector's user: " in told
