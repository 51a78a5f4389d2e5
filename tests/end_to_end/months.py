"""
Months of a small fleet by chance, lived through by real agents on paper; what an engine is given.

Two small racks of trays with four GPUs.  Faults and gaps come at the rates of
`gpusla.simulation.plan`, scaled up so that something happens in every month; agents are restarted,
and each start has a wall clock that is off by up to its error, and may be stepped.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, follow
from gpusla.journal.model import ClockStepped, Observed, Opaque, Started, Stopped
from gpusla.simulation.faults import HELD_KINDS, Fault, FaultKind
from gpusla.simulation.plan import Rates, draw
from gpusla.simulation.scenario import Scenario
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.model import StateSpan
from gpusla_agent.app.node import Timing
from gpusla_agent.assignments import Configuration
from gpusla_agent.fleet.node import PaperNode
from gpusla_agent.fleet.settings import read_fleet_settings
from tests.agent.fleet.papers import write_fleet

INTERVAL_MS, VALID_MS = 1_000, 2_500
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
TRAYS = 4
SECOND_RACK = ("t03", "t04")
NODES = tuple(NodeName(f"n{tray}") for tray in range(1, TRAYS + 1))
MARGIN_MS = 2 * HOUR_MS
"""The fleet lives from so long before the month until so long after it."""

BUSY = Rates(
    gpu_failure_hours=1_500,
    switch_fault_days=60,
    gap_days=4,
)
"""About thirty times as much goes wrong as the rates say: twelve GPUs are few."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """
    What besides hardware goes wrong: with agents, and with clocks.

    restarts: how many of each node's agent, each after one of the silences.  error_ms: how far wall
    clocks may be off, and the agents say so.  is_error_known: whether they do.  steps: how often
    each node's clock is set anew.
    """

    restarts: int = 0
    silences_ms: tuple[int, ...] = (1_000, 2_000, 3_000, 20_000, 300_000, 2 * HOUR_MS)
    error_ms: int = 0
    is_error_known: bool = True
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Lived:
    """A fate, and what the agents made of it: state spans of all slots, in no order."""

    scenario: Scenario
    spans: tuple[StateSpan, ...]


class World:
    """The fleet's papers, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        settings = read_fleet_settings(_papers(folder))
        self._configuration: Configuration = settings.configuration
        self.slots: tuple[Slot, ...] = self._configuration.inventory.slots()

    def live(
        self, seed: int, span: Interval, trouble: Trouble, rates: Rates | None, align_ms: int
    ) -> Lived:
        """Let the fleet live through span; without rates no hardware fails and no gap comes."""
        random = Random(f"month {seed}")  # noqa: S311  (a simulation; it must repeat)
        drawn = draw(seed, self.slots, span, rates, align_ms).faults if rates else ()
        restarts = {
            node: tuple(_restarts(random, self._slots_of(node), span, trouble, align_ms))
            for node in NODES
        }
        silences = [silence for several in restarts.values() for silence in several]
        # One seed for all months: it decides what GPUs draw, which nothing here asks for.
        scenario = Scenario(self.slots, _apart((*silences, *drawn)))
        spans: list[StateSpan] = []
        for node in NODES:
            bodies = self._journal(node, scenario, span, restarts[node])
            spans += _folded(_with_clock(bodies, random, trouble))
        return Lived(scenario, tuple(spans))

    def _slots_of(self, node: NodeName) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.slots if slot.tray == f"t{int(node[1:]):02}")

    def _journal(
        self, node: NodeName, scenario: Scenario, span: Interval, restarts: Sequence[Fault]
    ) -> list[Body]:
        """Return what the node's journal says when all is over, its chain checked."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            begin_ms = span.start_ms
            for silence in restarts:
                agent = self._agent(node, scenario, Path(folder), span)
                agent.begin(begin_ms)
                agent.advance(silence.start_ms)
                agent.sync()
                agent.close("restarted")
                begin_ms = silence.end_ms
            agent = self._agent(node, scenario, Path(folder), span)
            agent.begin(begin_ms)
            agent.advance(span.end_ms)
            agent.sync()
            found = list(_bodies(agent.read(0, 10**9, 10**12)))
            agent.close("ended")
        return found

    def _agent(self, node: NodeName, scenario: Scenario, folder: Path, span: Interval) -> PaperNode:
        return PaperNode(
            node,
            scenario,
            self._configuration,
            folder,
            from_ms=span.start_ms,
            timing=Timing(INTERVAL_MS, VALID_MS),
            tenants={},
        )


def _papers(folder: Path) -> Path:
    """Write the fleet's papers, half of it in a rack of its own; return the settings file."""
    path, inventory = write_fleet(folder, TRAYS), folder / "inventory.yaml"
    text = inventory.read_text("utf-8")
    for tray in SECOND_RACK:
        text = text.replace(f"rack: r01, tray: {tray}", f"rack: r02, tray: {tray}")
    inventory.write_text(text, "utf-8")
    return path


def _restarts(
    random: Random,
    slots: tuple[Slot, ...],
    span: Interval,
    trouble: Trouble,
    align_ms: int,
) -> Iterator[Fault]:
    """Yield the silences that an agent's restarts leave: seconds, minutes, now and then hours."""
    part_ms = span.duration_ms // (trouble.restarts + 1)
    for number in range(trouble.restarts):
        start_ms = span.start_ms + number * part_ms + random.randrange(HOUR_MS, part_ms // 2)
        start_ms = start_ms // align_ms * align_ms
        length_ms = random.choice(trouble.silences_ms)
        yield Fault(
            f"restart-{slots[0].tray}-{number}",
            FaultKind.AGENT_SILENT,
            slots,
            start_ms,
            start_ms + length_ms + random.randrange(0, 1_000) // align_ms * align_ms,
        )


def _apart(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """
    Keep the faults that leave every slot at least three samples' time between changes.

    The first given stay.  A slowdown is over 30 seconds after it was last seen.  So it must also be
    alone, where something else may hide its last sign; and it ends so that a sample sees that one.
    """
    kept: list[Fault] = []
    for fault in map(_seen_to_its_end, faults):
        beside = [other for other in kept if not set(other.slots).isdisjoint(fault.slots)]
        if not any(_is_near(fault, other) for other in beside):
            kept.append(fault)
    return tuple(kept)


def _seen_to_its_end(fault: Fault) -> Fault:
    if fault.kind not in HELD_KINDS:
        return fault
    return replace(fault, end_ms=-(-fault.end_ms // INTERVAL_MS) * INTERVAL_MS)


def _is_near(fault: Fault, other: Fault) -> bool:
    overlaps = fault.start_ms < other.end_ms and other.start_ms < fault.end_ms
    if overlaps and not HELD_KINDS.isdisjoint({fault.kind, other.kind}):
        return True
    return any(
        abs(edge - edge_of_other) < 3 * VALID_MS
        for edge in (fault.start_ms, fault.end_ms)
        for edge_of_other in (other.start_ms, other.end_ms)
    )


def _bodies(lines: Sequence[bytes]) -> Iterator[Body]:
    head = EMPTY
    for line in lines:
        head, _, body = follow(head, line)
        yield body


def _with_clock(bodies: Sequence[Body], random: Random, trouble: Trouble) -> Iterator[Body]:
    """
    Yield records as an agent writes them whose wall clock is off.

    The agents on paper have perfect clocks; all that depends on theirs is the instants of records,
    which are counted from the wall time of a start or a step.
    """
    off_ms = 0
    stepping = _steps(bodies, random, trouble)
    for number, body in enumerate(bodies):
        if isinstance(body, Started | ClockStepped):
            off_ms = random.randint(-trouble.error_ms, trouble.error_ms)
        if isinstance(body, Stopped) and random.random() < 1 / 2:
            body = Opaque(2, "killed before it could say so")  # noqa: PLW2901
        if isinstance(body, Opaque):
            yield body
            continue
        yield _seen_by(body, off_ms, trouble)
        if number in stepping:
            before_ms, off_ms = off_ms, random.randint(-trouble.error_ms, trouble.error_ms)
            yield _seen_by(ClockStepped(body.at, off_ms - before_ms), off_ms, trouble)


def _steps(bodies: Sequence[Body], random: Random, trouble: Trouble) -> set[int]:
    observed = [number for number, body in enumerate(bodies) if isinstance(body, Observed)]
    return set(random.sample(observed, min(trouble.steps, len(observed))))


def _seen_by(body: Body, off_ms: int, trouble: Trouble) -> Body:
    assert not isinstance(body, Opaque)
    error_ms = trouble.error_ms if trouble.is_error_known else None
    at = replace(body.at, wall_ms=body.at.wall_ms + off_ms, error_ms=error_ms)
    return replace(body, at=at)


def _folded(bodies: Iterator[Body]) -> Iterator[StateSpan]:
    carry = Carry()
    for sequence, body in enumerate(bodies, 1):
        carry, spans = advance(carry, sequence, body)
        yield from spans
