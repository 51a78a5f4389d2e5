"""
The yardstick: the month's loss as a bare sweep over the same claims, with nothing a contract needs.

Union by GPU, sweep by rack, nothing delivered below 64, excluded time on neither side.  No bounds,
no witnesses' doubt, no clock error, no units, no money; so the engine is held against the least
that anybody could do.  It shares no code with the engine; its total must be the engine's value.
"""

from dataclasses import dataclass

import numpy as np

from gpusla.timeline.columns import ClaimColumns
from sla_parts.claims import OK
from sla_parts.month import Month
from sla_parts.rates import GPUS_OF_RACK, Numbers

HEALTHY_MIN = 64
# Three counts in one number, so that one sum adds up all of them: down GPUs, holdings, exclusions.
_HELD, _EXCLUDED, _COUNT = 1 << 20, 1 << 40, (1 << 20) - 1


@dataclass(frozen=True, slots=True)
class Swept:
    """GPU-milliseconds that are owed and, of them, lost."""

    total_gpu_ms: int
    lost_gpu_ms: int


def sweep(month: Month, claims: ClaimColumns) -> Swept:
    """Return what a month comes to."""
    stride = month.reach.duration_ms + 1
    gpu, start, end = _union(month, claims, stride)
    moved = (gpu - gpu // GPUS_OF_RACK) * stride
    rack = np.arange(month.racks)
    held = _places(month, rack, month.held_from_ms, month.held_until_ms, stride)
    excluded = _places(
        month, month.excluded_rack, month.excluded_start_ms, month.excluded_end_ms, stride
    )
    places, sums = _steps((start - moved, end - moved, 1), (*held, _HELD), (*excluded, _EXCLUDED))
    missing = sums & _COUNT
    missing[missing > GPUS_OF_RACK - HEALTHY_MIN] = GPUS_OF_RACK
    counted = np.diff(places) * (sums >> 20 == 1)
    return Swept(int(counted.sum()) * GPUS_OF_RACK, int((missing * counted).sum()))


def _union(month: Month, claims: ClaimColumns, stride: int) -> tuple[Numbers, Numbers, Numbers]:
    """Return the down time of each GPU, as places on a line with one stride for each."""
    rows = np.flatnonzero(claims.condition != OK)
    gpu = np.concatenate((claims.slot[rows], month.gaps.gpu))
    line = gpu * stride - month.reach.start_ms
    start = line + np.concatenate((claims.start_ms[rows], month.gaps.start_ms))
    end = line + np.concatenate((claims.end_ms[rows], month.gaps.end_ms))
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    is_first = np.append(True, start[1:] > end[:-1])
    start, end = start[is_first], end[np.append(is_first[1:], True)]
    return start // stride, start, end


def _places(
    month: Month, rack: Numbers, from_ms: Numbers, until_ms: Numbers, stride: int
) -> tuple[Numbers, Numbers]:
    reach = month.reach
    line = rack * stride - reach.start_ms
    return (
        np.clip(from_ms, reach.start_ms, reach.end_ms) + line,
        np.clip(until_ms, reach.start_ms, reach.end_ms) + line,
    )


def _steps(*several: tuple[Numbers, Numbers, int]) -> tuple[Numbers, Numbers]:
    """Return places at which something begins or ends, and what goes on between each two."""
    places = np.concatenate([place for start, end, _ in several for place in (start, end)])
    amounts = [np.full(len(start), n * sign) for start, _, n in several for sign in (1, -1)]
    order = np.argsort(places)
    return places[order], np.cumsum(np.concatenate(amounts)[order])[:-1]
