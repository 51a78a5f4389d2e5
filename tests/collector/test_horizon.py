"""How far to judge: as far as evidence reaches, and never in favour of silence."""

import pytest

from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla_collector.ports import Cursor
from gpusla_collector.usecases.horizon import horizon_ms

A, B = NodeName("a"), NodeName("b")
NOW, LAG = 1_000, 100


def cursor(node: NodeName, until_ms: int, *, behind: bool = False, reached_ms: int = NOW) -> Cursor:
    """Return a cursor whose records speak until until_ms."""
    agent_sequence = 9 if behind else 5
    return Cursor(
        node,
        Head(5, "digest"),
        agent_sequence,
        evidence_until_ms=until_ms,
        reached_ms=reached_ms,
    )


CASES = [
    ("all fresh: the older of the two", [cursor(A, 990), cursor(B, 980)], 980),
    ("a clock that is ahead: not beyond now", [cursor(A, 1_500)], 1_000),
    ("a silent node holds nothing up beyond the lag", [cursor(A, 990), cursor(B, 500)], 900),
    ("a node that is catching up does", [cursor(A, 990), cursor(B, 500, behind=True)], 500),
    (
        "but not when it stopped answering",
        [cursor(A, 990), cursor(B, 500, behind=True, reached_ms=800)],
        900,
    ),
    ("a node that was never reached is silent", [cursor(A, 990)], 900),
    ("no nodes at all", [], 900),
]


@pytest.mark.parametrize(("case", "cursors", "expected"), CASES, ids=[c[0] for c in CASES])
def test_the_horizon(case: str, cursors: list[Cursor], expected: int) -> None:
    """One line a case."""
    nodes = [A, B] if case.startswith(("all", "a silent", "a node", "but")) else [A][: len(cursors)]
    assert horizon_ms(nodes, {c.node: c for c in cursors}, NOW, LAG) == expected
