"""From a bundle to the same dollars, or to the first thing that is not the same."""

import re
from dataclasses import replace
from typing import Any

import pytest

from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import EvidenceError
from gpusla.journal.hours import HourSpan
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.report import plain, recompute, render
from gpusla.sla.digest import canonical
from gpusla.sla.digest import plain as plain_evaluation
from gpusla.statement import to_json
from tests.core.recompute.bundles import (
    CONTRACT,
    DOWN_FROM,
    FABRIC,
    HOT,
    Parts,
    honest,
    members,
    node,
    slots,
)
from tests.core.recompute.edits import outcome, with_block, with_facts, with_statement

SLOT = slots(3)[1]


def text(parts: Parts) -> str:
    """The same in words, on one line."""
    return " ".join("\n".join(render(outcome(parts))).split())


def test_an_honest_bundle_gives_the_same_dollars() -> None:
    """Nine hours of 72 GPUs and a day of four at half: 648 + 48 of 53,568 GPU-hours are lost."""
    found = outcome(honest())
    assert found.is_same
    evaluation = found.found.evaluation
    assert evaluation.account.lost_gpu_ms == (648 + 48) * 3_600_000
    # 1 - 696/53,568 = 98.70 %, below 99 %: 5 % of 150,000,000.00.
    assert evaluation.credit_minor_units.value == 750_000_000
    assert (found.rebuilt.nodes, found.timeline.slots, found.timeline.open_gpu_ms) == (18, 72, 0)
    shown = text(honest())
    assert "reflection-2026 version 1, 2026-10: THE SAME from 614 blocks of 18 nodes" in shown
    assert "credit USD 7,500,000.00 at least USD 7,500,000.00 at most USD 7,500,000.00" in shown


def test_the_period_is_judged_again_to_the_very_byte() -> None:
    """L5: the evaluation, and the whole statement around it, as often as somebody likes."""
    first, second = outcome(honest()), outcome(honest())
    told = canonical(plain_evaluation(first.told.evaluation))
    assert canonical(plain_evaluation(first.found.evaluation)) == told
    assert to_json(first.found) == to_json(second.found) == to_json(honest().statement)
    assert canonical(plain(first)) == canonical(plain(second))
    assert list(render(first)) == list(render(second))
    assert honest().write() == honest().write()


def test_a_span_of_the_facts_that_was_moved_by_a_millisecond_is_named() -> None:
    """The outage begins a millisecond later than the node said."""

    def later(data: Any) -> None:
        one = next(one for one in data["slots"] if one["slot"] == str(SLOT))
        place = next(n for n, row in enumerate(one["spans"]) if row[0] == DOWN_FROM)
        one["spans"][place][0] += 1
        one["spans"][place - 1][1] += 1

    found = outcome(with_facts(later)).timeline.first
    assert found is not None
    assert (found.slot, found.at_ms) == (SLOT, DOWN_FROM)
    # The edge before it, ten seconds long, now reaches a millisecond too far.
    assert found.told.end_ms == DOWN_FROM + 1
    assert found.found.condition == replace(FABRIC, findings=found.found.condition.findings)
    shown = text(with_facts(later))
    assert "of 1 of 72 slots; the first: c2/r01/t03/m1 from 2026-10-02T05:00:00Z on:" in shown
    assert "the blocks say down (fabric_down: driver: fabric state 2)" in shown
    assert f"({node(3)}, records " in shown
    assert "DIFFERS" in shown


def test_a_state_that_was_changed_in_a_block_is_named() -> None:
    """The node's key is the operator's: the outage is a slow-down from there on."""
    changed = with_block(3, lambda span: replace(span, condition=HOT) if is_down(span) else span)
    found = outcome(changed).timeline
    assert found.first is not None
    assert (found.first.slot, found.first.at_ms, found.differing) == (slots(3)[0], DOWN_FROM, 4)
    assert (found.first.told.condition.state, found.first.found.condition.state) == (
        "down",
        "degraded",
    )


def test_a_block_that_is_left_out_is_time_that_nobody_observed() -> None:
    """The last ones are: the facts still tell of them."""
    lines = honest().hours[node(3)]
    found = outcome(replace(honest(), hours={**honest().hours, node(3): lines[:-5]}))
    first = found.timeline.first
    assert first is not None
    assert [one.evidence for one in first.found.condition.findings] == [""]
    assert first.found.condition.findings[0].reason == "not_observed"


def test_an_amount_that_was_changed_is_told_with_both_figures() -> None:
    """A tenth of the credit is gone, and every digest is made anew."""
    changed = with_statement(("evaluation", "credit_minor_units", "value"), 675_000_000)
    found = outcome(changed).figure
    assert found is not None
    assert (found.name, found.told, found.found) == (
        "credit, value",
        "USD 6,750,000.00",
        "USD 7,500,000.00",
    )
    expected = "credit, value: the statement says USD 6,750,000.00, the facts give USD 7,500,000.00"
    assert expected in text(changed)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("evaluation", "lines", 0, 1), 1, "lines[0][1]: the statement says USD 0.01"),
        (
            ("evaluation", "outcomes", 0, "credit", "high"),
            1,
            "outcomes[0] (availability).credit.high: the statement says USD 0.01",
        ),
        (("evaluation", "outcomes", 0, "is_missed"), False, "is_missed: the statement says False"),
        (("derivation", "value"), "USD 1.00", "derivation.value: the statement says USD 1.00"),
        (
            ("grounds", "incidents", "listed", 0, "slots_total"),
            71,
            "slots_total: the statement says 71, the facts give 72",
        ),
        (
            ("contract", "tenant_name"),
            "Somebody",
            "contract.tenant_name: the statement says Somebody, the facts give Reflection AI",
        ),
    ],
)
def test_whatever_the_facts_give_is_compared(
    path: tuple[str | int, ...], value: Any, words: str
) -> None:
    """Figures, how they came about, incidents and terms."""
    assert words in text(with_statement(path, value))


def test_what_is_booked_must_be_what_is_owed() -> None:
    """The judgement stands and the ledger's part of the statement has another amount."""
    entry = to_json(honest().statement)
    smaller = entry.replace(b'"amount_minor_units":750000000', b'"amount_minor_units":650000000')
    smaller = smaller.replace(b'_expense",750000000]', b'_expense",650000000]')
    smaller = smaller.replace(b'_credit",-750000000]', b'_credit",-650000000]')
    found = outcome(replace(honest(), statement_bytes=smaller)).figure
    assert found is not None
    assert (found.name, found.told) == ("owed by the ledger", "USD 6,500,000.00")


def test_other_terms_than_the_statement_was_made_under_are_named() -> None:
    """A tier of the contract's file gives more now; the statement does not."""
    content = CONTRACT.read_bytes().replace(b'percent: "5"', b'percent: "6"')
    found = outcome(replace(honest(), contract=content)).figure
    assert found is not None
    assert (found.name, found.told, found.found) == (
        "credit, value",
        "USD 7,500,000.00",
        "USD 9,000,000.00",
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("facts.json", None, "it holds no facts.json"),
        ("nodes.json", b"[]", "nodes.json holds no map"),
        ("nodes.json", b'{"format":"x"}', "nodes.json is of format 'x'"),
        ("contract/1.yaml", None, "no version of the contract"),
        ("facts.json", b"{}", "this is not a file of facts"),
    ],
)
def test_a_part_that_is_missing_or_is_none_is_named(
    name: str, content: bytes | None, words: str
) -> None:
    """The integrity of the bundle is what is broken, and not how the command was used."""
    parts = members(honest().write())
    del parts[name]
    if content is not None:
        parts[name] = content
    with pytest.raises(EvidenceError, match=re.escape(words)) as caught:
        recompute(Bundle(parts), lambda _: None)
    assert exit_of(caught.value) is Exit.INTEGRITY


def is_down(span: HourSpan) -> bool:
    """Whether it is of the outage itself, not of its edges."""
    return span.condition == FABRIC and span.other is None
