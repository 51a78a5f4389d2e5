"""Collectors as processes, started as an operator starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30.0
START = "import sys; from gpusla.cli import main; sys.exit(main())"


@contextmanager
def running(settings: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a collector in the background, its log in a file."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", START, "collector", "run", "--config", str(settings)],
            stderr=stream,
            stdout=stream,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)
            process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def until(claim: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a claim holds; fail if it does not in time."""
    for _ in range(round(seconds / 0.05)):
        if claim():
            return
        Event().wait(0.05)
    raise AssertionError(f"not within {seconds} seconds: {claim}")


def answer(port: int, path: str) -> httpx.Response | None:
    """Ask a collector; None if it does not answer."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return None


def events(log: Path) -> list[str]:
    """Return the names of the events in a log."""
    lines = log.read_text("utf-8").splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith("{")]
