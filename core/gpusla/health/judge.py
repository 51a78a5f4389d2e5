"""
The verdict on each slot of a node: what it means for capacity, and what the operator should do.

Every finding names a reason of the catalogue; the slot takes the worst of their states, in the
order ok, degraded, unknown, down.  Unknown stands above degraded because a reading that is missing
could hide a failure, and below down because evidence of failure needs no further reading.
Sources: docs/decisions/0011-health.md, 0076-what-ends-a-finding.md.
"""

from collections.abc import Sequence
from dataclasses import replace

from gpusla.catalogue.actions import Action, most
from gpusla.catalogue.reasons import REASONS, State
from gpusla.health.events import grade_events, remember_events, still_recent
from gpusla.health.location import has_unplaced, locate
from gpusla.health.memory import Memory, SlotMemory
from gpusla.health.slot import Sight, judge_slot, memory_of
from gpusla.health.thresholds import EVIDENCE_MAX
from gpusla.health.verdict import Judged
from gpusla.identity import Slot
from gpusla.journal.model import Condition, Finding
from gpusla.readings import Expected, Pass

_SEVERITY = (State.OK, State.DEGRADED, State.UNKNOWN, State.DOWN)
_OK = Condition(State.OK)
_NEW = SlotMemory()


def judge(expected: Sequence[Expected], seen: Pass, memory: Memory) -> tuple[Judged, Memory]:
    """
    Return what a pass means for every expected slot, and what to remember for the next one.

    expected: what the inventory says of this node at the pass's instant; an empty list gives an
    empty result.  memory: of the same boot of the node.
    """
    at_ms = seen.at_mono_ms
    located = locate(expected, seen.gpus)
    is_complete = all(gpu is not None for gpu in located.values())
    unplaced = not is_complete and has_unplaced(located, seen.gpus)
    if seen.events:
        graded, events, recent = grade_events(expected, located, seen, memory)
    else:
        graded, events, recent = (), {}, still_recent(memory, at_ms)
    conditions: dict[Slot, Condition] = {}
    actions: dict[Slot, Action] = {}
    memories: dict[Slot, SlotMemory] = {}
    for one in expected:
        slot, gpu = one.slot, located[one.slot]
        before = memory_of(memory.slots.get(slot, _NEW), one, gpu)
        if events and slot in events:
            before = remember_events(before, events[slot], gpu, at_ms)
        findings, after = judge_slot(Sight(one, gpu, at_ms, seen.source, unplaced), before)
        conditions[slot] = condition = _condition(findings)
        memories[slot] = after = _since_down(after, condition, at_ms)
        actions[slot] = _action(condition, after, at_ms)
    return Judged(conditions, actions, graded), Memory(memories, recent)


def _condition(findings: Sequence[Finding]) -> Condition:
    if not findings:
        return _OK
    states = [REASONS[finding.reason].state for finding in findings]
    short = {replace(finding, evidence=finding.evidence[:EVIDENCE_MAX]) for finding in findings}
    return Condition(max(states, key=_SEVERITY.index), tuple(sorted(short)))


def _action(condition: Condition, memory: SlotMemory, at_ms: int) -> Action:
    """Return the most that findings and recent events ask for."""
    if not condition.findings and not memory.advice:
        return Action.NONE
    asked = [Action(finding.action) for finding in condition.findings]
    asked += [Action(name) for name, until_ms in memory.advice.items() if at_ms < until_ms]
    return most(asked)


def _since_down(memory: SlotMemory, condition: Condition, at_ms: int) -> SlotMemory:
    is_down = condition.state is State.DOWN
    if is_down == (memory.down_since_ms is not None):
        return memory
    return replace(memory, down_since_ms=at_ms if is_down else None)
