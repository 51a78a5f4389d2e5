"""A journal is one node's: another that finds it neither goes on with it nor changes it."""

from pathlib import Path

import pytest

from gpusla.catalogue.codes import BAD_SETTING
from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import JournalError
from gpusla.identity import NodeName
from gpusla_agent.recorder import Recorder
from gpusla_agent.recorder.owner import owner_of
from gpusla_agent.recorder.segments import list_segments
from tests.agent.journals import ALL_OK, NODE, HandClock, crash, observe_for, open_recorder

OTHER = NodeName("c2-r01-t04")


def contents(directory: Path) -> dict[str, bytes]:
    """Return the files of a journal."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize("segment_bytes", [1 << 20, 1_000])
def test_the_journal_of_another_node_is_refused(tmp_path: Path, segment_bytes: int) -> None:
    """With one sentence; its torn end stays, for the node whose it is to tell of."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, segment_bytes=segment_bytes)
    observe_for(recorder, clock, 20, ALL_OK)
    crash(recorder)
    with list_segments(tmp_path)[-1].path.open("ab") as file:
        file.write(b'{"body')
    before = contents(tmp_path)

    with pytest.raises(JournalError) as caught:
        Recorder(tmp_path, OTHER, clock.read)

    assert str(caught.value) == (
        f"node: 'c2-r01-t04': journal {tmp_path} is that of node 'c2-r01-t03'. Move the journal "
        "and node-key.pem aside to begin anew, or give this node its old name, 'c2-r01-t03'. "
        "[GS1301]"
    )
    assert caught.value.code is BAD_SETTING
    assert exit_of(caught.value) is Exit.REFUSED
    assert contents(tmp_path) == before
    assert Recorder(tmp_path, NODE, clock.read).cut_bytes == 6


@pytest.mark.parametrize("pattern", ["tally-*.json", f"journal-{1:020}.jsonl"])
def test_a_start_of_long_ago_says_whose_it_is(tmp_path: Path, pattern: str) -> None:
    """By the segments themselves, and where they are gone by the tally before the others."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock, segment_bytes=1_000)
    observe_for(recorder, clock, 20, ALL_OK)
    crash(recorder)
    for path in tmp_path.glob(pattern):
        path.unlink()
    assert owner_of(list_segments(tmp_path)) == NODE


def test_a_segment_without_a_line_says_nothing(tmp_path: Path) -> None:
    """A kill right after it was made, with its tally: the ones before it say whose it is."""
    clock = HandClock()
    recorder = open_recorder(tmp_path, clock)
    observe_for(recorder, clock, 3, ALL_OK)
    recorder._next_file().close()
    crash(recorder)
    assert owner_of(list_segments(tmp_path)) == NODE
    assert Recorder(tmp_path, NODE, clock.read).durable.sequence == 4


def test_nobody_is_named_by_what_cannot_be_read(tmp_path: Path) -> None:
    """Then whoever checks the chain says what is wrong, and a new journal is anybody's."""
    assert owner_of([]) is None
    path = tmp_path / f"journal-{1:020}.jsonl"
    path.write_bytes(b'{"kind":"started"}\n')
    assert owner_of(list_segments(tmp_path)) is None
