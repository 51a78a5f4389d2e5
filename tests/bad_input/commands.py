"""Run the real commands on files, and measure what they took."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.bad_input.cases import ASSIGNMENTS, EXCLUSIONS, INVENTORY, ROOT, Case

BIN = Path(sys.executable).parent

AGENT = """\
apiVersion: gpusla/v1
kind: Agent
node: r01-t01
data_directory: data
inventory: inventory.yaml
assignments: assignments.yaml
"""
COLLECTOR = """\
apiVersion: gpusla/v1
kind: Collector
data_directory: data
inventory: inventory.yaml
assignments: assignments.yaml
exclusions: exclusions.yaml
contracts: contracts
"""
FLEET = """\
apiVersion: gpusla/v1
kind: SimulatedFleet
data_directory: data
inventory: inventory.yaml
assignments: assignments.yaml
from: 2026-07-01T05:00:00Z
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended and what it took."""

    code: int
    output: str
    errors: list[str]
    processor_seconds: float
    memory_bytes: int


def run(folder: Path, *words: str) -> Outcome:
    """Run one of our commands in a folder."""
    command = [str(BIN / words[0]), *words[1:]]
    with (folder / "out").open("w+") as output, (folder / "err").open("w+") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        seconds = usage.ru_utime + usage.ru_stime
        outcome = Outcome(
            process.returncode,
            output.read(),
            errors.read().splitlines(),
            seconds,
            usage.ru_maxrss * 1024,
        )
    (folder / "out").unlink()
    (folder / "err").unlink()
    return outcome


def write_site(folder: Path) -> None:
    """Write good files of every kind."""
    shutil.copytree(ROOT / "examples" / "contracts", folder / "contracts")
    for name, text in (
        ("agent.yaml", AGENT),
        ("collector.yaml", COLLECTOR),
        ("fleet.yaml", FLEET),
        ("inventory.yaml", INVENTORY),
        ("assignments.yaml", ASSIGNMENTS),
        ("exclusions.yaml", EXCLUSIONS),
    ):
        (folder / name).write_text(text, "utf-8")


def put(folder: Path, name: str, case: Case) -> None:
    """Replace a file by a bad one."""
    (folder / name).write_bytes(case.content)


def fingerprint(folder: Path) -> dict[str, str]:
    """Return what is on disk, so that a test can say that nothing was changed."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }
