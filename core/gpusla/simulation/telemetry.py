"""
What a working GPU draws and how warm it is, over time, in whole milliwatts.

A day is 1,440 minutes of constant power that repeat, so the energy counter is the exact integral
of the power that was shown, at any instant and without a step in between; and so are the counters
of activity that of the utilisation.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import accumulate
from math import cos, pi

from gpusla.identity import Slot
from gpusla.simulation.faults import FOREVER_MS, Fault, FaultKind
from gpusla.simulation.profile import GB300, Profile

MINUTE_MS = 60_000
MINUTES = 1_440
DAY_MS = MINUTES * MINUTE_MS
PERMILLE = 1_000
BUSY_PERMILLE = 980
"""What a GPU does that is slow without a cause: its work takes longer, so it is always at it."""


@dataclass(frozen=True, slots=True)
class Day:
    """
    What a GPU does in a day.

    utilization: permille, by minute.  power: milliwatts, by minute.  energy, work: their sums since
    midnight, at the start of each minute and at the end of the last.
    """

    utilization: tuple[int, ...]
    power: tuple[int, ...]
    energy: tuple[int, ...]
    work: tuple[int, ...]

    def until(self, at_ms: int) -> tuple[int, int]:
        """
        Return energy and work from the epoch to an instant.

        In microjoules (milliwatts times ms), and in permille times ms.
        """
        days, rest_ms = divmod(at_ms, DAY_MS)
        minute, part_ms = divmod(rest_ms, MINUTE_MS)
        energy = days * self.energy[MINUTES] + self.energy[minute]
        work = days * self.work[MINUTES] + self.work[minute]
        return (
            energy * MINUTE_MS + self.power[minute] * part_ms,
            work * MINUTE_MS + self.utilization[minute] * part_ms,
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """
    From start_ms on, the GPU draws and does percent of what it would.

    busy: the permille that it does instead, None if it does not.  energy, work: until start_ms, in
    the units of `Day.until`; energy_then, work_then: those of an untroubled GPU from the epoch.
    """

    start_ms: int
    percent: int
    busy: int | None
    energy: int
    work: int
    energy_then: int
    work_then: int

    def grown(self, day: Day, at_ms: int) -> tuple[int, int]:
        """Return energy and work from the driver's load to an instant of this stage."""
        energy, work = day.until(at_ms)
        energy = self.energy + (energy - self.energy_then) * self.percent // 100
        if self.busy is not None:
            return energy, self.work + self.busy * (at_ms - self.start_ms)
        return energy, self.work + (work - self.work_then) * self.percent // 100


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Telemetry at an instant: milliwatts, microjoules since start, permille, celsius, hertz.

    work: permille times milliseconds since start, the integral of the utilisation.
    """

    power: int
    energy: int
    utilization: int
    temperature: int
    sm_clock: int
    work: int


class Telemetry:
    """
    One slot's telemetry under some faults.

    start_ms: when the driver was loaded; energy and work count from there.
    """

    def __init__(
        self,
        slot: Slot,
        seed: int,
        start_ms: int,
        faults: Sequence[Fault],
        profile: Profile = GB300,
    ) -> None:
        self._profile = profile
        self.is_training, phase, draw = _habits(slot, seed)
        self._day = _day(self.is_training, phase, draw, profile)
        self._warmth = _noise(f"{seed} warmth {slot}") % 5 - 2
        self._stages = tuple(_stages(slot, self._day, start_ms, faults))
        self._starts = [stage.start_ms for stage in self._stages]

    def stage(self, at_ms: int) -> Stage:
        """Return the stage that an instant is in."""
        return self._stages[max(0, bisect_right(self._starts, at_ms) - 1)]

    def grown(self, at_ms: int) -> tuple[int, int]:
        """Return energy and work since the start, in the units of Reading."""
        return self.stage(at_ms).grown(self._day, at_ms)

    def power(self, at_ms: int) -> int:
        """Return the power at an instant, in milliwatts."""
        return self._day.power[at_ms % DAY_MS // MINUTE_MS] * self.stage(at_ms).percent // 100

    def at(self, at_ms: int) -> Reading:
        """Return the telemetry at an instant that is not before the start."""
        stage = self.stage(at_ms)
        utilization = self._day.utilization[at_ms % DAY_MS // MINUTE_MS] * stage.percent // 100
        if stage.busy is not None:
            utilization = stage.busy
        energy, work = stage.grown(self._day, at_ms)
        profile = self._profile
        span = profile.temperature_busy_celsius - profile.temperature_idle_celsius
        return Reading(
            power=self.power(at_ms),
            energy=energy,
            utilization=utilization,
            temperature=profile.temperature_idle_celsius
            + self._warmth
            + span * utilization // PERMILLE,
            sm_clock=profile.sm_clock_busy_hertz
            if utilization >= 50  # noqa: PLR2004  (permille: below, the clock drops to idle)
            else profile.sm_clock_idle_hertz,
            work=work,
        )


def _stages(slot: Slot, day: Day, start_ms: int, faults: Sequence[Fault]) -> Iterator[Stage]:
    edges = {start_ms}
    for fault in faults:
        bounds = (fault.signs_start_ms, fault.start_ms, fault.end_ms)
        edges.update(edge for edge in bounds if start_ms < edge < FOREVER_MS)
    last: Stage | None = None
    for edge_ms in sorted(edges):
        energy, work = (0, 0) if last is None else last.grown(day, edge_ms)
        active = [f for f in faults if f.signs_start_ms <= edge_ms < f.end_ms]
        percent = min((fault.effect_on(slot).power_percent for fault in active), default=100)
        is_flat_out = percent and any(fault.kind is FaultKind.CLOCK_FLOOR for fault in active)
        busy = BUSY_PERMILLE if is_flat_out else None
        last = Stage(edge_ms, percent, busy, energy, work, *day.until(edge_ms))
        yield last


def _habits(slot: Slot, seed: int) -> tuple[bool, int, int]:
    """Return whether the rack trains, the phase of its day, and how this GPU's draw differs."""
    rack = _noise(f"{seed} habits {slot.domain}")
    return rack % 2 == 0, rack // 2 % MINUTES, _noise(f"{seed} draw {slot}") % 41 - 20


def _noise(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


@cache
def _day(is_training: bool, phase: int, draw: int, profile: Profile) -> Day:  # noqa: FBT001
    shape = _training if is_training else _serving
    utilization = tuple(shape((minute + phase) % MINUTES) for minute in range(MINUTES))
    idle = profile.power_idle_watts * 1000
    busy = profile.power_busy_watts * (PERMILLE + draw)
    power = tuple(idle + (busy - idle) * share // PERMILLE for share in utilization)
    energy = tuple(accumulate(power, initial=0))
    return Day(utilization, power, energy, tuple(accumulate(utilization, initial=0)))


def _training(minute: int) -> int:
    """All GPUs of a job work in step; every 48 minutes they write a checkpoint."""
    return 140 if minute % 48 < 2 else 965 + minute * 7 % 23  # noqa: PLR2004


def _serving(minute: int) -> int:
    """Inference follows the day of its users."""
    return 620 + int(-280 * cos(2 * pi * minute / MINUTES)) + minute * 13 % 41
