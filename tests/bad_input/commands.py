"""Run the real commands on files, and measure what they took."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.bad_input.cases import ASSIGNMENTS, CLAIMS, EXCLUSIONS, INVENTORY, ROOT, Case

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
claims: claims.yaml
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


LAUNCHER = """\
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump([code, used.ru_utime + used.ru_stime, used.ru_maxrss], file)
"""
"""
Runs a command and says what it took.

A child begins with its parent's peak of memory, and the parent of these tests is larger than what
they measure; this one is small.
"""


def run(folder: Path, *words: str) -> Outcome:
    """Run one of our commands in a folder."""
    used = folder / "used"
    launcher = [sys.executable, "-S", "-c", LAUNCHER, str(used)]
    finished = subprocess.run(
        [*launcher, str(BIN / words[0]), *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    code, seconds, kibibytes = json.loads(used.read_text("utf-8"))
    used.unlink()
    return Outcome(code, finished.stdout, finished.stderr.splitlines(), seconds, kibibytes * 1024)


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
        ("claims.yaml", CLAIMS),
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
