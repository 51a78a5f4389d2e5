"""What a pass shows of one slot, what is remembered of it, and what to remember next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import ECC_UNCORRECTED, HEALTH_UNREADABLE, XID_FATAL
from gpusla.health.conditions import condition_findings, still_standing
from gpusla.health.events import MEMORY_XID
from gpusla.health.memory import Hold, SlotMemory, Standing
from gpusla.health.presence import (
    failure_of,
    missing_finding,
    recovery_finding,
    source_finding,
)
from gpusla.health.profiles import profile_of
from gpusla.health.resets import after_resets, energy_after
from gpusla.health.slowdowns import held, lasting, named_slowdowns, slow_under_load
from gpusla.health.thresholds import HOLD_MS, WINDOW_MS
from gpusla.health.values import found
from gpusla.health.watches import UNCORRECTED, watch_findings, watched
from gpusla.health.whole import whole_findings
from gpusla.journal.model import Finding
from gpusla.readings import Absent, Expected, GpuReadings


@dataclass(frozen=True, slots=True)
class Sight:
    """
    A slot in a pass.

    source: why the driver did not answer at all, None if it did.  is_unplaced: it lists a GPU that
    may sit in any slot.
    """

    one: Expected
    gpu: GpuReadings | None
    at_ms: int
    source: Absent | None
    is_unplaced: bool


def memory_of(before: SlotMemory, one: Expected, gpu: GpuReadings | None) -> SlotMemory:
    """Return what is remembered of the GPU in a slot; another one starts clean."""
    uuid = gpu.identity.uuid if gpu is not None else before.uuid or one.uuid
    return before if before.uuid == uuid else SlotMemory(uuid)


def judge_slot(sight: Sight, before: SlotMemory) -> tuple[list[Finding], SlotMemory]:
    """Return what is found of a slot, and its memory."""
    if sight.source is not None:
        return [source_finding(sight.source), *_remembered(before, sight.at_ms)], before
    if sight.gpu is None:
        missing = missing_finding(sight.one, is_unplaced=sight.is_unplaced)
        return _without_readings(sight, before, missing)
    failure = failure_of(sight.gpu)
    recovery = recovery_finding(sight.gpu)
    if failure is not None:
        findings, after = _without_readings(sight, before, failure)
    else:
        findings, after = _with_readings(sight.one, sight.gpu, before, sight.at_ms)
    return [*findings, recovery] if recovery is not None else findings, after


def _without_readings(
    sight: Sight, before: SlotMemory, why: Finding
) -> tuple[list[Finding], SlotMemory]:
    failure = why if sight.gpu is not None else None
    fatal, is_interrupted = after_resets(before, sight.gpu, failure)
    after = replace(
        before,
        energy_joules=energy_after(before, sight.gpu),
        fatal=fatal,
        is_interrupted=is_interrupted,
    )
    return [why, *_remembered(after, sight.at_ms)], after


def _with_readings(
    one: Expected, gpu: GpuReadings, before: SlotMemory, at_ms: int
) -> tuple[list[Finding], SlotMemory]:
    """Judge a GPU that answers."""
    profile = profile_of(one.sku)
    slow = named_slowdowns(gpu)
    since = before.since
    if profile is None:
        words = f"inventory: no profile of sku {one.sku}"
        now = [found(HEALTH_UNREADABLE, Action.CONTACT_SUPPORT, words)]
    else:
        now = list(whole_findings(profile, gpu))
        under_load = slow_under_load(profile, gpu)
        if under_load or since:
            since, lasted = lasting(under_load, since, at_ms)
            slow += lasted
    standing: Sequence[Standing] = condition_findings(profile, gpu)
    if before.standing:
        standing = [*standing, *still_standing(before.standing, gpu)]
    holds = before.holds
    if holds or slow:
        holds = held(holds, [Hold(finding, at_ms + HOLD_MS) for finding in slow], at_ms)
    fatal, is_interrupted = after_resets(before, gpu, None)
    after = SlotMemory(
        before.uuid,
        energy_after(before, gpu),
        fatal,
        is_interrupted,
        holds,
        tuple(standing),
        watched(before.windows, gpu, at_ms),
        since,
        before.advice,
        before.down_since_ms,
    )
    return [*now, *_remembered(after, at_ms)], after


def _remembered(memory: SlotMemory, at_ms: int) -> Iterator[Finding]:
    """Yield what lasts: errors that need a reset, slowdowns, what stands, and rates."""
    for fatal in memory.fatal:
        yield Finding(XID_FATAL.name, fatal.evidence, fatal.action)
    for hold in memory.holds:
        if at_ms < hold.until_ms:
            yield hold.finding
    for one in memory.standing:
        yield one.finding
    for finding in watch_findings(memory.windows) if memory.windows else ():
        if finding.reason != ECC_UNCORRECTED.name or not _is_explained(memory):
            yield finding


def _is_explained(memory: SlotMemory) -> bool:
    """Return whether an Xid says what became of the uncorrected errors that were counted."""
    told_ms = memory.since.get(MEMORY_XID)
    return told_ms is not None and told_ms >= memory.windows[UNCORRECTED].start_ms - WINDOW_MS
