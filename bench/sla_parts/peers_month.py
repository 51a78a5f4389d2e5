"""
The month that the peers get: a few racks, one sample a minute, and what is true of each.

`states` is what an exporter would say on the minute: 1 where the engine counts the GPU as delivered
in itself.  `counts` is 1 while the rack is held and not in agreed maintenance.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpusla.catalogue.reasons import State
from gpusla.timeline.columns import Columns
from sla_parts.facts import period
from sla_parts.month import Fleet, Month, draw
from sla_parts.rates import GPUS_OF_RACK, MINUTE_MS, Numbers

FLEET = Fleet(racks=8, factor=2, handed_over=0.25)
AROUND = 10
"""So many minutes more at each end: a real server does not stop at midnight."""

Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """
    One row a GPU, or a rack; one column a minute, from `first_ms` on.

    states, counts: 0 or 1.  window_ms: the month, half-open.
    """

    first_ms: int
    window_ms: tuple[int, int]
    states: Bits
    counts: Bits

    def save(self, file: Path) -> None:
        """Write it down for a program of another environment."""
        times = np.array([self.first_ms, *self.window_ms])
        np.savez(file, times=times, states=self.states, counts=self.counts)


def month(seed: int) -> Month:
    """Return the month itself."""
    return draw(FLEET, seed, period().interval)


def sampled(given: Month, columns: Columns) -> Sampled:
    """Return what is seen of it on each minute; edges of the month go on beyond its ends."""
    reach = given.reach
    minutes = reach.duration_ms // MINUTE_MS + 1
    states = np.ones((given.gpus, minutes), dtype=np.uint8)
    is_ok = np.array([one.state is State.OK for one in columns.conditions])
    rows = np.flatnonzero(~is_ok[columns.condition])
    times = (columns.start_ms[rows], columns.end_ms[rows])
    _mark(states, columns.slot[rows], times, reach.start_ms, 0)
    counts = np.zeros((given.racks, minutes), dtype=np.uint8)
    held = (given.held_from_ms, given.held_until_ms)
    _mark(counts, np.arange(given.racks), held, reach.start_ms, 1)
    excluded = (given.excluded_start_ms, given.excluded_end_ms)
    _mark(counts, given.excluded_rack, excluded, reach.start_ms, 0)
    around = ((0, 0), (AROUND, AROUND))
    return Sampled(
        reach.start_ms - AROUND * MINUTE_MS,
        (reach.start_ms, reach.end_ms),
        np.pad(states, around, mode="edge"),
        np.pad(counts, around, mode="edge"),
    )


def _mark(
    states: Bits, rows: Numbers, times: tuple[Numbers, Numbers], origin_ms: int, value: int
) -> None:
    """Set the minutes that lie in half-open intervals; a minute is its first instant."""
    first, past = (np.maximum(-(-(at_ms - origin_ms) // MINUTE_MS), 0) for at_ms in times)
    for row, start, end in zip(rows.tolist(), first.tolist(), past.tolist(), strict=True):
        states[row, start:end] = value


def rack_of(gpu: int) -> int:
    """Return the rack of a GPU."""
    return gpu // GPUS_OF_RACK
