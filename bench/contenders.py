"""The agent and its peer over one NVML stand-in, each with everything on."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from processes import Cost, measure

from gpusla_agent import standin

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS_MAX = 30
CONTRACT = "bench-2026"
MODULES = {4: (2, 1, 4, 3), 8: (1, 2, 3, 4, 5, 6, 7, 8)}

SINCE = '"2026-01-01T00:00:00Z"'
INVENTORY = """apiVersion: gpusla/v1
kind: Inventory
metadata: {{site: bench}}
nodes:
  - {{id: node-1, node: bench-1, address: "http://127.0.0.1:{port}", rack: r01, tray: t01,
     sku: gb300, modules: {modules}, from: {since}, recorded_at: {since}}}
"""
ASSIGNMENTS = """apiVersion: gpusla/v1
kind: Assignments
assignments:
  - {{id: all, contract: {contract}, slots: [bench/r01], from: {since}, recorded_at: {since}}}
"""
SETTINGS = """apiVersion: gpusla/v1
kind: Agent
node: bench-1
source: nvml
data_directory: data
listen: 127.0.0.1:{port}
inventory: inventory.yaml
assignments: assignments.yaml
interval_ms: 1000
valid_ms: 2500
metrics: {{set: full}}
telemetry: {{{contract}: [activity, processes, job_names]}}
tenants: {{{contract}: bench}}
nvml: {{library_directory: {library}}}
"""


@dataclass(slots=True)
class Contender:
    """One exporter under measurement; latencies in seconds, in the order of the scrapes."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    latencies: list[float] = field(default_factory=list)
    pss_bytes: list[int] = field(default_factory=list)
    first: Cost | None = None
    last: Cost | None = None
    page: str = ""

    def scrape(self) -> None:
        """Fetch the page once and keep how long it took."""
        started = time.perf_counter()
        with urllib.request.urlopen(self.url, timeout=10) as answer:  # noqa: S310  (loopback)
            content = answer.read()
        self.latencies.append(time.perf_counter() - started)
        self.page = content.decode("utf-8", "replace")

    def weigh(self) -> None:
        """Measure the whole process tree now."""
        self.last = measure(self.process.pid)
        self.first = self.first or self.last
        self.pss_bytes.append(self.last.pss_bytes)

    def facts(self) -> int:
        """Return how many kinds of facts about a GPU the last page has."""
        lines = (line for line in self.page.splitlines() if line and line[0] != "#")
        return len(
            {m[1] for line in lines if (m := re.match(r"(\w*gpu_\w+|gpusla_usage\w+)\{", line))}
        )


@dataclass(frozen=True, slots=True)
class Tray:
    """What both look at: GPUs of the stand-in, and how much longer each of its calls takes."""

    gpus: int = 4
    call_microseconds: int = 0

    def control_lines(self) -> list[str]:
        """Return the stand-in's control file: a working tray with a process on each GPU."""
        lines = ["profile gb300x8"] if self.gpus == max(MODULES) else []
        lines += [f"gpu {gpu} process {4_000 + gpu} 200000" for gpu in range(self.gpus)]
        lines += ["gpu * utilization 93", "gpu * tensor_active 41", "gpu * power_watts 1150"]
        if self.call_microseconds:
            lines.append(f"latency * {self.call_microseconds}")
        return lines


@contextlib.contextmanager
def contenders(folder: Path, peer: str | None, tray: Tray) -> Iterator[list[Contender]]:
    """Start our agent, and the peer if one is named, over a tray; end both by their process ids."""
    library = standin.build(folder / "standin")
    control = folder / "standin.control"
    control.write_text("".join(f"{line}\n" for line in tray.control_lines()))
    environment = {**os.environ, **standin.environment(library, control)}
    both = [_agent(folder, library, environment, tray)]
    if peer is not None:
        both.append(_peer(peer, environment))
    try:
        for contender in both:
            _wait_until_ready(contender)
        yield both
    finally:
        for contender in both:
            contender.process.terminate()
            contender.process.wait(15)


def _agent(folder: Path, library: Path, environment: Mapping[str, str], tray: Tray) -> Contender:
    port = free_port()
    words = {
        "port": port,
        "modules": list(MODULES[tray.gpus]),
        "since": SINCE,
        "contract": CONTRACT,
        "library": library.parent,
    }
    (folder / "inventory.yaml").write_text(INVENTORY.format(**words))
    (folder / "assignments.yaml").write_text(ASSIGNMENTS.format(**words))
    settings = folder / "agent.yaml"
    settings.write_text(SETTINGS.format(**words))
    command = [
        str(Path(sys.executable).with_name("gpusla-agent")),
        "run",
        "--config",
        str(settings),
    ]
    url = f"http://127.0.0.1:{port}/metrics"
    return Contender("gpusla-agent", url, _start(command, environment))


def _peer(peer: str, environment: Mapping[str, str]) -> Contender:
    port = free_port()
    address = ["--bind-address", "127.0.0.1", "--port", str(port)]
    command = [peer, *address, "--interval", "1.0"]
    url = f"http://127.0.0.1:{port}/metrics"
    return Contender("nvitop-exporter", url, _start(command, environment))


def free_port() -> int:
    """Return a port of loopback where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _wait_until_ready(contender: Contender) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and contender.process.poll() is None:
        with contextlib.suppress(OSError):
            contender.scrape()
            contender.latencies.clear()
            return
        time.sleep(0.2)
    raise SystemExit(f"{contender.name} does not answer on {contender.url}")
