"""A contract's facts on the slots' line: what all of its objectives have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gpusla.contracts.model import ContractVersion
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.facts import Facts
from gpusla.sla.measure.held import Held, burning_in, held_rows
from gpusla.sla.measure.lines import Line, Stretches, intersect, joined
from gpusla.sla.measure.roster import Roster
from gpusla.sla.measure.seen import Seen, seen
from gpusla.sla.slot_groups import BySlot
from gpusla.timeline.columns import Columns

ExcusedTime: TypeAlias = Mapping[Slot, tuple[Interval, ...]]
"""By slot, normal: what counts of the exclusion records."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """
    Facts on a line.

    facts: prepared; roster and columns are theirs.  agreed: time that exclusions give back,
    excused: the part of it that is held.
    """

    contract: ContractVersion
    facts: Facts
    roster: Roster
    line: Line
    held: Held
    rows: Seen
    burn_in: Stretches
    agreed: ExcusedTime
    excused: Stretches


def ground_of(contract: ContractVersion, facts: Facts, agreed: ExcusedTime, line: Line) -> Ground:
    """Lay prepared facts out on a line of their slots."""
    columns, roster = facts.timeline, facts.held
    assert isinstance(columns, Columns)
    assert isinstance(roster, Roster)
    held = held_rows(roster, contract.capacity, line)
    return Ground(
        contract,
        facts,
        roster,
        line,
        held,
        seen(columns, roster, line),
        burning_in(roster, line, contract.capacity.acceptance.burn_in_ms),
        agreed,
        _excused(agreed, roster, held, line),
    )


def _excused(agreed: ExcusedTime, roster: Roster, held: Held, line: Line) -> Stretches:
    groups = [(roster.lanes(slots), time) for slots, time in _groups(agreed)]
    groups.sort(key=lambda group: int(group[0][0]))  # so that rows mostly come in order
    of_rows = [lanes for lanes, time in groups for _ in time]
    rows = [(one.start_ms, one.end_ms) for _, time in groups for one in time]
    start_ms, end_ms = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    lane = np.concatenate([np.zeros(0, dtype=np.int64), *of_rows])
    counts = np.array([*map(len, of_rows)], dtype=np.int64)
    start, end = (line.places(lane, np.repeat(at_ms, counts)) for at_ms in (start_ms, end_ms))
    if (lane < 0).any():
        start, end = start[lane >= 0], end[lane >= 0]
    return intersect(joined(start, end), joined(held.start, held.end))


def _groups(agreed: ExcusedTime) -> Sequence[tuple[Sequence[Slot], Sequence[Interval]]]:
    if isinstance(agreed, BySlot):
        return agreed.groups
    return [((slot,), time) for slot, time in agreed.items()]
