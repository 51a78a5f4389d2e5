"""Recording: the file appears whole or not at all, holds what was heard, and is bounded."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gpusla.errors import InputError
from gpusla.readings import Absence, Absent, Pass
from gpusla_agent.app.record import Recording, Terms, listed_uuids, record
from gpusla_agent.sources.capture import CaptureReader
from tests.fakes import FakeClock

UUID = "GPU-11111111-2222-3333-4444-555555555555"
IDENTITY = {"uuid": [0, UUID], "driver_version": [0, "580.173.02"]}
LISTED: dict[str, Any] = {"code": 0, "count": 1, "gpus": [{"index": 0, "identity": IDENTITY}]}
SILENT = Pass(0, {}, source=Absent(Absence.UNOBSERVABLE, "the worker does not answer"))


@dataclass
class FakeTapped:
    """
    A source that can be heard.

    says: what happens at each pass; None is a worker that says nothing.  Behind its end the
    operator presses Ctrl-C.
    """

    says: list[dict[str, Any] | None]
    listed: dict[str, Any] | None = field(default_factory=lambda: LISTED)
    tap: Callable[[dict[str, Any]], None] | None = None
    name: str = "nvml"

    def sample(self) -> Pass:
        """Tell the next message."""
        if not self.says:
            raise KeyboardInterrupt
        message = self.says.pop(0)
        if message is None:
            return SILENT
        assert self.tap is not None
        self.tap(message)
        return Pass(0, {})


def told(job: int) -> dict[str, Any]:
    """Return what a worker says at a pass."""
    gpu = {"index": 0, "at_ms": 0, "read": {"temperature": [1, [40 + job, 47 - job]]}}
    return {"job": job, "count": 1, "gpus": [gpu], "identities": [], "xids": [], "events": 0}


def kinds(path: Path) -> list[str]:
    """Return the kinds of the lines of a capture."""
    with closing(CaptureReader(path)) as reader:
        return [line.kind for line in reader.lines()]


def test_a_recording_holds_the_list_and_every_pass(tmp_path: Path) -> None:
    """One pass at each interval, for as long as was asked; and the source is let go."""
    source = FakeTapped([told(job) for job in range(9)])
    path = tmp_path / "node.jsonl"
    clock = FakeClock()
    started_ms = clock.now_ms
    recording = record(source, clock, path, 3, Terms(interval_ms=1_000))
    assert recording == Recording(path, 3, path.stat().st_size, is_cut=False)
    assert kinds(path) == ["listed", "pass", "pass", "pass"]
    assert clock.now_ms - started_ms == 2_000
    assert source.tap is None


def test_a_worker_that_is_replaced_lists_anew(tmp_path: Path) -> None:
    """And a pass that did not come is a silence, not a gap."""
    path = tmp_path / "node.jsonl"
    record(FakeTapped([told(1), None, LISTED, told(1)]), FakeClock(), path, 4)
    assert kinds(path) == ["listed", "pass", "silent", "listed", "pass"]


def test_a_recording_that_is_broken_off_is_kept(tmp_path: Path) -> None:
    """Ctrl-C ends it; what was heard so far may be just what was wanted."""
    path = tmp_path / "node.jsonl"
    assert record(FakeTapped([told(1), told(2)]), FakeClock(), path, 600).passes == 2
    assert kinds(path) == ["listed", "pass", "pass"]


def test_a_driver_that_is_not_there_can_be_recorded(tmp_path: Path) -> None:
    """There is nothing to list, and the header knows no version."""
    path = tmp_path / "node.jsonl"
    record(FakeTapped([None, None], listed=None), FakeClock(), path, 2)
    assert kinds(path) == ["silent", "silent"]
    with closing(CaptureReader(path)) as reader:
        assert reader.header.driver_version == ""


def test_a_recording_ends_when_its_file_is_full(tmp_path: Path) -> None:
    """And says that it was cut; what it has is whole lines."""
    path = tmp_path / "node.jsonl"
    whole = record(FakeTapped([told(1)] * 9), FakeClock(), path, 4).size_bytes
    cut = record(FakeTapped([told(1)] * 9), FakeClock(), path, 9, Terms(size_bytes_max=whole))
    assert (cut.is_cut, cut.passes, cut.size_bytes) == (True, 4, whole)
    assert kinds(path) == ["listed", "pass", "pass", "pass", "pass"]


def test_only_its_owner_can_read_a_recording(tmp_path: Path) -> None:
    """Until the owner sends it away."""
    path = tmp_path / "node.jsonl"
    record(FakeTapped([told(1)]), FakeClock(), path, 1)
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


@dataclass
class Broken(FakeTapped):
    """A source whose worker says something without a shape."""

    says: list[dict[str, Any] | None] = field(default_factory=lambda: [{"xids": [], "gpus": [{}]}])


def test_a_recording_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    """No half file, and nothing beside it."""
    path = tmp_path / "node.jsonl"
    path.write_text("the one before")
    with pytest.raises(KeyError):
        record(Broken(), FakeClock(), path, 1)
    assert path.read_text() == "the one before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    """Before anything is recorded."""
    source = FakeTapped([told(1)])
    with pytest.raises(InputError) as refused:
        record(source, FakeClock(), tmp_path / "no" / "node.jsonl", 1)
    assert "node.jsonl: cannot be written: No such file or directory" in str(refused.value)
    assert "Name a file in a folder that this user may write to" in str(refused.value)
    assert len(source.says) == 1


def test_the_gpus_of_a_list_are_known_before_the_first_pass() -> None:
    """So that what was agreed can be told in time."""
    mute = {"index": 1, "identity": {"uuid": [15, None]}}
    assert listed_uuids({**LISTED, "gpus": [*LISTED["gpus"], mute]}) == (UUID,)
    assert listed_uuids(None) == ()
