"""The whole agent as a process, on the NVML stand-in, and what it serves."""

import http.client
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INVENTORY = """\
apiVersion: gpusla/v1
kind: Inventory
metadata: {site: c2}
nodes:
  - id: n1
    node: c2-r01-t03
    address: http://127.0.0.1:9641
    rack: r01
    tray: t03
    sku: gb300
    modules: [2, 1, 4, 3]
    from: 2026-01-01T00:00:00Z
    recorded_at: 2026-01-01T00:00:00Z
"""
ASSIGNMENTS = """\
apiVersion: gpusla/v1
kind: Assignments
assignments:
  - id: a1
    slots: [c2/r01/t03]
    contract: ref-2026
    from: 2026-01-01T00:00:00Z
    recorded_at: 2026-01-01T00:00:00Z
"""
SETTINGS = """\
apiVersion: gpusla/v1
kind: Agent
node: c2-r01-t03
data_directory: data
inventory: inventory.yaml
assignments: assignments.yaml
tenants: {{ref-2026: reflection}}
listen: 127.0.0.1:0
interval_ms: 100
nvml:
  deadline_ms: 50
  library_directory: {library}
"""
_STATE_MS = re.compile(r"^(gpusla_slot_state_seconds_total\{[^}]*\}) (\S+)$", re.MULTILINE)


def write_settings(directory: Path, library: Path, **changes: str) -> Path:
    """Write a settings file and what it names; return its path."""
    (directory / "inventory.yaml").write_text(INVENTORY)
    (directory / "assignments.yaml").write_text(ASSIGNMENTS)
    text = SETTINGS.format(library=library.parent)
    for old, new in changes.items():
        text = re.sub(rf"(?m)^( *){old}: .*$", rf"\g<1>{old}: {new}", text)
    path = directory / "agent.yaml"
    path.write_text(text)
    return path


@dataclass(frozen=True, slots=True)
class Served:
    """What one look at a running agent showed."""

    lines: list[bytes]
    head: int
    state_seconds: Mapping[str, float]


class AgentProcess:
    """
    A running agent; before says what it is started under, such as strace.

    port: 0 if it died before it served anything.  It ends with this object, whatever became of the
    test, so that no failure leaves an agent behind.
    """

    def __init__(self, settings: Path, before: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "gpusla_agent.app", str(settings)],
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        weakref.finalize(self, _end, self.process)
        self.port = int(self._started().get("port", 0))

    def _started(self) -> dict[str, Any]:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if b"agent_started" in line:
                told: dict[str, Any] = json.loads(line)
                return told
            assert line.startswith(b"{"), line
        return {}

    def get(self, path: str) -> tuple[bytes, Mapping[str, str]]:
        """Fetch a page; raises OSError if the agent is gone."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read(), answer.headers
        except http.client.HTTPException as cause:  # killed in the middle of its answer
            raise ConnectionError(path) from cause

    def troubles(self) -> dict[str, Any]:
        """Return what the page of its health names; empty if it says that it is healthy."""
        try:
            found = json.loads(self.get("/healthz")[0])
        except urllib.error.HTTPError as cause:
            found = json.loads(cause.read())
        assert found["healthy"] == (not found["troubles"])
        return dict(found["troubles"])

    def look(self) -> Served:
        """Fetch the journal and the page of metrics."""
        body, headers = self.get("/journal")
        page, _ = self.get("/metrics")
        found = {name: float(value) for name, value in _STATE_MS.findall(page.decode())}
        return Served(body.splitlines(), int(headers["X-Gpusla-Head"].split()[0]), found)

    def look_until_dead(self) -> Served | None:
        """Return the last complete look at an agent that is about to be killed."""
        last = None
        while self.port and self.process.poll() is None:
            try:
                last = self.look()
            except (OSError, urllib.error.URLError):
                continue
        return last

    def wait(self) -> int:
        """Wait for its end and return its code."""
        self.process.communicate(timeout=10)
        return self.process.returncode


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()
    if process.stderr is not None and not process.stderr.closed:
        process.communicate()
