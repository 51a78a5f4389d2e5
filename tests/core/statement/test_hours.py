"""Printed hours add up, and none of them says more for the provider than there was."""

import re
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.instants import Interval
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.statement import render_text
from gpusla.statement.hours import account_hours, allotted, lost_hours, thousandths
from gpusla.statement.render.contents import contents
from gpusla.statement.render.document import Mark, Table
from tests.core.sla.making import CONTRACT, DAY_MS, DOWN, HOUR_MS, facts, month
from tests.core.statement.scenes import bad_october, four_promises, statement


@cache
def odd() -> Evaluation:
    """One GPU that was down for 18 hours and a second, and for 500 ms: 725.9995 of 744 hours."""
    whole = month(CONTRACT).interval
    reach = Interval(whole.start_ms - DAY_MS, whole.end_ms + DAY_MS)
    day = 4 * DAY_MS
    down = [(day, day + 18 * HOUR_MS + 1000, DOWN), (2 * day, 2 * day + 500, DOWN)]
    return evaluate(CONTRACT, month(CONTRACT), whole.end_ms, facts(reach, {0: down}))


def figures_of(text: str, name: str) -> list[Fraction]:
    """The figures of the first line that begins with a name."""
    line = next(line for line in text.splitlines() if line.startswith(f"  {name} "))
    return [Fraction(one.replace(",", "")) for one in re.findall(r"[0-9,]+\.[0-9]{3}", line)]


def test_what_was_delivered_and_lost_is_what_was_committed() -> None:
    """In each column; 18.0004 hours were lost, so the cut-off parts were a thousandth short."""
    text = render_text(statement(odd()))
    (committed,), delivered, lost = (
        figures_of(text, name) for name in ("committed", "delivered", "lost")
    )
    assert committed == 744
    assert delivered[1] == Fraction("725.999")
    assert [a + b for a, b in zip(delivered, lost, strict=True)] == [744] * 3


def test_what_was_seen_adds_up_to_what_was_held() -> None:
    """And ok is no more than it was."""
    text = render_text(statement(odd()))
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.endswith("= held"))
    *states, held = (Fraction(one.replace(",", "")) for one in lines[at + 1].split())
    assert states == [Fraction("725.999"), 0, Fraction("18.001"), 0]
    assert held == sum(states) == 744
    assert lines[at + 2].startswith("  To a thousandth of an hour: what was delivered, or seen ok,")


@pytest.mark.parametrize("of", [odd, bad_october, four_promises])
def test_every_table_that_ends_in_what_was_lost_adds_up_to_it(of: object) -> None:
    """Causes, losses and incidents, each with the same total."""
    evaluation: Evaluation = of()  # type: ignore[operator]
    document = contents(statement(evaluation))
    tables = [
        block
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table)
        and block.rows[-1].mark is Mark.TOTAL
        and block.rows[-1].cells[0] in ("Lost", "held")
    ]
    assert len(tables) >= 3
    for table in tables:
        *parts, total = (Fraction(row.cells[-1].replace(",", "")) for row in table.rows)
        assert sum(parts) == total
        if table.rows[-1].cells[0] == "Lost":
            assert total == Fraction(lost_hours(evaluation), 1000)


def test_a_loss_that_is_not_the_rest_of_what_was_committed_is_not_made_to_fit() -> None:
    """Who prints it must see that it does not add up."""
    forged = replace(odd().account, lost_gpu_ms=Fraction(HOUR_MS))
    assert account_hours(forged).lost.value == 1000


@given(st.lists(st.fractions(0, 10**9, max_denominator=6), min_size=1, max_size=8), st.booleans())
def test_parts_are_cut_off_or_one_more_and_add_up(
    parts: list[Fraction],
    is_more: bool,  # noqa: FBT001
) -> None:
    """To their total cut off, or to the next thousandth where there is anything beyond it."""
    whole = sum(parts, Fraction(0))
    total = thousandths(whole)
    total += is_more and whole != total * 3600
    found = allotted(parts, total, kept=1)
    assert sum(found) == total
    for part, one in zip(parts, found, strict=True):
        assert thousandths(part) <= one <= -(-part // 3600)
