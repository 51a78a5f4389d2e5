"""
The IMEX domain, as `nvidia-imex-ctl -N -j` tells it.

Its answer, as DCGM 4.5 reads it (dcgmlib/src/tests/DcgmImexManagerTests.cpp): `status` (UP, DOWN or
DEGRADED) and `nodes`, by number, each with a `status` of its own (READY and seven others).  Where
IMEX is not installed or not configured there is nothing to read, which is information and no fault:
with NVIDIA's DRA driver the daemon runs only while a job needs it (aicr 2641).
Not verified on hardware.
"""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from gpusla.readings import Absence, Absent, Present, Reading
from gpusla_agent.sources.host.found import Found

PROGRAM = "nvidia-imex-ctl"
TIMEOUT_SECONDS = 2.0
ANSWER_BYTES_MAX = 1 << 20
_STATES = {"DOWN": 0, "DEGRADED": 1, "UP": 2}
_READY = "READY"
_UNCONFIGURED = "Failed to read node configuration file"
_NAMES = ("imex_state", "imex_nodes", "imex_nodes_ready")


def read_imex(directories: Sequence[Path], timeout_seconds: float = TIMEOUT_SECONDS) -> Found:
    """Ask the program in the first of these directories that has it; never waits longer."""
    paths = [directory / PROGRAM for directory in directories]
    program = next((path for path in paths if os.access(path, os.X_OK)), None)
    if program is None:
        return _nothing(Absent(Absence.UNSUPPORTED, f"{PROGRAM} is not installed"))
    answer = _ask(program, timeout_seconds)
    return _nothing(answer) if isinstance(answer, Absent) else parse_answer(answer)


def parse_answer(answer: str) -> Found:
    """Return what an answer of the program says."""
    if _UNCONFIGURED in answer:
        return _nothing(Absent(Absence.UNSUPPORTED, "IMEX is not configured on this node"))
    try:
        content: Any = json.loads(answer)
        state = _STATES[content["status"].upper()]
        nodes = [node["status"].upper() for node in content.get("nodes", {}).values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _nothing(Absent(Absence.ERROR, f"{PROGRAM} answers in an unknown shape"))
    numbers: dict[str, Reading] = {
        "imex_state": Present(state),
        "imex_nodes": Present(len(nodes)),
        "imex_nodes_ready": Present(nodes.count(_READY)),
    }
    return Found(numbers)


def _nothing(why: Absent) -> Found:
    return Found(dict.fromkeys(_NAMES, why))


def _ask(program: Path, timeout_seconds: float) -> str | Absent:
    # Its output goes to memory and not to a pipe: whoever it leaves behind with its end of a pipe
    # would keep us waiting.
    with _memory() as answer, _memory() as complaint:
        try:
            process = subprocess.Popen(  # noqa: S603  (a fixed name in directories of the system)
                [program, "-N", "-j"],
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=complaint,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C"},
            )
        except OSError as cause:
            return Absent(Absence.ERROR, f"{PROGRAM}: {cause.strerror}")
        code = _end(process, timeout_seconds)
        told, complained = _content(answer), _content(complaint)
    if _UNCONFIGURED in complained:
        return complained
    if code is None:
        return Absent(Absence.ERROR, f"{PROGRAM} does not end within {timeout_seconds:g} seconds")
    if code != 0 and _UNCONFIGURED not in told:
        return Absent(Absence.ERROR, f"{PROGRAM} ends with {code}")
    return told


def _memory() -> BinaryIO:
    return os.fdopen(os.memfd_create("imex", os.MFD_CLOEXEC), "rb")


def _content(memory: BinaryIO) -> str:
    return os.pread(memory.fileno(), ANSWER_BYTES_MAX, 0).decode("utf-8", "replace")


def _end(process: "subprocess.Popen[bytes]", timeout_seconds: float) -> int | None:
    """Wait for the program, and kill what it started if it takes too long."""
    try:
        return process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None
