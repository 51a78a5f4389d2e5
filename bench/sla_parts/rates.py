"""
How often things fail and for how long; a synthetic month draws from this table.

No failure rates of GB300 racks are public.  What has a source is named; the rest is assumed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
_SIGMAS_TO_P95 = 1.645

Numbers = NDArray[np.int64]
Chance = np.random.Generator


@dataclass(frozen=True, slots=True)
class Repair:
    """Log-normal lengths of time by their median and 95th percentile, in hours."""

    median: float
    p95: float

    def lengths_ms(self, chance: Chance, count: int) -> Numbers:
        """Return lengths; none shorter than ten seconds."""
        sigma = np.log(self.p95 / self.median) / _SIGMAS_TO_P95
        hours = self.median * np.exp(sigma * chance.standard_normal(count))
        lengths: Numbers = np.maximum(hours * HOUR_MS, 10_000).astype(np.int64)
        return lengths


@dataclass(frozen=True, slots=True)
class Evenly:
    """Lengths of time that are as likely at one place between two hours as at another."""

    least: float
    most: float

    def lengths_ms(self, chance: Chance, count: int) -> Numbers:
        """Return lengths."""
        return chance.integers(int(self.least * HOUR_MS), int(self.most * HOUR_MS), count)


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One cause of down time.

    reason: of the catalogue.  gpus: how many neighbours fail together, from a multiple of this
    number on.  hours_between: for one such group.
    """

    reason: str
    gpus: int
    hours_between: float
    lasts: Repair | Evenly


GPUS_OF_TRAY, GPUS_OF_RACK = 4, 72
DAY, MONTH = 24.0, 720.0

FAULTS = (
    # One GPU in 50,000 hours, back after 6 hours, 48 at p95.
    Fault("gpu_lost", 1, 50_000, Repair(6, 48)),
    # Half a flap of a GPU in a month, 30 to 600 seconds each.
    Fault("reset_required", 1, 2 * MONTH, Evenly(30 / 3600, 600 / 3600)),
    # 0.00575 failures of an 8-GPU node in a day (Meta, RSC-1 and -2), so half of it for a tray.
    Fault("gpu_missing", GPUS_OF_TRAY, DAY / 0.002875, Repair(4, 24)),
    # A switch tray or the backplane, once in 180 days, median 12 hours; its p95 is assumed.
    Fault("fabric_down", GPUS_OF_RACK, 180 * DAY, Repair(12, 72)),
)

PLANT_HOURS_BETWEEN, PLANT_OF_RACKS = 90 * DAY, 250
"""A cooling or power event, once in 90 days for 250 racks."""
PLANT_RACKS, PLANT_LASTS = (10, 40), Evenly(1, 60)
PLANT_REASON = "recovery_action"

MAINTENANCE_MS, NOTICE_MS = 4 * HOUR_MS, 8 * DAY_MS
"""Every rack once a month, with notice."""

HANDED_OVER = 0.05
"""This part of the racks: half of them leave the contract in the middle, half come to it."""

WITNESSED_AGAIN, WITNESS_SHIFT_MS = 0.5, 20_000
"""A second witness tells this part of all intervals too, each edge up to so far from the first."""

SAMPLE_MS = 1_000
"""An agent looks once a second, so an edge lies somewhere within one."""

GAP_HOURS_BETWEEN, GAP_MEAN_MS = 20 * DAY, 10 * MINUTE_MS
"""A tray's agent is not heard of, once in 20 days; only in a month that asks for it."""
