"""
What an operator signs who has every key of his own: never THE SAME.

Each bundle here passes `gpusla verify`; what nodes signed does not give its figures.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.keys import to_text
from gpusla.ledger.entries import Entry, Status, key_of, lines_of
from gpusla.sla.digest import digest
from gpusla.sla.evaluation import Evaluation
from gpusla.timeline.model import Evidence, StateSpan
from tests.core.recompute.bundles import MONTH, OK, OPERATOR, Parts, honest, node
from tests.core.recompute.edits import judged, outcome

KEY = to_text(public_of(OPERATOR))
HOUR_MS = 3_600_000


def always_ok(until_ms: int, decided: Callable[[Evaluation], Sequence[Entry]]) -> Parts:
    """The bundle without any block: all slots were well from the first to the last instant."""
    spans = [
        StateSpan(
            slot, MONTH.start_ms, until_ms, OK, evidence=Evidence(node(int(slot.tray[1:])), 1, 9)
        )
        for slot in honest().facts.facts.held
    ]
    unsigned = replace(honest().statement.inputs, signed={}, signed_until_ms={})
    return replace(
        judged(spans, until_ms, unsigned, decided), hours=dict.fromkeys(honest().hours, ())
    )


def nothing_posted(evaluation: Evaluation) -> Sequence[Entry]:
    """One entry by which nothing is owed, whatever the ledger's rules say."""
    contract, period = evaluation.contract, evaluation.period.key
    (first, *_) = honest().statement.entries
    return [
        replace(
            first,
            key=key_of(contract.id, period, first.clause, 1),
            amount_minor_units=0,
            lines=lines_of(Status.POSTED, 0),
            evaluation_digest=digest(evaluation),
        )
    ]


def test_a_month_that_is_posted_a_millisecond_early_needs_its_blocks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No block at all, nothing owed, and final: 72 GPUs were down for nine hours."""
    forged = always_ok(MONTH.end_ms - 1, nothing_posted)
    file = tmp_path / "x.zip"
    file.write_bytes(forged.write())
    assert main(["verify", str(file), "--key", KEY, "--jobs", "1"]) == 0
    capsys.readouterr()
    assert main(["recompute", str(file), "--key", KEY]) == 6
    shown = " ".join(capsys.readouterr().out.split())
    assert "2026-10: DIFFERS" in shown
    assert "the blocks say something else of 72 of 72 slots" in shown
    assert (
        "standing: the statement says final, judged until 2026-11-01T04:59:59.999Z, "
        "the facts give nothing that may be posted before 2026-11-01T05:00:00Z"
    ) in shown


def test_an_open_month_is_believed_for_an_hour_behind_its_blocks() -> None:
    """Twelve days of nothing but the operator's word are not; at 1:01:30 of the first they end."""
    found = outcome(always_ok(MONTH.start_ms + 12 * 24 * HOUR_MS, lambda _: ())).timeline
    assert found.first is not None
    assert (found.differing, found.first.at_ms) == (72, MONTH.start_ms + HOUR_MS + 90_000)
    assert found.first.found.condition.findings[0].reason == "not_observed"
