"""
What a GPU on paper reads, by the names of `gpusla.catalogue.readings`.

Hundreds of them are read every second, so what stays as it is for a minute is built once and
shared, and a pass changes what moves: energy and, where activity may be read, its counters.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache

from gpusla.catalogue.readings import GPU, Consent
from gpusla.identity import Slot
from gpusla.readings import Absence, Absent, NvLink, Present, Reading
from gpusla.simulation.faults import FOREVER_MS, RECOVERIES_BEFORE_MS, Fault, FaultKind
from gpusla.simulation.profile import Profile
from gpusla.simulation.telemetry import MINUTE_MS, PERMILLE, Stage, Telemetry
from gpusla.simulation.telemetry import Reading as Working

Kinds = AbstractSet[FaultKind]

_IDLE, _POWER_CAP, _THERMAL, _BRAKE = 0x01, 0x04, 0x40, 0x80
"""Clock event reasons of nvml.h."""

RECOVERY = {
    FaultKind.RECOVERY_RESET: 1,
    FaultKind.NVLINK_STORY: 1,
    FaultKind.RECOVERY_DRAIN: 3,
}
"""What the driver asks for (field 230 of nvml.h), the first that is there."""

LINK_DOWN = 14
"""The link of the field story: marin-community/marin issues 8934 and 9086, on GB200."""

LINK_RECOVERIES = 505
"""How often it had recovered before."""

STORM_PER_SECOND = 17_700
"""Corrected memory errors of the GPU of DCGM issue 313."""

POWER_LIMIT_PERCENT = 60

_SHARES = {
    "graphics_active_ratio": 1.0,
    "sm_active_ratio": 0.9,
    "sm_occupancy_ratio": 0.35,
    "integer_active_ratio": 0.12,
    "fp64_active_ratio": 0.0,
    "fp32_active_ratio": 0.1,
    "fp16_active_ratio": 0.05,
}
_TENSOR = {True: 0.45, False: 0.2}
_DRAM = {True: 0.4, False: 0.7}
"""Of the utilisation, for training and for serving; every figure is assumed."""

_RATES = {
    True: {"nvlink_tx": 350e9, "nvlink_rx": 350e9, "pcie_tx": 1e9, "pcie_rx": 2e9},
    False: {"nvlink_tx": 120e9, "nvlink_rx": 120e9, "pcie_tx": 2e9, "pcie_rx": 3e9},
}
"""Bytes a second at full utilisation, for training and for serving; assumed."""

_ZEROS = (
    "power_smoothing_seconds",
    "sync_boost_seconds",
    "sw_thermal_slowdown_seconds",
    "ecc_uncorrected_volatile",
    "ecc_uncorrected_aggregate",
    "sram_threshold_exceeded",
    "channel_repair_pending",
    "tpc_repair_pending",
    "rows_remapped_corrected",
    "remap_failed",
    "remap_banks_high",
    "remap_banks_partial",
    "remap_banks_low",
    "remap_banks_none",
    "nvlink_packet_errors",
    "nvlink_symbol_errors",
    "nvlink_effective_errors",
    "nvlink_recoveries_failed",
    "c2c_errors",
    "c2c_replays",
    "pcie_replays",
    "pcie_correctable_errors",
    "pcie_nonfatal_errors",
    "pcie_fatal_errors",
    "mig_mode",
    "mig_instances",
)
"""What a GPU reads that is well and whole."""


@cache
def _names(allowed: AbstractSet[Consent]) -> frozenset[str]:
    return frozenset(row.name for row in GPU.values() if row.consent in allowed)


@cache
def probes(allowed: AbstractSet[Consent]) -> tuple[str, ...]:
    """Return the probes that may read something, by what was agreed (a frozenset)."""
    found = {row.probe: None for row in GPU.values() if row.consent in allowed}
    return tuple(found)


class Numbers:
    """
    One GPU's readings under some faults.

    faults: those that hit the slot.  sibling: the other GPU of the superchip, None if it has none.
    """

    sibling: "Numbers | None" = None
    used_bytes = 0
    """Memory in use at the last instant that was read."""

    def __init__(
        self, slot: Slot, seed: int, loaded_ms: int, faults: Sequence[Fault], profile: Profile
    ) -> None:
        self._faults = tuple(
            fault
            for fault in faults
            if fault.kind in _COUNTED_KINDS and fault.effect_on(slot).reason
        )
        self._counted_from_ms = min(map(_counts_from_ms, self._faults), default=FOREVER_MS)
        self._profile = profile
        self._loaded_ms = loaded_ms
        self.telemetry = Telemetry(slot, seed, loaded_ms, faults, profile)
        self._shares = _SHARES | {
            "tensor_active_ratio": _TENSOR[self.telemetry.is_training],
            "dram_active_ratio": _DRAM[self.telemetry.is_training],
        }
        self._rates = _RATES[self.telemetry.is_training]
        self._shared: dict[str, Reading] = {}
        self._shared_for: tuple[int, Stage, Stage | None, Kinds, AbstractSet[Consent]] | None = None

    def at(self, now_ms: int, kinds: Kinds, allowed: AbstractSet[Consent]) -> dict[str, Reading]:
        """
        Return the readings at an instant.

        kinds: of the faults that show.  allowed: nothing else is read.
        """
        minute = now_ms // MINUTE_MS
        other = self.sibling.telemetry.stage(now_ms) if self.sibling is not None else None
        wanted = (minute, self.telemetry.stage(now_ms), other, kinds, allowed)
        if wanted != self._shared_for:
            self._shared = self._steady(now_ms, kinds, allowed)
            self._shared_for = wanted
        numbers = dict(self._shared)
        energy, work = self.telemetry.grown(now_ms)
        numbers["energy_joules"] = Present(energy / 1_000_000)
        if Consent.ACTIVITY in allowed:
            self._count_activity(numbers, now_ms, work)
        if now_ms >= self._counted_from_ms:
            numbers.update(self._counted(now_ms))
        return numbers

    def _steady(
        self, now_ms: int, kinds: Kinds, allowed: AbstractSet[Consent]
    ) -> dict[str, Reading]:
        working = self.telemetry.at(now_ms)
        found: dict[str, Reading] = dict.fromkeys(_ZEROS, _ZERO)
        found.update(_fixed(self._profile))
        found.update(_counters_at_zero())
        found.update(self._power(now_ms, working, kinds))
        found.update(self._heat_and_clocks(working, kinds))
        found.update(self._memory(working, kinds))
        found.update(self._activity(working))
        found.update(_links(self._profile, kinds))
        names = _names(allowed)
        return {name: reading for name, reading in found.items() if name in names}

    def _power(self, now_ms: int, working: Working, kinds: Kinds) -> Iterator[tuple[str, Reading]]:
        profile = self._profile
        limit = profile.power_limit_watts
        if FaultKind.POWER_LIMIT in kinds:
            limit = limit * POWER_LIMIT_PERCENT // 100
        module = profile.module_power_rest_watts * 1000 + working.power
        if self.sibling is not None:
            module += self.sibling.telemetry.power(now_ms)
        yield "power_watts", Present(working.power / 1000)
        yield "power_instant_watts", Present(working.power / 1000)
        yield "power_limit_watts", Present(limit)
        yield "power_limit_requested_watts", Present(limit)
        yield "module_power_watts", Present(module / 1000)

    def _heat_and_clocks(self, working: Working, kinds: Kinds) -> Iterator[tuple[str, Reading]]:
        profile = self._profile
        highest = profile.temperature_slowdown_celsius
        temperature = highest if FaultKind.THERMAL_SLOWDOWN in kinds else working.temperature
        clock = working.sm_clock
        if not kinds.isdisjoint({FaultKind.THERMAL_SLOWDOWN, FaultKind.POWER_BRAKE}):
            clock = min(clock, profile.sm_clock_slow_hertz)
        if FaultKind.CLOCK_FLOOR in kinds:
            clock = profile.sm_clock_low_hertz
        yield "temperature_celsius", Present(temperature)
        yield "temperature_margin_celsius", Present(highest - temperature)
        yield "memory_temperature_celsius", Present(temperature + 4)
        yield "sm_clock_hertz", Present(clock)
        yield "clock_event_reasons", Present(_clock_events(working, kinds))

    def _memory(self, working: Working, kinds: Kinds) -> Iterator[tuple[str, Reading]]:
        total = self._profile.memory_total_bytes
        if FaultKind.MEMORY_MISSING in kinds:
            total = total * 7 // 8  # one stack of eight
        used = total * working.utilization // 1100
        self.used_bytes = used
        yield "memory_total_bytes", Present(total)
        yield "memory_used_bytes", Present(used)
        yield "memory_free_bytes", Present(total - self._profile.memory_reserved_bytes - used)
        yield "remap_pending", Present(int(FaultKind.REMAP_PENDING in kinds))
        yield "unrepairable_memory", Present(int(FaultKind.UNREPAIRABLE_MEMORY in kinds))

    def _activity(self, working: Working) -> Iterator[tuple[str, Reading]]:
        share = working.utilization / PERMILLE
        yield "utilization_ratio", Present(share)
        yield "memory_utilization_ratio", Present(share * self._shares["dram_active_ratio"])
        for name, part in self._shares.items():
            yield name, Present(share * part)
        for name, rate in self._rates.items():
            yield f"{name}_bytes_per_second", Present(share * rate)

    def _count_activity(self, numbers: dict[str, Reading], now_ms: int, work: int) -> None:
        """Add the counters: cycles at a constant clock, all others in step with the work."""
        seconds = work / (PERMILLE * 1000)
        hertz = self._profile.sm_clock_busy_hertz
        shares = self._shares
        numbers["sm_cycles_elapsed"] = Present(hertz * (now_ms - self._loaded_ms) // 1000)
        numbers["sm_cycles_active"] = Present(int(hertz * seconds * shares["sm_active_ratio"]))
        cycles = int(hertz * seconds * shares["tensor_active_ratio"])
        numbers["tensor_cycles_active"] = Present(cycles)
        for name, rate in self._rates.items():
            numbers[f"{name}_bytes"] = Present(int(seconds * rate))

    def _counted(self, now_ms: int) -> Iterator[tuple[str, Reading]]:
        """Yield the counters that only faults move; none of them ever falls."""
        for name, kind in _SLOWED_BY.items():
            yield name, Present(self._shown_ms(kind, now_ms) / 1000)
        errors = self._shown_ms(FaultKind.ECC_STORM, now_ms) * STORM_PER_SECOND // 1000
        for fault in self._faults:
            if fault.kind is FaultKind.ECC_STORM and now_ms >= fault.signs_start_ms:
                errors += STORM_PER_SECOND  # It began a second before anybody looked.
        yield "ecc_corrected_volatile", Present(errors)
        yield "ecc_corrected_aggregate", Present(errors)
        recoveries = sum(
            LINK_RECOVERIES
            for fault in self._faults
            if fault.kind is FaultKind.NVLINK_STORY and now_ms >= _counts_from_ms(fault)
        )
        yield "nvlink_recoveries", Present(recoveries)
        rows = sum(f.kind is FaultKind.REMAP_PENDING and now_ms >= f.start_ms for f in self._faults)
        yield "rows_remapped_uncorrected", Present(rows)

    def _shown_ms(self, kind: FaultKind, now_ms: int) -> int:
        """Return how long signs of a kind were there by now, since the driver was loaded."""
        return sum(
            max(0, min(now_ms, f.signs_end_ms) - max(self._loaded_ms, f.signs_start_ms))
            for f in self._faults
            if f.kind is kind
        )


_ZERO: Reading = Present(0)
_SLOWED_BY = {
    "sw_power_cap_seconds": FaultKind.POWER_LIMIT,
    "hw_thermal_slowdown_seconds": FaultKind.THERMAL_SLOWDOWN,
    "hw_power_brake_seconds": FaultKind.POWER_BRAKE,
}
_MOVED_BY_FAULTS = (
    *_SLOWED_BY,
    "ecc_corrected_volatile",
    "ecc_corrected_aggregate",
    "nvlink_recoveries",
    "rows_remapped_uncorrected",
)


_COUNTED_KINDS = {
    *_SLOWED_BY.values(),
    FaultKind.ECC_STORM,
    FaultKind.NVLINK_STORY,
    FaultKind.REMAP_PENDING,
}


def _counts_from_ms(fault: Fault) -> int:
    if fault.kind is FaultKind.NVLINK_STORY:
        return fault.start_ms - RECOVERIES_BEFORE_MS
    return fault.signs_start_ms


def _counters_at_zero() -> dict[str, Reading]:
    return dict.fromkeys(_MOVED_BY_FAULTS, _ZERO)


def _fixed(profile: Profile) -> dict[str, Reading]:
    return {
        "power_limit_default_watts": Present(profile.power_limit_watts),
        "power_limit_min_watts": Present(profile.power_limit_min_watts),
        "power_limit_max_watts": Present(profile.power_limit_watts),
        "module_power_limit_watts": Present(profile.module_power_limit_watts),
        "temperature_slowdown_margin_celsius": Present(profile.temperature_slowdown_margin),
        "temperature_shutdown_margin_celsius": Present(profile.temperature_shutdown_margin),
        "sm_clock_max_hertz": Present(profile.sm_clock_max_hertz),
        "memory_clock_hertz": Present(profile.memory_clock_hertz),
        "memory_clock_max_hertz": Present(profile.memory_clock_hertz),
        "memory_reserved_bytes": Present(profile.memory_reserved_bytes),
        "ecc_mode": Present(1),
        "remap_banks_max": Present(profile.remap_banks),
        "nvlink_links": Present(profile.links),
        "nvlink_speed_min_bytes_per_second": Present(profile.link_bytes_per_second),
        "nvlink_effective_ber_max_ratio": Present(1.5e-254),
        "nvlink_symbol_ber_max_ratio": Present(1.5e-254),
        "c2c_links": Present(profile.c2c_links),
        "c2c_links_active": Present(profile.c2c_links),
        "pcie_generation": Present(profile.pcie_generation),
        "pcie_generation_max": Present(profile.pcie_generation),
        "pcie_width_max": Present(profile.pcie_width),
        "processes": Present(1),
        "confidential_computing_ready": Absent(Absence.UNSUPPORTED, "the mode is off"),
    }


def _links(profile: Profile, kinds: Kinds) -> Iterator[tuple[str, Reading]]:
    active = profile.links - int(not kinds.isdisjoint(LINK_KINDS))
    width = profile.pcie_width // (2 if FaultKind.PCIE_WIDTH in kinds else 1)
    recovery = next((action for kind, action in RECOVERY.items() if kind in kinds), 0)
    yield "nvlink_links_active", Present(active)
    yield "pcie_width", Present(width)
    yield "recovery_action", Present(recovery)


LINK_KINDS = frozenset({FaultKind.NVLINK_LINK_DOWN, FaultKind.NVLINK_STORY})


def nvlinks(profile: Profile) -> dict[bool, Present[tuple[NvLink, ...]]]:
    """Return a GPU's links, by whether one of them is down."""
    return {
        is_down: Present(
            tuple(
                NvLink(number, is_active, profile.link_bytes_per_second if is_active else None)
                for number in range(profile.links)
                for is_active in [not (is_down and number == LINK_DOWN)]
            )
        )
        for is_down in (False, True)
    }


def _clock_events(working: Working, kinds: Kinds) -> int:
    reasons = 0 if working.utilization else _IDLE
    if FaultKind.POWER_LIMIT in kinds:
        reasons |= _POWER_CAP
    if FaultKind.THERMAL_SLOWDOWN in kinds:
        reasons |= _THERMAL
    if FaultKind.POWER_BRAKE in kinds:
        reasons |= _BRAKE
    return reasons
