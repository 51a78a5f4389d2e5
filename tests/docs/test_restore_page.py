"""
The page on backup and restore, followed to the letter on both databases.

Every command is run by a shell, in its order, in folders of the test's own; only `systemctl` is
ours and does nothing, and there are no other users to become.  The backup knows half of what the
evidence holds in the end, and one of the two nodes has left meanwhile: what the collector has of it
is the only copy.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gpusla.identity import NodeName
from tests.collector import site
from tests.collector.agent_server import serving
from tests.collector.journals import Journal
from tests.collector.processes import PATIENCE_SECONDS, START, until
from tests.docs.page_shell import PageShell
from tests.postgresql import serving as postgresql_serving
from tests.programs import program

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operating" / "restore.md").read_text("utf-8")
SCRIPT = re.compile(r"^ *```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
CONFIG = "--config /etc/gpusla-collector/collector.yaml"
FSCK = f"gpusla fsck {CONFIG}"
CLIENTS = ("pg_dump", "pg_restore", "psql", "createdb")
AT_BACKUP = 60
GONE, STAYS = site.TWO_TRAYS[1].node, site.TWO_TRAYS[0].node
PACE = "fetch_interval_ms: 300\njudge_interval_ms: 300\n"
RECEIVER = "announcements:\n  name: billing\n  url: http://127.0.0.1:1/credits\n"


@dataclass(frozen=True, slots=True)
class Scripts:
    """The commands for one database, in the order of the page."""

    backup: str
    restore: str
    check: str
    delete_mark: str
    take_in: str
    start: str
    compare: str

    @classmethod
    def of(cls, *, is_postgresql: bool) -> "Scripts":
        """Take them from the page; each database has its own backup and restore."""
        one, other, old, anew, *rest = SCRIPT.findall(PAGE)
        return cls(*((other, anew) if is_postgresql else (one, old)), *rest)


@dataclass(slots=True)
class Site(PageShell):
    """A collector, and what its agents tell."""

    journals: dict[NodeName, Journal] = field(default_factory=dict)
    told: int = AT_BACKUP
    has_left: bool = False

    @property
    def data(self) -> Path:
        """Return the data directory."""
        return self.folder / "var/lib/gpusla-collector"

    @property
    def settings(self) -> Path:
        """Return the settings' file."""
        return self.folder / "etc/gpusla-collector/collector.yaml"

    @property
    def records(self) -> int:
        """Return how many records there are of all nodes."""
        return sum(len(journal.lines) for journal in self.journals.values())

    def lines_of(self, node: str) -> list[bytes] | None:
        """Answer for an agent; a node that has left does not answer."""
        journal = self.journals.get(NodeName(node))
        is_gone = self.has_left and NodeName(node) == GONE
        return None if journal is None or is_gone else journal.lines[: self.told]

    def collect(self) -> tuple[int, str]:
        """Let the collector take one turn."""
        return self.run(f"gpusla collector once {CONFIG}")

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let the collector run meanwhile, and stop it as a service is stopped."""
        with (self.folder / "log").open("wb") as log:
            command = ["gpusla", "collector", "run", "--config", str(self.settings)]
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)

    def tell(self, records: int) -> None:
        """Let the agents tell so many records, and wait until the collector counts them."""
        self.told = records
        until(lambda: f" {len(self.journals) * records} records" in self.run(FSCK)[1])

    def evidence(self) -> dict[Path, bytes]:
        """Return the files of evidence."""
        return {path: path.read_bytes() for path in self.data.rglob("*.jsonl")}

    def set_apart(self) -> list[Path]:
        """Return what was cut off the evidence."""
        return sorted(self.data.rglob("*.beyond-*"))

    def switch_receiver(self, *, is_on: bool) -> None:
        """Do what the page says of its section in the settings."""
        off = "".join(f"#{line}\n" for line in RECEIVER.splitlines())
        before, after = (off, RECEIVER) if is_on else (RECEIVER, off)
        text = self.settings.read_text("utf-8")
        assert before in text
        self.settings.write_text(text.replace(before, after), "utf-8")


def site_in(folder: Path, variables: Mapping[str, str]) -> Site:
    """Return a site without any files, where the programs of the page are found."""
    clients = {name: f'exec {program(name)} "$@"' for name in CLIENTS}
    gpusla = f'exec {sys.executable} -c "{START}" "$@"'
    return Site(
        folder,
        {**clients, "gpusla": gpusla, "systemctl": "exit 0", "runuser": 'shift 3; exec "$@"'},
        variables,
        {
            " -o gpusla-collector ": " ",
            "/opt/gpusla/bin/python": sys.executable,
            "sqlite:////mnt/": f"sqlite:///{folder}/mnt/",
            "acme-2026": "alpha-2026",
        },
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each database."""
    return str(request.param)


@pytest.fixture
def database(kind: str) -> Iterator[dict[str, str]]:
    """What the environment says of it."""
    if kind == "sqlite":
        yield {}
        return
    with postgresql_serving() as server:
        with server.connect() as connection:
            connection.execute("CREATE DATABASE gpusla")
        yield {
            "GPUSLA_COLLECTOR_DATABASE": server.url("gpusla"),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": server.owner,
        }


@pytest.fixture
def place(tmp_path: Path, database: dict[str, str]) -> Iterator[Site]:
    """Two nodes, of which the collector has taken in the first records."""
    found = site_in(tmp_path, database)
    for name in ("etc", "var/lib/gpusla-collector", "mnt/backup"):
        (tmp_path / name).mkdir(parents=True)
    with serving(found.lines_of) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        path = site.write_site(found.settings.parent, url, site.TWO_TRAYS, more=PACE + RECEIVER)
        text = path.read_text("utf-8")
        path.write_text(text.replace("directory: data", f"directory: {found.data}"), "utf-8")
        found.follow(f"gpusla collector migrate {CONFIG}")
        for tray in site.TWO_TRAYS:
            found.journals[tray.node] = site.month_of_ok(tray.node, 3_600_000)
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("is_started_early", [False, True])
def test_every_command_of_the_page_brings_the_collector_back(
    place: Site, kind: str, *, is_started_early: bool
) -> None:
    """Also where somebody started it before it was told what the evidence holds."""
    scripts = Scripts.of(is_postgresql=kind == "postgresql")
    with place.working():
        place.tell(AT_BACKUP)
        assert "nothing broken" in place.follow(scripts.backup)
        place.tell(len(place.journals[GONE].lines))
    place.has_left = True
    files = place.evidence()

    place.follow(scripts.restore)
    place.switch_receiver(is_on=False)
    place.follow(f"gpusla collector check {CONFIG}")
    checked = place.follow(scripts.check)
    assert f" {2 * AT_BACKUP} records, " in checked
    assert checked.count("bytes beyond what was acknowledged") == len(place.journals)
    mark = place.data / "ledger.mark"
    assert mark.exists()
    place.follow(scripts.delete_mark)
    assert not mark.exists()
    if is_started_early:
        assert place.collect()[0] == 1
        assert len(place.set_apart()) == len(place.journals)
        assert place.evidence() != files

    told = place.follow(scripts.take_in)
    beyond = len(place.journals[GONE].lines) - AT_BACKUP
    assert f"{GONE}: {beyond} records taken in" in told
    assert f" {place.records} records, " in told
    assert "nothing broken" in told
    place.follow(scripts.start)
    assert "billing" not in place.collect()[1]
    assert "alpha-2026" in place.follow(scripts.compare)
    place.switch_receiver(is_on=True)
    place.follow(f"gpusla collector check {CONFIG}")


def test_a_backup_of_a_database_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """An empty one would look fine until it is needed."""
    found = site_in(tmp_path, {})
    (tmp_path / "mnt/backup").mkdir(parents=True)
    make, copy, *_ = Scripts.of(is_postgresql=False).backup.splitlines()
    found.follow(make)
    code, said = found.run(copy)
    assert code != 0
    assert "unable to open database file" in said
    assert not list((tmp_path / "mnt/backup").rglob("*.db"))
