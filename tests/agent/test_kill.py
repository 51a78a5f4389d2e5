"""
Killed at any moment, the agent loses nothing that it acknowledged and takes nothing back.

A named supervisor runs a journal's writer over fifty lives on one directory, most of them killed by
strace at the entry of a write, a sync, a rename or an open of the journal's files; then the whole
agent over a few.  Each run prints where its kills landed.
"""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla.evidence.grades import check as walk
from gpusla.journal.codec import digest
from gpusla_agent.recorder import Recorder
from tests.agent.journal_lives import Kill, Life, Supervisor, read_clock, total_ms
from tests.agent.journals import NODE, require_blocks

LIVES = 50
INSIDE = ("write", "fdatasync", "fsync")
SEED = 20260701
SYNCED = (("write", 30), ("fdatasync", 30), ("fsync", 6), ("write", 30), ("fdatasync", 30))
KILLS = (*SYNCED, *SYNCED, *SYNCED, ("openat", 14), ("/^rename", 4))


def kills() -> Iterator[Kill]:
    """Return how each life ends: most inside a write or sync, two at any time."""
    chance = random.Random(SEED)  # noqa: S311  (chance that can be repeated)
    for life in range(LIVES):
        if life % 25 == 24:
            yield Kill("time", chance.randint(1, 40))
        else:
            call, most = KILLS[life % len(KILLS)]
            yield Kill(call, chance.randint(1, most))


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """Supervise lives on one journal."""
    running = Supervisor(tmp_path / "journal", tmp_path)
    yield running
    running.close()


def test_fifty_kills_lose_nothing_that_was_acknowledged(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """Chain and blocks verify, every acknowledged line is there, and no sum goes back."""
    landed: Counter[str] = Counter()
    sums: dict[str, int] = {}
    for kill in kills():
        life = supervisor.run(kill)
        landed[life.landed] += 1
        sums = check(tmp_path, life, sums)

    print("\nwhere the kills landed:")  # noqa: T201
    for place, times in landed.most_common():
        print(f"  {times:3} {place}")  # noqa: T201
    inside = sum(times for place, times in landed.items() if place.startswith(INSIDE))
    assert sum(landed.values()) == LIVES
    assert len(require_blocks(lines_of(tmp_path)[0])) > 10
    assert inside >= 0.8 * LIVES
    assert {"write segment", "fdatasync segment", "rename checkpoint"} <= set(landed)


def lines_of(directory: Path) -> tuple[list[bytes], dict[str, int]]:
    """Open a copy of the journal as the next start would; return its lines and sums."""
    copy = directory / "copy"
    shutil.copytree(directory / "journal", copy)
    recorder = Recorder(copy, NODE, read_clock)
    lines = recorder.read(0, 1_000_000, 1 << 30)
    sums = total_ms(recorder)
    recorder.close()
    shutil.rmtree(copy)
    return lines, sums


def check(directory: Path, life: Life, before: dict[str, int]) -> dict[str, int]:
    """Walk records and blocks, and hold them against what was said."""
    lines, sums = lines_of(directory)
    assert walk(NODE, lines, frozenset()).broken is None
    told = life.acknowledged or {"seq": 0, "digest": "", "ms": {}}
    assert len(lines) >= told["seq"]
    if told["seq"]:
        assert digest(lines[told["seq"] - 1]) == told["digest"]
    for name, ms in (*told["ms"].items(), *before.items()):
        assert sums.get(name, 0) >= ms, name
    return sums
