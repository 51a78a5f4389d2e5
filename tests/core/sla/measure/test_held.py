"""What of rows lies inside holdings, with and without some time taken out, against intervals."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gpusla.instants import Interval
from gpusla.sla.measure.exact import Numbers
from gpusla.sla.measure.held import Held
from gpusla.sla.measure.lines import Line
from gpusla.timeline.intervals import Intervals, intersect, subtract, union
from tests.core.sla.measure.test_lines import kinds, rows, set_of

LANES = (Interval(0, 20), Interval(21, 41))


def held_on(line: Line, time: Intervals) -> Held:
    """Holdings of weight 1."""
    found = set_of([*time], line.kind)
    lane, is_whole = line.lanes_of(found.start), found.length == line.reach.duration_ms
    whole = np.full(line.lanes, -1, dtype=np.int64)
    whole[lane[is_whole]] = np.flatnonzero(is_whole)
    weight: Numbers = np.ones_like(found.start)
    return Held(found.start, found.end, lane, weight, 1, whole, np.flatnonzero(~is_whole))


def test_a_slot_is_cut_by_all_that_is_taken_out_of_it() -> None:
    """Held throughout, without 2 to 4 and 10 to 12; a row between them stays whole."""
    line = Line(Interval(0, 20), 2, np.int64)
    held = held_on(line, LANES).without(set_of([Interval(2, 4), Interval(10, 12)], np.int64), line)
    asked = set_of([Interval(1, 5), Interval(6, 8), Interval(9, 13), Interval(22, 30)], np.int64)
    part = held.inside(asked.start, asked.end, line.lanes_of(asked.start))
    found = sorted(zip(part.start.tolist(), part.end.tolist(), strict=True))
    assert found == [(1, 2), (4, 5), (6, 8), (9, 10), (12, 13), (22, 30)]


@given(
    always=st.sets(st.sampled_from(LANES)),
    sometimes=rows,
    taken=rows,
    asked=rows,
    kind=kinds,
)
def test_rows_are_cut_by_holdings_and_by_what_is_taken_out_of_them(
    always: set[Interval],
    sometimes: list[Interval],
    taken: list[Interval],
    asked: list[Interval],
    kind: type,
) -> None:
    """Lanes that are held throughout, or now and then, with none or several times taken out."""
    line = Line(Interval(0, 20), 2, kind)
    time = intersect(union([*always, *sometimes]), LANES)
    less = intersect(taken, LANES)
    inner = set_of([*intersect(asked, LANES)], kind)
    held = held_on(line, time).without(set_of([*less], kind), line)
    part = held.inside(inner.start, inner.end, line.lanes_of(inner.start))
    found = sorted(map(Interval, part.start.tolist(), part.end.tolist()))
    assert tuple(found) == subtract(intersect(asked, time), less)
    assert part.lane.tolist() == line.lanes_of(part.start).tolist()
    assert (held.start[part.holding] <= part.start).all()
    assert (part.end <= held.end[part.holding]).all()
