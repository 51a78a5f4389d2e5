"""A SQLite database under a user that may only read its files: what docs/start promises."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import require_newest

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
def url() -> Iterator[str]:
    """A database that everybody may read, in a folder in which nobody else may write."""
    with tempfile.TemporaryDirectory(prefix="gpusla-read-only-") as name:
        folder = Path(name)
        made = open_database(f"sqlite:///{folder / 'collector.db'}")
        require_newest(made)
        made.close()
        (folder / "collector.db").chmod(0o444)
        folder.chmod(0o555)
        yield f"sqlite:///{folder / 'collector.db'}"
        folder.chmod(0o700)


def read_by_nobody(url: str) -> str:
    """Return what another user is told."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, url],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_beside_a_running_collector_whoever_may_read_the_files_reads(url: str) -> None:
    """The files that SQLite needs beside it are there."""
    if os.geteuid() != 0:
        pytest.skip("only root may write into the folder beside a user who may not")
    collector = open_database(url)
    with collector.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert read_by_nobody(url) == "0007"
    collector.close()


def test_once_nobody_has_it_open_the_way_out_is_said(url: str) -> None:
    """SQLite does not open such a database for reading alone, and says no more than that."""
    told = read_by_nobody(url)
    assert "attempt to write a readonly database. Run it as the collector's user: " in told
