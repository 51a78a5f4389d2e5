"""A scenario as a source: what the driver of a node on paper would say at an instant."""

from bisect import bisect_right
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
    MigInstance,
    Pass,
    Present,
    Process,
    XidEvent,
)
from gpusla.simulation.faults import FOREVER_MS, RECOVERIES_BEFORE_MS, Fault, FaultKind
from gpusla.simulation.profile import GB300, Profile
from gpusla.simulation.readings import LINK_KINDS, Numbers, nvlinks, probes
from gpusla.simulation.scenario import Scenario
from gpusla.simulation.xids import DETAILS

_COMPLETED, _IN_PROGRESS, _SUCCESS = 3, 2, 0
_HEALTHY, _LIMITED_CAPACITY = 1, 3
_DEGRADED_BANDWIDTH = 0x3
"""The two bits of the health mask that turn from false (2) to true (1)."""

_SWITCHED = 1
"""How the GPUs of a rack reach one another, among the peer types of NVML."""

CAPACITY_ONLY: frozenset[Consent] = frozenset({Consent.CAPACITY})

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
        self._consents: dict[GpuUuid, frozenset[Consent]] = {}
        self.follow(scenario)

    def follow(self, scenario: Scenario) -> None:
        """Let another scenario hold from now on; the past of the two must be the same."""
        self._faults = scenario.of(gpu.slot for gpu in self._gpus)
        self._paper = tuple(
            _Paper(gpu, scenario, self._loaded_ms, self._profile) for gpu in self._gpus
        )
        for one, other in zip(self._paper[::2], self._paper[1::2], strict=False):
            one.numbers.sibling, other.numbers.sibling = other.numbers, one.numbers
        self._edges = sorted(_edges(self._faults))
        self._signs = _Signs(self._faults)

    def sample(self) -> Pass:
        """Return one pass; never blocks."""
        now_ms, mono_ms = self._clock.wall_ms(), self._clock.monotonic_ms()
        events = self._events(now_ms)
        if FaultKind.SOURCE_DOWN in self._signs.at(now_ms):
            return Pass(mono_ms, {}, events, Absent(Absence.ERROR, "Driver Not Loaded"))
        times: dict[frozenset[Consent], dict[str, int]] = {}
        gpus = {}
        for paper in self._paper:
            uuid = paper.identity.uuid
            allowed = self._consents.get(uuid, CAPACITY_ONLY)
            if allowed not in times:
                times[allowed] = dict.fromkeys(probes(allowed), mono_ms)
            found = paper.read(now_ms, mono_ms, allowed, times[allowed])
            if found is not None:
                gpus[uuid] = found
        return Pass(mono_ms, gpus, events)

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Say what may be read from now on, by GPU."""
        self._consents = {uuid: _with_capacity(allowed) for uuid, allowed in consents.items()}

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
            XidEvent(gpu.identity.uuid, xid, now_ms, detail=DETAILS.get(xid))
            for fault in due
            for gpu in self._gpus
            if gpu.slot in fault.slots
            for xid in fault.xids_on(gpu.slot)
        )


def _with_capacity(allowed: AbstractSet[Consent]) -> frozenset[Consent]:
    """Return the same set where that will do: it is said at every pass, and looked up by."""
    if isinstance(allowed, frozenset) and Consent.CAPACITY in allowed:
        return allowed
    return CAPACITY_ONLY | allowed


def _edges(faults: Iterable[Fault]) -> set[int]:
    edges: set[int] = set()
    for fault in faults:
        edges.update((fault.signs_start_ms, fault.start_ms, fault.signs_end_ms, fault.end_ms))
        if fault.kind is FaultKind.NVLINK_STORY:
            edges.add(fault.start_ms - RECOVERIES_BEFORE_MS)
    return edges


class _Signs:
    """The kinds of some faults that show at an instant, looked up again at their edges only."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._edges = sorted({e for f in faults for e in (f.signs_start_ms, f.signs_end_ms)})
        self._from_ms, self._until_ms = 0, 0
        self._kinds: frozenset[FaultKind] = frozenset()

    def at(self, now_ms: int) -> frozenset[FaultKind]:
        if not self._from_ms <= now_ms < self._until_ms:
            place = bisect_right(self._edges, now_ms)
            self._from_ms = self._edges[place - 1] if place else 0
            self._until_ms = self._edges[place] if place < len(self._edges) else FOREVER_MS
            self._kinds = frozenset(f.kind for f in self._faults if f.is_sign(now_ms))
        return self._kinds


class _Paper:
    """One GPU: what it reads while some faults show."""

    def __init__(self, gpu: PaperGpu, scenario: Scenario, loaded_ms: int, profile: Profile) -> None:
        self.identity = gpu.identity
        faults = scenario.of([gpu.slot])
        self._signs = _Signs([fault for fault in faults if fault.effect_on(gpu.slot).reason])
        self.numbers = Numbers(gpu.slot, scenario.seed, loaded_ms, faults, profile)
        self._links = nvlinks(profile)
        self._fabric = _fabric(profile, f"gpusla-{gpu.slot.domain}")

    def read(
        self, now_ms: int, mono_ms: int, allowed: frozenset[Consent], times: dict[str, int]
    ) -> GpuReadings | None:
        kinds = self._signs.at(now_ms)
        answered = next((why for kind, why in _ANSWERS.items() if kind in kinds), None)
        if FaultKind.GPU_MISSING in kinds and FaultKind.GPU_HUNG not in kinds:
            return None
        if answered is not None:
            return GpuReadings(self.identity, mono_ms, {}, answered, answered)
        return GpuReadings(
            self.identity,
            mono_ms,
            self.numbers.at(now_ms, kinds, allowed),
            self._fabric[next((kind for kind in _FABRIC_KINDS if kind in kinds), None)],
            links=self._links[not kinds.isdisjoint(LINK_KINDS)],
            processes=self._processes(allowed),
            instances=_NO_INSTANCES,
            read_at_mono_ms=times,
        )

    def _processes(self, allowed: frozenset[Consent]) -> Present[tuple[Process, ...]] | Absent:
        if Consent.PROCESSES not in allowed:
            return _NOT_ALLOWED
        name = "train.py" if Consent.JOB_NAMES in allowed else ""
        pid = 4_000 + self.identity.index
        return Present((Process(pid, self.numbers.used_bytes, name),))


_NO_INSTANCES: Present[tuple[MigInstance, ...]] = Present(())
_NOT_ALLOWED = Absent(Absence.UNSUPPORTED, "not agreed")
_FABRIC_KINDS = (FaultKind.NVLINK_SWITCH, FaultKind.NVLINK_DEGRADED)
"""In the order in which they hide one another."""


def _fabric(profile: Profile, cluster: str) -> dict[FaultKind | None, Present[Fabric]]:
    """Return what the fabric reads as, by the fault that shows in it."""
    mask = profile.fabric_mask
    found = {
        None: Fabric(_COMPLETED, _SUCCESS, cluster, 1, mask, _HEALTHY),
        FaultKind.NVLINK_SWITCH: Fabric(_IN_PROGRESS, _SUCCESS, cluster, 0, 0, 0),
        FaultKind.NVLINK_DEGRADED: Fabric(
            _COMPLETED, _SUCCESS, cluster, 1, mask ^ _DEGRADED_BANDWIDTH, _LIMITED_CAPACITY
        ),
    }
    return {kind: Present(fabric) for kind, fabric in found.items()}


def paper_gpu(slot: Slot, module_id: int, index: int, uuid: GpuUuid, profile: Profile) -> PaperGpu:
    """Return the GPU that stands in a slot of a fleet on paper; two in a row share a superchip."""
    identity = Identity(
        uuid,
        index,
        profile.name,
        serial=f"paper-{slot.site}-{slot.rack}-{slot.tray}-{index // 2}",
        module_id=module_id,
        chassis_serial=f"paper-{slot.site}-{slot.rack}",
        pci_bus_id=f"{index:08x}:06:00.0",
        driver_version=profile.driver_version,
        vbios_version=profile.vbios_version,
        peer_type=_SWITCHED,
    )
    return PaperGpu(slot, identity)
