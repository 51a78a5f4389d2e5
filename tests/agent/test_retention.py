"""Old segments go once they were fetched, and chain and sums go on without them."""

import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from gpusla.errors import JournalError
from gpusla.journal.chain import Head, follow
from gpusla.journal.codec import digest
from gpusla.journal.model import ClockState
from gpusla_agent.recorder import Disk, Recorder, Retention
from gpusla_agent.recorder import recorder as recorder_module
from gpusla_agent.recorder import remaking as remaking_module
from gpusla_agent.recorder.remaking import Remaking
from gpusla_agent.recorder.retention import DAY_MS
from gpusla_agent.recorder.segments import list_segments, tally_before
from gpusla_agent.recorder.tally import _from_checkpoint, is_tally_before
from tests.agent.journals import (
    ALL_OK,
    M1,
    NODE,
    ONE_DOWN,
    HandClock,
    crash,
    observe_for,
    open_recorder,
)

LITTLE = Retention(days=30, size_bytes_max=4_000)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "CHECKPOINT_RECORDS", 5)


@dataclass(slots=True)
class Kept:
    """A journal of small segments, and what it was before anything went."""

    directory: Path
    clock: HandClock
    recorder: Recorder

    def segments(self) -> list[str]:
        """Return the names of its segments."""
        return sorted(path.name for path in self.directory.glob("journal-*.jsonl"))

    def fetch(self) -> list[bytes]:
        """Read as the collector does: all, and then what comes after it."""
        lines = self.recorder.read(0, 1_000_000, 1 << 30)
        self.recorder.read(self.recorder.durable.sequence, 1, 1 << 20)
        return lines

    def go_on(self, seconds: int = 10) -> None:
        """Meter on; a slot is down meanwhile."""
        observe_for(self.recorder, self.clock, seconds, ONE_DOWN)


@pytest.fixture
def journal(tmp_path: Path) -> Kept:
    """A journal of a hundred samples in many segments and some blocks, in the middle of one."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, segment_bytes=2_000, hour_ms=10_000)
    observe_for(recorder, clock, 100, ALL_OK)
    return Kept(tmp_path, clock, recorder)


def events(log: io.StringIO) -> list[str]:
    """Return what was logged, by name."""
    return [json.loads(line)["event"] for line in log.getvalue().splitlines()]


def spoil_tallies(journal: Kept) -> None:
    """Leave every tally between segments as a power cut may."""
    for path in journal.directory.glob("tally-*.json"):
        path.write_bytes(b"")


def test_nothing_goes_that_was_not_fetched(journal: Kept) -> None:
    """However much and however old it is: a disk that fills up is seen."""
    before = journal.segments()
    journal.recorder.retention = Retention(days=0, size_bytes_max=0)
    journal.go_on()
    assert set(before) <= set(journal.segments())


def test_what_was_fetched_goes_when_it_is_too_much(journal: Kept) -> None:
    """The oldest first, and only as far as the bound wants."""
    journal.fetch()
    before = journal.segments()
    journal.recorder.retention = LITTLE
    journal.go_on()
    after = journal.segments()
    assert len(after) < len(before)
    assert after == sorted({*before, *after})[-len(after) :]
    sizes = [(journal.directory / name).stat().st_size for name in after]
    assert sum(sizes) <= 4_000 + 3 * 2_500  # what came since was not fetched


def test_what_was_fetched_goes_when_it_is_old(journal: Kept) -> None:
    """By when it was last written to."""
    journal.fetch()
    old = journal.segments()[:4]
    for name in old:
        written = (journal.clock.wall_ms - 31 * DAY_MS) / 1_000
        os.utime(journal.directory / name, (written, written))
    journal.recorder.retention = Retention(days=30)
    journal.go_on(30)
    assert not set(old) & set(journal.segments())
    assert len(journal.segments()) > 10


@pytest.mark.parametrize("state", [ClockState.UNSYNCHRONISED, ClockState.UNKNOWN])
def test_nothing_is_old_by_a_clock_that_nobody_set(journal: Kept, state: ClockState) -> None:
    """A clock that is a year ahead after a reboot would empty the journal."""
    journal.fetch()
    before = journal.segments()
    journal.recorder.retention = Retention(days=30)
    journal.clock.state = state
    journal.clock.wall_ms += 400 * DAY_MS
    journal.go_on(30)
    assert set(before) <= set(journal.segments())


def test_what_is_old_goes_slowly(journal: Kept) -> None:
    """Also a clock that was set may be wrong: at most one goes at a checkpoint."""
    journal.fetch()
    before = journal.segments()
    journal.recorder.retention = Retention(days=30)
    journal.clock.wall_ms += 400 * DAY_MS
    for gone in (1, 2, 3):
        journal.recorder._write_checkpoint()
        assert journal.segments() == before[gone:]


def test_what_is_old_goes_slowly_beside_lost_tallies(journal: Kept) -> None:
    """Each is folded again at its turn, and nothing goes between two checkpoints."""
    journal.fetch()
    before = journal.segments()
    spoil_tallies(journal)
    journal.recorder.retention = Retention(days=30)
    journal.clock.wall_ms += 400 * DAY_MS
    for gone in (0, 1, 1, 2):
        journal.recorder._write_checkpoint()
        assert journal.segments() == before[gone:]
        journal.recorder._retire(by_age=False)
        assert journal.segments() == before[gone:]


def test_the_newest_segments_stay(journal: Kept) -> None:
    """Two, whatever the bounds are."""
    journal.fetch()
    journal.recorder.retention = Retention(days=0, size_bytes_max=0)
    journal.clock.pass_ms(1)
    journal.recorder.close()
    assert len(journal.segments()) == 2


@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_chain_and_sums_go_on_without_what_went(journal: Kept, has_checkpoint: bool) -> None:  # noqa: FBT001
    """Also where the start that anchors the clocks is gone, and after a restart from nothing."""
    old = journal.fetch()
    journal.recorder.retention = LITTLE
    journal.go_on()
    sums, head = journal.recorder.state_ms(), journal.recorder.durable
    crash(journal.recorder)
    if not has_checkpoint:
        (journal.directory / "tally.json").unlink()
    again = Recorder(journal.directory, NODE, journal.clock.read, segment_bytes=2_000)
    assert again.durable == head
    assert again.state_ms() == sums
    assert again.start == 2
    kept = again.read(0, 1_000_000, 1 << 30)
    first = head.sequence - len(kept) + 1
    assert first > 1
    walked = Head(first - 1, digest(old[first - 2]))
    for line in kept:
        walked, _, _ = follow(walked, line)
    assert walked == head
    observe_for(again, journal.clock, 3, ALL_OK)
    assert sum(again.state_ms()[key] for key in again.state_ms() if key[0] == M1) >= sum(
        sums[key] for key in sums if key[0] == M1
    )
    again.close()


def test_without_what_was_before_a_start_is_refused(journal: Kept) -> None:
    """No sum is made up."""
    journal.fetch()
    journal.recorder.retention = LITTLE
    journal.go_on()
    crash(journal.recorder)
    for path in journal.directory.glob("tally*"):
        path.unlink()
    with pytest.raises(JournalError, match="is not known"):
        Recorder(journal.directory, NODE, journal.clock.read)


def test_a_tally_that_is_torn_is_folded_again(journal: Kept, log: io.StringIO) -> None:
    """A full disk or a power cut may leave it empty or away: the bounds hold all the same."""
    journal.fetch()
    spoil_tallies(journal)
    journal.recorder.retention = LITTLE
    journal.go_on(60)
    sizes = [(journal.directory / name).stat().st_size for name in journal.segments()]
    assert sum(sizes) <= 4_000 + 61 * 400  # what came since was not fetched
    assert events(log).count("tally_lost") == 1
    sums = journal.recorder.state_ms()
    crash(journal.recorder)
    (journal.directory / "tally.json").unlink()
    again = Recorder(journal.directory, NODE, journal.clock.read)
    assert again.state_ms() == sums
    again.close()


def test_a_tally_is_folded_again_in_small_pieces(
    journal: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass waits for none longer than it may: a whole segment would take seconds."""
    monkeypatch.setattr(remaking_module, "PIECE_RECORDS", 2)
    first, second = list_segments(journal.directory)[:2]
    count = second.first - first.first
    tally_before(second).unlink()
    remaking = Remaking([first, second], Disk())
    steps = 1
    while not remaking.step():
        assert not tally_before(second).exists()
        steps += 1
    assert steps == count // 2 + 1
    assert is_tally_before(second)


def test_where_what_was_before_is_lost_nothing_goes(journal: Kept, log: io.StringIO) -> None:
    """No sum is made up; it is told once, and again only after it was well."""
    journal.fetch()
    journal.recorder.retention = LITTLE
    journal.go_on()
    journal.fetch()
    spoil_tallies(journal)
    before = journal.segments()
    assert not before[0].endswith("00001.jsonl")
    journal.go_on(30)
    assert set(before) <= set(journal.segments())
    assert events(log).count("journal_not_retired") == 1


def test_a_segment_that_was_edited_stays(journal: Kept, log: io.StringIO) -> None:
    """What does not follow is folded into no tally, and metering goes on beside it."""
    journal.fetch()
    oldest = journal.directory / journal.segments()[0]
    oldest.write_bytes(oldest.read_bytes().replace(b'"ok"', b'"no"', 1))
    spoil_tallies(journal)
    journal.recorder.retention = LITTLE
    journal.go_on(30)
    assert oldest.exists()
    assert not journal.recorder.health.is_failing
    assert events(log).count("journal_not_retired") == 1


def test_a_disk_that_refuses_leaves_the_journal_whole(journal: Kept) -> None:
    """It is tried again at the next turn."""
    journal.fetch()
    journal.recorder.retention = LITTLE
    before = journal.segments()

    def refuse(descriptor: int) -> None:
        raise OSError(5, f"no sync of {descriptor}")

    journal.recorder._disk = Disk(sync_directory=refuse)
    journal.recorder._write_checkpoint()
    assert journal.segments() == before
    assert len(journal.recorder._segments) == len(before)
    journal.recorder._disk = Disk()
    journal.recorder._write_checkpoint()
    assert len(journal.segments()) < len(before)


def test_a_checkpoint_of_before_carries_on(tmp_path: Path) -> None:
    """Old ones name the records that the carry rests on, and the segments have them."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 10, ALL_OK)
    recorder._write_checkpoint()
    path, sums, carry = tmp_path / "tally.json", recorder.state_ms(), recorder.carry
    crash(recorder)
    content = json.loads(json.loads(path.read_bytes())["tally"])
    numbers = [number for number, _ in content.pop("records")]
    content["anchors"], content["latest"] = numbers[:1], numbers[1]
    del content["key"]
    text = json.dumps(content, sort_keys=True)
    total = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps({"sum": total, "tally": text}))
    tally = _from_checkpoint(path, list_segments(tmp_path), recorder.durable)
    assert tally is not None
    assert (tally.state_ms, tally.carry, tally.key) == (sums, carry, "")
