"""What the records behind a node's last block come to: the same fold, and what is signed."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.errors import EvidenceError, JournalError
from gpusla.identity import NodeName
from gpusla.journal.body import Body
from gpusla.journal.chain import Head
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import ClockStepped, Condition, Observed, Started, Stopped
from gpusla.recompute.bundle import blocks_of
from gpusla.recompute.tail import UNSIGNED_MS, Tail, first_unsigned, tail_of
from gpusla.statement import Inputs
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.hours import spans_of
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from tests.core.evidence.signed import NODE, ONE, SLOT, SignedJournal, at

OK, DOWN = Condition(State.OK), Condition(State.DOWN)


def run(first: int, last: int, condition: Condition = OK) -> Observed:
    """Return samples a second apart from one second to another, both included."""
    samples, gap_ms = last - first + 1, 1_000 if last > first else 0
    return Observed(at(last), at(first).mono_ms, samples, gap_ms, {SLOT: condition})


def tail_behind(*bodies: Body, is_enrolled: bool = True) -> Tail:
    """Return the tail of a node that died some records behind its first block, of ten seconds."""
    made = SignedJournal().start().append(run(1, 10)).close(ONE).append(*bodies)
    tail = tail_of(NODE, made.lines, is_enrolled=is_enrolled)
    assert tail is not None
    return tail


def until(tail: Tail) -> float:
    """Return the second up to which the spans of a tail tell of the slot; 0 if there are none."""
    return max(((span.end_ms - at(0).wall_ms) / 1_000 for span in tail.spans), default=0)


def folded(lines: Sequence[bytes]) -> list[StateSpan]:
    """Return what all records of a journal come to."""
    carry, found = Carry(), list[StateSpan]()
    for line in lines:
        envelope, body = decode(line)
        carry, spans = advance(carry, envelope.sequence, body)
        found += spans
    return list(join(found))


@given(
    st.lists(st.sampled_from("odsrb"), max_size=12), st.lists(st.sampled_from("ods"), max_size=8)
)
def test_blocks_and_a_tail_are_what_the_whole_journal_comes_to(
    before: list[str], behind: list[str]
) -> None:
    """Well, down, silent for a while, started anew, or a block, in any order."""
    made, second = SignedJournal().start(), 0
    for step in (*before, "b", *behind):
        second += 10 if step == "s" else 2
        if step in "od":
            made.append(run(second - 1, second, OK if step == "o" else DOWN))
        elif step == "r":
            made.append(Started(at(second), NODE, "0.1.0", "fake", 1_000, 2_500))
        elif step == "b":
            made.close(ONE)
    tail = tail_of(NODE, made.lines, is_enrolled=False)
    spans = [span for block in blocks_of(NODE, made.lines) for span in spans_of(block)]
    assert list(join([*spans, *(tail.spans if tail else ())])) == folded(made.lines)


def test_a_node_without_a_tail_has_none() -> None:
    """Its lines end with a block, or there are none."""
    assert tail_of(NODE, [], is_enrolled=True) is None
    assert tail_of(NODE, SignedJournal().start().close(ONE).lines, is_enrolled=True) is None


def test_only_two_minutes_behind_the_last_signature_are_believed() -> None:
    """A node that has a key signs each minute; of one without a key nothing is worth more."""
    runs = [run(second, second + 9) for second in range(11, 311, 10)]
    assert UNSIGNED_MS == 120_000
    # The twelfth run ends 119 s behind the first sample; the next one would be 129 s behind.
    assert until(tail_behind(*runs)) == 130
    assert until(tail_behind(*runs, is_enrolled=False)) == 310


def test_whatever_is_signed_is_believed() -> None:
    """Five minutes in which no signature came, and then one."""
    made = SignedJournal().start().append(run(1, 10)).close(ONE)
    made.append(*(run(second, second + 9) for second in range(11, 311, 10))).sign(ONE)
    made.append(run(311, 320))
    tail = tail_of(NODE, made.lines, is_enrolled=True)
    assert tail is not None
    assert (until(tail), tail.records, tail.signed) == (320, 32, 33)


@pytest.mark.parametrize(
    "event",
    [
        Started(at(20), NODE, "0.1.0", "fake", 1_000, 2_500),
        ClockStepped(at(20), 0),
        Stopped(at(20), "test"),
    ],
    ids=["start", "step", "stop"],
)
def test_nothing_is_believed_behind_an_event_that_is_not_signed(event: Body) -> None:
    """A node signs it in the same write; another start would bring other times."""
    assert until(tail_behind(run(11, 19), event, run(21, 29))) == 19
    assert until(tail_behind(run(11, 19), event, run(21, 29), is_enrolled=False)) == 29


def test_unsigned_samples_do_not_reach_back() -> None:
    """To before the first of them, where the node said nothing."""
    silent = [run(40, 50), run(20, 30)]
    assert [span.start_ms - at(0).wall_ms for span in tail_behind(*silent).spans] == [40_000]


def test_a_tail_belongs_to_its_own_start() -> None:
    """Instants are counted from it; one that another start took has other times."""
    later = replace(at(11), start=2)
    with pytest.raises(EvidenceError, match=r"record 4 of .* rests on a start that is not there"):
        tail_behind(Observed(later, later.mono_ms, 1, 0, {SLOT: OK}))


def test_a_tail_is_a_chain() -> None:
    """A record in the middle is missing."""
    made = SignedJournal().start().append(run(1, 10)).close(ONE).append(run(11, 12), run(13, 14))
    with pytest.raises(JournalError, match="numbers are missing"):
        tail_of(NODE, [*made.lines[:-2], made.lines[-1]], is_enrolled=True)


def test_the_last_sample_of_a_block_is_of_the_time_that_the_block_says() -> None:
    """Its block, which is signed, ends three seconds later: the clock's step is kept back."""
    made = SignedJournal().start().append(run(1, 10)).close(ONE).append(run(11, 12))
    _, hour = decode(made.lines[2])
    assert isinstance(hour, HourClosed)
    (span,) = hour.block.spans[SLOT]
    moved = replace(span, end_ms=span.end_ms + 3_000)
    other = SignedJournal().start().append(run(1, 10))
    closed = replace(hour, block=replace(hour.block, spans={SLOT: (moved,)}))
    other.append(closed, run(11, 12))
    with pytest.raises(EvidenceError, match=r"record 2 of .* is not of the time at which block 1"):
        tail_of(NODE, other.lines, is_enrolled=True)


def test_a_statement_that_says_more_is_signed_than_is_names_the_node() -> None:
    """The tail's last signature is of record 33; what the statement says of it is worth a grade."""
    tail = tail_behind(run(11, 20))
    nothing = Inputs({}, "", "", "", "")
    assert first_unsigned(nothing, [tail]) is None
    told = replace(nothing, journals={NODE: Head(4, "")}, signed={NODE: 4})
    found = first_unsigned(told, [tail])
    assert found is not None
    assert (found.name, found.told, found.found) == (
        f"signed by {NODE}",
        "to record 4",
        "no signature behind record 2",
    )
    assert first_unsigned(replace(told, signed={NodeName("n2"): 4}), [tail]) is None
