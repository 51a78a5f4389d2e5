"""How far a contract can be judged: as far as evidence reaches and was asked for.  Pure."""

from collections.abc import Iterable, Mapping

from gpusla.identity import NodeName
from gpusla_collector.ports import Cursor


def horizon_ms(
    nodes: Iterable[NodeName], cursors: Mapping[NodeName, Cursor], asked_ms: int, lag_ms: int
) -> int:
    """
    Return the instant up to which these nodes' time can be judged.

    A node that answers and has more to give holds the judgement back: its records are on their
    way.  A node that is silent does not, beyond lag_ms, the time that a record may take from the
    agent to here: what it did not say by then is unknown, and somebody bears it.
    asked_ms: when all nodes were last asked; silence beyond that is ours, not theirs.
    Source: docs/decisions/0052-how-far-to-judge.md.
    """
    floor_ms = asked_ms - lag_ms
    reached = (_reach_ms(cursors.get(node), floor_ms) for node in nodes)
    return min(min(reached, default=floor_ms), asked_ms)


def is_handing_over(cursor: Cursor, since_ms: int) -> bool:
    """Tell whether a node that was reached since then has more to give: it is on its way."""
    return cursor.agent_sequence > cursor.head.sequence and cursor.reached_ms >= since_ms


def _reach_ms(cursor: Cursor | None, floor_ms: int) -> int:
    if cursor is None:
        return floor_ms
    if is_handing_over(cursor, floor_ms):
        return cursor.evidence_until_ms
    return max(cursor.evidence_until_ms, floor_ms)
