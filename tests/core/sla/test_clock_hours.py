"""Hours of a wall clock, over every change that a zone's clocks have made."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.calendar import zone
from gpusla.instants import Interval
from gpusla.sla.clock_hours import HOUR_MS, clock_hours

MINUTE_MS = 60_000
ZONES = ["America/Chicago", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC", "America/St_Johns"]


def shown(instant_ms: int, timezone: str) -> str:
    """What the clock on the wall shows."""
    return f"{datetime.fromtimestamp(instant_ms // 1000, UTC).astimezone(zone(timezone)):%d %H:%M}"


def ms(*parts: int) -> int:
    """An instant in UTC."""
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("timezone", "around", "hours"),
    [
        # Clocks go back from two to one: the hour from one comes twice.
        (
            "America/Chicago",
            ms(2026, 11, 1, 6, 30),
            [("01 01:00", 60), ("01 01:00", 60), ("01 02:00", 60)],
        ),
        # Clocks go forward from two to three: there is no hour from two.
        (
            "America/Chicago",
            ms(2027, 3, 14, 7, 30),
            [("14 01:00", 60), ("14 03:00", 60), ("14 04:00", 60)],
        ),
        # Back by half an hour: one hour has ninety minutes.
        (
            "Australia/Lord_Howe",
            ms(2026, 4, 4, 14, 45),
            [("05 01:00", 90), ("05 02:00", 60), ("05 03:00", 60)],
        ),
        # Asked about after the change, it is the same hour.
        (
            "Australia/Lord_Howe",
            ms(2026, 4, 4, 15, 10),
            [("05 01:00", 90), ("05 02:00", 60), ("05 03:00", 60)],
        ),
        ("Asia/Kathmandu", ms(2026, 10, 1, 0, 0), [("01 05:00", 60), ("01 06:00", 60)]),
    ],
)
def test_an_hour_runs_from_one_full_hour_shown_to_the_next(
    timezone: str, around: int, hours: list[tuple[str, int]]
) -> None:
    """Where clocks are moved, it is what the clock shows that counts."""
    found = list(clock_hours(Interval(around, around + len(hours) * HOUR_MS), timezone))
    told = [(shown(hour.start_ms, timezone), hour.duration_ms // MINUTE_MS) for hour in found]
    assert told[: len(hours)] == hours


@given(
    st.sampled_from(ZONES),
    st.integers(ms(2000, 1, 1), ms(2037, 12, 1)),
    st.integers(1, 40 * HOUR_MS),
)
def test_hours_cover_the_time_without_gap_or_overlap(
    timezone: str, start_ms: int, length_ms: int
) -> None:
    """Each begins where the clock shows a full hour, and holds at least 60 minutes."""
    hours = list(clock_hours(Interval(start_ms, start_ms + length_ms), timezone))
    assert hours[0].start_ms <= start_ms < hours[0].end_ms
    assert hours[-1].start_ms < start_ms + length_ms <= hours[-1].end_ms
    for one, following in pairwise(hours):
        assert one.end_ms == following.start_ms
    assert all(shown(hour.start_ms, timezone).endswith(":00") for hour in hours)
    assert {hour.duration_ms for hour in hours} <= {HOUR_MS, HOUR_MS * 3 // 2}
