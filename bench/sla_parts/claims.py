"""
What the witnesses of a month claim, in the form that the engine reads.

The agents claim every second of every slot: ok, an edge of one sample's length, down, another edge.
The second witness claims only what it saw fail, to the millisecond, by a clock nobody vouches for.
"""

import numpy as np

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot
from gpusla.journal.model import Condition, Finding
from gpusla.timeline.columns import NONE, WITNESSES, ClaimColumns
from gpusla.timeline.model import Witness
from sla_parts.month import Month, Told
from sla_parts.rates import FAULTS, PLANT_REASON, Numbers

OK = 0
CONDITIONS = (
    Condition(State.OK),
    *(Condition(State.DOWN, (Finding(fault.reason),)) for fault in FAULTS),
    Condition(State.DOWN, (Finding(PLANT_REASON),)),
)
CLOCK_ERROR_MS = 5
"""What the agents know of their clocks."""

Columns = tuple[Numbers, ...]
"""Slot, start, end, condition, other; as in ClaimColumns."""


def claims_of(
    month: Month, slots: tuple[Slot, ...], clock_error_ms: int = CLOCK_ERROR_MS
) -> ClaimColumns:
    """Return all claims, by slot and start; clock_error_ms: what the agents know of their own."""
    agents = [*_faults(month.first, month.sample_ms), _ok(month)]
    first = [np.concatenate(column) for column in zip(*agents, strict=True)]
    told = month.second
    second = (told.gpu, told.start_ms, told.end_ms, told.cause + 1, np.full_like(told.gpu, NONE))
    columns = [np.concatenate(column) for column in zip(first, second, strict=True)]
    counts = (len(first[0]), len(told.gpu))
    columns.append(np.repeat([clock_error_ms, NONE], counts))
    columns.append(np.repeat(_numbers(Witness.PROVIDER, Witness.INDEPENDENT), counts))
    rows = np.lexsort((columns[1], columns[0]))
    return ClaimColumns(slots, CONDITIONS, *(column[rows] for column in columns))


def _numbers(*witnesses: Witness) -> list[int]:
    return [WITNESSES.index(witness) for witness in witnesses]


def _faults(told: Told, sample_ms: int) -> list[Columns]:
    """Return the edge before, the time in between and the edge after."""
    gpu, start, end, down = told.gpu, told.start_ms, told.end_ms, told.cause + 1
    ok, none = np.full_like(gpu, OK), np.full_like(gpu, NONE)
    return [
        (gpu, start - sample_ms, start, ok, down),
        (gpu, start, end - sample_ms, down, none),
        (gpu, end - sample_ms, end, down, ok),
    ]


def _ok(month: Month) -> Columns:
    """Return all time in which the agents were heard of and had nothing to say."""
    stride, reach = month.reach.duration_ms + 1, month.reach
    gpu = np.concatenate((month.first.gpu, month.gaps.gpu))
    start_ms = np.concatenate((month.first.start_ms - month.sample_ms, month.gaps.start_ms))
    end_ms = np.concatenate((month.first.end_ms, month.gaps.end_ms))
    every = np.arange(month.gpus, dtype=np.int64) * stride
    # Between the lanes of two slots lies a millisecond of nothing; it is taken as busy.
    start = np.concatenate((gpu * stride + start_ms - reach.start_ms, every + stride - 1))
    end = np.concatenate((gpu * stride + end_ms - reach.start_ms, every + stride))
    rows = np.argsort(start, kind="stable")
    start, end = start[rows], np.maximum.accumulate(end[rows])
    free_start, free_end = np.append(0, end[:-1]), start
    is_time = free_start < free_end
    free_start, free_end = free_start[is_time], free_end[is_time]
    slot = free_start // stride
    origin = reach.start_ms - slot * stride
    ok = np.full_like(slot, OK)
    return slot, free_start + origin, free_end + origin, ok, np.full_like(slot, NONE)
