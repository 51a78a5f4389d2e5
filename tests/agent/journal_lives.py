"""
Lives of a journal's writer that end by SIGKILL, under a supervisor.

Run as a program this is the nursery: it forks a writer for each life, so that a life costs no start
of Python, and tells when it died.  A writer appends and syncs as fast as the disk allows and says
what is acknowledged, on standard output, after each sync.
"""

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusla.journal.model import ClockState, Started
from gpusla_agent.recorder import ClockReading, Recorder
from gpusla_agent.recorder import recorder as recorder_module
from tests.agent.journals import ALL_OK, NODE, ONE_DOWN
from tests.programs import program

SEGMENT_BYTES = 6_000
CHECKPOINT_RECORDS = 7
HOUR_MS = 20
_PR_SET_PTRACER, _ANY = 0x59616D61, -1
_CALLS = "write,fdatasync,fsync,openat,/^rename"


def read_clock() -> ClockReading:
    """Read the machine's clocks; the boot is always the same one."""
    mono_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    wall_ms = time.clock_gettime_ns(time.CLOCK_REALTIME) // 1_000_000
    return ClockReading("boot-1", mono_ms, wall_ms, ClockState.SYNCHRONISED, 1)


def total_ms(recorder: Recorder) -> dict[str, int]:
    """Return the state sums by a name that JSON can carry."""
    return {f"{slot} {state}": ms for (slot, state), ms in sorted(recorder.state_ms().items())}


def live(directory: Path) -> None:
    """Write until killed.  What is acknowledged is told by writev, which nobody kills at."""
    recorder_module.CHECKPOINT_RECORDS = CHECKPOINT_RECORDS
    recorder = Recorder(directory, NODE, read_clock, segment_bytes=SEGMENT_BYTES, hour_ms=HOUR_MS)
    recorder.append(Started(recorder.now(), NODE, "0.1.0", "lives", 1, 2_500))
    turn = 0
    while True:
        turn += 1
        recorder.observe(recorder.now(), ALL_OK if turn % 5 else ONE_DOWN)
        if recorder.sync():
            head = recorder.durable
            told = {"seq": head.sequence, "digest": head.digest, "ms": total_ms(recorder)}
            os.writev(1, [json.dumps(told).encode(), b"\n"])


def nurse(live: Callable[[Path], None]) -> None:
    """Fork a writer for each directory named on standard input, and tell of its end."""
    for line in sys.stdin:
        begin, release = os.pipe()
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(_ANY), 0, 0, 0)
            os.close(release)
            os.read(begin, 1)
            live(Path(line.strip()))
            os._exit(0)
        os.close(begin)
        print(json.dumps({"born": child}), flush=True)  # noqa: T201
        sys.stdin.readline()
        os.write(release, b"x")
        os.close(release)
        os.waitpid(child, 0)
        print(json.dumps({"dead": child}), flush=True)  # noqa: T201


@dataclass(frozen=True, slots=True)
class Kill:
    """
    How a life ends: at the entry of the n-th such call, or after n acknowledgements.

    fate: what strace does to the call instead, such as `error=EIO`; the life may go on then.
    onward: the same to all such calls after it.
    """

    call: str
    number: int
    fate: str = "signal=KILL"
    onward: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """What one life acknowledged last, None if nothing, and where the kill landed."""

    acknowledged: dict[str, Any] | None
    landed: str


class Supervisor:
    """Starts writers on one directory, one after another, and kills each."""

    def __init__(
        self, directory: Path, logs: Path, module: str = "tests.agent.journal_lives"
    ) -> None:
        self.directory = directory
        self._logs = logs
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def close(self) -> None:
        """End the nursery."""
        self._nursery.communicate()

    def run(self, kill: Kill) -> Life:
        """Let one writer live until its kill."""
        self._say(str(self.directory))
        child = int(self._hear()["born"])
        if kill.call == "time":
            return self._run_timed(child, kill.number)
        log = self._logs / "strace.log"
        tracer = self._trace(child, kill, log)
        self._say("go")
        acknowledged = self._await_death()
        tracer.wait(10)
        return Life(acknowledged, where(log.read_text()))

    def _trace(self, child: int, kill: Kill, log: Path) -> "subprocess.Popen[str]":
        log.unlink(missing_ok=True)
        when = f"{kill.number}+" if kill.onward else str(kill.number)
        inject = f"inject={kill.call}:{kill.fate}:when={when}"
        tracer = subprocess.Popen(
            [
                program("strace"),
                "-y",
                "-o",
                str(log),
                "-p",
                str(child),
                "-e",
                f"trace={_CALLS}",
                "-e",
                inject,
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert tracer.stderr is not None
        first = tracer.stderr.readline()
        assert "attached" in first, first
        tracer.stderr.close()
        return tracer

    def _run_timed(self, child: int, acknowledgements: int) -> Life:
        self._say("go")
        last = None
        for _ in range(acknowledgements):
            last = self._hear()
        os.kill(child, 9)
        return Life(self._await_death() or last, "any time")

    def _await_death(self) -> dict[str, Any] | None:
        last = None
        while "dead" not in (heard := self._hear()):
            last = heard
        return last

    def _say(self, line: str) -> None:
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(line + "\n")
        self._nursery.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._nursery.stdout is not None
        heard: dict[str, Any] = json.loads(self._nursery.stdout.readline())
        return heard


def where(log: str) -> str:
    """Return the call that the kill landed in, and on which of the journal's files."""
    lines = log.splitlines()
    killed = next((line for line in lines if "killed by SIGKILL" in line), None)
    if killed is None:
        return "none"
    thread = killed.partition("+++")[0].strip()
    last = [line for line in lines if "(" in line and "+++" not in line and thread in line][-1]
    name = last.partition("(")[0].split()[-1]
    kinds = {"node-key": "key", "tally": "checkpoint", "journal-": "segment", "lock": "lock"}
    return f"{name} {next((kind for mark, kind in kinds.items() if mark in last), 'directory')}"


if __name__ == "__main__":
    nurse(live)
