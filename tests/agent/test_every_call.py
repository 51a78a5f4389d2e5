"""
Killed or refused at every call that a start, some samples and a new key make of the disk.

A first life is only counted; then each of its calls is the one that fails, in a life of its own.
After each the agent starts again: it lost no more than one sample, its chain, its blocks and its
signatures verify, and it meters on.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla.evidence.grades import Checked, check
from gpusla.journal.body import Body
from gpusla.journal.codec import decode, digest
from gpusla.journal.model import KeyIntroduced, Observed, Started, Stopped
from gpusla_agent.recorder import Disk
from tests.agent.journal_lives import Kill, Life, Supervisor
from tests.agent.journals import require_blocks
from tests.agent.signed_lives import SAMPLES
from tests.agent.signed_rig import NODE, SignedRig

CALLS = ("write", "fdatasync", "fsync", "/^rename")
NEVER = Kill("write", 60_000)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """Supervise lives, each on a folder of its own."""
    running = Supervisor(tmp_path / "counted", tmp_path, "tests.agent.signed_lives")
    yield running
    running.close()


def counted(supervisor: Supervisor, logs: Path) -> dict[str, int]:
    """Let one life pass, and return how often it made each call."""
    supervisor.directory.mkdir()
    life = supervisor.run(NEVER)
    assert life.landed == "none"
    lines = (logs / "strace.log").read_text().splitlines()
    names = [match[1] for line in lines if (match := re.match(r"(?:\d+ +)?(\w+)\(", line))]
    return {
        call: sum(bool(re.match(call.removeprefix("/"), name)) for name in names) for call in CALLS
    }


def lived(supervisor: Supervisor, directory: Path, kill: Kill) -> Life:
    """Let one life meet its fate on a new folder."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    supervisor.directory = directory
    return supervisor.run(kill)


def reopened(directory: Path) -> tuple[list[bytes], list[Body], Checked]:
    """Start the agent again, take one more sample, and walk the journal."""
    rig = SignedRig(directory)
    rig.run(1)
    lines = rig.lines()
    rig.crash()
    bodies = [decode(line)[1] for line in lines]
    first = next(body for body in bodies if isinstance(body, KeyIntroduced))
    return lines, bodies, check(NODE, lines, {first.public})


def samples(bodies: list[Body]) -> int:
    """Return how many samples are on record."""
    return sum(body.samples for body in bodies if isinstance(body, Observed))


def held(directory: Path, life: Life) -> list[Body]:
    """Assert what must hold after any fate, and return what is on record."""
    told = life.acknowledged or {"seq": 0, "samples": 0}
    lines, bodies, found = reopened(directory)
    assert found.broken is None, found.broken
    assert len(lines) >= told["seq"]
    require_blocks(lines)
    if told["seq"]:
        assert digest(lines[told["seq"] - 1]) == told["digest"]
    assert isinstance(bodies[0], Started)
    assert len({body.public for body in bodies if isinstance(body, KeyIntroduced)}) <= 2
    return bodies


def test_killed_at_every_call_it_loses_at_most_one_sample(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """Whatever is told as acknowledged is there, and the pass that died is all that is not."""
    calls = counted(supervisor, tmp_path)
    print(f"\ncalls of one life: {calls}")  # noqa: T201
    assert all(calls.values())
    landed = set()
    for call, times in calls.items():
        for number in range(1, times + 1):
            life = lived(supervisor, tmp_path / "life", Kill(call, number))
            assert life.landed != "none", (call, number)
            landed.add(life.landed)
            bodies = held(tmp_path / "life", life)
            taken = (life.acknowledged or {"samples": 0})["samples"]
            assert samples(bodies) - 1 >= taken  # one more was taken after the restart
    assert {"write segment", "fdatasync segment", "write key", "fsync key", "rename key"} <= landed
    assert "rename checkpoint" in landed


@pytest.mark.parametrize("fate", ["error=EIO", "error=ENOSPC"])
def test_refused_at_every_call_it_loses_nothing(
    supervisor: Supervisor, tmp_path: Path, fate: str
) -> None:
    """One call fails: the bytes go into a new segment; or the start is refused, in words."""
    for call, times in counted(supervisor, tmp_path).items():
        for number in range(1, times + 1):
            life = lived(supervisor, tmp_path / "life", Kill(call, number, fate))
            bodies = held(tmp_path / "life", life)
            told = life.acknowledged
            if told is not None and told["samples"] == SAMPLES:
                assert samples(bodies) - 1 == SAMPLES
                assert any(isinstance(body, Stopped) for body in bodies)


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_a_disk_that_stays_full_says_so_and_acknowledges_nothing_more(
    supervisor: Supervisor, tmp_path: Path, call: str
) -> None:
    """From any call on: what was acknowledged stays, and the next start goes on behind it."""
    times = counted(supervisor, tmp_path)[call]
    for number in range(2, times + 1, 2):
        life = lived(supervisor, tmp_path / "life", Kill(call, number, "error=ENOSPC", onward=True))
        bodies = held(tmp_path / "life", life)
        told = life.acknowledged
        if told is not None and told["is_failing"]:
            assert not any(isinstance(body, Stopped) for body in bodies)


def test_writes_that_come_through_in_parts_make_the_same_journal(tmp_path: Path) -> None:
    """A short write is no error: the rest follows."""
    rig = SignedRig(tmp_path, disk=Disk(write=lambda fd, content: os.write(fd, content[:7])))
    rig.run(5)
    rig.crash()
    bodies, found = reopened(tmp_path)[1:]
    assert found.broken is None
    assert samples(bodies) == 6
