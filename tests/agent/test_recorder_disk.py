"""The journal's writer on a disk that fails: nothing is acknowledged, and nothing is lost."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusla.catalogue.codes import JOURNAL_CORRUPT
from gpusla.catalogue.reasons import State
from gpusla.cli import main
from gpusla.errors import JournalError
from gpusla.identity import GpuUuid
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import Stopped, XidSeen
from gpusla_agent.recorder import recorder as recorder_module
from gpusla_agent.recorder.segments import list_segments
from tests.agent.journals import (
    ALL_OK,
    M1,
    FailingDisk,
    HandClock,
    all_lines,
    crash,
    observe_for,
    open_recorder,
    verify,
)


@pytest.mark.parametrize("call", ["write", "sync"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_failing_disk_acknowledges_nothing_and_loses_nothing(
    tmp_path: Path, call: str, error: int
) -> None:
    """What could not be synced is kept, and goes into a new segment when the disk works again."""
    disk = FailingDisk(error, written_bytes_max=77)
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, disk=disk.as_disk())
    observe_for(recorder, clock, 3, ALL_OK)
    disk.fails_on = {call}
    observe_for(recorder, clock, 3, ALL_OK)

    assert recorder.durable.sequence == 4
    assert recorder.health.is_failing
    assert recorder.health.errors > 0

    disk.fails_on = set()
    recorder.append(Stopped(recorder.now(), "test"))

    assert recorder.sync()
    assert recorder.state_ms()[M1, State.OK] == 5_000
    verify(all_lines(recorder))
    recorder.close()
    verify(all_lines(open_recorder(tmp_path, clock)))


def test_a_disk_that_cannot_make_a_new_segment_is_tried_again(tmp_path: Path) -> None:
    """Failing to rotate is a failure like any other."""
    disk = FailingDisk()
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, segment_bytes=500, disk=disk.as_disk())
    disk.fails_on = {"sync_directory"}
    observe_for(recorder, clock, 4, ALL_OK)
    assert recorder.health.is_failing

    disk.fails_on = set()
    observe_for(recorder, clock, 2, ALL_OK)

    verify(all_lines(recorder))
    assert recorder.state_ms()[M1, State.OK] == 5_000


@pytest.mark.parametrize("call", ["write", "sync"])
def test_what_a_disk_left_behind_that_would_not_cut_it_off_is_no_damage(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole or torn: `gpusla fsck` holds the later segment for the journal, as the agent does."""
    disk = FailingDisk(written_bytes_max=77)
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, disk=disk.as_disk())
    observe_for(recorder, clock, 3, ALL_OK)
    disk.fails_on = {call, "truncate"}
    with monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", disk.truncate)
        observe_for(recorder, clock, 1, ALL_OK)
    disk.fails_on = set()
    observe_for(recorder, clock, 3, ALL_OK)
    recorder.close()

    assert main(["fsck", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "bytes do not count: by its name the next file begins with record 5" in told
    assert f"ends with record {recorder.durable.sequence}:{recorder.durable.digest}" in told


def test_samples_share_longer_records_while_the_disk_fails(tmp_path: Path) -> None:
    """What waits in memory stays small: a minute of equal samples is one record."""
    disk = FailingDisk()
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, disk=disk.as_disk())
    disk.fails_on = {"sync"}
    observe_for(recorder, clock, 600, ALL_OK)
    assert len(recorder._pending) < 15

    disk.fails_on = set()
    recorder.close()

    assert recorder.state_ms()[M1, State.OK] == 599_000


def test_a_full_backlog_drops_samples_and_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is finite: samples go first, what anchors the clocks never."""
    monkeypatch.setattr(recorder_module, "BACKLOG_BYTES_MAX", 1_000)
    disk = FailingDisk()
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, disk=disk.as_disk())
    disk.fails_on = {"write"}
    observe_for(recorder, clock, 1, ALL_OK)
    for _ in range(20):
        recorder.append(XidSeen(recorder.now(), M1, GpuUuid("GPU-1"), 13))
        recorder.sync()
    recorder.append(Stopped(recorder.now(), "test"))
    disk.fails_on = set()
    recorder.sync()

    bodies = [decode(line)[1] for line in all_lines(recorder)]

    assert recorder.health.dropped > 10
    assert [type(body) for body in bodies[-2:]] == [Stopped, HourClosed]
    verify(all_lines(recorder))


def test_a_tail_that_changed_under_a_failing_disk_is_not_written_behind(tmp_path: Path) -> None:
    """If what was acknowledged is gone, nothing more is acknowledged."""
    disk = FailingDisk()
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, disk=disk.as_disk())
    observe_for(recorder, clock, 2, ALL_OK)
    disk.fails_on = {"sync"}
    observe_for(recorder, clock, 1, ALL_OK)
    (segment,) = tmp_path.glob("journal-*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"ok"', b'"ko"'))
    disk.fails_on = set()
    observe_for(recorder, clock, 2, ALL_OK)

    assert recorder.health.is_failing
    assert recorder.durable.sequence == 3


def make_hole(path: Path, begin: int, end: int) -> None:
    """Leave zeros where a page was never written."""
    content = path.read_bytes()
    path.write_bytes(content[:begin] + bytes(end - begin) + content[end:])


def test_a_hole_before_whole_lines_is_cut_off(tmp_path: Path) -> None:
    """Of a batch that was never acknowledged, a later page may be on disk and an earlier not."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 5, ALL_OK)
    recorder._write_checkpoint()
    acknowledged = all_lines(recorder)
    (path,) = tmp_path.glob("journal-*.jsonl")
    size = path.stat().st_size
    observe_for(recorder, clock, 20, ALL_OK, after=lambda: None)
    recorder.sync()
    crash(recorder)
    make_hole(path, size + 700, size + 2_000)
    whole = path.read_bytes()[: size + 700].rfind(b"\n") + 1

    torn = path.stat().st_size
    again = open_recorder(tmp_path, clock)

    assert again.cut_bytes == torn - whole
    assert all_lines(again)[: len(acknowledged)] == acknowledged
    assert path.read_bytes().count(0) == 0
    verify(all_lines(again))


@pytest.mark.parametrize("is_known_by", ["checkpoint", "segment"])
def test_a_hole_in_what_was_acknowledged_is_no_torn_end(tmp_path: Path, is_known_by: str) -> None:
    """A checkpoint or a later segment shows that it was on disk: then it is damage, and stays."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 20, ALL_OK)
    if is_known_by == "checkpoint":
        recorder._write_checkpoint()
    else:
        following = recorder.durable.sequence + 1
        (tmp_path / f"journal-{following:020}.jsonl").write_bytes(b"\0" * 100)
    crash(recorder)
    path = tmp_path / f"journal-{1:020}.jsonl"
    make_hole(path, 700, 2_000)
    before = path.read_bytes()

    with pytest.raises(JournalError) as caught:
        open_recorder(tmp_path, clock)

    assert caught.value.code is JOURNAL_CORRUPT
    assert path.read_bytes() == before


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "zeros": lambda line: line[:10] + bytes(30) + line[40:],
    "only zeros": lambda line: bytes(len(line)),
    "cut short": lambda line: line[:-20],
    "without its end": lambda line: line[:-1],
    "gone": lambda line: line[:0],
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("segment_bytes", [1 << 20, 1])
def test_damage_to_the_last_line_that_was_acknowledged_is_no_torn_end(
    tmp_path: Path, damage: str, segment_bytes: int
) -> None:
    """
    After a clean stop the checkpoint is of the last record, which a collector may have fetched.

    Its number must not go to another record: the collector would tell of a fork.
    """
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, segment_bytes=segment_bytes)
    observe_for(recorder, clock, 5, ALL_OK)
    last = recorder.durable.sequence
    recorder.close()
    path = list_segments(tmp_path)[-1].path
    content = path.read_bytes()
    begin = content.rfind(b"\n", 0, len(content) - 1) + 1
    path.write_bytes(content[:begin] + DAMAGE[damage](content[begin:]))
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}

    with pytest.raises(JournalError) as caught:
        open_recorder(tmp_path, clock)

    assert caught.value.code is JOURNAL_CORRUPT
    assert caught.value.message == (
        f"journal {tmp_path}: record {last} was on disk, by its checkpoint or a later file, and "
        f"what can be read ends with record {last - 1}"
    )
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before
