"""Statements to look at: a month of a rack of NVL72, in the notation of the judgement's cases."""

from dataclasses import replace
from functools import cache

from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.ledger.booking import decide
from gpusla.ledger.entries import Entry
from gpusla.sla.evaluation import Evaluation
from gpusla.statement import Inputs, Statement, build
from tests.core.sla.notation import scene

INPUTS = Inputs(
    journals={NodeName(f"c2-r01-t{n:02}"): Head(1000 + n, f"{n:02}" * 32) for n in range(1, 19)},
    inventory_digest="1" * 64,
    assignments_digest="2" * 64,
    exclusions_digest="3" * 64,
    zone_edition="2026.1",
    program="gpusla 0.1.0",
)


@cache
def bad_october() -> Evaluation:
    """Nine GPUs fail together for ten hours, one is slow, a tray is excused, a gap, many blips."""
    blips = "." + "x1.3" * 30 + ".623"
    slots = f"62*.744 4*.100x10.634 4*.100x10X4.630 {blips}~500 .700t20.20_4"
    return scene("month 2026-10 tick 1h min 64/72 commit 72", slots).judge()


def statement(
    evaluation: Evaluation, entries: tuple[Entry, ...] | None = None, *, is_final: bool = True
) -> Statement:
    """The statement of an evaluation, by default posted."""
    booked = decide((), evaluation, is_final=is_final) if entries is None else entries
    return build(evaluation, booked, INPUTS)


def open_month() -> Evaluation:
    """The same month seen at its middle."""
    whole = bad_october()
    middle_ms = whole.period.interval.start_ms + 372 * 3_600_000
    return replace(whole, until_ms=middle_ms)
