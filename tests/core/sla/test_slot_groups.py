"""Slots that are treated alike are found whatever objects name them."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.facts import Holding
from gpusla.sla.slot_groups import Alike, BySlot, Roll

SLOTS = [Slot("c2", "r01", "t01", f"m{module}") for module in range(4)]
EARLY, LATE = Interval(0, 9), Interval(9, 20)
HELD = {
    SLOTS[0]: (Holding(EARLY, "gb300"),),
    SLOTS[1]: (Holding(EARLY, "gb300"),),
    SLOTS[2]: (Holding(LATE, "gb300"),),
}
"""The last slot is not held."""

LISTS = st.lists(st.lists(st.tuples(st.sampled_from(SLOTS), st.booleans()), max_size=4), max_size=4)
"""Slots of several lists, and of each whether another object stands for it."""


def said(slots: Sequence[tuple[Slot, bool]]) -> tuple[Slot, ...]:
    """The list itself."""
    return tuple(replace(slot) if is_other else slot for slot, is_other in slots)


@given(LISTS)
def test_each_slot_is_found_once_with_all_lists_that_name_it(
    lists: list[list[tuple[Slot, bool]]],
) -> None:
    """Whether lists are apart, and slots held, or not, and whichever objects they are named by."""
    several = [said(one) for one in lists]
    found = [(slot, one.lists, one.held) for one in Roll(HELD).alike(several) for slot in one.slots]
    assert sorted(found) == [
        (
            slot,
            tuple(number for number, one in enumerate(several) if slot in one),
            tuple(one.interval for one in HELD.get(slot, ())),
        )
        for slot in SLOTS
        if any(slot in one for one in several)
    ]


def test_a_list_that_two_records_share_is_named_by_both() -> None:
    """It is one object, and is looked at once."""
    rack = tuple(SLOTS)
    held = dict.fromkeys(SLOTS, (Holding(EARLY, "gb300"),))
    assert list(Roll(held).alike([rack, rack])) == [Alike(rack, (0, 1), (EARLY,))]


def test_a_roll_is_the_mapping_that_it_was_made_of() -> None:
    """Whoever reads the one may read the other."""
    assert Roll(HELD) == HELD
    assert list(Roll(HELD)) == list(HELD)
    assert Roll(HELD).places([replace(SLOTS[1]), SLOTS[3], SLOTS[2]]) == [1, -1, 2]


def test_time_by_slot_is_a_mapping_in_the_order_of_slots() -> None:
    """However its groups are ordered."""
    time = BySlot([((SLOTS[2], SLOTS[0]), (EARLY,)), ((SLOTS[1],), (EARLY, LATE))])
    assert list(time) == SLOTS[:3]
    assert time == {SLOTS[0]: (EARLY,), SLOTS[1]: (EARLY, LATE), SLOTS[2]: (EARLY,)}
    assert len(time) == 3
    assert SLOTS[3] not in time
    assert str(SLOTS[1].module) in repr(time)
