"""Spans and Xids for tests of incidents: from rows of characters, and from a simulated fate."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gpusla.catalogue.reasons import State
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.incidents import Incident, Watch, fold, incidents, places_of
from gpusla.instants import Interval
from gpusla.journal.model import ClockState, Condition, Finding, Instant, XidSeen
from gpusla.simulation.faults import Fault
from gpusla.simulation.scenario import Scenario
from gpusla.simulation.truth import stretches
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.model import Evidence, StateSpan

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
VALID_MS = 2_500
OK = Condition(State.OK)
LETTERS = {
    ".": OK,
    "f": Condition(State.DOWN, (Finding("fabric_down"),)),
    "n": Condition(State.DEGRADED, (Finding("nvlink_degraded"),)),
    "r": Condition(State.DOWN, (Finding("recovery_action"),)),
    "b": Condition(State.DOWN, (Finding("nvlink_degraded"), Finding("recovery_action"))),
    "l": Condition(State.DOWN, (Finding("gpu_lost"),)),
    "h": Condition(State.DEGRADED, (Finding("thermal_slowdown"),)),
    "p": Condition(State.DEGRADED, (Finding("power_limit"),)),
    "m": Condition(State.DEGRADED, (Finding("remap_pending"),)),
    "u": Condition(State.UNKNOWN, (Finding("gpu_unobservable"),)),
    "_": UNOBSERVED,
}


def fleet(racks: int, trays: int = 18, modules: int = 4) -> tuple[Slot, ...]:
    """Racks of one site."""
    return tuple(
        Slot("c2", f"r{rack:02}", f"t{tray:02}", f"m{module}")
        for rack in range(1, racks + 1)
        for tray in range(1, trays + 1)
        for module in range(1, modules + 1)
    )


def span(
    slot: Slot, start_ms: int, end_ms: int, condition: Condition, sequence: int = 1
) -> StateSpan:
    """A record of a slot; none stands behind what nobody observed."""
    node = NodeName(f"{slot.rack}-{slot.tray}")
    evidence = None if condition == UNOBSERVED else Evidence(node, sequence, sequence)
    return StateSpan(slot, start_ms, end_ms, condition, evidence=evidence)


def row(slot: Slot, text: str) -> Iterator[StateSpan]:
    """Yield a slot's spans: a letter a minute, a number repeats the letter before it."""
    minute = 0
    for letter, count in re.findall(r"(\D)(\d*)", text):
        until = minute + int(count or 1)
        condition = LETTERS[letter]
        yield span(slot, minute * MINUTE_MS, until * MINUTE_MS, condition, minute + 1)
        minute = until


def watch(slots: Iterable[Slot], *spans: StateSpan, xids: Iterable[XidSeen] = ()) -> Watch:
    """A watch over these slots that was told all of it at once."""
    return fold(Watch(places_of(slots)), spans, xids)


def xid(slot: Slot, number: int, at_ms: int, role: str) -> XidSeen:
    """An error that the driver reported."""
    at = Instant("boot", 1, at_ms, at_ms, ClockState.SYNCHRONISED, 0)
    return XidSeen(at, slot, GpuUuid(f"GPU-{slot}"), number, role)


def short(incident: Incident) -> str:
    """An incident in one line: what, where, when in minutes, how many slots, GPU-minutes, flaps."""
    end = "" if incident.end_ms is None else f"{incident.end_ms / MINUTE_MS:g}"
    spent = "/".join(f"{ms / MINUTE_MS:g}" for ms in incident.gpu_ms.values())
    return (
        f"{incident.family} {incident.place} {incident.start_ms / MINUTE_MS:g}-{end} "
        f"{len(incident.slots)} slots {spent}"
        + (f" flaps {incident.flaps}" if incident.flaps else "")
    )


def told(slots: Sequence[Slot], rows: Mapping[int, str], rest: str) -> list[str]:
    """The incidents of a fleet in which some slots, by number, have a row and the rest another."""
    spans = [one for n, slot in enumerate(slots) for one in row(slot, rows.get(n, rest))]
    return [short(one) for one in incidents(watch(slots, *spans))]


def seen(scenario: Scenario, period: Interval) -> Iterator[StateSpan]:
    """Yield what a perfect agent tells of a simulated fate."""
    for slot in scenario.slots:
        for one in stretches(scenario, slot, period, VALID_MS):
            findings = tuple(Finding(reason) for reason in one.reasons if reason)
            condition = Condition(one.state, findings)
            if not one.is_observed:
                is_hung = "gpu_unobservable" in one.reasons
                condition = LETTERS["u"] if is_hung else UNOBSERVED
            yield span(slot, one.start_ms, one.end_ms, condition)


def reported(faults: Iterable[Fault]) -> Iterator[XidSeen]:
    """Yield the errors that the driver reports with faults, each graded as its agent would."""
    for fault in faults:
        for slot in fault.slots:
            is_elsewhere = fault.effect.elsewhere is not None and slot != fault.slots[0]
            for number in fault.xids_on(slot):
                yield xid(slot, number, fault.start_ms, "after_effect" if is_elsewhere else "root")
