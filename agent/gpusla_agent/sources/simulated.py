"""A scenario as a source: what the driver of a node on paper would say at an instant."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from gpusla.catalogue.readings import Consent
from gpusla.clock import Clock
from gpusla.identity import GpuUuid, Slot
from gpusla.readings import (
    Absence,
    Absent,
    Fabric,
    GpuReadings,
    Identity,
    Pass,
    Present,
    Reading,
    XidEvent,
)
from gpusla.simulation.faults import FOREVER_MS, Fault, FaultKind
from gpusla.simulation.profile import GB300, Profile
from gpusla.simulation.scenario import Scenario
from gpusla.simulation.telemetry import Reading as Working
from gpusla.simulation.telemetry import Telemetry

_IDLE, _POWER_CAP, _THERMAL, _BRAKE = 0x01, 0x04, 0x40, 0x80
"""Clock event reasons of nvml.h."""

_COMPLETED, _IN_PROGRESS, _SUCCESS = 3, 2, 0
_HEALTHY, _LIMITED_CAPACITY = 1, 3
_DEGRADED_BANDWIDTH = 0x3
"""The two bits of the health mask that turn from false (2) to true (1)."""

_RECOVERY = {FaultKind.RECOVERY_RESET: 1, FaultKind.RECOVERY_DRAIN: 3}

_ANSWERS = {
    FaultKind.GPU_HUNG: Absent(Absence.UNOBSERVABLE, "no answer within the deadline"),
    FaultKind.GPU_LOST: Absent(Absence.LOST, "GPU is lost"),
    FaultKind.RESET_REQUIRED: Absent(Absence.RESET_REQUIRED, "GPU requires reset"),
}
"""In the order in which they hide one another: a hung call tells nothing at all."""


@dataclass(frozen=True, slots=True)
class PaperGpu:
    """A GPU that never was, in its slot."""

    slot: Slot
    identity: Identity


class SimulatedSource:
    """
    One node's GPUs under a scenario.

    clock: the node's, virtual or real; wall time says where in the scenario we are.
    """

    name = "simulated"
    restarts = 0

    def __init__(
        self,
        scenario: Scenario,
        gpus: Sequence[PaperGpu],
        clock: Clock,
        *,
        loaded_ms: int,
        profile: Profile = GB300,
    ) -> None:
        """
        Take the part of a scenario that concerns gpus.

        loaded_ms: when the node's driver was loaded; energy counts from there.
        """
        self._gpus = tuple(gpus)
        self._clock = clock
        self._loaded_ms = loaded_ms
        self._profile = profile
        self._last_ms: int | None = None
        self.follow(scenario)

    def follow(self, scenario: Scenario) -> None:
        """Let another scenario hold from now on; the past of the two must be the same."""
        self._faults = scenario.of(gpu.slot for gpu in self._gpus)
        self._paper = tuple(
            _Paper(gpu, scenario, self._loaded_ms, self._profile) for gpu in self._gpus
        )
        self._edges = sorted(_edges(self._faults))

    def sample(self) -> Pass:
        """Return one pass; never blocks."""
        now_ms, mono_ms = self._clock.wall_ms(), self._clock.monotonic_ms()
        signs = [fault for fault in self._faults if fault.is_sign(now_ms)]
        events = self._events(now_ms)
        if any(fault.kind is FaultKind.SOURCE_DOWN for fault in signs):
            return Pass(mono_ms, {}, events, Absent(Absence.ERROR, "Driver Not Loaded"))
        readings = (paper.read(now_ms, mono_ms) for paper in self._paper)
        return Pass(mono_ms, {r.identity.uuid: r for r in readings if r is not None}, events)

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Say what may be read from now on, by GPU."""
        self._consents = dict(consents)

    def close(self) -> None:
        """Nothing is held."""

    def is_mute(self, at_ms: int) -> bool:
        """Return whether the agent takes no sample at an instant."""
        return any(fault.is_mute(at_ms) for fault in self._faults)

    def awake_ms(self, at_ms: int, interval_ms: int) -> int:
        """Return the first multiple of interval_ms from at_ms on at which a sample is taken."""
        while True:
            at_ms = -(-at_ms // interval_ms) * interval_ms
            ends = [fault.end_ms for fault in self._faults if fault.is_mute(at_ms)]
            if not ends:
                return at_ms
            at_ms = max(ends)

    def unchanged_until_ms(self, now_ms: int) -> int:
        """Return the first instant after now_ms at which health may read otherwise."""
        return next((edge for edge in self._edges if edge > now_ms), FOREVER_MS)

    def _events(self, now_ms: int) -> tuple[XidEvent, ...]:
        """Report each Xid once, at the first sample that is not before its instant."""
        since_ms = now_ms - 1 if self._last_ms is None else self._last_ms
        self._last_ms = now_ms
        due = [fault for fault in self._faults if since_ms < fault.start_ms <= now_ms]
        return tuple(
            XidEvent(gpu.identity.uuid, xid, now_ms)
            for fault in due
            for gpu in self._gpus
            if gpu.slot in fault.slots
            for xid in fault.xids
        )


def _edges(faults: Iterable[Fault]) -> set[int]:
    return {edge for fault in faults for edge in (fault.start_ms, fault.signs_end_ms, fault.end_ms)}


class _Paper:
    """One GPU: what it reads while some faults show."""

    def __init__(self, gpu: PaperGpu, scenario: Scenario, loaded_ms: int, profile: Profile) -> None:
        self._gpu = gpu
        self._profile = profile
        self._faults = scenario.of([gpu.slot])
        self._telemetry = Telemetry(gpu.slot, scenario.seed, loaded_ms, self._faults, profile)
        self._cluster = f"gpusla-{gpu.slot.domain}"

    def read(self, now_ms: int, mono_ms: int) -> GpuReadings | None:
        kinds = {fault.kind for fault in self._faults if fault.is_sign(now_ms)}
        answered = next((why for kind, why in _ANSWERS.items() if kind in kinds), None)
        if FaultKind.GPU_MISSING in kinds and FaultKind.GPU_HUNG not in kinds:
            return None
        if answered is not None:
            return GpuReadings(self._gpu.identity, mono_ms, {}, answered, answered)
        numbers = _numbers(self._profile, self._telemetry.at(now_ms), kinds)
        return GpuReadings(self._gpu.identity, mono_ms, numbers, Present(self._fabric(kinds)))

    def _fabric(self, kinds: set[FaultKind]) -> Fabric:
        if FaultKind.NVLINK_SWITCH in kinds:
            return Fabric(_IN_PROGRESS, _SUCCESS, self._cluster, 0, 0, 0)
        mask, summary = self._profile.fabric_mask, _HEALTHY
        if FaultKind.NVLINK_DEGRADED in kinds:
            mask, summary = mask ^ _DEGRADED_BANDWIDTH, _LIMITED_CAPACITY
        return Fabric(_COMPLETED, _SUCCESS, self._cluster, 1, mask, summary)


def _numbers(profile: Profile, working: Working, kinds: set[FaultKind]) -> dict[str, Reading]:
    is_hot = FaultKind.THERMAL_SLOWDOWN in kinds
    is_slow = is_hot or FaultKind.POWER_BRAKE in kinds
    limit = profile.power_limit_watts
    if FaultKind.POWER_LIMIT in kinds:
        limit = limit * 60 // 100
    total = profile.memory_total_bytes
    if FaultKind.MEMORY_MISSING in kinds:
        total = total * 7 // 8  # one stack of eight
    temperature = profile.temperature_slowdown_celsius if is_hot else working.temperature
    clock = min(working.sm_clock, profile.sm_clock_slow_hertz) if is_slow else working.sm_clock
    used = profile.memory_reserved_bytes + total * working.utilization // 1100
    return {
        "power_watts": Present(working.power / 1000),
        "power_limit_watts": Present(limit),
        "energy_joules": Present(working.energy / 1_000_000),
        "temperature_celsius": Present(temperature),
        "temperature_margin_celsius": Present(profile.temperature_slowdown_celsius - temperature),
        "sm_clock_hertz": Present(clock),
        "memory_clock_hertz": Present(profile.memory_clock_hertz),
        "clock_event_reasons": Present(_clock_events(working, kinds)),
        "memory_total_bytes": Present(total),
        "memory_used_bytes": Present(used),
        "utilization_ratio": Present(working.utilization / 1000),
        "recovery_action": Present(next((_RECOVERY[k] for k in _RECOVERY if k in kinds), 0)),
    }


def _clock_events(working: Working, kinds: set[FaultKind]) -> int:
    reasons = 0 if working.utilization else _IDLE
    if FaultKind.POWER_LIMIT in kinds:
        reasons |= _POWER_CAP
    if FaultKind.THERMAL_SLOWDOWN in kinds:
        reasons |= _THERMAL
    if FaultKind.POWER_BRAKE in kinds:
        reasons |= _BRAKE
    return reasons


def paper_gpu(slot: Slot, module_id: int, index: int, uuid: GpuUuid, profile: Profile) -> PaperGpu:
    """Return the GPU that stands in a slot of a fleet on paper."""
    identity = Identity(
        uuid,
        index,
        profile.name,
        serial=f"paper-{uuid[-12:]}",
        module_id=module_id,
        chassis_serial=f"paper-{slot.site}-{slot.rack}",
        pci_bus_id=f"{index:08x}:06:00.0",
        driver_version=profile.driver_version,
        vbios_version=profile.vbios_version,
    )
    return PaperGpu(slot, identity)
