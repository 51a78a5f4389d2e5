"""A healthy GB300 tray on paper, and ways to break it."""

from dataclasses import replace
from typing import Any

from gpusla.catalogue.reasons import State
from gpusla.health import Memory, judge
from gpusla.identity import GpuUuid, Slot
from gpusla.journal.model import Condition
from gpusla.readings import (
    Absence,
    Absent,
    Expected,
    Fabric,
    GpuReadings,
    Identity,
    Pass,
    Present,
    Reading,
    XidEvent,
)

MODULES = (2, 1, 4, 3)
SLOTS = {module: Slot("c2", "r01", "t03", f"m{module}") for module in MODULES}
UUIDS = {module: GpuUuid(f"GPU-0000000{module}") for module in MODULES}
EXPECTED = tuple(Expected(SLOTS[module], module, UUIDS[module], "gb300") for module in MODULES)
SLOT, UUID = SLOTS[2], UUIDS[2]

HEALTHY: dict[str, Reading] = {
    "recovery_action": Present(0),
    "memory_total_bytes": Present(284_208 * 1024 * 1024),
    "power_limit_watts": Present(1_400.0),
    "clock_event_reasons": Present(0x1),
    "energy_joules": Present(1_000.0),
}
FABRIC = Fabric(3, 0, "a1b2", 32766, 0x1AA, 1)


def gpu(module: int = 2, /, **numbers: Reading) -> GpuReadings:
    """Return a healthy GPU, with some readings changed."""
    identity = Identity(UUIDS[module], MODULES.index(module), "NVIDIA GB300", module_id=module)
    return GpuReadings(identity, 0, {**HEALTHY, **numbers}, Present(FABRIC))


def absent(absence: Absence, module: int = 2) -> GpuReadings:
    """Return a GPU that did not answer."""
    return replace(gpu(module), numbers={}, fabric=Absent(absence), answered=Absent(absence, "why"))


def fabric(**changes: Any) -> GpuReadings:
    """Return a GPU whose fabric says something else."""
    return replace(gpu(), fabric=Present(replace(FABRIC, **changes)))


def one_pass(
    first: GpuReadings | None, *xids: int, at_ms: int = 1_000, source: Absent | None = None
) -> Pass:
    """Return a pass over a tray whose other three GPUs are healthy."""
    listed = [gpu(module) for module in MODULES[1:]] + ([first] if first else [])
    events = tuple(XidEvent(UUID, xid, 0) for xid in xids)
    gpus = {one.identity.uuid: one for one in listed}
    return Pass(at_ms, {} if source else gpus, events, source)


def conditions_after(*passes: Pass) -> list[Condition]:
    """Judge the passes one after another and return the first slot's condition after each."""
    memory = Memory()
    found = []
    for seen in passes:
        judged, memory = judge(EXPECTED, seen, Memory.from_json(memory.to_json()))
        assert set(judged.conditions) == set(SLOTS.values())
        found.append(judged.conditions[SLOT])
    return found


def verdict(condition: Condition) -> str:
    """Return state and reasons on one line."""
    reasons = sorted({finding.reason for finding in condition.findings})
    return " ".join([condition.state, *reasons])


OK = Condition(State.OK)
