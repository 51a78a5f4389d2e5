"""Agent against nvitop-exporter over one stand-in: CPU, memory, scrape latency, side by side."""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from processes import Cost, measure

from gpusla_agent import standin

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "bench" / "results" / "agent_cost.json"
SETTLE_SECONDS = 10
READY_SECONDS_MAX = 30
AGENT_PORT, PEER_PORT = 19641, 19642
CPU_RATIO_MAX, PSS_MIB_MAX, SCRAPE_P95_MS_MAX = 0.5, 60.0, 10.0
MIB = 1024 * 1024

INVENTORY = """apiVersion: gpusla/v1
kind: Inventory
metadata: {site: bench}
nodes:
  - {id: node-1, node: bench-1, address: "http://127.0.0.1:19641", rack: r01, tray: t01, sku: gb300,
     modules: [2, 1, 4, 3], from: "2026-01-01T00:00:00Z", recorded_at: "2026-01-01T00:00:00Z"}
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

    def scrape(self) -> None:
        """Fetch the page once and keep how long it took."""
        started = time.perf_counter()
        with urllib.request.urlopen(self.url, timeout=10) as answer:  # noqa: S310  (loopback)
            answer.read()
        self.latencies.append(time.perf_counter() - started)

    def weigh(self) -> None:
        """Measure the whole process tree now."""
        self.last = measure(self.process.pid)
        self.first = self.first or self.last
        self.pss_bytes.append(self.last.pss_bytes)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one contender cost over the measured seconds."""

    cpu_cores: float
    pss_mib_median: float
    pss_mib_max: float
    processes: int
    scrapes: int
    scrape_ms_p50: float
    scrape_ms_p95: float
    scrape_ms_p99: float


def main() -> int:
    """Run the comparison, write the result and print it; 1 if a target was missed."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, _contenders(Path(folder), options) as both:
        for contender in both:
            _wait_until_ready(contender)
        time.sleep(SETTLE_SECONDS)
        seconds = _drive(both, options.seconds)
        figures = {contender.name: _figures(contender, seconds) for contender in both}
    return _report(figures, seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    peers = Path(os.environ.get("GPUSLA_BENCH_ENVIRONMENT", ROOT / ".cache" / "venv" / "bench"))
    parser.add_argument("--peer", default=str(peers / "bin" / "nvitop-exporter"))
    return parser.parse_args()


@contextlib.contextmanager
def _contenders(folder: Path, options: argparse.Namespace) -> Iterator[list[Contender]]:
    library = standin.build(folder / "standin")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}
    agent = _start_agent(folder, library, environment)
    peer = subprocess.Popen(
        [
            options.peer,
            "--bind-address",
            "127.0.0.1",
            "--port",
            str(PEER_PORT),
            "--interval",
            "1.0",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    both = [
        Contender("gpusla-agent", f"http://127.0.0.1:{AGENT_PORT}/metrics", agent),
        Contender("nvitop-exporter", f"http://127.0.0.1:{PEER_PORT}/metrics", peer),
    ]
    try:
        yield both
    finally:
        for contender in both:
            contender.process.terminate()
            contender.process.wait(15)


def _start_agent(
    folder: Path, library: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    (folder / "inventory.yaml").write_text(INVENTORY)
    settings = folder / "agent.yaml"
    settings.write_text(
        "apiVersion: gpusla/v1\nkind: Agent\nnode: bench-1\nsource: nvml\n"
        f"data_directory: {folder / 'data'}\nlisten: 127.0.0.1:{AGENT_PORT}\n"
        f"inventory: {folder / 'inventory.yaml'}\ninterval_ms: 1000\nvalid_ms: 2500\n"
        f"nvml:\n  library_directory: {library.parent}\n"
    )
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("gpusla-agent")), "run", "--config", str(settings)],
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait_until_ready(contender: Contender) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            contender.scrape()
            contender.latencies.clear()
            return
        time.sleep(0.2)
    raise SystemExit(f"{contender.name} does not answer on {contender.url}")


def _drive(both: list[Contender], seconds: int) -> float:
    started = time.monotonic()
    for contender in both:
        contender.weigh()
    for second in range(1, seconds + 1):
        time.sleep(max(0.0, started + second - time.monotonic()))
        for contender in both:
            contender.scrape()
            if second % 10 == 0 or second == seconds:
                contender.weigh()
        if sys.stderr.isatty() or second % 60 == 0:
            print(f"\r{second} of {seconds} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return time.monotonic() - started


def _figures(contender: Contender, seconds: float) -> Figures:
    assert contender.first is not None
    assert contender.last is not None
    latencies = sorted(contender.latencies)
    sizes = sorted(contender.pss_bytes)
    return Figures(
        cpu_cores=round((contender.last.cpu_seconds - contender.first.cpu_seconds) / seconds, 4),
        pss_mib_median=round(sizes[len(sizes) // 2] / MIB, 1),
        pss_mib_max=round(sizes[-1] / MIB, 1),
        processes=contender.last.processes,
        scrapes=len(latencies),
        scrape_ms_p50=_percentile_ms(latencies, 50),
        scrape_ms_p95=_percentile_ms(latencies, 95),
        scrape_ms_p99=_percentile_ms(latencies, 99),
    )


def _percentile_ms(ordered: list[float], percent: int) -> float:
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 2)


def _report(figures: dict[str, Figures], seconds: float) -> int:
    ours, peer = figures["gpusla-agent"], figures["nvitop-exporter"]
    ratio = round(ours.cpu_cores / peer.cpu_cores, 3) if peer.cpu_cores else None
    targets: dict[str, dict[str, Any]] = {
        "cpu_ratio": {
            "value": ratio,
            "max": CPU_RATIO_MAX,
            "met": ratio is not None and ratio <= CPU_RATIO_MAX,
        },
        "pss_mib": {
            "value": ours.pss_mib_max,
            "max": PSS_MIB_MAX,
            "met": ours.pss_mib_max <= PSS_MIB_MAX,
        },
        "scrape_ms_p95": {
            "value": ours.scrape_ms_p95,
            "max": SCRAPE_P95_MS_MAX,
            "met": ours.scrape_ms_p95 < SCRAPE_P95_MS_MAX,
        },
    }
    result = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seconds": round(seconds),
        "gpus": 4,
        "interval_seconds": 1,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "figures": {name: asdict(figure) for name, figure in figures.items()},
        "targets": targets,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(f"{'':18}{'gpusla-agent':>16}{'nvitop-exporter':>18}")
    for name in Figures.__slots__:
        print(f"{name:18}{getattr(ours, name):>16}{getattr(peer, name):>18}")
    for name, target in targets.items():
        word = "met" if target["met"] else "MISSED"
        print(f"target {name}: {target['value']} (at most {target['max']}): {word}")
    return 0 if all(target["met"] for target in targets.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
