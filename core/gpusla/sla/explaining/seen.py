"""What was seen of a slot, as spans, from either form of a timeline."""

from collections.abc import Callable, Iterator, Sequence

from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.timeline.columns import NONE, Columns
from gpusla.timeline.model import StateSpan, Timeline

SpansOf = Callable[[Slot], Sequence[StateSpan]]
"""A slot's spans in time order; none for a slot that the timeline does not know."""


def reach_of(timeline: Timeline | Columns, window: Interval) -> Interval:
    """Return the time that is looked at: the timeline's, made longer where window is outside it."""
    covered = timeline.period if isinstance(timeline, Timeline) else timeline.reach
    return Interval(min(covered.start_ms, window.start_ms), max(covered.end_ms, window.end_ms))


def spans_of(timeline: Timeline | Columns) -> SpansOf:
    """Return how to look a slot up.  Columns know no evidence, so spans of theirs have none."""
    if isinstance(timeline, Timeline):
        return lambda slot: timeline.spans.get(slot, ())
    numbers = {slot: number for number, slot in enumerate(timeline.slots)}
    first_row = [int(row) for row in timeline.first_row]

    def look_up(slot: Slot) -> Sequence[StateSpan]:
        number = numbers.get(slot)
        if number is None:
            return ()
        rows = range(first_row[number], first_row[number + 1])
        return tuple(_covered(timeline, number, rows))

    return look_up


def _covered(columns: Columns, number: int, rows: range) -> Iterator[StateSpan]:
    """Yield a slot's pieces, and its default wherever there is none."""
    reached_ms = columns.reach.start_ms
    for row in rows:
        start_ms = int(columns.start_ms[row])
        if reached_ms < start_ms:
            yield _default(columns, number, reached_ms, start_ms)
        other, error_ms = int(columns.other[row]), int(columns.error_ms[row])
        reached_ms = int(columns.end_ms[row])
        yield StateSpan(
            columns.slots[number],
            start_ms,
            reached_ms,
            columns.conditions[int(columns.condition[row])],
            None if other == NONE else columns.conditions[other],
            None if error_ms == NONE else error_ms,
        )
    if reached_ms < columns.reach.end_ms:
        yield _default(columns, number, reached_ms, columns.reach.end_ms)


def _default(columns: Columns, number: int, start_ms: int, end_ms: int) -> StateSpan:
    condition = columns.conditions[int(columns.default_condition[number])]
    error_ms = int(columns.default_error_ms[number])
    return StateSpan(
        columns.slots[number],
        start_ms,
        end_ms,
        condition,
        error_ms=None if error_ms == NONE else error_ms,
    )
