"""
A real PostgreSQL for tests: Debian's server in a folder of its own, on a free loopback port.

PostgreSQL refuses to run as root.  Root starts it as `nobody`; where `nobody` cannot reach the
program, as in a checkout under /root, in a user namespace in which root has another number.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event

import psycopg
from psycopg import sql

from tests.programs import program

NOBODY = 65534
START_SECONDS = 30
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
IN_A_NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=60",
    "shared_buffers=32MB",
    "autovacuum=off",
)
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class Server:
    """
    A running server.

    process: its postmaster, or what runs it.  owner: its superuser.
    """

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    owner: str = "postgres"
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str, user: str | None = None) -> str:
        """Return the SQLAlchemy URL of one database."""
        return f"postgresql://{user or self.owner}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres", user: str | None = None) -> psycopg.Connection:
        """Return a connection that commits each statement."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=user or self.owner,
            autocommit=True,
        )

    def create(self, template: str = "template0") -> str:
        """Make a database, empty or a copy of another one; returns its name."""
        name = f"test_{next(self._numbers)}"
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with self.connect() as connection:
            connection.execute(words.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        """Throw a database away, whoever is connected to it."""
        with self.connect() as connection:
            words = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(words.format(sql.Identifier(name)))


@contextmanager
def serving(*, is_durable: bool = False) -> Iterator[Server]:
    """Run a server; one that is not durable forgets what a crash of the machine would take."""
    folder = Path(tempfile.mkdtemp(prefix="gpusla-postgresql-"))
    prefix = _as_somebody(folder)
    try:
        _initialise(prefix, folder)
        port = _free_port()
        words = (*SETTINGS, f"port={port}", *(() if is_durable else NOT_DURABLE))
        command = [*prefix, program("postgres"), "-D", str(folder / "data")]
        command += [word for setting in words for word in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            server = Server(port, folder, process)
            _until_ready(server)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown: sessions are ended
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder)


def _as_somebody(folder: Path) -> tuple[str, ...]:
    """Return what starts the server as somebody else than root, and give that one the folder."""
    if os.geteuid() != 0:
        return ()
    for prefix in (AS_NOBODY, IN_A_NAMESPACE):
        command = [*prefix, program("postgres"), "--version"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            if prefix is AS_NOBODY:
                os.chown(folder, NOBODY, NOBODY)
            return prefix
    raise AssertionError("PostgreSQL does not run as root, and neither setpriv nor unshare works")


def _initialise(prefix: tuple[str, ...], folder: Path) -> None:
    words = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    done = subprocess.run(
        [*prefix, program("initdb"), "-D", str(folder / "data"), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _until_ready(server: Server) -> None:
    for _ in range(START_SECONDS * 20):
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert server.process.poll() is None, (server.folder / "log").read_text("utf-8")
            Event().wait(0.05)
        else:
            return
    raise AssertionError((server.folder / "log").read_text("utf-8"))
