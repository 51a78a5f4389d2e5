"""Facts by chance: states, holdings, exclusions, requests, measurements, repairs."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import CapacityUnit
from gpusla.contracts.promises import Objective
from gpusla.contracts.remedies import ExclusionRule
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.model import Condition, Finding
from gpusla.sla.facts import Holding, Measured, Repair, RequestSlot
from gpusla.timeline.model import Evidence, StateSpan, Timeline
from tests.reference.dice import Dice
from tests.reference.random_objectives import FLOOR

SLOTS = tuple(
    Slot("c2", rack, tray, module)
    for rack, tray in (("r01", "t01"), ("r01", "t02"), ("r02", "t01"))
    for module in ("m0", "m1", "m2", "m3")
)
OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("fabric_down"),))
HOT = Condition(State.DEGRADED, (Finding("thermal_slowdown"),))
UNSEEN = Condition(State.UNKNOWN, (Finding("gpu_unobservable"),))
CONDITIONS = (
    OK,
    DOWN,
    HOT,
    UNSEEN,
    DOWN,
    Condition(State.DEGRADED, (Finding("power_limit"), Finding("thermal_slowdown"))),
    Condition(State.DEGRADED, (Finding("nvlink_degraded"),)),
    Condition(State.DOWN, (Finding("nvlink_degraded"),)),
    Condition(State.DEGRADED, (Finding("pcie_degraded"),)),
    Condition(State.DEGRADED),
)
Paint = tuple[Condition, Condition | None, int | None] | None
"""A condition, what it may have been, and the clock's error; None: nothing was written down."""


def random_slots(dice: Dice) -> list[Slot]:
    """Return one to six slots, near to one another."""
    number = dice.one((1, 1, 2, 2, 3, 3, 4, 4, 5, 6))
    return sorted(dice.random.sample(SLOTS[: max(4, number * 2)], number))


def random_timeline(dice: Dice, slots: Sequence[Slot], reach: Interval) -> Timeline:
    """Return what was seen of each slot over the reach; some is not known at all."""
    spans = {slot: _spans(dice, slot, reach) for slot in slots if not dice.often(2)}
    return Timeline(reach, spans)


def _spans(dice: Dice, slot: Slot, reach: Interval) -> tuple[StateSpan, ...]:
    count = reach.duration_ms // dice.tick_ms
    usual = dice.one((0, 0, 0, dice.tick_ms, None))
    ground: Paint = (UNSEEN, None, usual) if dice.often(8) else (OK, None, usual)
    ticks = [ground] * count
    for _ in range(dice.one((0, 1, 1, 2, 3, 4, 6))):
        start_ms, end_ms = dice.span()
        first = (start_ms - reach.start_ms) // dice.tick_ms
        last = (end_ms - reach.start_ms) // dice.tick_ms
        paint = _paint(dice, usual)
        # Every so often it comes and goes, so that short outages stand close together.
        step = dice.one((2, 3, 4)) if dice.often(15) else 1
        for tick in range(max(0, first), min(count, last)):
            if step == 1 or (tick - first) % step < step - 1:
                ticks[tick] = paint
    return tuple(_as_spans(dice, slot, reach.start_ms, ticks))


def _paint(dice: Dice, usual: int | None) -> Paint:
    if dice.often(6):
        return None
    other = dice.one(CONDITIONS) if dice.often(20) else None
    error_ms = dice.one((0, dice.tick_ms, 3 * dice.tick_ms, None)) if dice.often(15) else usual
    return dice.one(CONDITIONS), other, error_ms


def _as_spans(dice: Dice, slot: Slot, start_ms: int, ticks: list[Paint]) -> list[StateSpan]:
    found = []
    begun = 0
    for tick in range(1, len(ticks) + 1):
        is_over = tick == len(ticks) or ticks[tick] != ticks[begun]
        if is_over or dice.often(1):
            paint = ticks[begun]
            if paint is not None:
                evidence = Evidence(NodeName("n1"), begun + 1, tick)
                from_ms, to_ms = (start_ms + edge * dice.tick_ms for edge in (begun, tick))
                found.append(StateSpan(slot, from_ms, to_ms, *paint, evidence))
            begun = tick
    return found


def random_holdings(
    dice: Dice, slots: Sequence[Slot], reach: Interval
) -> dict[Slot, list[Holding]]:
    """Return when each slot served the contract; some are handed over, some change their SKU."""
    return {slot: _holdings(dice, reach) for slot in slots}


def _holdings(dice: Dice, reach: Interval) -> list[Holding]:
    skus = ("gb300", "gb300", "gb300", "b200", "h200", "", "l4")
    if dice.often(45):
        return [Holding(reach, dice.one(skus[:4]))]
    count = dice.one((2, 2, 3, 4))
    edges = sorted({dice.edge() for _ in range(count)})
    if dice.often(40):
        edges = sorted({dice.first_ms, *edges})
    pairs = [Interval(*pair) for pair in pairwise(edges)]
    found = [Holding(pair, dice.one(skus)) for pair in pairs if not dice.often(25)]
    return found or [Holding(reach, "gb300")]


def random_exclusions(
    dice: Dice, slots: Sequence[Slot], rules: Sequence[ExclusionRule]
) -> list[ExclusionRecord]:
    """Return records, most of them under a rule, some a little wrong."""
    if not rules:
        return []
    return [_exclusion(dice, slots, rules, n) for n in range(dice.one((0, 1, 1, 2, 3, 4)))]


def _exclusion(
    dice: Dice, slots: Sequence[Slot], rules: Sequence[ExclusionRule], number: int
) -> ExclusionRecord:
    rule = dice.one(rules)
    start_ms, end_ms = dice.span()
    told_ms = start_ms - rule.notice_ms + dice.one((0, 0, -1, -86_400_000, 1))
    return ExclusionRecord(
        id=f"x{number}",
        from_ms=start_ms,
        until_ms=None if dice.often(4) else end_ms,
        # Mostly when the tenant was told; sometimes a day after.
        recorded_ms=told_ms + (86_400_000 if number % 7 == 3 else 0),
        supersedes=None,
        withdrawn=False,
        slots=tuple(slots) if dice.often(50) else tuple(dice.some(slots, 4) or slots[:1]),
        contract=ContractId("acme-2026"),
        kind="other" if dice.often(4) else rule.kind,
        reason="planned work",
        clause="nowhere" if dice.often(4) else rule.id,
        approver="provider" if dice.often(15) else "tenant",
        notice_ms=None if dice.often(6) else told_ms,
    )


def unit_names(slots: Sequence[Slot], unit: CapacityUnit, domains: dict[Slot, str]) -> list[str]:
    """Return the names of the units of some slots."""
    if unit is CapacityUnit.GPU:
        return [str(slot) for slot in slots]
    if unit is CapacityUnit.NODE:
        return sorted({f"{slot.site}/{slot.rack}/{slot.tray}" for slot in slots})
    if unit is CapacityUnit.NVL72_DOMAIN:
        return sorted({domains[slot] for slot in slots})
    return ["cluster"]


def random_requests(dice: Dice, objective: Objective, window: Interval) -> list[RequestSlot]:
    """Return counts of the window's slots; some are not given, some twice or beside the grid."""
    assert objective.requests is not None
    found = []
    length_ms = objective.requests.slot_ms
    bad = Interval(*dice.span()) if dice.often(40) else Interval(0, 0)
    for start_ms in range(window.start_ms, window.end_ms, length_ms):
        total = dice.one((100, 10, 1, 0, 3, 7))
        failed = dice.random.randint(0, total) if dice.often(30) else 0
        if bad.start_ms <= start_ms < bad.end_ms:
            failed = total
        if not dice.often(7):
            found.append(RequestSlot(start_ms, total, failed))
        if dice.often(1):
            found.append(RequestSlot(start_ms, 2, 1))
    if dice.often(5):
        found.append(RequestSlot(window.start_ms - length_ms, 100, 100))
    return found


def random_measurements(dice: Dice, units: Sequence[str]) -> dict[str, list[Measured]]:
    """Return what units were measured to perform, often exactly the floor."""
    found: dict[str, list[Measured]] = {}
    values = (FLOOR, FLOOR + 50, FLOOR - 1, FLOOR, FLOOR - Fraction(1, 1000))
    for unit in units:
        if not dice.often(10):
            whole = Interval(dice.first_ms, dice.last_ms)
            spans = [whole] if dice.often(60) else []
            spans += [Interval(*dice.span()) for _ in range(dice.one((0, 1, 2, 4)))]
            found[unit] = [Measured(span, dice.one(values)) for span in spans]
    return found


def random_repairs(dice: Dice, units: Sequence[str]) -> list[Repair]:
    """Return failed units, some of which nobody has held."""
    found = []
    for _ in range(dice.one((0, 1, 2, 2, 4))):
        opened_ms = dice.edge()
        identified_ms = max(opened_ms, dice.edge()) if dice.often(80) else None
        restored_ms = max(opened_ms, dice.edge()) if dice.often(80) else None
        unit = "c2/r09/t01" if dice.often(3) else dice.one(units)
        found.append(Repair(unit, opened_ms, identified_ms, restored_ms))
    return found
