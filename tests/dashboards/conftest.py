"""A real Prometheus that holds the fleet's three worst hours."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.dashboards.series import text

END = 1_790_000_040
STEP_SECONDS = 60
DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus and the last second of what it holds."""

    url: str
    end: int


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Load the series into blocks and serve them on loopback."""
    folder = tmp_path_factory.mktemp("prometheus")
    page, blocks = folder / "series.om", folder / "blocks"
    page.write_text(text(END, STEP_SECONDS), "utf-8")
    subprocess.run(
        [program("PROMTOOL"), "tsdb", "create-blocks-from", "openmetrics", page, blocks],
        check=True,
        capture_output=True,
    )
    (folder / "prometheus.yml").write_text("global: {}\n", "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("PROMETHEUS"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={blocks}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_ready(f"http://{address}", process, folder / "log")
        yield Server(f"http://{address}", END)
    finally:
        process.terminate()
        process.wait(10)


def program(name: str) -> str:
    """Give the path of a program that ./run brings along."""
    path = os.environ.get(f"GPUSLA_{name}")
    assert path, f"GPUSLA_{name} is not set and the program is not on PATH; ./run test installs it"
    return path


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; fail with its log when it does not."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/-/ready", timeout=1).raise_for_status()
        except httpx.HTTPError:
            continue
        return
    pytest.fail(f"Prometheus did not start: {log.read_text('utf-8', 'replace')}")
