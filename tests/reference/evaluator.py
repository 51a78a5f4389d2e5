"""
The second opinion: one contract version over one window, in ticks, by the letter of sla-engine.md.

It shares no code with the engine and is written to be read beside the page, section by section.
"""

from dataclasses import dataclass

from gpusla.contracts.promises import Kind, Objective
from tests.reference.account import Accounted, account
from tests.reference.case import Case, reach_of, ticks_of
from tests.reference.credits import Judged, judge
from tests.reference.delivery import measure_capacity
from tests.reference.downtime import measure_downtime
from tests.reference.excused import excused_ticks
from tests.reference.measured import Measured
from tests.reference.repairs import measure_repairs
from tests.reference.requests import measure_requests
from tests.reference.settlement import Settled, settle
from tests.reference.slots import Scene, held_ticks


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a case comes to."""

    judged: list[Judged]
    settled: Settled
    account: Accounted


def evaluate(case: Case) -> Opinion:
    """Judge a case."""
    scene = scene_of(case)
    judged = [
        judge(scene, objective, measure(scene, objective)) for objective in case.contract.objectives
    ]
    return Opinion(judged, settle(scene, judged), account(scene))


def scene_of(case: Case) -> Scene:
    """Lay out what is the same for every objective."""
    ticks = ticks_of(case)
    window, reach = case.window, reach_of(case)
    held = held_ticks(case, ticks)
    return Scene(
        case,
        ticks,
        ticks.within(reach.start_ms, reach.end_ms),
        ticks.within(window.start_ms, case.until_ms),
        ticks.within(window.start_ms, window.end_ms),
        held,
        excused_ticks(case, ticks, held),
    )


def measure(scene: Scene, objective: Objective) -> Measured:
    """Sections 6 to 10, by kind."""
    if objective.kind is Kind.CAPACITY:
        return measure_capacity(scene, objective)
    if objective.kind is Kind.REQUEST_RATIO:
        return measure_requests(scene, objective)
    if objective.kind is Kind.REPLACEMENT_TIME:
        return measure_repairs(scene, objective)
    return measure_downtime(scene, objective)
