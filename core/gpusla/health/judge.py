"""
The verdict on each slot of a node.

Every finding names a reason of the catalogue; the slot takes the worst of their states, in the
order ok, degraded, unknown, down.  Unknown stands above degraded because a reading that is missing
could hide a failure, and below down because evidence of failure needs no further reading.
Source: docs/decisions/0011-health.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gpusla.catalogue.reasons import (
    FABRIC_UNHEALTHY,
    GPU_LOST,
    GPU_MISSING,
    GPU_UNOBSERVABLE,
    HEALTH_UNREADABLE,
    MEMORY_MISSING,
    POWER_BRAKE,
    POWER_LIMIT,
    REASONS,
    RECOVERY_ACTION,
    RECOVERY_DRAIN,
    RESET_REQUIRED,
    SOURCE_UNAVAILABLE,
    THERMAL_SLOWDOWN,
    XID_FATAL,
    XID_UNCLASSIFIED,
    State,
)
from gpusla.health.fabric import fabric_findings
from gpusla.health.location import has_unplaced, locate
from gpusla.health.memory import Memory, SlotMemory
from gpusla.health.profiles import MEMORY_TOLERANCE_PERCENT, Profile, profile_of
from gpusla.health.verdict import Judged
from gpusla.health.xids import Effect, describe, effect_of
from gpusla.identity import Slot
from gpusla.journal.model import Condition, Finding
from gpusla.readings import Absence, Absent, Expected, GpuReadings, Pass, Reading

HOLD_MS = 30_000
"""A slowdown is over when it was not seen for this long; it flickers at the edge of its limit."""

UNCLASSIFIED_HOLD_MS = 600_000
EVIDENCE_MAX = 200
"""Characters of evidence that a finding may have; the driver's own words have no bound."""

_SEVERITY = (State.OK, State.DEGRADED, State.UNKNOWN, State.DOWN)

# Field 230 and the text of Xid 154; nvml.h of CUDA 13.5.
_RECOVERY_NONE = 0
_RECOVERY = {
    1: (RECOVERY_ACTION, "GPU reset"),
    2: (RECOVERY_ACTION, "node reboot"),
    3: (RECOVERY_DRAIN, "drain peer-to-peer work"),
    4: (RECOVERY_ACTION, "drain and reset"),
    5: (FABRIC_UNHEALTHY, "recover the IMEX domain"),
    6: (RECOVERY_ACTION, "bus reset"),
    7: (RECOVERY_ACTION, "system reboot"),
}

# Clock event reasons: software thermal 0x20, hardware thermal 0x40, hardware power brake 0x80.
_THERMAL, _BRAKE = 0x60, 0x80

_REQUIRED = ("recovery_action", "memory_total_bytes", "power_limit_watts", "clock_event_reasons")
"""Without each of these nothing says that a GPU is whole."""

_ANSWERS = {Absence.LOST: GPU_LOST, Absence.RESET_REQUIRED: RESET_REQUIRED}
_LIMIT_TOLERANCE_WATTS = 0.5


def judge(expected: Sequence[Expected], seen: Pass, memory: Memory) -> tuple[Judged, Memory]:
    """
    Return what a pass means for every expected slot, and what to remember for the next one.

    expected: what the inventory says of this node at the pass's instant; an empty list gives an
    empty result.  memory: of the same boot of the node.
    """
    located = locate(expected, seen.gpus)
    unplaced = has_unplaced(located, seen.gpus)
    conditions: dict[Slot, Condition] = {}
    memories: dict[Slot, SlotMemory] = {}
    for one in expected:
        gpu = located[one.slot]
        before = memory.slots.get(one.slot, SlotMemory())
        after = _remember(_take_events(before, gpu, seen), gpu, seen)
        findings = [*_lasting(after, seen), *_seen(one, gpu, seen, is_unplaced=unplaced)]
        conditions[one.slot] = _condition(findings)
        memories[one.slot] = after
    return Judged(conditions), Memory(memories)


def _condition(findings: Sequence[Finding]) -> Condition:
    states = [REASONS[finding.reason].state for finding in findings]
    short = {Finding(finding.reason, finding.evidence[:EVIDENCE_MAX]) for finding in findings}
    return Condition(max(states, key=_SEVERITY.index, default=State.OK), tuple(sorted(short)))


# --- what this pass shows ---------------------------------------------------------------------


def _seen(
    one: Expected, gpu: GpuReadings | None, seen: Pass, *, is_unplaced: bool
) -> Iterator[Finding]:
    if seen.source is not None:
        yield Finding(SOURCE_UNAVAILABLE.name, seen.source.detail)
    elif gpu is None and is_unplaced:
        yield Finding(HEALTH_UNREADABLE.name, "the module of a GPU that is listed is not known")
    elif gpu is None:
        yield Finding(GPU_MISSING.name, f"no GPU in module {one.module_id}")
    else:
        yield from _recovery_findings(gpu)
        failure = _failure(gpu)
        if failure is not None:
            yield failure
        else:
            yield from _quality(one, gpu)


def _failure(gpu: GpuReadings) -> Finding | None:
    """Return why the GPU itself cannot be judged further, None if it answers."""
    absences = [reading for reading in gpu.numbers.values() if isinstance(reading, Absent)]
    for absent in (*([gpu.answered] if gpu.answered else []), *absences):
        if absent.absence in _ANSWERS:
            return Finding(_ANSWERS[absent.absence].name, absent.detail)
    if gpu.answered is not None:
        return Finding(GPU_UNOBSERVABLE.name, gpu.answered.detail)
    return None


def _recovery_findings(gpu: GpuReadings) -> Iterator[Finding]:
    action = _number(gpu, "recovery_action")
    if action is None or action == _RECOVERY_NONE:
        return
    known = _RECOVERY.get(int(action))
    if known is None:
        yield Finding(HEALTH_UNREADABLE.name, f"recovery action {action} is not known")
        return
    reason, words = known
    yield Finding(reason.name, f"recovery action {int(action)}: {words}")


def _quality(one: Expected, gpu: GpuReadings) -> Iterator[Finding]:
    profile = profile_of(one.sku)
    if profile is None:
        yield Finding(HEALTH_UNREADABLE.name, f"no profile of sku {one.sku}")
        return
    for name, reading in ((name, _reading(gpu, name)) for name in _REQUIRED):
        if isinstance(reading, Absent):
            yield Finding(HEALTH_UNREADABLE.name, f"{name}: {reading.absence}")
    if profile.has_fabric:
        yield from fabric_findings(gpu.fabric)
    yield from _shortfalls(profile, gpu)


def _shortfalls(profile: Profile, gpu: GpuReadings) -> Iterator[Finding]:
    total = _number(gpu, "memory_total_bytes")
    if total is not None and total * 100 < profile.memory_total_bytes * (
        100 - MEMORY_TOLERANCE_PERCENT
    ):
        words = f"{int(total)} of {profile.memory_total_bytes} bytes"
        yield Finding(MEMORY_MISSING.name, words)
    limit = _number(gpu, "power_limit_watts")
    if limit is not None and limit < profile.power_limit_watts - _LIMIT_TOLERANCE_WATTS:
        yield Finding(POWER_LIMIT.name, f"{limit:g} of {profile.power_limit_watts} watts")


def _reading(gpu: GpuReadings, name: str) -> Reading:
    return gpu.numbers.get(name, Absent(Absence.UNSUPPORTED))


def _number(gpu: GpuReadings, name: str) -> float | None:
    reading = _reading(gpu, name)
    return None if isinstance(reading, Absent) else reading.value


# --- what lasts -------------------------------------------------------------------------------


def _lasting(memory: SlotMemory, seen: Pass) -> Iterator[Finding]:
    if memory.fatal_xids:
        words = ", ".join(describe(xid) for xid in memory.fatal_xids)
        yield Finding(XID_FATAL.name, words)
    if seen.at_mono_ms < memory.thermal_until_ms:
        words = f"clock event reasons {memory.thermal_reasons:#x}"
        yield Finding(THERMAL_SLOWDOWN.name, words)
    if seen.at_mono_ms < memory.brake_until_ms:
        yield Finding(POWER_BRAKE.name, f"clock event reasons {_BRAKE:#x}")
    if seen.at_mono_ms < memory.unclassified_until_ms:
        words = ", ".join(describe(xid) for xid in memory.unclassified_xids)
        yield Finding(XID_UNCLASSIFIED.name, words)


def _take_events(memory: SlotMemory, gpu: GpuReadings | None, seen: Pass) -> SlotMemory:
    uuid = gpu.identity.uuid if gpu is not None else memory.uuid
    if uuid != memory.uuid:
        memory = SlotMemory(uuid)  # Another GPU: what was remembered was of the one before it.
    xids = {event.xid for event in seen.events if event.uuid == uuid}
    fatal = {xid for xid in xids if effect_of(xid) is Effect.RESET_NEEDED}
    if fatal:
        known = tuple(sorted({*memory.fatal_xids, *fatal}))
        memory = replace(memory, fatal_xids=known, is_interrupted=False)
    unclassified = {xid for xid in xids if effect_of(xid) is Effect.UNCLASSIFIED}
    if unclassified:
        memory = replace(
            memory,
            unclassified_xids=tuple(sorted(unclassified)),
            unclassified_until_ms=seen.at_mono_ms + UNCLASSIFIED_HOLD_MS,
        )
    return memory


def _remember(memory: SlotMemory, gpu: GpuReadings | None, seen: Pass) -> SlotMemory:
    if seen.source is not None:
        return memory
    memory = _recover(memory, gpu)
    reasons = _number(gpu, "clock_event_reasons") if gpu is not None else None
    held = int(reasons or 0)
    until_ms = seen.at_mono_ms + HOLD_MS
    if held & _THERMAL:
        memory = replace(memory, thermal_reasons=held & _THERMAL, thermal_until_ms=until_ms)
    if held & _BRAKE:
        memory = replace(memory, brake_until_ms=until_ms)
    return memory


def _recover(memory: SlotMemory, gpu: GpuReadings | None) -> SlotMemory:
    """Look for the reset that ends fatal Xids."""
    failure = _failure(gpu) if gpu is not None else None
    action = _number(gpu, "recovery_action") if gpu is not None else None
    energy = _number(gpu, "energy_joules") if gpu is not None else None
    is_gone = gpu is None or (failure is not None and failure.reason != GPU_UNOBSERVABLE.name)
    # The energy counter counts from the load of the driver, so it goes back at a reset only.
    is_reloaded = (
        energy is not None and memory.energy_joules is not None and energy < memory.energy_joules
    )
    interrupted = memory.is_interrupted or is_gone or is_reloaded or bool(action)
    is_healthy_again = interrupted and failure is None and action == _RECOVERY_NONE
    if not memory.fatal_xids or is_healthy_again:
        memory = replace(memory, fatal_xids=(), is_interrupted=False)
    else:
        memory = replace(memory, is_interrupted=interrupted)
    return memory if energy is None else replace(memory, energy_joules=energy)
