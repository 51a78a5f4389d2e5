"""
The page on lost journals, followed to the letter: a real agent, a real collector, a disk that goes.

Every command of the page is run by a shell, in its order; only `systemctl` is ours, and starts and
ends the agent, and there is no other user to become.
"""

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gpusla.clock import SystemClock
from gpusla.instants import format_instant
from gpusla_agent import standin
from tests.collector.lost_journal import PAGE, RECORDS
from tests.collector.processes import START, free_port, until
from tests.docs.page_shell import PageShell

ROOT = Path(__file__).resolve().parents[2]
START_PAGE = (ROOT / "docs" / "start" / "collector.md").read_text("utf-8")
FILE = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)
SCRIPT = re.compile(r"```sh\n(.*?)```", re.DOTALL)
TEXT = PAGE.read_text("utf-8")
KEYS = re.compile(r"    keys: .*\n")
CONFIG = "--config /etc/gpusla-collector/collector.yaml"
NEW_CONTRACT = next(
    line for line in START_PAGE.splitlines() if line.startswith("gpusla contract new")
)
AGENT = """\
apiVersion: gpusla/v1
kind: Agent
node: c2-r01-t01
data_directory: /var/lib/gpusla-agent
inventory: inventory.yaml
listen: 10.0.1.1:9641
interval_ms: 200
nvml: {{deadline_ms: 50, library_directory: {library}}}
kernel_log: {{enabled: false}}
host: {{enabled: false}}
"""
SYSTEMCTL = """\
# Starts and ends the agent; the collector is no service here.
echo "$1 $2" >> {folder}/systemctl.log
[ "$2" = gpusla-agent ] || exit 0
case "$1" in
stop) pid=$(cat {folder}/agent.pid)
      kill "$pid"
      while grep -q '^State:.[^Z]' /proc/$pid/status 2>/dev/null; do sleep 0.1; done ;;
start) {python} -m gpusla_agent.app {folder}/etc/gpusla-agent/agent.yaml \\
           2> {folder}/agent.log > /dev/null &
       echo $! > {folder}/agent.pid
       for _ in $(seq 200); do grep -q agent_started {folder}/agent.log && exit 0; sleep 0.1; done
       exit 1 ;;
esac
"""


class Machine(PageShell):
    """A node and a collector, each of whose root the folder stands for."""

    def collect(self) -> int:
        """Let the collector take one turn; returns how it ended."""
        return self.run(f"gpusla collector once {CONFIG}")[0]

    def findings(self) -> list[tuple[str, str]]:
        """Return what people must look at of nodes, as kind and name."""
        _, told = self.run(f"gpusla collector findings --as json {CONFIG}")
        found = [(one["kind"], one["subject"]) for one in json.loads(told)["findings"]]
        return [one for one in found if one[1].startswith("c2-")]

    def append(self, lines: str, now: str) -> None:
        """Append records of the page to the inventory, on both sides."""
        text = (self.folder / "etc/gpusla-collector/inventory.yaml").read_text("utf-8")
        self.bring(text + lines.replace("2026-07-12T09:30:00Z", now))

    def bring(self, inventory: str) -> None:
        """Bring the same file to the collector and to the node."""
        for service in ("collector", "agent"):
            path = self.folder / f"etc/gpusla-{service}/inventory.yaml"
            path.write_text(self.here(inventory), "utf-8")

    def lose_the_disk(self) -> None:
        """Kill the agent, keep a copy of its journal as that of a disk that can be read, and go."""
        data = self.folder / "var/lib/gpusla-agent"
        os.kill(int((self.folder / "agent.pid").read_text()), signal.SIGKILL)
        shutil.copytree(data / "journal", self.folder / "mnt/old-disk/gpusla-agent/journal")
        shutil.rmtree(data)
        data.mkdir()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """The site of the collector's first page, with an agent over the stand-in."""
    for service in ("agent", "collector/contracts"):
        (tmp_path / f"etc/gpusla-{service}").mkdir(parents=True)
    (tmp_path / "var/lib/gpusla-agent").mkdir(parents=True)
    (tmp_path / "mnt/old-disk/gpusla-agent").mkdir(parents=True)
    agents = "from gpusla_agent.cli import main; main()"
    programs = {
        name: f'exec {sys.executable} -c "{start}" "$@"'
        for name, start in (("gpusla", START), ("gpusla-agent", agents))
    }
    systemctl = SYSTEMCTL.format(folder=tmp_path, python=sys.executable)
    found = Machine(
        tmp_path,
        programs | {"systemctl": systemctl},
        instead={
            r"sudo -u \S+ /opt/gpusla/bin/": "",
            r"10\.0\.1\.1:9641": f"127.0.0.1:{free_port()}",
        },
    )
    write_site(found)
    yield found
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((tmp_path / "agent.pid").read_text()), signal.SIGKILL)


def write_site(machine: Machine) -> None:
    """Write the files of the first page, the agent's settings, and make the database."""
    for name, text in FILE.findall(START_PAGE):
        path = machine.folder / "etc/gpusla-collector" / name
        path.write_text(machine.here(text), "utf-8")
        if name == "inventory.yaml":
            machine.bring(text)
    settings = AGENT.format(library=standin.build(ROOT / ".cache" / "standin").parent)
    (machine.folder / "etc/gpusla-agent/agent.yaml").write_text(machine.here(settings), "utf-8")
    machine.follow(f"{NEW_CONTRACT}\ngpusla collector migrate {CONFIG}")


def records_of(told: str) -> int:
    """Return how many records an import took in."""
    (found,) = re.findall(r"^c2-r01-t01: (\d+) records taken in", told, re.MULTILINE)
    return int(found)


def test_every_command_of_the_page_brings_the_node_back(machine: Machine) -> None:
    """From a disk that is lost, and a journal that began anew under the old name, to the end."""
    stop, check, start, check_again, look, read_old = SCRIPT.findall(TEXT)
    begin, enrol = RECORDS.findall(TEXT)
    machine.follow("systemctl start gpusla-agent")
    assert machine.collect() == 0
    (segment,) = (machine.folder / "var/lib/gpusla-agent/journal").glob("*.jsonl")
    fetched = segment.stat().st_size
    until(lambda: segment.stat().st_size > fetched + 2_000)
    machine.lose_the_disk()
    machine.follow("systemctl start gpusla-agent")
    assert machine.collect() == 1
    assert machine.findings() == [("journal_forked", "c2-r01-t01")]

    machine.follow(stop)
    aside = machine.folder / "var/lib/gpusla-agent.c2-r01-t01"
    assert {path.name for path in aside.iterdir()} >= {"journal", "node-key.pem"}
    now = format_instant(SystemClock().wall_ms() // 1_000 * 1_000)
    machine.append(KEYS.sub("", begin), now)
    assert "2 nodes" in machine.follow(check)
    (key,) = re.findall(r"^public key +(\S+)$", machine.follow(start), re.MULTILINE)
    assert machine.collect() == 0
    machine.append(KEYS.sub(f'    keys: ["{key}"]\n', enrol), now)
    machine.follow(check_again)
    assert machine.collect() == 0
    assert "there is no finding about c2-r01-t01-2" in machine.follow(look, ends=4)

    assert records_of(machine.follow(read_old)) > 0
    assert machine.collect() == 0
    assert machine.findings() == [("journal_forked", "c2-r01-t01")]
    log = (machine.folder / "systemctl.log").read_text("utf-8").splitlines()
    assert log[-2:] == ["stop gpusla-collector", "start gpusla-collector"]
