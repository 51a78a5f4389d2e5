"""Records are appended and never changed; the latest record in force speaks."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.errors import InventoryError
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import AssignmentRecord
from gpusla.inventory.registry import Assignments, append, as_of

SLOT = Slot("c2", "r01", "t01", "m1")
FIRST = AssignmentRecord("a", 0, None, 10, None, False, (SLOT,), ContractId("one"))  # noqa: FBT003
SECOND = replace(FIRST, id="b", until_ms=100, recorded_ms=20, supersedes="a")


def test_what_was_taken_in_may_be_followed_by_more() -> None:
    """The new file holds the old one."""
    assert append([FIRST], [FIRST, SECOND]) == (FIRST, SECOND)
    assert append([], [FIRST]) == (FIRST,)


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (
            [SECOND],
            (
                "the record 'a' was taken in and is gone from the file. Put it back; to take it "
                "back, append a record that supersedes it, withdrawn. [GS1204]"
            ),
        ),
        (
            [replace(FIRST, until_ms=5)],
            (
                "the record 'a' says something else than when it was taken in. Restore it, and "
                "append a record that supersedes it. [GS1204]"
            ),
        ),
    ],
)
def test_history_is_not_rewritten(new: list[AssignmentRecord], sentence: str) -> None:
    """Neither by changing a line nor by taking it out."""
    with pytest.raises(InventoryError) as caught:
        append([FIRST], new)
    assert str(caught.value) == sentence


def test_a_superseded_record_is_gone_from_when_its_successor_was_recorded() -> None:
    """What was believed before stays askable."""
    assert as_of([FIRST, SECOND]) == (SECOND,)
    assert as_of([FIRST, SECOND], 20) == (SECOND,)
    assert as_of([FIRST, SECOND], 19) == (FIRST,)
    assert as_of([FIRST, SECOND], 9) == ()


def test_a_withdrawn_record_leaves_nothing_behind() -> None:
    """Neither itself nor what it supersedes."""
    assert as_of([FIRST, replace(SECOND, withdrawn=True)]) == ()


def test_touching_spans_of_one_contract_are_one() -> None:
    """An amendment that goes on where the first ended is no interruption."""
    after = replace(FIRST, id="c", from_ms=100)
    held = Assignments((FIRST, SECOND, after)).held(ContractId("one"), Interval(50, 150))
    assert held == {SLOT: (Interval(50, 150),)}


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=6),
    st.integers(0, 100),
    st.integers(1, 60),
)
def test_held_time_is_the_union_of_the_records_within_the_interval(
    spans: list[tuple[int, int]], start: int, length: int
) -> None:
    """Counted millisecond by millisecond."""
    records = tuple(
        replace(FIRST, id=f"r{number}", from_ms=begin, until_ms=begin + size)
        for number, (begin, size) in enumerate(spans)
    )
    held = Assignments(records).held(ContractId("one"), Interval(start, start + length))
    covered = {ms for part in held.get(SLOT, ()) for ms in range(part.start_ms, part.end_ms)}
    assert covered == {
        ms for ms in range(start, start + length) if any(r.is_effective(ms) for r in records)
    }
