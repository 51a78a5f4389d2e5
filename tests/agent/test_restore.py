"""A start without its checkpoint: from the newest tally that is good, not from the first record."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gpusla.errors import JournalError
from gpusla_agent.recorder import Recorder
from gpusla_agent.recorder.segments import list_segments, tally_before
from gpusla_agent.recorder.tally import Tally
from tests.agent.journals import (
    ALL_OK,
    NODE,
    ONE_DOWN,
    FailingDisk,
    HandClock,
    all_lines,
    crash,
    observe_for,
    open_recorder,
    require_blocks,
)


@pytest.fixture
def clock() -> HandClock:
    """The clocks of the node."""
    return HandClock()


@pytest.fixture
def journal(tmp_path: Path, clock: HandClock) -> Recorder:
    """A journal in many segments and some blocks whose agent was killed, and no checkpoint."""
    return journal_of(tmp_path / "journal", clock)


def journal_of(directory: Path, clock: HandClock) -> Recorder:
    """Meter for a while, and leave what a power cut may: the checkpoint is empty."""
    recorder = open_recorder(directory, clock, segment_bytes=2_000, hour_ms=10_000)
    observe_for(recorder, clock, 60, ALL_OK)
    observe_for(recorder, clock, 41, ONE_DOWN)
    crash(recorder)
    (directory / "tally.json").write_bytes(b"")
    return recorder


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the records that any tally takes in from here on."""
    numbers: list[int] = []
    add = Tally.add

    def told(tally: Tally, *record: object) -> None:
        add(tally, *record)  # type: ignore[arg-type]
        numbers.append(tally.head.sequence)

    monkeypatch.setattr(Tally, "add", told)
    return numbers


def tallies(directory: Path) -> list[Path]:
    """Return where the tally before each segment is, the newest first."""
    return [tally_before(segment) for segment in reversed(list_segments(directory)[1:])]


def reopened(directory: Path, clock: HandClock) -> Recorder:
    """Start again."""
    return Recorder(directory, NODE, clock.read, segment_bytes=2_000, hour_ms=10_000)


def assert_goes_on(
    directory: Path, clock: HandClock, before: Recorder, *, is_whole: bool = True
) -> None:
    """
    Nothing of what was told is other after the start, and the blocks go on.

    is_whole: from the first record on, so that all blocks can be made again.
    """
    assert (list_segments(directory)[0].first == 1) == is_whole
    again = reopened(directory, clock)
    assert (again.durable, again.state_ms()) == (before.durable, before.state_ms())
    assert (again.carry, again.start) == (before.carry, before.start + 1)
    observe_for(again, clock, 25, ALL_OK)
    again.close()
    if is_whole:
        last = reopened(directory, clock)
        require_blocks(all_lines(last))
        last.close()


@pytest.mark.parametrize("spoiled", [0, 1, 3])
def test_only_what_is_behind_the_newest_good_tally_is_folded_again(
    tmp_path: Path, journal: Recorder, clock: HandClock, folded: list[int], spoiled: int
) -> None:
    """The whole journal takes the better part of an hour where it is 400 days long."""
    directory = tmp_path / "journal"
    for path in tallies(directory)[:spoiled]:
        path.write_bytes(path.read_bytes()[:100])
    first = list_segments(directory)[-1 - spoiled].first
    crash(reopened(directory, clock))
    assert folded == [*range(first, journal.durable.sequence + 1)]
    assert_goes_on(directory, clock, journal)


@pytest.mark.parametrize("leave", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_without_any_tally_the_whole_journal_is_folded_again(
    tmp_path: Path,
    journal: Recorder,
    clock: HandClock,
    folded: list[int],
    leave: Callable[[Path], object],
) -> None:
    """Its first record is there, so nothing is lost but time."""
    directory = tmp_path / "journal"
    for path in tallies(directory):
        leave(path)
    crash(reopened(directory, clock))
    assert folded == [*range(1, journal.durable.sequence + 1)]
    assert_goes_on(directory, clock, journal)


def test_a_tally_of_another_history_is_passed_over(
    tmp_path: Path, journal: Recorder, clock: HandClock, folded: list[int]
) -> None:
    """Whole as it is, the first record of the segment does not follow what it is of."""
    directory = tmp_path / "journal"
    journal_of(tmp_path / "other", HandClock(wall_ms=1_800_000_000_000))
    newest = tallies(directory)[0]
    newest.write_bytes((tmp_path / "other" / newest.name).read_bytes())
    folded.clear()
    crash(reopened(directory, clock))
    assert folded[0] == list_segments(directory)[-2].first
    assert_goes_on(directory, clock, journal)


def test_a_later_tally_stands_in_for_the_one_before_the_first_segment(
    tmp_path: Path, journal: Recorder, clock: HandClock
) -> None:
    """Old segments are gone, and with the tally before the rest no sum could be told from them."""
    directory = tmp_path / "journal"
    first, second, *_ = list_segments(directory)
    first.path.unlink()
    tally_before(second).write_bytes(b"")
    assert_goes_on(directory, clock, journal, is_whole=False)


def test_where_no_tally_is_good_and_the_first_record_is_gone_a_start_is_refused(
    tmp_path: Path, journal: Recorder, clock: HandClock
) -> None:
    """The sentence names the oldest one, without which nothing can be told."""
    del journal
    directory = tmp_path / "journal"
    first, second, *_ = list_segments(directory)
    first.path.unlink()
    for path in directory.glob("tally-*.json"):
        path.write_bytes(b"")
    with pytest.raises(JournalError) as caught:
        reopened(directory, clock)
    words = f"{tally_before(second)}: what was before record {second.first} is not known"
    assert words in str(caught.value)


def test_a_checkpoint_takes_the_place_of_another_only_once_it_is_on_disk(
    tmp_path: Path, clock: HandClock
) -> None:
    """Renamed before its sync it would be empty after a power cut, on some file systems."""
    disk = FailingDisk()
    recorder = open_recorder(tmp_path, clock, disk=disk.as_disk())
    observe_for(recorder, clock, 3, ALL_OK)
    recorder._write_checkpoint()
    before = (tmp_path / "tally.json").read_bytes()
    observe_for(recorder, clock, 3, ALL_OK)
    disk.fails_on = {"sync"}
    recorder._write_checkpoint()
    assert (tmp_path / "tally.json").read_bytes() == before
    disk.fails_on = set()
    recorder._write_checkpoint()
    assert (tmp_path / "tally.json").read_bytes() != before
    crash(recorder)
