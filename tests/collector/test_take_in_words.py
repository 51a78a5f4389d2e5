"""What a journal is refused with that tells of time which cannot be."""

from dataclasses import replace

import pytest

from gpusla.catalogue.codes import JOURNAL_CORRUPT
from gpusla.journal.chain import EMPTY
from gpusla.journal.model import ClockStepped, Observed
from gpusla.timeline.fold import Carry
from gpusla_collector.usecases.take_in import take_in
from tests.collector.journals import OK, Journal, tray_slots
from tests.collector.site import NODE

SLOTS = tray_slots("c2", "r01", "t01")
START_MS = 1_782_864_000_000
YEARS = "; a clock may show the years 1 to 9999"


def sampled(wall_ms: int, error_ms: int) -> Journal:
    """Return a journal that steps to a wall time, and samples there in error by so much."""
    journal = Journal(NODE, SLOTS, START_MS).start(START_MS)
    at = replace(journal.instant(START_MS + 2_000), wall_ms=wall_ms, error_ms=error_ms)
    journal.append(ClockStepped(at, wall_ms - START_MS - 2_000))
    return journal.append(Observed(at, at.mono_ms, 1, 0, dict.fromkeys(SLOTS, OK)))


@pytest.mark.parametrize(
    ("wall_ms", "error_ms", "words"),
    [
        (
            253_402_300_800_000,
            5,
            "an instant after the year 9999 (253402300800000 ms since 1970)" + YEARS,
        ),
        (
            -62_135_596_800_001,
            5,
            "an instant before the year 1 (-62135596800001 ms since 1970)" + YEARS,
        ),
        (
            START_MS + 2_000,
            -1,
            "a clock -1 ms off at 2026-07-01T00:00:02Z; it may be 0 ms to 253402300799999 ms off",
        ),
    ],
)
def test_the_refusal_says_what_a_clock_may_say(wall_ms: int, error_ms: int, words: str) -> None:
    """With the side on which it left the calendar, which its milliseconds do not show."""
    error = take_in(NODE, EMPTY, Carry(), sampled(wall_ms, error_ms).lines).error
    assert error is not None
    assert error.code is JOURNAL_CORRUPT
    assert error.message == f"{NODE}: record 3 speaks of {words}"
