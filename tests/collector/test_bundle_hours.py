"""Which blocks a month is told by where a node's clock was wrong for a while."""

import pytest

from gpusla.instants import Interval
from gpusla_collector.ports import Cursor, HourLine, KeyLine, Lease, Milestones, Store
from gpusla_collector.usecases.make_bundle import known_then, told_of
from tests.collector.bookings import at
from tests.collector.hours import HOUR_MS
from tests.collector.site import NODE

MINUTE_MS = 60_000
AHEAD = 900
"""Hours from the first record to where a clock stood that was far ahead."""


def block(number: int, from_minute: int, until_minute: int) -> HourLine:
    """Return a block of ten records; minutes count from the first record of all."""
    return HourLine(
        number * 10,
        number,
        number * 10 - 10,
        number * 10 - 1,
        from_minute * MINUTE_MS,
        until_minute * MINUTE_MS,
        b"block %d" % number,
    )


def hours_with(**others: tuple[int, int]) -> tuple[HourLine, ...]:
    """Return six blocks of an hour each; others: `b3=(from, until)`, in minutes."""
    times = {f"b{number}": (number * 60 - 60, number * 60) for number in range(1, 7)} | others
    return tuple(block(number, *times[f"b{number}"]) for number in range(1, 7))


ENDS_AHEAD = hours_with(b3=(120, AHEAD * 60))
IS_AHEAD = hours_with(b3=(AHEAD * 60, AHEAD * 60 + 60))
WENT_BACK = hours_with(b4=(30, 90), b5=(90, 150), b6=(150, 210))
IS_IN_1970 = hours_with(b4=(-60_000, -59_990))


@pytest.mark.parametrize(
    ("hours", "interval", "numbers"),
    [
        # The block whose last record is far ahead is of its own time, and ends no month.
        (ENDS_AHEAD, (0, 4), [1, 2, 3, 4]),
        (ENDS_AHEAD, (4, 6), [3, 4, 5, 6]),
        (ENDS_AHEAD, (5, 9), [3, 4, 5, 6]),
        # One that is ahead as a whole is between its neighbours, and tells of no later month.
        (IS_AHEAD, (0, 4), [1, 2, 3, 4]),
        (IS_AHEAD, (4, 6), [5, 6]),
        (IS_AHEAD, (3, 5), [4, 5]),
        (IS_AHEAD, (AHEAD, AHEAD + 1), [3]),
        # Two blocks over one time: both tell of it, and what lies between them has no gap.
        (WENT_BACK, (0, 1), [1, 2, 3, 4]),
        (WENT_BACK, (1, 2), [2, 3, 4, 5]),
        (WENT_BACK, (3, 4), [6]),
        # A clock that had lost its time: nothing is left out around it.
        (IS_IN_1970, (2, 5), [3, 4, 5]),
        (IS_IN_1970, (3, 5), [5]),
        # Of a time before the journal its first block says that there is none.
        (hours_with(), (-9, -1), [1]),
    ],
)
def test_a_month_has_all_blocks_that_tell_of_it_and_those_between(
    store: Store,
    lease: Lease,
    hours: tuple[HourLine, ...],
    interval: tuple[int, int],
    numbers: list[int],
) -> None:
    """Whatever the clock said; interval: in hours from the first record."""
    start, end = interval
    keys = (KeyLine(5, b"first"), KeyLine(35, b"second"), KeyLine(55, b"third"))
    store.advance(lease, Cursor(NODE), at(70), (), Milestones(hours, keys))
    found = store.milestones(NODE, Interval(start * HOUR_MS, end * HOUR_MS))
    assert [hour.number for hour in found.hours] == numbers
    last = found.hours[-1].sequence
    assert found.keys == tuple(key for key in keys if key.sequence < last)


REACH = Interval(0, 4 * HOUR_MS)
CAME_BACK = (*hours_with(), block(7, -60_000, 361))
"""At its seventh block the node starts without its time, and learns it within the block."""


@pytest.mark.parametrize(
    ("hours", "cited", "numbers"),
    [
        # The judgement knew records up to the third block; the fourth closes the time.
        (hours_with()[:4], 29, [1, 2, 3, 4]),
        (CAME_BACK, 45, [1, 2, 3, 4]),
        (CAME_BACK, 59, [1, 2, 3, 4]),
        (CAME_BACK, 65, [1, 2, 3, 4, 5, 6, 7]),
        # Nothing ends with the time or later yet.
        (hours_with()[:3], 29, [1, 2, 3]),
        # The clock was right again behind the block that is ahead.
        (ENDS_AHEAD, 59, [1, 2, 3, 4]),
    ],
)
def test_what_came_after_a_judgement_is_not_in_its_bundle(
    hours: tuple[HourLine, ...], cited: int, numbers: list[int]
) -> None:
    """Even if it says that it is of that time: the bundle has the same bytes before and after."""
    assert [hour.number for hour in known_then(hours, REACH, cited)] == numbers


@pytest.mark.parametrize(
    ("hours", "interval", "told"),
    [
        # As it should be: of the first and of the last block only what is in the interval counts.
        (hours_with(), (1, 6), (1, 6)),
        (hours_with()[:5], (0, 4), (0, 4)),
        # Behind the block that ends ahead, a bundle of the sixth hour tells of the fourth too.
        (ENDS_AHEAD[2:], (5, 6), (4, 6)),
        (hours_with(b1=(0, AHEAD * 60)), (4, 6), (2, 6)),
        (CAME_BACK, (0, 4), (0, 5)),
        ((), (0, 4), (0, 4)),
    ],
)
def test_blocks_of_another_time_are_told_of(
    hours: tuple[HourLine, ...], interval: tuple[int, int], told: tuple[int, int]
) -> None:
    """In hours; a node may have served somebody else then."""
    reach, wanted = (Interval(a * HOUR_MS, b * HOUR_MS) for a, b in (interval, told))
    assert told_of(hours, reach) == wanted
