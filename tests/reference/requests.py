"""Section 9 of sla-engine.md: requests by slots of time."""

from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.promises import Objective, RequestMode, Requests, UnknownPolicy
from gpusla.sla.facts import RequestSlot
from tests.reference.case import BOUNDS
from tests.reference.downtime import forgiven_ticks
from tests.reference.measured import Measured, three
from tests.reference.slots import ZERO, Scene


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of time: its requests, None if unknown, and whether an exclusion leaves it out."""

    ticks: range
    counted: RequestSlot | None
    is_left_out: bool

    @property
    def share(self) -> Fraction:
        """What part of its requests failed; 0 without requests."""
        assert self.counted is not None
        return Fraction(self.counted.failed, self.counted.total) if self.counted.total else ZERO


def measure_requests(scene: Scene, objective: Objective) -> Measured:
    """9."""
    assert objective.requests is not None
    slots = _slots(scene, objective)
    taken = [slot for slot in slots if not slot.is_left_out]
    if objective.requests.mode is RequestMode.MEAN_OF_SLOTS:
        found = _mean(scene, objective, taken)
    elif objective.requests.mode is RequestMode.TOTAL:
        found = _total(taken)
    else:
        found = _error_time(scene, objective, slots)
    number = sum(slot.counted.total for slot in taken if slot.counted is not None)
    if number < objective.requests.min_requests:
        return Measured(three(), three(), found.whole - found.total["value"], [])
    return found


def _slots(scene: Scene, objective: Objective) -> list[Slot]:
    """Slots that lie wholly in the window to date."""
    assert objective.requests is not None
    given = _given(scene, objective)
    length = objective.requests.slot_ms // scene.ticks.length_ms
    found = []
    for start in range(scene.to_date.start, scene.to_date.stop - length + 1, length):
        ticks = range(start, start + length)
        counted = given.get(scene.ticks.begin_ms(start))
        found.append(Slot(ticks, counted, all(_is_excused(scene, tick) for tick in ticks)))
    return found


def _given(scene: Scene, objective: Objective) -> dict[int, RequestSlot]:
    """What is given twice adds up."""
    found: dict[int, RequestSlot] = {}
    for one in scene.case.facts.requests.get(objective.id, ()):
        before = found.get(one.start_ms, RequestSlot(one.start_ms, 0, 0))
        total, failed = before.total + one.total, before.failed + one.failed
        found[one.start_ms] = RequestSlot(one.start_ms, total, failed)
    return found


def _is_excused(scene: Scene, tick: int) -> bool:
    held = [slot for slot in scene.held if scene.held[slot][tick] is not None]
    return bool(held) and all(scene.excused[slot][tick] for slot in held)


def _more_slots(scene: Scene, requests: Requests) -> int:
    """12.4: slots that the rest of the window will bring."""
    length = requests.slot_ms // scene.ticks.length_ms
    return len(scene.whole) // length - len(scene.to_date) // length


def _mean(scene: Scene, objective: Objective, slots: list[Slot]) -> Measured:
    """9.1."""
    assert objective.requests is not None
    known = [slot for slot in slots if slot.counted is not None]
    unknown = len(slots) - len(known)
    failed = sum((slot.share for slot in known), ZERO)
    total, lost = three(len(slots)), three(failed)
    lost["low"] += unknown
    if objective.unknown.policy is UnknownPolicy.PROVIDER_BEARS:
        lost["value"] += unknown
    if objective.unknown.policy is UnknownPolicy.EXCLUDE:
        total["value"] -= unknown
    whole = total["value"] + _more_slots(scene, objective.requests)
    return Measured(total, lost, whole, [])


def _total(slots: list[Slot]) -> Measured:
    """9.2."""
    known = [slot.counted for slot in slots if slot.counted is not None]
    requests = sum(one.total for one in known)
    total, lost = three(requests), three(sum(one.failed for one in known))
    if len(known) < len(slots):
        lost["low"], lost["high"] = Fraction(requests), ZERO
    return Measured(total, lost, Fraction(requests), [])


def _error_time(scene: Scene, objective: Objective, slots: list[Slot]) -> Measured:
    """9.3: left-out slots are neither down nor in total."""
    assert objective.requests is not None
    total, lost = three(), three()
    for bound in BOUNDS:
        states = [_slot_state(objective, slot, bound) for slot in slots]
        raw = [False for _ in scene.ticks]
        judged = [False for _ in scene.ticks]
        for slot, state in zip(slots, states, strict=True):
            for tick in slot.ticks:
                raw[tick] = state == "down"
                judged[tick] = state == "down" and not slot.is_left_out
        in_runs = judged if objective.min_outage.splits else raw
        forgiven = forgiven_ticks(scene, objective.min_outage, in_runs, scene.to_date)
        down = sum(1 for tick in scene.ticks if judged[tick] and not forgiven[tick])
        lost[bound] = Fraction(down * scene.ticks.length_ms)
        pairs = zip(slots, states, strict=True)
        taken = sum(1 for slot, state in pairs if state != "out" and not slot.is_left_out)
        total[bound] = Fraction(taken * objective.requests.slot_ms)
    more = _more_slots(scene, objective.requests) * objective.requests.slot_ms
    return Measured(total, lost, total["value"] + more, [])


def _slot_state(objective: Objective, slot: Slot, bound: str) -> str:
    assert objective.requests is not None
    if slot.counted is not None:
        return "down" if slot.share > objective.requests.error_rate_above else "up"
    if bound != "value":
        return "down" if bound == "low" else "up"
    return {
        UnknownPolicy.PROVIDER_BEARS: "down",
        UnknownPolicy.TENANT_BEARS: "up",
        UnknownPolicy.EXCLUDE: "out",
    }[objective.unknown.policy]
