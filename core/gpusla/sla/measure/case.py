"""One objective, its window and the facts, laid out on lines and ready to be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Denominator, Kind, Objective, UnknownPolicy
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.facts import Facts
from gpusla.sla.measure.committed import Commitment, commitment
from gpusla.sla.measure.exact import kind_for
from gpusla.sla.measure.held import Held, burning_in, held_rows, weight_scale_of
from gpusla.sla.measure.lines import Line, Stretches, intersect, joined, nothing, subtract, union
from gpusla.sla.measure.roster import Roster, prepare
from gpusla.sla.measure.seen import Seen, seen
from gpusla.sla.measure.slots import Layers, Widened, layers, settling, widened
from gpusla.sla.measure.tables import (
    Bound,
    Table,
    conforming_table,
    delivered_table,
    scale_of,
)
from gpusla.sla.measure.units import Base, Grouping, Pieces, base_of, pieces
from gpusla.sla.slot_groups import BySlot
from gpusla.timeline.columns import Columns

ExcusedTime: TypeAlias = Mapping[Slot, tuple[Interval, ...]]
"""By slot, normal: what counts of the exclusion records."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """
    What is measured.

    window: the objective's, the whole of it.  judged: the window to date.  agreed: time that
    exclusions give back, excused: the part of it that is held, on the slots' line.
    """

    contract: ContractVersion
    objective: Objective
    window: Interval
    judged: Interval
    facts: Facts
    roster: Roster
    grouping: Grouping
    committed: Commitment
    base: Base
    burn_in: Stretches
    agreed: ExcusedTime
    excused: Stretches
    wide: Widened
    table: Table

    @property
    def held(self) -> Held:
        """Holdings on the slots' line."""
        return self.base.held

    @property
    def line(self) -> Line:
        """The slots' line."""
        return self.grouping.slots


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """
    Slots' levels in one bound.

    out: time that an exclusion takes out of the count.  unknown: of the value under `exclude`, time
    that is out of the count because nobody observed it; both are at some level in the layers.
    """

    layers: Layers
    out: Stretches
    unknown: Stretches


def lay_out(  # noqa: PLR0917  (what a measure depends on, in the order of `measure`)
    contract: ContractVersion,
    objective: Objective,
    window: Interval,
    until_ms: int,
    facts: Facts,
    excused: ExcusedTime,
) -> Case:
    """Lay out what is to be measured."""
    facts = prepare(facts)
    columns, roster = facts.timeline, facts.held
    assert isinstance(columns, Columns)
    assert isinstance(roster, Roster)
    judged = Interval(window.start_ms, max(window.start_ms, min(until_ms, window.end_ms)))
    grouping = _grouping(contract, objective, _reach(columns.reach, judged), window, roster)
    line = grouping.slots
    held = held_rows(roster, contract.capacity, line)
    rows = seen(columns, roster, line)
    table = _table(objective, rows, line)
    return Case(
        contract,
        objective,
        window,
        judged,
        facts,
        roster,
        grouping,
        commitment(contract),
        base_of(grouping, held, table.scale),
        burning_in(roster, line, contract.capacity.acceptance.burn_in_ms),
        excused,
        _excused(excused, roster, held, line),
        widened(rows, line, objective.clock_error_ms),
        table,
    )


def raw_layers(case: Case, bound: Bound) -> Layers:
    """Return slots' levels in a bound, as they are without exclusions."""
    objective, line = case.objective, case.line
    raw = layers(case.wide, line, case.table, bound, objective.unknown.carry_last_ms)
    if objective.kind is Kind.PERFORMANCE:
        return raw
    settle_ms = case.contract.capacity.acceptance.settle_ms
    settle = settling(case.wide, line, case.table, bound, settle_ms)
    return raw.with_zero(union(settle, case.burn_in))


def levels(case: Case, bound: Bound, raw: Layers, *, with_exclusions: bool) -> Levels:
    """Return slots' levels in a bound, and what of them is out of the count."""
    found = raw.without(case.excused) if with_exclusions else raw
    out = unknown = nothing(case.line.kind)
    if bound is Bound.VALUE and case.objective.unknown.policy is UnknownPolicy.EXCLUDE:
        unknown = _weighty(found.unknown, case)
    if with_exclusions and _takes_out(case.objective):
        out = case.excused
    return Levels(found, out, unknown)


def counted_pieces(case: Case, bound: Bound, raw: Layers, *, with_exclusions: bool) -> Pieces:
    """Return what units have at every instant in a bound, with unknown time out of the count."""
    found = levels(case, bound, raw, with_exclusions=with_exclusions)
    out = union(found.out, found.unknown)
    return pieces(case.grouping, case.base, found.layers.without(out), out)


def _weighty(unknown: Stretches, case: Case) -> Stretches:
    if case.objective.kind is Kind.PERFORMANCE:
        return unknown
    return subtract(unknown, case.held.weightless)


def _takes_out(objective: Objective) -> bool:
    return objective.kind is Kind.CAPACITY and objective.denominator is Denominator.MINUS_EXCLUSIONS


def _reach(known: Interval, judged: Interval) -> Interval:
    """Return the timeline's reach, made longer by what is judged outside it."""
    if judged.duration_ms == 0:
        return known
    if known.duration_ms == 0:
        return judged
    return Interval(min(known.start_ms, judged.start_ms), max(known.end_ms, judged.end_ms))


def _grouping(
    contract: ContractVersion,
    objective: Objective,
    reach: Interval,
    window: Interval,
    roster: Roster,
) -> Grouping:
    unit_of, names = roster.units(contract.capacity.unit)
    longest_ms = max(reach.duration_ms, window.duration_ms) + 1
    scale = scale_of(objective.degraded) * weight_scale_of(contract.capacity)
    gpus = len(roster.slot) + max((step.gpus for step in contract.capacity.ramp), default=0)
    lanes = max(len(roster.slots), len(names)) + 1
    # Twice the longest line, and four times the largest sum of levels: each is met in a difference.
    kind = kind_for(max(2 * lanes * longest_ms, 4 * gpus * scale))
    return Grouping(
        Line(reach, len(roster.slots), kind), Line(reach, len(names), kind), unit_of, names
    )


def _excused(excused: ExcusedTime, roster: Roster, held: Held, line: Line) -> Stretches:
    groups = _groups(excused)
    lane = roster.lanes([slot for slots, time in groups for _ in time for slot in slots])
    times = [(one.start_ms, one.end_ms) for _, time in groups for one in time]
    counts = [len(slots) for slots, time in groups for _ in time]
    rows = np.repeat(np.array(times, dtype=np.int64).reshape(-1, 2), counts, axis=0)[lane >= 0]
    lane = lane[lane >= 0]
    time = joined(line.places(lane, rows[:, 0]), line.places(lane, rows[:, 1]))
    return intersect(time, joined(held.start, held.end))


def _groups(excused: ExcusedTime) -> Sequence[tuple[Sequence[Slot], Sequence[Interval]]]:
    if isinstance(excused, BySlot):
        return excused.groups
    return [((slot,), time) for slot, time in excused.items()]


def _table(objective: Objective, rows: Seen, line: Line) -> Table:
    policy = objective.unknown.policy
    if objective.performance is not None:
        failing = objective.performance.failing_reasons
        return conforming_table(rows.conditions, failing, policy, line.kind)
    return delivered_table(rows.conditions, objective.degraded, policy, line.kind)
