"""Small fleets on paper for tests."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot
from gpusla.instants import format_instant
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, follow
from gpusla.journal.model import Observed
from gpusla.timeline.fold import Carry, advance
from gpusla_agent.fleet.fleet import Fleet
from gpusla_agent.fleet.node import PaperNode
from gpusla_agent.fleet.settings import read_fleet_settings
from tests.fakes import FakeClock

START = 1_782_882_000_000
RECORD = "from: 2026-01-01T00:00:00Z, recorded_at: 2026-01-01T00:00:00Z"


def write_fleet(folder: Path, trays: int = 2, **settings: Any) -> Path:
    """Write a fleet of one rack and return its settings file."""
    nodes = "".join(
        f'  - {{id: n{tray}, node: n{tray}, address: "http://127.0.0.1:9700/nodes/n{tray}", '
        f"rack: r01, tray: t{tray:02}, sku: gb300, modules: [2, 1, 4, 3], {RECORD}}}\n"
        for tray in range(1, trays + 1)
    )
    header = "apiVersion: gpusla/v1\nkind: "
    (folder / "inventory.yaml").write_text(
        f"{header}Inventory\nmetadata: {{site: c2}}\nnodes:\n{nodes}"
    )
    (folder / "assignments.yaml").write_text(
        f"{header}Assignments\nassignments:\n"
        f"  - {{id: a, slots: [c2/r01], contract: reflection-2026, {RECORD}}}\n"
    )
    chosen = {
        "inventory": "inventory.yaml",
        "assignments": "assignments.yaml",
        "data_directory": "data",
        "from": format_instant(START),
        "control": "control.yaml",
        **settings,
    }
    path = folder / "fleet.yaml"
    lines = "".join(f"{key}: {value}\n" for key, value in chosen.items())
    path.write_text(f"{header}SimulatedFleet\n{lines}")
    return path


def open_fleet(settings: Path, clock: FakeClock) -> Fleet:
    """Open a fleet whose progress nobody reads."""
    return Fleet(read_fleet_settings(settings), clock, lambda _: None)


def bodies(node: PaperNode) -> list[Body]:
    """Return what a node's journal says, its chain checked."""
    head, found = EMPTY, []
    for line in node.read(0, 10**9, 10**12):
        head, _, body = follow(head, line)
        found.append(body)
    return found


def folded(node: PaperNode, until_ms: int) -> dict[Slot, dict[State, int]]:
    """Return milliseconds by slot and state from START on, unknown included."""
    carry = Carry()
    sums: dict[Slot, dict[State, int]] = {}
    for sequence, body in enumerate(bodies(node), 1):
        carry, spans = advance(carry, sequence, body)
        for span in spans:
            states = sums.setdefault(span.slot, dict.fromkeys(State, 0))
            states[span.condition.state] += span.end_ms - span.start_ms
    for states in sums.values():
        states[State.UNKNOWN] += until_ms - START - sum(states.values())
    return sums


def samples(found: Iterable[Body]) -> int:
    """Return how many samples some records speak for."""
    return sum(body.samples for body in found if isinstance(body, Observed))
