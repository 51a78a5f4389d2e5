"""
The power is cut: what was acknowledged is on disk, and one sample at most is not.

A file is a disk of its own: ext4 on a loop device, whose ioctl for a shutdown drops whatever the
kernel had not written, as a power cut does.  Only who may mount it and has loop devices can have
one.  Without these the tests are skipped, and with `GPUSLA_POWER_LOSS=required`, as `./run verify`
sets it, they fail.
"""

import fcntl
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpusla.evidence.grades import check
from gpusla.journal.codec import decode, digest
from gpusla.journal.model import KeyIntroduced, Observed
from tests.agent.journals import require_blocks
from tests.agent.signed_rig import NODE, SignedRig
from tests.conftest import ROOT
from tests.programs import program

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
"""The journal of ext4 is lost as well, as far as it was in memory."""

CAP_SYS_ADMIN = 1 << 21
LOOP_CONTROL = "/dev/loop-control"
SIZE_BYTES = 32 * 1024 * 1024


class LoopDisk:
    """An ext4 in a file, mounted; its power can be cut."""

    def __init__(self, directory: Path) -> None:
        self.image, self.place = directory / "disk.img", directory / "disk"
        self.place.mkdir()
        with self.image.open("wb") as file:
            file.truncate(SIZE_BYTES)
        self._do(program("mke2fs"), "-q", "-F", "-t", "ext4", str(self.image))
        self.mount()

    def mount(self) -> None:
        """Mount it, which replays what its own journal has."""
        self._do("mount", "-o", "loop", str(self.image), str(self.place))

    def cut_power(self) -> None:
        """Drop everything that is not on the disk yet, and refuse all that comes."""
        descriptor = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        """Take it away."""
        self._do("umount", str(self.place))

    @staticmethod
    def _do(*command: str) -> None:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def lacking() -> str | None:
    """Return what this machine does not give us: the right to mount, or loop devices."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    effective = next(line.split()[1] for line in status if line.startswith("CapEff:"))
    if not int(effective, 16) & CAP_SYS_ADMIN:
        return "to mount a disk takes the capability CAP_SYS_ADMIN"
    try:
        os.close(os.open(LOOP_CONTROL, os.O_RDWR))
    except OSError as cause:
        return f"to make a disk of a file takes loop devices: {cause}"
    return None


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LoopDisk]:
    """A disk, where this machine may have one; whatever else goes wrong with it is a failure."""
    lack = lacking()
    if lack is not None:
        # Only root may mount, and ./run test needs no root; ./run verify requires it, and fails.
        assert os.environ.get("GPUSLA_POWER_LOSS") != "required", lack
        pytest.skip(f"power loss is not tested here: {lack}")
    made = LoopDisk(tmp_path)
    yield made
    # A test that failed may hold a file open; the disk goes once that is closed.
    subprocess.run(["umount", "-l", str(made.place)], check=False, capture_output=True)


Told = dict[str, Any]


def live_until_cut(disk: LoopDisk, passes: int) -> tuple[Told, Told]:
    """
    Let a node live for some passes, and cut the power.

    Returns its last acknowledgement but one that the cut may have overtaken, and its last.  The
    shutdown is not one moment: a sync that is under way then may still say that all is well.
    """
    data = disk.place / "data"
    data.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.agent.power_life", str(data)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as process:
        assert process.stdout is not None
        told = [json.loads(process.stdout.readline()) for _ in range(passes)]
        disk.cut_power()
        process.kill()
        rest = process.stdout.read().splitlines()
    late = [json.loads(line) for line in rest if line[-1:] == b"}"]
    late = [one for one in late if not one["is_failing"]]
    disk.unmount()
    disk.mount()
    return (told + late[:-1])[-1], (told + late)[-1]


@pytest.mark.parametrize("passes", [1, 2, 7, 23, 61])
def test_a_power_cut_loses_one_sample_at_most(disk: LoopDisk, passes: int) -> None:
    """Nothing that was acknowledged; the chain and its signatures verify, and the node goes on."""
    sure, last = live_until_cut(disk, passes)
    rig = SignedRig(disk.place / "data")
    lines = rig.lines()
    rig.run(1)
    rig.node.stop("test")
    require_blocks(rig.lines())
    bodies = [decode(line)[1] for line in lines]
    assert digest(lines[sure["seq"] - 1]) == sure["digest"]
    seen = sum(body.samples for body in bodies if isinstance(body, Observed))
    assert sure["samples"] <= seen <= last["samples"] + 1
    first = next(body for body in bodies if isinstance(body, KeyIntroduced))
    found = check(NODE, rig.lines(), {first.public})
    assert found.broken is None
    assert found.keyring.signed == found.head.sequence - 1


def test_power_that_is_cut_again_and_again_breaks_nothing(disk: LoopDisk) -> None:
    """Each life goes on behind the one before."""
    before = 0
    for passes in (3, 11, 2, 5):
        sure, _ = live_until_cut(disk, passes)
        assert sure["seq"] > before
        before = sure["seq"]
    rig = SignedRig(disk.place / "data")
    lines = rig.lines()
    rig.node.stop("test")
    assert digest(lines[before - 1]) == sure["digest"]
    assert check(NODE, lines, frozenset()).broken is None
    kinds = [type(decode(line)[1]) for line in lines]
    assert kinds.count(KeyIntroduced) == 1
