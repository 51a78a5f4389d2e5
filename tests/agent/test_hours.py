"""The recorder's blocks: when one is closed, what a crash leaves of it, who signs it."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from gpusla.catalogue.reasons import State
from gpusla.errors import JournalError
from gpusla.evidence.grades import check
from gpusla.journal.body import Body
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import Condition, Finding, HeadSigned, KeyIntroduced, Stopped
from gpusla.timeline import hours
from gpusla.timeline.hours import HOUR_MS, spans_of
from gpusla_agent.evidence import KEY_FILE
from gpusla_agent.recorder import Recorder
from tests.agent.journals import (
    ALL_OK,
    M1,
    NODE,
    OK,
    ONE_DOWN,
    HandClock,
    all_lines,
    crash,
    observe_for,
    open_recorder,
    require_blocks,
)
from tests.agent.signed_rig import SignedRig

BodyT = TypeVar("BodyT", bound=Body)


def kept(lines: Sequence[bytes], kind: type[BodyT]) -> list[BodyT]:
    """Return the records of one kind."""
    return [body for body in (decode(line)[1] for line in lines) if isinstance(body, kind)]


def blocks(recorder: Recorder) -> list[HourBlock]:
    """Return the durable blocks, once the chain with them was walked."""
    lines = all_lines(recorder)
    assert check(NODE, lines, frozenset()).broken is None
    return [body.block for body in kept(lines, HourClosed)]


def require_all_told(recorder: Recorder) -> list[HourBlock]:
    """Return the blocks, which are a chain and say what their records say."""
    assert blocks(recorder)
    return require_blocks(all_lines(recorder))


def test_a_block_is_closed_at_the_full_hour(tmp_path: Path) -> None:
    """By the first record of the next one; it holds a start and 11 samples of the old."""
    clock = HandClock()
    clock.pass_ms(HOUR_MS - clock.wall_ms % HOUR_MS - 12_000)
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 15, ALL_OK)
    (block,) = require_all_told(recorder)
    assert (dict(block.records), block.samples) == ({"started": 1, "observed": 11}, 11)
    assert (block.until_ms + 1_000) % HOUR_MS == 0
    assert [len(spans) for spans in block.spans.values()] == [1, 1]


def test_a_node_without_a_key_closes_blocks_that_nobody_signed(tmp_path: Path) -> None:
    """They are chained all the same."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, hour_ms=10_000)
    observe_for(recorder, clock, 40, ALL_OK)
    assert len(require_all_told(recorder)) == 4
    (first, *_) = kept(all_lines(recorder), HourClosed)
    assert (first.key, first.signature) == ("", "")


def test_a_stop_closes_the_block(tmp_path: Path) -> None:
    """Whoever fetches no more has all of it; the next life's block begins with its record."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 3, ALL_OK)
    recorder.append(Stopped(recorder.now(), "SIGTERM"))
    recorder.close()
    again = open_recorder(tmp_path, clock)
    observe_for(again, clock, 3, ALL_OK)
    again.append(Stopped(again.now(), "SIGTERM"))
    again.sync()
    first, second = require_all_told(again)
    assert dict(first.records) == {"started": 1, "observed": 3, "stopped": 1}
    assert dict(second.records) == {"hour": 1, "started": 1, "observed": 3, "stopped": 1}


@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_after_a_crash_the_block_goes_on(tmp_path: Path, has_checkpoint: bool) -> None:  # noqa: FBT001
    """With what the journal holds of it, over as many crashes as there are."""
    clock = HandClock()
    clock.pass_ms(HOUR_MS - clock.wall_ms % HOUR_MS - 20_000)
    for life in range(4):
        recorder = open_recorder(tmp_path, clock)
        observe_for(recorder, clock, 8, ALL_OK if life % 2 else ONE_DOWN)
        if has_checkpoint:
            recorder._write_checkpoint()
        crash(recorder)
    first, *_ = require_all_told(recorder)
    assert first.records["started"] == 3
    assert first.samples == 19


def test_a_record_that_was_never_durable_is_in_no_block(tmp_path: Path) -> None:
    """What a crash took before it was synced is sampled again or missing, never told."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, hour_ms=10_000)
    observe_for(recorder, clock, 9, ALL_OK)
    observe_for(recorder, clock, 5, ONE_DOWN, after=lambda: None)
    crash(recorder)
    again = open_recorder(tmp_path, clock, hour_ms=10_000)
    observe_for(again, clock, 12, ALL_OK)
    for block in require_all_told(again):
        assert not any(span.condition.state is State.DOWN for span in spans_of(block))


def test_a_slot_that_never_rests_closes_blocks_early(tmp_path: Path) -> None:
    """No block outgrows a record."""
    clock = HandClock()
    clock.pass_ms(HOUR_MS - clock.wall_ms % HOUR_MS + 1_000)
    recorder = open_recorder(tmp_path, clock)
    for second in range(600):
        words = f"{second} W of 1400 W"
        hot = Condition(State.DEGRADED, (Finding("power_limit", words, "watch"),))
        observe_for(recorder, clock, 1, {M1: hot if second % 2 else OK})
    assert len(require_all_told(recorder)) >= 3
    assert max(map(len, all_lines(recorder))) < 32_768


def test_a_block_too_large_for_a_failing_disk_is_many(tmp_path: Path) -> None:
    """What waits in memory is cut into blocks before it is written."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    for second in range(1_000):
        observe_for(recorder, clock, 1, (ALL_OK, ONE_DOWN)[second % 2], after=lambda: None)
    recorder.sync()
    assert len(require_all_told(recorder)) > 2
    assert max(map(len, all_lines(recorder))) < 32_768


def test_a_journal_of_before_blocks_begins_them_behind_its_checkpoint(tmp_path: Path) -> None:
    """What came before has its records alone."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 5, ALL_OK)
    recorder._write_checkpoint()
    checkpoint = tmp_path / "tally.json"
    _forget_blocks(checkpoint)
    crash(recorder)
    again = open_recorder(tmp_path, clock, hour_ms=10_000)
    observe_for(again, clock, 20, ALL_OK)
    first, *_ = blocks(again)
    assert (first.number, first.first_sequence) == (1, 7)
    crash(again)


@pytest.mark.parametrize(("samples", "is_from_one"), [(50, True), (600, False)])
def test_a_journal_of_before_blocks_without_a_checkpoint_begins_them_where_they_fit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    samples: int,
    is_from_one: bool,  # noqa: FBT001
) -> None:
    """At its first record, or where the rest is no longer than a block."""
    clock = HandClock()
    clock.pass_ms(HOUR_MS - clock.wall_ms % HOUR_MS)
    with monkeypatch.context() as before:
        before.setattr(hours, "BLOCK_BYTES", 1 << 30)
        recorder = open_recorder(tmp_path, clock)
        for second in range(samples):
            observe_for(recorder, clock, 1, (ALL_OK, ONE_DOWN)[second % 2])
        assert not blocks(recorder)
    crash(recorder)
    again = open_recorder(tmp_path, clock)
    again.append(Stopped(again.now(), "SIGTERM"))
    again.sync()
    first, *_ = blocks(again)
    assert (first.number, first.first_sequence == 1) == (1, is_from_one)
    assert max(map(len, all_lines(again))) < 32_768


def test_records_that_are_gone_before_a_block_held_them_refuse_the_start(tmp_path: Path) -> None:
    """Nothing is made up for what somebody took away."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, segment_bytes=2_000)
    observe_for(recorder, clock, 30, ALL_OK)
    recorder._write_checkpoint()
    crash(recorder)
    first, *_ = sorted(tmp_path.glob("journal-*.jsonl"))
    first.unlink()
    with pytest.raises(JournalError, match="record 1 is not in the journal's files, and no block"):
        open_recorder(tmp_path, clock)


def _forget_blocks(checkpoint: Path) -> None:
    content = json.loads(json.loads(checkpoint.read_bytes())["tally"])
    del content["opening"]
    text = json.dumps(content, sort_keys=True)
    summed = {"sum": hashlib.sha256(text.encode()).hexdigest(), "tally": text}
    checkpoint.write_text(json.dumps(summed))


# --- signed -----------------------------------------------------------------------------------


def next_hour(rig: SignedRig) -> None:
    """Let time pass to the edge of an hour, and a little more."""
    rig.clock.pass_ms(HOUR_MS - rig.clock.wall_ms % HOUR_MS)
    rig.run(3)


def walk(rig: SignedRig) -> int:
    """Walk the journal and return how far it is signed."""
    found = check(NODE, rig.lines(), frozenset())
    assert found.broken is None
    return found.keyring.signed


def test_a_block_is_signed_with_the_node_s_key(tmp_path: Path) -> None:
    """It stands for a signature of the head."""
    rig = SignedRig(tmp_path)
    rig.run(3)
    next_hour(rig)
    (block,) = kept(rig.lines(), HourClosed)
    assert block.key == rig.recorder.key
    assert walk(rig) >= block.block.last_sequence


def test_a_crash_over_the_edge_of_an_hour_is_signed_by_a_key_that_the_journal_knows(
    tmp_path: Path,
) -> None:
    """The block is closed by the next life, also where its key was lost and made anew."""
    rig = SignedRig(tmp_path)
    rig.run(3)
    rig.crash()
    (tmp_path / KEY_FILE).unlink()
    rig.clock.pass_ms(HOUR_MS)
    rig.start()
    rig.run(3)
    (block,) = kept(rig.lines(), HourClosed)
    first, second = kept(rig.lines(), KeyIntroduced)
    assert block.key == rig.recorder.key
    found = check(NODE, rig.lines(), {first.public, second.public})
    assert found.broken is None
    assert found.keyring.signed >= block.block.last_sequence
    assert kept(rig.lines(), HeadSigned)


def test_a_clock_that_is_stepped_over_an_hour_closes_a_block(tmp_path: Path) -> None:
    """Back as well: a block holds the time of one hour."""
    rig = SignedRig(tmp_path)
    rig.run(3)
    rig.clock.step_ms(-2 * HOUR_MS)
    rig.run(3)
    (block,) = kept(rig.lines(), HourClosed)
    assert block.block.records["observed"] == 3
    assert walk(rig) >= block.block.last_sequence
