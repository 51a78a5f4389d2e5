"""
The processes of the demo: each started in its own folder and ended by its own process id.

Everything listens on loopback, on ports that this stage reserved: two demos that start in the same
moment on one machine would otherwise both see a port free, and one would talk to the other's parts.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from gpusla.catalogue.codes import SOURCE_UNAVAILABLE
from gpusla.errors import SourceError

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
POLL_SECONDS = 0.05
LOG_TAIL_BYTES = 2_000
PORT_TRIES_MAX = 20


@dataclass(slots=True)
class Child:
    """One process of the stage; log holds what it wrote to standard output and error."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def log_tail(self) -> str:
        """Return the end of the log, for a message about a process that failed."""
        return self.log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()

    def stop(self) -> None:
        """Ask the process to end, and kill it if it does not within 10 seconds."""
        if not self.is_alive():
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Stage:
    """The processes that run now; the last started is the first stopped."""

    directory: Path
    children: list[Child] = field(default_factory=list)
    claims: list[socket.socket] = field(default_factory=list)

    def reserve_port(self, preferred: int = 0) -> int:
        """
        Return preferred if nobody listens there or has reserved it, otherwise some free port.

        A part binds its port only when it starts, so until the stage ends the port is reserved by
        a name in Linux's abstract socket space: one process at a time can have it, and it goes
        with the process.  Raises SourceError when no port is to be had.
        """
        for port in (preferred, *(0 for _ in range(PORT_TRIES_MAX))):
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
                found = int(probe.getsockname()[1])
                self.claims.append(_claim(found))
                return found
        raise SourceError(SOURCE_UNAVAILABLE, "no port is free on 127.0.0.1")

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start a process with its log under the stage's directory."""
        log = self.directory / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603  (commands are ours)
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def stop(self) -> None:
        """End every process, newest first, and give the ports back."""
        while self.children:
            self.children.pop().stop()
        while self.claims:
            self.claims.pop().close()


def _claim(port: int) -> socket.socket:
    """Take the port's name; raises OSError if somebody has it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0gpusla-port-{port}")
    except OSError:
        claim.close()
        raise
    return claim


def wait_until_ready(child: Child, url: str, seconds_max: float = READY_SECONDS_MAX) -> None:
    """
    Wait until url answers with success.

    Raises SourceError if the process ends first or nothing answers within seconds_max.
    """
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        if not child.is_alive():
            break
        with contextlib.suppress(httpx.HTTPError):
            # An answer counts only while the process lives: somebody else may answer there.
            if httpx.get(url, timeout=2.0).is_success and child.is_alive():
                return
        time.sleep(POLL_SECONDS)
    state = "does not answer" if child.is_alive() else f"ended ({child.process.returncode})"
    raise SourceError(
        SOURCE_UNAVAILABLE,
        f"{child.name} {state}; the end of {child.log} is:\n{child.log_tail()}\n",
        fix="Mend what the log says and run the demo again.",
    )
