"""
What a working GPU draws and how warm it is, over time, in whole milliwatts.

A day is 1,440 minutes of constant power that repeat, so the energy counter is the exact integral
of the power that was shown, at any instant and without a step in between.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import accumulate
from math import cos, pi

from gpusla.identity import Slot
from gpusla.simulation.faults import FOREVER_MS, Fault
from gpusla.simulation.profile import GB300, Profile

MINUTE_MS = 60_000
MINUTES = 1_440
DAY_MS = MINUTES * MINUTE_MS
PERMILLE = 1_000


@dataclass(frozen=True, slots=True)
class Day:
    """
    What a GPU does in a day.

    utilization: permille, by minute.  power: milliwatts, by minute.  energy: milliwatt-minutes
    since midnight, at the start of each minute and at the end of the last.
    """

    utilization: tuple[int, ...]
    power: tuple[int, ...]
    energy: tuple[int, ...]

    def energy_until(self, at_ms: int) -> int:
        """Return the energy from the epoch to an instant, in microjoules (milliwatts times ms)."""
        days, rest_ms = divmod(at_ms, DAY_MS)
        minute, part_ms = divmod(rest_ms, MINUTE_MS)
        whole = days * self.energy[MINUTES] + self.energy[minute]
        return whole * MINUTE_MS + self.power[minute] * part_ms


@dataclass(frozen=True, slots=True)
class Stage:
    """From start_ms on, the GPU draws percent of what it would; energy: microjoules until then."""

    start_ms: int
    percent: int
    energy: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Telemetry at an instant: milliwatts, microjoules since start, permille, celsius, hertz."""

    power: int
    energy: int
    utilization: int
    temperature: int
    sm_clock: int


class Telemetry:
    """
    One slot's telemetry under some faults.

    start_ms: when the driver was loaded; energy counts from there.
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
        self._day = _day(*_habits(slot, seed), profile)
        self._warmth = _noise(f"{seed} warmth {slot}") % 5 - 2
        self._stages = tuple(_stages(self._day, start_ms, faults))
        self._starts = [stage.start_ms for stage in self._stages]

    def at(self, at_ms: int) -> Reading:
        """Return the telemetry at an instant that is not before the start."""
        stage = self._stages[max(0, bisect_right(self._starts, at_ms) - 1)]
        minute = at_ms % DAY_MS // MINUTE_MS
        grown = self._day.energy_until(at_ms) - self._day.energy_until(stage.start_ms)
        utilization = self._day.utilization[minute] * stage.percent // 100
        profile = self._profile
        span = profile.temperature_busy_celsius - profile.temperature_idle_celsius
        return Reading(
            power=self._day.power[minute] * stage.percent // 100,
            energy=stage.energy + grown * stage.percent // 100,
            utilization=utilization,
            temperature=profile.temperature_idle_celsius
            + self._warmth
            + span * utilization // PERMILLE,
            sm_clock=profile.sm_clock_busy_hertz
            if utilization >= 50  # noqa: PLR2004  (permille: below, the clock drops to idle)
            else profile.sm_clock_idle_hertz,
        )


def _stages(day: Day, start_ms: int, faults: Sequence[Fault]) -> Iterator[Stage]:
    edges = {start_ms}
    for fault in faults:
        edges.update(e for e in (fault.start_ms, fault.end_ms) if start_ms < e < FOREVER_MS)
    energy, percent, last_ms = 0, 100, start_ms
    for edge_ms in sorted(edges):
        grown = day.energy_until(edge_ms) - day.energy_until(last_ms)
        energy += grown * percent // 100
        active = [f.effect.power_percent for f in faults if f.is_active(edge_ms)]
        percent, last_ms = min(active, default=100), edge_ms
        yield Stage(edge_ms, percent, energy)


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
    return Day(utilization, power, tuple(accumulate(power, initial=0)))


def _training(minute: int) -> int:
    """All GPUs of a job work in step; every 48 minutes they write a checkpoint."""
    return 140 if minute % 48 < 2 else 965 + minute * 7 % 23  # noqa: PLR2004


def _serving(minute: int) -> int:
    """Inference follows the day of its users."""
    return 620 + int(-280 * cos(2 * pi * minute / MINUTES)) + minute * 13 % 41
