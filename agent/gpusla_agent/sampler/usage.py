"""
What contracts used: busy seconds and energy, added up from one pass to the next.

Time between two passes counts at the utilisation that the later one read, and not at all if they
are further apart than a sample is valid: what nobody saw was not used.  The sums live as long as
the process; Prometheus knows a counter that starts again at zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gpusla.identity import GpuUuid
from gpusla.readings import GpuReadings, Pass, Present


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a GPU serves; empty text for nobody or not known."""

    contract: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class UsageKey:
    """What one sum is about."""

    uuid: GpuUuid
    index: int
    holder: Holder


@dataclass(frozen=True, slots=True)
class _Last:
    at_mono_ms: int
    energy_joules: float | None


class Usage:
    """The sums since the process started: they never go down."""

    def __init__(self, valid_ms: int) -> None:
        self.busy_seconds: dict[UsageKey, float] = {}
        self.energy_joules: dict[UsageKey, float] = {}
        self._valid_ms = valid_ms
        self._last: dict[GpuUuid, _Last] = {}

    def add(self, seen: Pass, holders: Mapping[GpuUuid, Holder]) -> None:
        """Take in one pass."""
        for uuid, gpu in seen.gpus.items():
            if gpu.answered is None:
                key = UsageKey(uuid, gpu.identity.index, holders.get(uuid, Holder()))
                self._add(key, gpu, self._last.get(uuid))
                self._last[uuid] = _Last(gpu.at_mono_ms, _number(gpu, "energy_joules"))

    def _add(self, key: UsageKey, gpu: GpuReadings, last: _Last | None) -> None:
        elapsed_ms = gpu.at_mono_ms - last.at_mono_ms if last is not None else 0
        is_seen = 0 < elapsed_ms <= self._valid_ms
        busy = _number(gpu, "utilization_ratio")
        if busy is not None:
            seconds = busy * elapsed_ms / 1_000 if is_seen else 0.0
            self.busy_seconds[key] = self.busy_seconds.get(key, 0.0) + seconds
        energy = _number(gpu, "energy_joules")
        if energy is not None:
            before = last.energy_joules if last is not None and is_seen else None
            # The driver counts from zero after it was loaded anew.
            used = max(0.0, energy - before) if before is not None else 0.0
            self.energy_joules[key] = self.energy_joules.get(key, 0.0) + used


def _number(gpu: GpuReadings, name: str) -> float | None:
    reading = gpu.numbers.get(name)
    return reading.value if isinstance(reading, Present) else None
