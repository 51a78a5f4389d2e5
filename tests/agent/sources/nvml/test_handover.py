"""Which Xids are told while one worker takes over from another."""

from gpusla_agent.sources.nvml_handover import APART_MS, Handover
from gpusla_agent.sources.raw import Told

LISTENS_MS = 100_000


def xid(number: int, wall_ms: int, uuid: str = "GPU-1") -> Told:
    """Return an Xid as a worker tells it."""
    return (uuid, number, wall_ms, "nvml")


def taken_over(*noted: Told, last_words: tuple[Told, ...] = ()) -> Handover:
    """Return a hand-over in which the predecessor told this since its successor was started."""
    handover = Handover()
    handover.begin()
    handover.note([*noted, *last_words])
    handover.take_over(last_words, LISTENS_MS, 0)
    return handover


def test_without_a_change_of_workers_everything_is_told() -> None:
    """Ten of one kind are ten."""
    ten = [xid(31, LISTENS_MS)] * 10
    assert Handover().after(ten, 0) == ten


def test_what_both_heard_is_told_once() -> None:
    """One for one: of three that the successor heard, two were told."""
    handover = taken_over(xid(31, LISTENS_MS), xid(31, LISTENS_MS + 5))
    third = xid(31, LISTENS_MS + 9)
    assert handover.after([xid(31, LISTENS_MS + 1), xid(31, LISTENS_MS + 6), third], 1) == [third]


def test_last_words_come_with_the_next_pass() -> None:
    """And before what the successor heard after them."""
    last, later = xid(79, LISTENS_MS), xid(45, LISTENS_MS + 1)
    handover = taken_over(last_words=(last,))
    assert handover.after([xid(79, LISTENS_MS + 1), later], 1) == [last, later]
    assert handover.after([], 2) == []


def test_what_a_successor_hears_late_is_still_told_once() -> None:
    """Its thread may not have come to it at its first pass."""
    handover = taken_over(xid(31, LISTENS_MS))
    assert handover.after([], 1) == []
    assert handover.after([xid(31, LISTENS_MS + 20)], 2) == []


def test_what_was_before_the_successor_listened_is_no_twin() -> None:
    """It cannot have heard that; what it tells is another."""
    again = xid(31, LISTENS_MS + 10)
    assert taken_over(xid(31, LISTENS_MS - 1)).after([again], 1) == [again]


def test_another_gpu_another_number_or_a_later_time_is_no_twin() -> None:
    """All three must agree."""
    others = [
        xid(31, LISTENS_MS, "GPU-2"),
        xid(43, LISTENS_MS),
        xid(31, LISTENS_MS + APART_MS + 1),
    ]
    assert taken_over(xid(31, LISTENS_MS)).after(others, 1) == others


def test_a_hand_over_ends() -> None:
    """After its time nothing is left out any more."""
    handover = taken_over(xid(31, LISTENS_MS))
    assert handover.after([], APART_MS) == []
    again = xid(31, LISTENS_MS + 1)
    assert handover.after([again], APART_MS + 1) == [again]
