"""The journal's writer: what is acknowledged stays, what is torn goes, and nothing is made up."""

import json
from pathlib import Path

import pytest

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_FORKED, JOURNAL_LOCKED
from gpusla.catalogue.reasons import State
from gpusla.errors import JournalError
from gpusla.identity import GpuUuid
from gpusla.journal.codec import decode
from gpusla.journal.model import Observed, Started, XidSeen
from gpusla_agent.recorder import Recorder
from tests.agent.journals import (
    ALL_OK,
    M1,
    M2,
    NODE,
    ONE_DOWN,
    HandClock,
    all_lines,
    crash,
    observe_for,
    open_recorder,
    verify,
)

MIB = 1 << 20


def test_records_are_chained_and_in_order(tmp_path: Path) -> None:
    """What is read back follows from the first record to the head."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 3, ALL_OK)

    lines = all_lines(recorder)

    verify(lines)
    assert [type(decode(line)[1]) for line in lines] == [Started, Observed, Observed, Observed]
    assert recorder.durable.sequence == 4


def test_nothing_is_served_before_it_is_synced(tmp_path: Path) -> None:
    """An appended record is neither read nor counted until the disk has it."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 2, ALL_OK, after=lambda: None)

    assert recorder.durable.sequence == 1
    assert len(all_lines(recorder)) == 1
    assert recorder.state_ms() == {}

    recorder.sync()

    assert len(all_lines(recorder)) == 3
    assert recorder.state_ms() == {(M1, State.OK): 1_000, (M2, State.OK): 1_000}


def test_equal_samples_within_a_second_share_a_record(tmp_path: Path) -> None:
    """Ten samples a second that agree make one record, and say how many they were."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, interval_ms=100)
    recorder.observe(recorder.now(), ALL_OK)
    for _ in range(10):
        clock.pass_ms(100)
        recorder.observe(recorder.now(), ALL_OK)
    recorder.sync()

    _, first, run = (decode(line)[1] for line in all_lines(recorder))

    assert isinstance(first, Observed)
    assert isinstance(run, Observed)
    assert (first.samples, run.samples, run.gap_ms) == (1, 10, 100)
    assert run.at.mono_ms - run.from_mono_ms == 900


@pytest.mark.parametrize(("was_ms", "is_ms"), [(1_000, 100), (100, 500)])
def test_another_interval_has_no_more_records(tmp_path: Path, was_ms: int, is_ms: int) -> None:
    """It may change under a running agent: a second shares a record, and none waits longer."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, interval_ms=was_ms)
    recorder.observe(recorder.now(), ALL_OK)
    recorder.interval_ms = is_ms
    a_second = 1_000 // is_ms
    for _ in range(3 * a_second):
        clock.pass_ms(is_ms)
        recorder.observe(recorder.now(), ALL_OK)
    recorder.sync()

    bodies = [decode(line)[1] for line in all_lines(recorder)]
    samples = [body.samples for body in bodies if isinstance(body, Observed)]
    assert samples == [1, a_second, a_second, a_second]


def test_a_change_is_recorded_at_once(tmp_path: Path) -> None:
    """A change does not wait for its second to pass."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, interval_ms=100)
    recorder.observe(recorder.now(), ALL_OK)
    clock.pass_ms(100)
    recorder.observe(recorder.now(), ALL_OK)
    clock.pass_ms(100)
    recorder.observe(recorder.now(), ONE_DOWN)
    recorder.sync()

    bodies = [decode(line)[1] for line in all_lines(recorder)]

    assert [getattr(body, "conditions", None) for body in bodies] == [
        None,
        ALL_OK,
        ALL_OK,
        ONE_DOWN,
    ]


def test_a_silence_ends_a_run(tmp_path: Path) -> None:
    """Samples over `valid_ms` apart never share a record: the time between them is unknown."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, interval_ms=100)
    recorder.observe(recorder.now(), ALL_OK)
    for milliseconds in (100, 60_000, 900):
        clock.pass_ms(milliseconds)
        recorder.observe(recorder.now(), ALL_OK)
    recorder.close()

    assert sum(recorder.state_ms().values()) == 2 * (100 + 900)


def test_a_run_of_virtual_time_is_one_record(tmp_path: Path) -> None:
    """A fast-forwarded stretch counts in full from one record."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    begin = clock.mono_ms
    clock.pass_ms(6 * 3_600_000)
    recorder.observe_run(begin, recorder.now(), 21_601, 1_000, ALL_OK)
    recorder.sync()

    assert recorder.state_ms()[M1, State.OK] == 6 * 3_600_000


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    """A second writer is refused by name."""
    open_recorder(tmp_path, HandClock())

    with pytest.raises(JournalError) as caught:
        open_recorder(tmp_path, HandClock())

    assert caught.value.code is JOURNAL_LOCKED
    assert str(caught.value) == (
        f"journal {tmp_path} is being written. End it first: a journal has one writer. [GS3002]"
    )


def test_starts_are_counted_from_the_journal(tmp_path: Path) -> None:
    """Each start has the next number, whether or not the one before ended well."""
    clock = HandClock()
    crash(open_recorder(tmp_path, clock))
    open_recorder(tmp_path, clock).close()

    assert open_recorder(tmp_path, clock).start == 3


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    """Half a line was never acknowledged; the whole ones before it stay."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 2, ALL_OK)
    before = all_lines(recorder)
    crash(recorder)
    (segment,) = tmp_path.glob("journal-*.jsonl")
    with segment.open("ab") as file:
        file.write(before[-1][: len(before[-1]) // 2])

    after = all_lines(open_recorder(tmp_path, clock))

    assert after[:3] == before
    verify(after)


def test_a_hole_of_zeros_is_cut_off(tmp_path: Path) -> None:
    """A power cut may leave zeros where a line was being written."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    crash(recorder)
    (segment,) = tmp_path.glob("journal-*.jsonl")
    with segment.open("ab") as file:
        file.write(b"\0" * 300 + b'"v":1}\n')

    verify(all_lines(open_recorder(tmp_path, clock)))


def test_a_segment_without_a_line_is_no_end(tmp_path: Path) -> None:
    """A crash right after a new segment was made loses nothing."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    crash(recorder)
    (tmp_path / f"journal-{2:020}.jsonl").write_bytes(b'{"bo')

    reopened = open_recorder(tmp_path, clock)

    assert reopened.durable.sequence == 2
    verify(all_lines(reopened))


def test_a_whole_last_line_is_never_cut_off(tmp_path: Path) -> None:
    """A complete line that does not belong is an integrity failure, not litter."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    crash(recorder)
    (segment,) = tmp_path.glob("journal-*.jsonl")
    size = segment.stat().st_size
    with segment.open("ab") as file:
        file.write(b'{"hello": "world"}\n')

    with pytest.raises(JournalError) as caught:
        open_recorder(tmp_path, clock)

    assert caught.value.code is JOURNAL_CORRUPT
    assert segment.stat().st_size > size


def test_an_edited_line_is_found_at_the_next_start(tmp_path: Path) -> None:
    """The line behind an edited one no longer names it."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 5, ONE_DOWN)
    crash(recorder)
    (segment,) = tmp_path.glob("journal-*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"down"', b'"okay"', 1))

    with pytest.raises(JournalError) as caught:
        open_recorder(tmp_path, clock)

    assert caught.value.code is JOURNAL_FORKED


def test_segments_rotate_and_read_as_one(tmp_path: Path) -> None:
    """Readers do not see where one file ends; every start position works."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, segment_bytes=1_000)
    observe_for(recorder, clock, 20, ALL_OK)
    lines = all_lines(recorder)

    assert len(list(tmp_path.glob("journal-*.jsonl"))) > 5
    verify(lines)
    assert all(recorder.read(after, 1, MIB) == lines[after : after + 1] for after in range(22))
    recorder.close()
    assert all_lines(open_recorder(tmp_path, clock, segment_bytes=1_000))[:21] == lines


def test_reading_stops_at_its_limits(tmp_path: Path) -> None:
    """A page ends before it grows over its limit, and is never empty while there is more."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 9, ALL_OK)
    lines = all_lines(recorder)
    two = len(lines[0]) + len(lines[1]) + 2

    assert recorder.read(0, 4, MIB) == lines[:4]
    assert recorder.read(4, 100, MIB) == lines[4:]
    assert recorder.read(0, 100, two) == lines[:2]
    assert recorder.read(0, 100, two - 1) == lines[:1]
    assert recorder.read(0, 100, 1) == lines[:1]
    assert recorder.read(10, 100, MIB) == []


@pytest.mark.parametrize("ended_well", [True, False])
def test_state_seconds_come_back_after_a_restart(tmp_path: Path, *, ended_well: bool) -> None:
    """The sums are those of the journal, with a checkpoint or without."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 10, ALL_OK)
    observe_for(recorder, clock, 5, ONE_DOWN)
    before = recorder.state_ms()
    if ended_well:
        recorder.close()
    else:
        crash(recorder)

    assert open_recorder(tmp_path, clock).state_ms() == before
    assert before == {(M1, State.OK): 14_000, (M2, State.OK): 10_000, (M2, State.DOWN): 4_000}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("9000", "9999"),
        lambda text: json.dumps({"sum": "0" * 64, "tally": json.loads(text)["tally"]}),
    ],
)
def test_a_spoiled_checkpoint_is_rebuilt(tmp_path: Path, spoil: object) -> None:
    """The checkpoint is a cache: what does not match is not believed."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 10, ALL_OK)
    before = recorder.state_ms()
    recorder.close()
    checkpoint = tmp_path / "tally.json"
    checkpoint.write_text(spoil(checkpoint.read_text()))  # type: ignore[operator]

    assert open_recorder(tmp_path, clock).state_ms() == before


def test_a_checkpoint_of_another_journal_is_not_believed(tmp_path: Path) -> None:
    """A checkpoint counts only if the record that it names has the digest that it names."""
    clock = HandClock()
    for name, conditions in (("one", ALL_OK), ("two", ONE_DOWN)):
        recorder = open_recorder(tmp_path / name, clock)
        observe_for(recorder, clock, 5, conditions)
        recorder.close()
    (tmp_path / "one/tally.json").rename(tmp_path / "two/tally.json")

    assert open_recorder(tmp_path / "two", clock).state_ms()[M2, State.DOWN] == 4_000


def test_a_checkpoint_carries_an_open_stretch_on(tmp_path: Path) -> None:
    """Records behind a checkpoint are folded as if there had been none."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 3, ALL_OK)
    recorder._write_checkpoint()
    observe_for(recorder, clock, 3, ALL_OK)
    before = recorder.state_ms()
    crash(recorder)

    assert Recorder(tmp_path, NODE, clock.read).state_ms() == before
    assert before[M1, State.OK] == 5_000


@pytest.mark.parametrize("ended_well", [True, False])
def test_xids_are_counted_across_restarts(tmp_path: Path, *, ended_well: bool) -> None:
    """Two equal Xids with a kill between them are two."""
    clock = HandClock()
    for _ in range(2):
        recorder = open_recorder(tmp_path, clock)
        last_ms = recorder.now().wall_ms
        recorder.append(XidSeen(recorder.now(), M1, GpuUuid("GPU-1"), 79))
        recorder.sync()
        clock.pass_ms(1_000)
        if ended_well:
            recorder.close()
        else:
            crash(recorder)

    recorder = open_recorder(tmp_path, clock)
    assert recorder.xid_counts() == {(GpuUuid("GPU-1"), 79): 2}
    assert recorder.xid_last_wall_ms() == {(GpuUuid("GPU-1"), 79): last_ms}


def test_a_record_that_stands_for_many_counts_as_many(tmp_path: Path) -> None:
    """Before and behind a restart."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    recorder.append(XidSeen(recorder.now(), M1, GpuUuid("GPU-1"), 13, count=10_000))
    recorder.sync()
    assert recorder.xid_counts() == {(GpuUuid("GPU-1"), 13): 10_000}
    crash(recorder)
    assert open_recorder(tmp_path, clock).xid_counts() == {(GpuUuid("GPU-1"), 13): 10_000}


def test_synced_time_is_told(tmp_path: Path) -> None:
    """The metrics can say when evidence was last safe."""
    clock = HandClock()

    assert open_recorder(tmp_path, clock).health.synced_wall_ms == clock.wall_ms
