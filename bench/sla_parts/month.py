"""A synthetic month of a fleet of NVL72 racks: who failed when, as two witnesses tell it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusla.instants import Interval
from sla_parts.rates import (
    DAY_MS,
    FAULTS,
    GAP_HOURS_BETWEEN,
    GAP_MEAN_MS,
    GPUS_OF_RACK,
    GPUS_OF_TRAY,
    HANDED_OVER,
    HOUR_MS,
    MAINTENANCE_MS,
    MINUTE_MS,
    PLANT_HOURS_BETWEEN,
    PLANT_LASTS,
    PLANT_OF_RACKS,
    PLANT_RACKS,
    SAMPLE_MS,
    WITNESS_SHIFT_MS,
    WITNESSED_AGAIN,
    Chance,
    Numbers,
)

PLANT = len(FAULTS)
"""The number of a plant event, after those of FAULTS."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """
    What a month is drawn of.

    factor: how many times as often as the table says things fail.  grain_ms: everything in it is a
    multiple of this.  handed_over: which part of the racks changes hands.
    """

    racks: int
    factor: int = 1
    has_gaps: bool = False
    grain_ms: int = 1
    handed_over: float = HANDED_OVER


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Intervals of down time as one witness tells them, by GPU and start; they may overlap."""

    gpu: Numbers
    start_ms: Numbers
    end_ms: Numbers
    cause: Numbers

    def where(self, rows: "NDArray[Any] | slice") -> "Told":
        """Return some of them."""
        return Told(self.gpu[rows], self.start_ms[rows], self.end_ms[rows], self.cause[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """
    All that is known of a month; times are instants in milliseconds, intervals half-open.

    sample_ms: how often agents look.  first, second: what the agents tell, and what another
    witness tells of the same faults.  gaps: when agents were not heard of.  held_*: by rack.
    excluded_*: planned maintenance.
    """

    racks: int
    reach: Interval
    sample_ms: int
    first: Told
    second: Told
    gaps: Told
    held_from_ms: Numbers
    held_until_ms: Numbers
    excluded_rack: Numbers
    excluded_start_ms: Numbers
    excluded_end_ms: Numbers

    @property
    def gpus(self) -> int:
        """All slots."""
        return self.racks * GPUS_OF_RACK

    @property
    def intervals(self) -> int:
        """State changes to down, told by either witness, and gaps."""
        return len(self.first.gpu) + len(self.second.gpu) + len(self.gaps.gpu)

    @property
    def committed_gpus(self) -> int:
        """What is held at every instant."""
        is_held = (self.held_from_ms <= self.reach.start_ms).sum()
        return int(is_held) * GPUS_OF_RACK

    @property
    def digest(self) -> str:
        """SHA-256 of everything, in hex."""
        seen = hashlib.sha256(f"{self.racks} {self.reach} {self.sample_ms}".encode())
        for name, column in columns_of(self):
            seen.update(name.encode())
            seen.update(np.ascontiguousarray(column).tobytes())
        return seen.hexdigest()


def columns_of(month: Month) -> Iterator[tuple[str, Numbers]]:
    """Yield every array of a month with its name."""
    for field in fields(Month):
        value = getattr(month, field.name)
        if isinstance(value, Told):
            for inner in fields(Told):
                yield f"{field.name}.{inner.name}", getattr(value, inner.name)
        elif isinstance(value, np.ndarray):
            yield field.name, value


def draw(fleet: Fleet, seed: int, reach: Interval) -> Month:
    """Return a month, or another time, of a fleet."""
    chance = np.random.default_rng([seed, fleet.racks, fleet.factor])
    racks, grain_ms = fleet.racks, fleet.grain_ms
    sample_ms = max(SAMPLE_MS, grain_ms)
    true = _sorted(*_joined(_faults(chance, racks, fleet.factor, reach.duration_ms)))
    phase_ms = chance.integers(0, sample_ms, racks * GPUS_OF_RACK // GPUS_OF_TRAY)
    first = _sampled(true, phase_ms // grain_ms * grain_ms, sample_ms)
    second = _told_again(chance, true, grain_ms)
    gaps = first.where(slice(0))
    if fleet.has_gaps:
        gaps = _apart(_gaps(chance, racks, reach.duration_ms), first, reach.duration_ms)
    held = _holdings(chance, racks, fleet.handed_over, reach)
    excluded_ms = reach.start_ms + _maintenance(chance, racks, reach.duration_ms)
    return Month(
        racks,
        reach,
        sample_ms,
        _within(first, reach, sample_ms),
        _within(second, reach, sample_ms),
        _within(gaps, reach, sample_ms),
        *held,
        np.arange(racks, dtype=np.int64),
        excluded_ms,
        excluded_ms + MAINTENANCE_MS,
    )


Columns = tuple[Numbers, Numbers, Numbers, Numbers]


def _faults(chance: Chance, racks: int, factor: int, length_ms: int) -> Iterator[Columns]:
    """Yield for each cause its intervals: GPU, start, end, cause; times from the month's start."""
    for cause, fault in enumerate(FAULTS):
        groups = racks * GPUS_OF_RACK // fault.gpus
        events = chance.poisson(factor * groups * length_ms / HOUR_MS / fault.hours_between)
        first_gpu = chance.integers(0, groups, events) * fault.gpus
        start_ms = chance.integers(0, length_ms, events)
        lasts_ms = fault.lasts.lengths_ms(chance, events)
        yield _spread(first_gpu, fault.gpus, start_ms, lasts_ms, cause)
    share = racks / PLANT_OF_RACKS
    events = chance.poisson(factor * share * length_ms / HOUR_MS / PLANT_HOURS_BETWEEN)
    for _ in range(events):
        hit = min(racks, int(chance.integers(*PLANT_RACKS)))
        first_gpu = chance.integers(0, racks - hit + 1, 1) * GPUS_OF_RACK
        start_ms = chance.integers(0, length_ms, 1)
        lasts_ms = PLANT_LASTS.lengths_ms(chance, 1)
        yield _spread(first_gpu, hit * GPUS_OF_RACK, start_ms, lasts_ms, PLANT)


def _spread(
    first_gpu: Numbers, gpus: int, start_ms: Numbers, lasts_ms: Numbers, cause: int
) -> Columns:
    """Return events as one interval for each GPU that they hit."""
    end_ms = start_ms + lasts_ms
    gpu = (first_gpu[:, None] + np.arange(gpus)).ravel()
    start_ms, end_ms = np.repeat(start_ms, gpus), np.repeat(end_ms, gpus)
    return gpu, start_ms, end_ms, np.full(len(gpu), cause, dtype=np.int64)


def _joined(parts: Iterator[Columns]) -> Iterator[Numbers]:
    return (np.concatenate(column) for column in zip(*parts, strict=True))


def _sorted(gpu: Numbers, start_ms: Numbers, end_ms: Numbers, cause: Numbers) -> Told:
    return Told(gpu, start_ms, end_ms, cause).where(np.lexsort((start_ms, gpu)))


def _sampled(true: Told, phase_ms: Numbers, sample_ms: int) -> Told:
    """Return faults from the first sample that saw each to the first that no longer did."""
    phase_ms = phase_ms[true.gpu // GPUS_OF_TRAY]
    start_ms, end_ms = (
        at_ms + (phase_ms - at_ms) % sample_ms + sample_ms for at_ms in (true.start_ms, true.end_ms)
    )
    return _sorted(true.gpu, start_ms, end_ms, true.cause)


def _told_again(chance: Chance, true: Told, grain_ms: int) -> Told:
    """Return what a second witness tells, who does not see everything and knows other edges."""
    again = true.where(chance.random(len(true.gpu)) < WITNESSED_AGAIN)
    shifts_ms = chance.integers(-WITNESS_SHIFT_MS, WITNESS_SHIFT_MS, (2, len(again.gpu)))
    edges = (again.start_ms + shifts_ms[0], again.end_ms + shifts_ms[1])
    start_ms, end_ms = (at_ms // grain_ms * grain_ms for at_ms in edges)
    return _sorted(again.gpu, start_ms, np.maximum(end_ms, start_ms + grain_ms), again.cause)


def _within(told: Told, reach: Interval, sample_ms: int) -> Told:
    """Return intervals as instants, cut at the ends of the reach; none shorter than two samples."""
    start_ms = np.maximum(told.start_ms, 2 * sample_ms) + reach.start_ms
    end_ms = np.minimum(told.end_ms + reach.start_ms, reach.end_ms)
    cut = Told(told.gpu, start_ms, end_ms, told.cause)
    return cut.where(end_ms - start_ms >= 2 * sample_ms)


def _holdings(
    chance: Chance, racks: int, handed_over: float, reach: Interval
) -> tuple[Numbers, Numbers]:
    """Return from when and until when racks are held; as one leaves, another one comes."""
    pairs = round(racks * handed_over / 2)
    changing = chance.permutation(racks)[: 2 * pairs]
    hours = reach.duration_ms // HOUR_MS
    at_ms = reach.start_ms + chance.integers(hours // 3, hours * 2 // 3, pairs) * HOUR_MS
    held_from_ms = np.full(racks, reach.start_ms - 90 * DAY_MS)
    held_until_ms = np.full(racks, reach.end_ms + 90 * DAY_MS)
    held_until_ms[changing[:pairs]] = at_ms
    held_from_ms[changing[pairs:]] = at_ms
    return held_from_ms, held_until_ms


def _maintenance(chance: Chance, racks: int, length_ms: int) -> Numbers:
    minutes = (length_ms - MAINTENANCE_MS) // MINUTE_MS
    return chance.integers(0, minutes, racks) * MINUTE_MS


def _gaps(chance: Chance, racks: int, length_ms: int) -> Told:
    """Return when trays were not heard of, for each of their GPUs."""
    trays = racks * GPUS_OF_RACK // GPUS_OF_TRAY
    events = chance.poisson(trays * length_ms / HOUR_MS / GAP_HOURS_BETWEEN)
    first_gpu = chance.integers(0, trays, events) * GPUS_OF_TRAY
    start_ms = np.repeat(chance.integers(0, length_ms, events), GPUS_OF_TRAY)
    lasts_ms = np.repeat(chance.exponential(GAP_MEAN_MS, events).astype(np.int64), GPUS_OF_TRAY)
    gpu = (first_gpu[:, None] + np.arange(GPUS_OF_TRAY)).ravel()
    end_ms = start_ms + np.maximum(lasts_ms, 5 * SAMPLE_MS)
    return _sorted(gpu, start_ms, end_ms, np.zeros_like(gpu))


def _apart(gaps: Told, faults: Told, length_ms: int) -> Told:
    """Leave out gaps that meet a fault: an agent that is not heard of tells of none."""
    stride = 2 * length_ms
    begin = faults.gpu * stride + faults.start_ms - SAMPLE_MS
    end = np.maximum.accumulate(faults.gpu * stride + faults.end_ms)
    line = gaps.gpu * stride
    before = np.searchsorted(begin, line + gaps.end_ms) - 1
    return gaps.where((before < 0) | (end[before] <= line + gaps.start_ms))
