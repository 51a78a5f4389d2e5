"""Rounds of fetching from a fleet: nothing new, a minute each, an hour of some, and some dead."""

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # journals by hand, and where programs are, lie in tests/

from gpusla.catalogue.codes import AGENT_UNREACHABLE  # noqa: E402
from gpusla.clock import SystemClock  # noqa: E402
from gpusla.errors import ServiceError  # noqa: E402
from gpusla.identity import NodeName  # noqa: E402
from gpusla_collector.adapters.evidence import EvidenceFiles  # noqa: E402
from gpusla_collector.adapters.sql.database import open_database  # noqa: E402
from gpusla_collector.adapters.sql.schema import require_newest  # noqa: E402
from gpusla_collector.adapters.sql.store import SqlStore  # noqa: E402
from gpusla_collector.app import PATIENCE_MS  # noqa: E402
from gpusla_collector.ports import Page  # noqa: E402
from gpusla_collector.usecases.fetch.journals import Fetcher, Target  # noqa: E402
from tests.collector.journals import Journal, tray_slots  # noqa: E402
from tests.postgresql import serving  # noqa: E402

RESULT = ROOT / "bench" / "results" / "fetch.json"
PAGE_RECORDS = 1_000
CONNECT_SECONDS = 2.0
SAMPLE_MS = 15_000
WORKERS = 32


class Agents:
    """Agents in this process; those that are dead take as long as a connection may."""

    def __init__(self, nodes: int) -> None:
        self.journals: dict[NodeName, Journal] = {}
        self.dead: set[NodeName] = set()
        self.written_ms = 0
        for number in range(nodes):
            node = NodeName(f"c2-r{number // 18:04}-t{number % 18:02}")
            self.journals[node] = Journal(node, tray_slots(*node.split("-")), 0).start(0)

    def write(self, samples: int, nodes: int) -> None:
        """Let some nodes write so many records of 15 seconds each."""
        for journal in list(self.journals.values())[:nodes]:
            for number in range(samples):
                at_ms = self.written_ms + number * SAMPLE_MS
                journal.observe(at_ms + 1_000, at_ms + SAMPLE_MS)
        self.written_ms += samples * SAMPLE_MS

    def fetch(self, node: NodeName, address: str, after: int) -> Page:  # noqa: ARG002
        """Answer as an agent does."""
        if node in self.dead:
            time.sleep(CONNECT_SECONDS)
            raise ServiceError(AGENT_UNREACHABLE, f"{node}: it does not answer")
        journal = self.journals[node]
        return Page(journal.after(after, PAGE_RECORDS), journal.head)


def main() -> int:
    """Measure on each kind of database, write and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=25_000)
    parser.add_argument("--outage-nodes", type=int, default=1_000)
    parser.add_argument("--databases", nargs="*", default=["sqlite", "postgresql"])
    options = parser.parse_args()
    stored = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    for kind in options.databases:
        with tempfile.TemporaryDirectory() as folder:
            if kind == "sqlite":
                url = f"sqlite:///{folder}/collector.db"
                stored[kind] = measured(options, url, Path(folder))
            else:
                with serving() as server:
                    stored[kind] = measured(options, server.url(server.create()), Path(folder))
        RESULT.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")
        print(json.dumps({kind: stored[kind]}, indent=2))
    return 0


def measured(options: argparse.Namespace, url: str, folder: Path) -> dict[str, Any]:
    """Take the rounds one after another."""
    agents = Agents(options.nodes)
    agents.write(1, options.nodes)
    database = open_database(url)
    require_newest(database)
    store, clock = SqlStore(database), SystemClock()
    lease = store.acquire("collector", "bench", clock.wall_ms(), 86_400_000)
    assert lease is not None
    evidence = EvidenceFiles(folder / "evidence")
    fetcher = Fetcher(agents, evidence, store, clock, WORKERS, PATIENCE_MS)
    targets = [Target(node, "") for node in agents.journals]

    def round_() -> dict[str, Any]:
        began, cpu = time.perf_counter(), time.process_time()
        found = fetcher.fetch_all(lease, targets)
        return {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "records": sum(one.records for one in found),
        }

    rounds: dict[str, Any] = {"first": round_(), "nothing new": round_()}
    agents.write(4, options.nodes)
    rounds["a minute each"] = round_()
    agents.write(240, options.outage_nodes)
    rounds[f"an hour of {options.outage_nodes}"] = until_done(round_)
    agents.dead = set(list(agents.journals)[: options.nodes // 25])
    rounds["one in 25 dies"] = round_()
    rounds["one in 25 is dead, a minute later"] = [round_() for _ in range(3)][-1]
    fetcher.close()
    database.close()
    return described(options, rounds)


def described(options: argparse.Namespace, rounds: dict[str, Any]) -> dict[str, Any]:
    """Return the rounds with what they were taken on."""
    return {
        "nodes": options.nodes,
        "workers": WORKERS,
        "when": time.strftime("%Y-%m-%d", time.gmtime()),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "rounds": rounds,
    }


def until_done(round_: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Take rounds until one brings nothing; returns what they come to."""
    total: dict[str, Any] = {"seconds": 0.0, "cpu_seconds": 0.0, "records": 0, "rounds": 0}
    while (one := round_())["records"]:
        total = {name: round(total[name] + one.get(name, 1), 2) for name in total}
    return total


if __name__ == "__main__":
    sys.exit(main())
