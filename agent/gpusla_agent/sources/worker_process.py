"""The agent's end of a worker process: start it, ask it, kill it, and know when it will not die."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from gpusla.clock import Clock

_READ_BYTES = 65_536


class WorkerProcess:
    """One worker; its pipes never block the agent."""

    def __init__(self, clock: Clock, deadline_ms: int, environment: Mapping[str, str]) -> None:
        """Start it; library paths in environment are those that the loader reads at its start."""
        self._clock = clock
        self.started_ms = clock.monotonic_ms()
        self._received = b""
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, "-m", "gpusla_agent.sources.nvml_worker", str(deadline_ms)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            bufsize=0,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None  # both were asked for
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Return whether the process is gone and reaped."""
        return self._process.poll() is not None

    def request(self, line: str) -> bool:
        """Ask with one line; return whether the worker could still be asked."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode("ascii") + b"\n")
        except OSError:
            return False
        return True

    def receive(self, until_ms: int) -> dict[str, Any] | None:
        """Return the next message; None if there is none until the instant, or the pipe ended."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._received:
            wait_ms = max(0, until_ms - self._clock.monotonic_ms())
            if not select.select([descriptor], [], [], wait_ms / 1_000)[0]:
                return None
            content = os.read(descriptor, _READ_BYTES)
            if not content:
                return None
            self._received += content
        line, _, self._received = self._received.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def kill(self) -> None:
        """Kill it.  A process that hangs in the driver stays until its call returns."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.poll()

    def wait(self, seconds: float) -> None:
        """Give a killed process some time to go."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
