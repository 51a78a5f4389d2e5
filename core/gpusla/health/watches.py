"""
Counters whose rate is judged: how many in a window of time are too many.

A window begins with the first reading, when the limit was reached in the one before, or with the
first sample after its length.  What was reached is shown for one more window's length, so it ends
when it was not reached again for so long.  While the counter is absent nothing begins and nothing
ends; one that went back was reset with its driver, and starts anew.  Evidence names the limit, not
the count, which every sample moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import CORRECTED_ERROR_STORM, ECC_UNCORRECTED, NVLINK_RECOVERIES
from gpusla.health.memory import Window
from gpusla.health.thresholds import CORRECTED_ERRORS_PER_MINUTE, RECOVERIES_PER_TEN_MINUTES
from gpusla.health.values import found
from gpusla.journal.model import Finding
from gpusla.readings import GpuReadings, Present

_MINUTE_MS = 60_000
UNCORRECTED = "ecc_uncorrected_volatile"


@dataclass(frozen=True, slots=True)
class Watch:
    """A counter, and how much it may grow in a window."""

    reading: str
    limit: int
    window_ms: int
    finding: Finding


WATCHES = (
    Watch(
        "ecc_corrected_volatile",
        CORRECTED_ERRORS_PER_MINUTE,
        _MINUTE_MS,
        found(
            CORRECTED_ERROR_STORM,
            Action.INSPECT,
            f"driver: {CORRECTED_ERRORS_PER_MINUTE} or more corrected memory errors in a minute",
        ),
    ),
    Watch(
        UNCORRECTED,
        1,
        10 * _MINUTE_MS,
        found(
            ECC_UNCORRECTED,
            Action.CONTACT_SUPPORT,
            "driver: uncorrected memory errors without an Xid in the last ten minutes",
        ),
    ),
    Watch(
        "nvlink_recoveries",
        RECOVERIES_PER_TEN_MINUTES,
        10 * _MINUTE_MS,
        found(
            NVLINK_RECOVERIES,
            Action.INSPECT,
            f"driver: {RECOVERIES_PER_TEN_MINUTES} or more NVLink recoveries in ten minutes",
        ),
    ),
    Watch(
        "nvlink_recoveries_failed",
        1,
        10 * _MINUTE_MS,
        found(
            NVLINK_RECOVERIES,
            Action.INSPECT,
            "driver: an NVLink could not recover in the last ten minutes",
        ),
    ),
)


def watched(windows: Mapping[str, Window], gpu: GpuReadings, at_ms: int) -> Mapping[str, Window]:
    """Return the windows after these readings; the same object where nothing changed."""
    changed: dict[str, Window] = {}
    numbers = gpu.numbers
    for watch in WATCHES:
        reading = numbers.get(watch.reading)
        if reading.__class__ is Present:
            before = windows.get(watch.reading)
            after = _advance(watch, before, reading.value, at_ms)
            if after is not before:
                changed[watch.reading] = after
    return {**windows, **changed} if changed else windows


def watch_findings(windows: Mapping[str, Window]) -> list[Finding]:
    """Return what the windows show."""
    return [
        watch.finding
        for watch in WATCHES
        if (window := windows.get(watch.reading)) is not None and window.reached_until_ms
    ]


def _advance(watch: Watch, window: Window | None, count: float, at_ms: int) -> Window:
    if window is None or count < window.count or at_ms < window.start_ms:
        return Window(at_ms, count)
    elapsed_ms = at_ms - window.start_ms
    growth = count - window.count
    if elapsed_ms > 2 * watch.window_ms:
        # After a gap the mean counts: nobody knows when in it the errors came.
        growth = growth * watch.window_ms / elapsed_ms
    if growth >= watch.limit:
        return Window(at_ms, count, at_ms + watch.window_ms)
    shown_ms = window.reached_until_ms if at_ms < window.reached_until_ms else 0
    if elapsed_ms > watch.window_ms:
        return Window(at_ms, count, shown_ms)
    if shown_ms != window.reached_until_ms:
        return Window(window.start_ms, window.count, shown_ms)
    return window
