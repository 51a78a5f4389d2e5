"""
What a reading must be before it is believed: bounds, counters that do not fall, cross-checks.

A reading that is refused is absent, says why, and is named in `GpuReadings.rejected`.  A counter
that fell is refused once: a second reading that confirms it is taken for a counter that was reset.
Cases: docs/decisions/0072-believing-a-reading.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gpusla.catalogue.readings import GPU
from gpusla.readings import Absent, Present, Reading
from gpusla_agent.probes.gpm import RATIOS
from gpusla_agent.probes.probe import MALFORMED, Implausible, implausible
from gpusla_agent.probes.whole import ALL_ONES, COUNT_MAX, shown
from gpusla_agent.sources.families import LINKS_MAX

WATTS_MAX = 10_000
"""No GPU and no superchip draws it; drivers have reported four million."""

_SECONDS_MAX = COUNT_MAX / 1e9
_CELSIUS, _MARGIN = (-50, 200), (-200, 200)
_FLAG, _RATIO = (0, 1), (0.0, 1.0)
_WATTS = (0, WATTS_MAX)
_BYTES, _BYTES_A_SECOND = (0, 2**50), (0, 10**13)
_COUNT, _SECONDS, _HERTZ = (0, COUNT_MAX), (0, _SECONDS_MAX), (0, 20 * 10**9)

# By the end of a name; the first that fits holds.
_BY_ENDING = {
    "_margin_celsius": _MARGIN,
    "_celsius": _CELSIUS,
    "_watts": _WATTS,
    "_joules": _COUNT,
    "_hertz": _HERTZ,
    "_seconds": _SECONDS,
    "_ratio": _RATIO,
    "_bytes_per_second": _BYTES_A_SECOND,
    "_tx_bytes": _COUNT,
    "_rx_bytes": _COUNT,
    "_bytes": _BYTES,
    "_pending": _FLAG,
    "_mode": _FLAG,
}
_BY_NAME: dict[str, tuple[float, float]] = {
    "recovery_action": (0, 0xFFFF),
    "clock_event_reasons": _COUNT,
    "memory_total_bytes": (1, 2**50),
    "remap_failed": _FLAG,
    "sram_threshold_exceeded": _FLAG,
    "unrepairable_memory": _FLAG,
    "confidential_computing_ready": _FLAG,
    "nvlink_links": (0, LINKS_MAX),
    "nvlink_links_active": (0, LINKS_MAX),
    "c2c_links": (0, 64),
    "c2c_links_active": (0, 64),
    "pcie_generation": (1, 15),
    "pcie_generation_max": (1, 15),
    "pcie_width": (1, 16),
    "pcie_width_max": (1, 16),
    "mig_instances": (0, 64),
    "processes": (0, 100_000),
}
_LIFETIME = {
    "ecc_corrected_aggregate",
    "ecc_uncorrected_aggregate",
    "rows_remapped_corrected",
    "rows_remapped_uncorrected",
}
"""Counters that the board keeps; all others start again when the driver is loaded."""

_MAY_WRAP = {"pcie_tx_bytes", "pcie_rx_bytes"}
"""Counters of which nvml.h says that their values may wrap."""

_ROUNDING = 0.001
"""How far above 1 a ratio may be that is computed: it is 1."""

_NUMBERS = frozenset({int, float})


@dataclass(frozen=True, slots=True)
class Gate:
    """
    What one reading must be.

    low, high: bounds in base units, both included.  is_counter: it does not fall.  is_volatile: it
    starts again when the driver is loaded.
    """

    name: str
    low: float
    high: float
    is_counter: bool
    is_volatile: bool

    def scaled(self, times: int, per: int) -> tuple[float, float]:
        """Return the bounds in the driver's unit."""
        return self.low * per / times, self.high * per / times


def gate(name: str) -> Gate:
    """Return what a reading of the catalogue must be."""
    low, high = bounds(name)
    is_counter = GPU[name].is_counter and name not in _MAY_WRAP
    return Gate(name, low, high, is_counter, GPU[name].is_counter and name not in _LIFETIME)


def bounds(name: str) -> tuple[float, float]:
    """Return the lowest and the highest value that a reading can have, in base units."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    return next((span for ending, span in _BY_ENDING.items() if name.endswith(ending)), _COUNT)


@dataclass(frozen=True, slots=True)
class Judge:
    """
    A gate, and how a value of the driver becomes one of ours.

    low, high: bounds in the driver's unit.
    """

    gate: Gate
    low: float
    high: float
    times: int
    per: int

    def reading(
        self, value: Any, old: Reading | None, rejected: list[str], *, is_reloaded: bool
    ) -> Reading:
        """
        Return the reading, which is absent if it cannot be; then its name goes to rejected.

        old: the reading before, which is given back where nothing changed.  is_reloaded: the driver
        was loaded since.
        """
        if type(value) not in _NUMBERS or not self.low <= value <= self.high:
            return self._odd(value, old, rejected, is_reloaded=is_reloaded)
        if value == ALL_ONES:
            return self._refused(rejected, "all bits are set")
        number = value * self.times / self.per if self.per != 1 else value * self.times
        if type(old) is Present:
            if number == old.value:
                return old
            if (
                number < old.value
                and self.gate.is_counter
                and not (is_reloaded and self.gate.is_volatile)
            ):
                return self._refused(rejected, f"fell from {old.value} to {number}")
        return Present(number)

    def _odd(
        self, value: object, old: Reading | None, rejected: list[str], *, is_reloaded: bool
    ) -> Reading:
        match value:
            case Absent():
                return value
            case bool():
                return self.reading(int(value), old, rejected, is_reloaded=is_reloaded)
            case Implausible(words):
                return self._refused(rejected, words)
            case int() | float() if self._is_rounding(value):
                return Present(1.0)
            case int() | float():
                return self._refused(rejected, shown(value))
            case _:
                return MALFORMED

    def _is_rounding(self, value: float) -> bool:
        return self.gate.high == 1.0 and self.high < value <= self.high * (1 + _ROUNDING)

    def _refused(self, rejected: list[str], words: str) -> Absent:
        rejected.append(self.gate.name)
        return implausible(Implausible(words))


def judge(name: str, times: int = 1, per: int = 1) -> Judge:
    """Return what holds a value of the driver, in a unit of its own, against a reading's gate."""
    known = gate(name)
    return Judge(known, *known.scaled(times, per), times, per)


def is_reloaded(old_joules: float, new_joules: float, elapsed_ms: int) -> bool:
    """
    Return whether the driver was loaded since the energy was read before.

    Energy counts from there: it went back, and it is no more than could be drawn meanwhile.
    """
    return 0 <= new_joules < old_joules and new_joules <= _drawn_max(elapsed_ms)


def is_leap(old_joules: float, new_joules: float, elapsed_ms: int) -> bool:
    """
    Return whether more energy was counted than a GPU can draw.

    Energy is what contracts used: one false reading would stay in their sums for ever.
    """
    return new_joules - old_joules > _drawn_max(elapsed_ms)


def _drawn_max(elapsed_ms: int) -> float:
    """Return the joules that can be drawn in a time; a second more, as the times are not exact."""
    return WATTS_MAX * (max(0, elapsed_ms) / 1_000 + 1)


def contradictions(
    numbers: Mapping[str, Reading], fresh: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """
    Find readings of one pass that cannot be true beside others: names, and why.

    fresh: the families that were read in this pass.
    """
    if "memory_use" in fresh:
        total = _value(numbers, "memory_total_bytes")
        for name in ("memory_used_bytes", "memory_free_bytes"):
            part = _value(numbers, name)
            if part is not None and total is not None and part > total:
                yield name, f"{part} of {total} bytes"
    if "gpm" in fresh and _is_blind(numbers) and (why := _works(numbers)):
        for name in _present(numbers):
            yield name, f"zero while {why}"


_BUSY_RATIO = 0.1
_POWER_SHARE = 0.4
"""Of the highest known limit; idle GPUs draw up to a quarter of theirs."""

_LIMITS = ("power_limit_max_watts", "power_limit_default_watts", "power_limit_watts")


def _present(numbers: Mapping[str, Reading]) -> list[str]:
    return [name for name in RATIOS if _value(numbers, name) is not None]


def _is_blind(numbers: Mapping[str, Reading]) -> bool:
    """Return whether all ratios of the performance monitors are exactly zero."""
    if _value(numbers, "graphics_active_ratio") != 0:
        return False
    return not any(_value(numbers, name) for name in RATIOS)


def _works(numbers: Mapping[str, Reading]) -> str:
    """Return by which sign the GPU works, empty if there is none."""
    busy = _value(numbers, "utilization_ratio")
    if busy is not None and busy >= _BUSY_RATIO:
        return f"utilization is {busy:.0%}"
    power = _value(numbers, "power_watts")
    limits = [_value(numbers, name) or 0 for name in _LIMITS]
    if power is not None and max(limits) and power > _POWER_SHARE * max(limits):
        return f"power is {power:.0f} watts"
    return ""


def _value(numbers: Mapping[str, Reading], name: str) -> float | None:
    found = numbers.get(name)
    return found.value if isinstance(found, Present) else None
