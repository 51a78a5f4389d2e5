"""The cursor of the kernel's log is in the journal: killed at any time, each record counts once."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpusla.identity import GpuUuid
from gpusla.journal.model import XidSeen
from gpusla_agent.recorder import Recorder
from gpusla_agent.recorder.kernel_account import UNWITNESSED_MAX
from tests.agent.journals import M1, NODE, HandClock, crash, open_recorder
from tests.agent.sources.kernel_lives import counted_in

GPU = GpuUuid("GPU-1")
RECORDS = 60


def live_until(directory: Path, counted: int) -> None:
    """Run a life and kill it with SIGKILL once it has said that so many are durable."""
    path = os.pathsep.join(filter(None, sys.path))
    life = subprocess.Popen(
        [sys.executable, "-m", "tests.agent.sources.kernel_lives", str(directory), str(RECORDS)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert life.stdout is not None
    for line in life.stdout:
        if int(line) >= counted:
            break
    life.kill()
    life.communicate()


def test_identical_xids_with_kills_between_them_are_all_counted(tmp_path: Path) -> None:
    """Six lives, five of them killed between two of sixty identical Xids: sixty."""
    before = 0
    for counted in (1, 2, 14, 27, 41):
        live_until(tmp_path, counted)
        assert counted <= counted_in(tmp_path) < RECORDS
        assert counted_in(tmp_path) >= before
        before = counted_in(tmp_path)
    live_until(tmp_path, RECORDS + 1)
    assert counted_in(tmp_path) == RECORDS


def seen(recorder: Recorder, sequence: int | None) -> None:
    """Record an Xid."""
    recorder.append(XidSeen(recorder.now(), M1, GPU, 79, kernel_sequence=sequence))


def test_the_cursor_is_the_highest_durable_record_of_this_boot(tmp_path: Path) -> None:
    """What was not synced is read again; another boot begins anew."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    cursors = [recorder.kernel_cursor]
    seen(recorder, 7)
    seen(recorder, 5)
    cursors.append(recorder.kernel_cursor)
    recorder.sync()
    cursors.append(recorder.kernel_cursor)
    seen(recorder, 9)
    crash(recorder)
    recorder = open_recorder(tmp_path, clock)
    cursors.append(recorder.kernel_cursor)
    recorder.close()
    clock.boot = "boot-2"
    cursors.append(open_recorder(tmp_path, clock).kernel_cursor)
    assert cursors == [None, None, ("boot-1", 7), ("boot-1", 7), None]


def test_what_no_record_stands_for_is_remembered(tmp_path: Path) -> None:
    """In this boot, also over a checkpoint, and not without end."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    for _ in range(UNWITNESSED_MAX + 3):
        clock.pass_ms(1)
        seen(recorder, None)
    recorder.close()
    again = Recorder(tmp_path, NODE, clock.read)
    known = again.unwitnessed_xids("boot-1")
    assert len(known) == UNWITNESSED_MAX
    assert known[-1] == (GPU, 79, clock.mono_ms)
    assert again.unwitnessed_xids("boot-2") == ()


@pytest.mark.parametrize("is_old", [True, False])
def test_an_old_checkpoint_is_rebuilt_from_the_journal(tmp_path: Path, is_old: bool) -> None:  # noqa: FBT001
    """One from before the kernel's log was read has no cursor; the journal has."""
    recorder = open_recorder(tmp_path, HandClock())
    seen(recorder, 7)
    recorder.close()
    if is_old:
        forget_kernel(tmp_path / "tally.json")
    again = Recorder(tmp_path, NODE, HandClock().read)
    assert again.kernel_cursor == ("boot-1", 7)
    assert again.xid_counts() == {(GPU, 79): 1}


def forget_kernel(path: Path) -> None:
    """Make a checkpoint what it was before it knew of the kernel's log; its sum is right."""
    content = json.loads(json.loads(path.read_text())["tally"])
    del content["kernel"]
    text = json.dumps(content, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps({"sum": digest, "tally": text}))
