"""One objective, its window and the facts, laid out on lines and ready to be measured."""

from dataclasses import dataclass

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Denominator, Kind, Objective, UnknownPolicy
from gpusla.instants import Interval
from gpusla.sla.facts import Facts
from gpusla.sla.measure.committed import Commitment, commitment
from gpusla.sla.measure.exact import kind_for
from gpusla.sla.measure.ground import Ground
from gpusla.sla.measure.held import Held, weight_scale_of
from gpusla.sla.measure.lines import Line, Stretches, nothing, subtract, union
from gpusla.sla.measure.roster import Roster
from gpusla.sla.measure.seen import Seen
from gpusla.sla.measure.slots import Layers, Widened, layers, settling, widened
from gpusla.sla.measure.steps import Changes
from gpusla.sla.measure.tables import (
    Bound,
    Table,
    conforming_table,
    delivered_table,
    scale_of,
)
from gpusla.sla.measure.units import Base, Grouping, Pieces, base_of, out_of_count, pieces


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """
    What is measured.

    window: the objective's, the whole of it.  judged: the window to date.  excused_out: what
    changes by exclusions that take slots out of the count; None if they do not.  not_excused: the
    part of the holdings that exclusions do not give back.
    """

    ground: Ground
    objective: Objective
    window: Interval
    judged: Interval
    grouping: Grouping
    committed: Commitment
    base: Base
    excused_out: Changes | None
    not_excused: Held
    wide: Widened
    table: Table

    @property
    def contract(self) -> ContractVersion:
        """The contract that the objective is of."""
        return self.ground.contract

    @property
    def facts(self) -> Facts:
        """Prepared."""
        return self.ground.facts

    @property
    def roster(self) -> Roster:
        """The facts' holdings."""
        return self.ground.roster

    @property
    def held(self) -> Held:
        """Holdings on the slots' line."""
        return self.ground.held

    @property
    def excused(self) -> Stretches:
        """Held time that exclusions give back, on the slots' line."""
        return self.ground.excused

    @property
    def line(self) -> Line:
        """The slots' line."""
        return self.ground.line


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """
    Slots' levels in one bound.

    unknown: of the value under `exclude`, time that is out of the count because nobody observed it;
    it is at some level in the layers.
    """

    layers: Layers
    unknown: Stretches


def lay_out(
    ground: Ground, grouping: Grouping, objective: Objective, window: Interval, judged: Interval
) -> Case:
    """Lay out what is to be measured; grouping: of the ground's line."""
    table = _table(objective, ground.rows, ground.line)
    base = base_of(grouping, ground.held, table.scale)
    takes_out = len(ground.excused) and _takes_out(objective)
    return Case(
        ground,
        objective,
        window,
        judged,
        grouping,
        commitment(ground.contract),
        base,
        out_of_count(grouping, base, ground.excused) if takes_out else None,
        ground.held.without(ground.excused, ground.line),
        widened(ground.rows, ground.line, objective.clock_error_ms),
        table,
    )


def reach_of(known: Interval, judged: Interval) -> Interval:
    """Return the timeline's reach, made longer by what is judged outside it."""
    if judged.duration_ms == 0:
        return known
    if known.duration_ms == 0:
        return judged
    return Interval(min(known.start_ms, judged.start_ms), max(known.end_ms, judged.end_ms))


def grouping_of(
    contract: ContractVersion,
    objective: Objective,
    reach: Interval,
    window: Interval,
    roster: Roster,
) -> Grouping:
    """Return slots and units on lines of a reach, in integers that all figures fit into."""
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


def raw_layers(case: Case, bound: Bound) -> Layers:
    """Return slots' levels in a bound, as they are without exclusions."""
    objective, line = case.objective, case.line
    raw = layers(case.wide, line, case.table, bound, objective.unknown.carry_last_ms)
    if objective.kind is Kind.PERFORMANCE:
        return raw
    settle_ms = case.contract.capacity.acceptance.settle_ms
    settle = settling(case.wide, line, case.table, bound, settle_ms)
    return raw.with_zero(union(settle, case.ground.burn_in))


def levels(case: Case, bound: Bound, raw: Layers, *, with_exclusions: bool) -> Levels:
    """Return slots' levels in a bound, and what of them is out of the count."""
    found = raw.without(case.excused) if with_exclusions else raw
    return Levels(found, _out_of_count(case, bound, found.unknown))


def counted_pieces(case: Case, bound: Bound, raw: Layers, *, with_exclusions: bool) -> Pieces:
    """Return what units have at every instant in a bound, with unknown time out of the count."""
    # What is excused is full, and nothing of it is unknown any more.
    excused = case.excused if with_exclusions else nothing(case.line.kind)
    unknown = _out_of_count(case, bound, subtract(raw.unknown, excused))
    out = [out_of_count(case.grouping, case.base, unknown)] if len(unknown) else []
    if with_exclusions and case.excused_out is not None:
        out.append(case.excused_out)
    counted = case.not_excused if with_exclusions else case.held
    return pieces(case.grouping, case.base, raw.without(unknown), out, counted)


def _out_of_count(case: Case, bound: Bound, unknown: Stretches) -> Stretches:
    """Return what of unknown time, as of the layers, is out of the count."""
    if bound is not Bound.VALUE or case.objective.unknown.policy is not UnknownPolicy.EXCLUDE:
        return nothing(case.line.kind)
    if case.objective.kind is Kind.PERFORMANCE:
        return unknown
    return subtract(unknown, case.held.weightless)


def _takes_out(objective: Objective) -> bool:
    return objective.kind is Kind.CAPACITY and objective.denominator is Denominator.MINUS_EXCLUSIONS


def _table(objective: Objective, rows: Seen, line: Line) -> Table:
    policy = objective.unknown.policy
    if objective.performance is not None:
        failing = objective.performance.failing_reasons
        return conforming_table(rows.pairs.conditions, failing, policy, line.kind)
    return delivered_table(rows.pairs.conditions, objective.degraded, policy, line.kind)
