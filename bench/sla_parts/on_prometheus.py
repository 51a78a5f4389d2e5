"""
The month as PromQL on a real Prometheus: samples backfilled by promtool, one query for each figure.
"""

import contextlib
import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contenders import free_port

from sla_parts.peers_month import Bits, Sampled, rack_of
from sla_parts.rates import HOUR_MS, MINUTE_MS
from tests.programs import program

READY_SECONDS_MAX = 60
BLOCK_MS = 2 * HOUR_MS
"""What a block of Prometheus holds; promtool reads a file once for each block that it spans."""

OWED = "sum(sum_over_time(rack_counts[{hours}h:1m])) * 72 * 60"
DELIVERED = "sum(sum_over_time(((sum by (rack) (gpu_ok) >= 64) * rack_counts)[{hours}h:1m])) * 60"
"""Asked at the month's end, of exactly its hours: what somebody who knows PromQL would write."""


def judge(sampled: Sampled, folder: Path) -> dict[str, Any]:
    """Backfill the samples, ask, and return what it took and gave."""
    blocks = folder / "blocks"
    started = time.perf_counter()
    for page in _pages(sampled, folder):
        subprocess.run(
            [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", page, blocks],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    backfilled = time.perf_counter()
    start_ms, end_ms = sampled.window_ms
    hours = (end_ms - start_ms) // HOUR_MS
    with _server(blocks, folder) as url:
        total, total_seconds = _ask(url, OWED.format(hours=hours), end_ms)
        delivered, seconds = _ask(url, DELIVERED.format(hours=hours), end_ms)
    return {
        "version": _version(),
        "samples": int(sampled.states.size + sampled.counts.size),
        "backfill_seconds": round(backfilled - started, 1),
        "query_seconds": round(seconds + total_seconds, 2),
        "query": DELIVERED.format(hours=hours),
        "total_gpu_seconds": round(total),
        "delivered_gpu_seconds": round(delivered),
    }


def _pages(sampled: Sampled, folder: Path) -> Iterator[Path]:
    """Yield the samples of one block after the other, as a file."""
    page = folder / "block.openmetrics"
    for columns in _blocks(sampled):
        stamps = [
            f" {(sampled.first_ms + minute * MINUTE_MS) // 1000}\n"
            for minute in range(columns.start, columns.stop)
        ]
        with page.open("w", encoding="ascii") as file:
            file.write("# TYPE gpu_ok gauge\n")
            for gpu, states in enumerate(sampled.states):
                name = f'gpu_ok{{rack="r{rack_of(gpu):02}",gpu="{gpu:04}"}} '
                file.write(_series(name, states[columns], stamps))
            file.write("# TYPE rack_counts gauge\n")
            for rack, counts in enumerate(sampled.counts):
                file.write(_series(f'rack_counts{{rack="r{rack:02}"}} ', counts[columns], stamps))
            file.write("# EOF\n")
        yield page


def _blocks(sampled: Sampled) -> Iterator[slice]:
    """Yield the minutes of each block; blocks begin at multiples of their length."""
    first, minutes = 0, sampled.states.shape[1]
    while first < minutes:
        rest_ms = BLOCK_MS - (sampled.first_ms + first * MINUTE_MS) % BLOCK_MS
        past = min(minutes, first + rest_ms // MINUTE_MS)
        yield slice(first, past)
        first = past


def _series(name: str, values: Bits, stamps: list[str]) -> str:
    words = (f"{name}0", f"{name}1")
    lines = zip(values.tolist(), stamps, strict=True)
    return "".join([words[value] + stamp for value, stamp in lines])


@contextlib.contextmanager
def _server(blocks: Path, folder: Path) -> Iterator[str]:
    """Run Prometheus on blocks; ended by its process id."""
    port = free_port()
    config = folder / "prometheus.yml"
    config.write_text("global: {}\n")
    process = subprocess.Popen(
        [
            program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={blocks}",
            "--storage.tsdb.retention.time=100y",
            "--storage.tsdb.min-block-duration=2h",
            "--storage.tsdb.max-block-duration=2h",  # nothing is compacted beside the query
            f"--web.listen-address=127.0.0.1:{port}",
            "--query.timeout=10m",
            "--query.max-samples=200000000",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/-/ready"):  # noqa: S310
            return
        time.sleep(0.2)
    raise SystemExit(f"prometheus does not answer on {url}")


def _ask(url: str, query: str, at_ms: int) -> tuple[float, float]:
    """Return the only value of an answer, and the seconds that it took."""
    words = urllib.parse.urlencode({"query": query, "time": at_ms / 1000, "timeout": "10m"})
    started = time.perf_counter()
    with urllib.request.urlopen(f"{url}/api/v1/query", data=words.encode()) as answer:  # noqa: S310
        found = json.load(answer)
    seconds = time.perf_counter() - started
    return float(found["data"]["result"][0]["value"][1]), seconds


def _version() -> str:
    said = subprocess.run(
        [program("prometheus"), "--version"], check=True, capture_output=True, text=True
    )
    found = re.search(r"version (\S+)", said.stdout + said.stderr)
    return found[1] if found else "?"
