"""Section 4 of sla-engine.md: units, what they contribute, and whether they are down."""

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from gpusla.contracts.model import Capacity, CapacityUnit, Partial
from gpusla.contracts.promises import Kind, Objective
from gpusla.identity import Slot
from tests.reference.slots import ZERO, Part, Scene, slot_row

Row = list[list[Part]]
"""The held slots of one unit, tick by tick; an empty list where the unit does not exist."""

Answer = TypeVar("Answer")


def unit_name(scene: Scene, slot: Slot) -> str:
    """4.1."""
    unit = scene.case.contract.capacity.unit
    if unit is CapacityUnit.GPU:
        return str(slot)
    if unit is CapacityUnit.NODE:
        return f"{slot.site}/{slot.rack}/{slot.tray}"
    if unit is CapacityUnit.NVL72_DOMAIN:
        return str(scene.case.facts.domain_of(slot))
    return "cluster"


def units(scene: Scene) -> dict[str, list[Slot]]:
    """Return the slots of each unit."""
    found: dict[str, list[Slot]] = {}
    for slot in sorted(scene.held):
        found.setdefault(unit_name(scene, slot), []).append(slot)
    return found


def unit_rows(scene: Scene, objective: Objective, slots: list[Slot], bound: str) -> tuple[Row, Row]:
    """Return one unit's parts without and with exclusions."""
    rows = [slot_row(scene, objective, slot, bound) for slot in slots]
    raw = [[part for row in rows if (part := row.raw[tick])] for tick in scene.ticks]
    judged = [[part for row in rows if (part := row.judged[tick])] for tick in scene.ticks]
    return raw, judged


def is_out(part: Part) -> bool:
    """4.3."""
    return part.is_unseen or part.is_left_out


def held_count(parts: list[Part]) -> int:
    """4.2 and 4.3: slots that are in the count."""
    return sum(1 for part in parts if not is_out(part))


def each(row: Row, ask: Callable[[list[Part]], Answer]) -> list[Answer]:
    """Ask for every tick; ticks with the same parts have the same answer."""
    answers: list[Answer] = []
    for tick, parts in enumerate(row):
        is_same = tick > 0 and parts == row[tick - 1]
        answers.append(answers[-1] if is_same else ask(parts))
    return answers


def contribution(parts: list[Part], capacity: Capacity) -> Fraction:
    """4.2 and 4.3."""
    counted = [part for part in parts if not is_out(part)]
    healthy = sum(1 for part in parts if is_out(part) or part.level > 0)
    if capacity.partial is not Partial.PER_GPU and healthy < capacity.min_healthy_gpus:
        return ZERO
    if capacity.partial is Partial.WHOLE_UNIT:
        return sum((part.weight for part in counted), ZERO)
    return sum((part.level for part in counted), ZERO)


def unit_state(parts: list[Part], capacity: Capacity, objective: Objective) -> str:
    """7.1 and 8: `absent`, `up`, `down`, or `out` of the count."""
    if not parts:
        return "absent"
    if all(part.is_excused for part in parts):
        return "up"
    as_full = [_supposed(part, objective, is_full=True) for part in parts]
    as_zero = [_supposed(part, objective, is_full=False) for part in parts]
    if _is_down(as_full, capacity, objective):
        return "down"
    return "out" if _is_down(as_zero, capacity, objective) else "up"


def _supposed(part: Part, objective: Objective, *, is_full: bool) -> Part:
    if not part.is_unseen:
        return part
    full = Fraction(1) if objective.kind is Kind.PERFORMANCE else part.weight
    return Part(full if is_full else ZERO, part.weight)


def _is_down(parts: list[Part], capacity: Capacity, objective: Objective) -> bool:
    if all(part.weight == 0 for part in parts):
        return True
    if objective.kind is Kind.PERFORMANCE:  # 8
        return any(part.level == 0 for part in parts)
    return contribution(parts, capacity) == 0
