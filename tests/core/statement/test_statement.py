"""A statement says the same to people and to machines, and can be followed to its ground."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gpusla.ledger.booking import decide
from gpusla.sla.evaluation import Bounds
from gpusla.statement import Standing, build, digest, render_text, to_json
from gpusla.statement.numbers import decimal, gpu_hours, percent
from gpusla.statement.text import COLUMNS
from tests.core.sla.notation import scene
from tests.core.statement.scenes import INPUTS, bad_october, open_month, statement

GOLDEN = Path(__file__).parents[2] / "golden" / "statement"


def test_the_text_is_what_it_was() -> None:
    """Reviewed by eye once; GPUSLA_UPDATE_GOLDEN=1 writes it anew, and its diff is the review."""
    text = render_text(statement(bad_october()))
    golden = GOLDEN / "october.txt"
    if os.environ.get("GPUSLA_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_no_line_is_wider_than_a_terminal() -> None:
    """And every character can be typed."""
    for one in (statement(bad_october()), statement(open_month(), ())):
        text = render_text(one)
        assert text.isascii()
        assert max(len(line) for line in text.splitlines()) <= COLUMNS


def test_the_json_holds_integers_and_text_alone() -> None:
    """No float on the way to another program."""
    kinds = {type(value) for value in scalars(json.loads(to_json(statement(bad_october()))))}
    assert kinds <= {int, str, bool, type(None)}


def scalars(value: Any) -> Iterator[Any]:
    """Everything in it that is no map and no list."""
    if isinstance(value, dict):
        for one in value.values():
            yield from scalars(one)
    elif isinstance(value, list):
        for one in value:
            yield from scalars(one)
    else:
        yield value


def test_the_same_statement_has_the_same_bytes() -> None:
    """Whatever order its entries and journals were handed over in."""
    evaluation = bad_october()
    entries = decide((), evaluation, is_final=True)
    backwards = replace(INPUTS, journals=dict(reversed(list(INPUTS.journals.items()))))
    one, two = build(evaluation, entries, INPUTS), build(evaluation, entries[::-1], backwards)
    assert to_json(one) == to_json(two)
    assert digest(one) == digest(two)


def test_any_input_changes_the_digest() -> None:
    """A statement stands for what went into it."""
    evaluation = bad_october()
    others = [
        replace(INPUTS, inventory_digest="f" * 64),
        replace(INPUTS, assignments_digest="f" * 64),
        replace(INPUTS, exclusions_digest="f" * 64),
        replace(INPUTS, zone_edition="2025.1"),
        replace(INPUTS, journals={}),
    ]
    digests = {digest(build(evaluation, (), inputs)) for inputs in [INPUTS, *others]}
    assert len(digests) == 6


def test_the_derivation_ends_in_every_loss() -> None:
    """And their sum is the loss above them."""
    evaluation = bad_october()
    lost = next(n for n in walk(statement(evaluation).derivation) if n.name == "lost GPU-ms")
    assert len(lost.children) == len(evaluation.losses)
    assert sum(Fraction(child.value) for child in lost.children) == Fraction(lost.value)


def walk(node: Any) -> Iterator[Any]:
    """A node and all beneath it."""
    yield node
    for child in node.children:
        yield from walk(child)


def test_every_loss_names_its_records_unless_nobody_looked() -> None:
    """Down to the sequence numbers of a node's journal."""
    for loss in bad_october().losses:
        assert bool(loss.evidence) == (loss.reasons != ("not_observed",))


def test_where_a_statement_stands() -> None:
    """Open, provisional, final, restated."""
    evaluation = bad_october()
    final = decide((), evaluation, is_final=True)
    changed = replace(evaluation, credit_minor_units=Bounds(0, 1, 2))
    restated = (*final, *decide(final, changed, is_final=True))
    assert statement(open_month(), ()).standing is Standing.OPEN
    assert statement(evaluation, ()).standing is Standing.PROVISIONAL
    assert statement(evaluation, final).standing is Standing.FINAL
    assert statement(evaluation, restated).standing is Standing.RESTATED


def test_entries_of_others_are_left_out() -> None:
    """Of other periods, contracts and clauses."""
    evaluation = bad_october()
    entries = decide((), evaluation, is_final=True)
    others = tuple(replace(entry, period="2026-09") for entry in entries)
    assert statement(evaluation, (*entries, *others)).entries == entries


@pytest.mark.parametrize(
    ("options", "slots", "sentence"),
    [
        ("", "x10", "By what is known so far the credit is USD 37,500,000.00."),
        ("fee 0 shadow 1000000", "x10", "worth USD 2,500.00. No money is owed."),
        ("commit 0", "x10", "Nothing was committed in this time"),
    ],
)
def test_the_headline_says_what_it_means(options: str, slots: str, sentence: str) -> None:
    """In words that promise no more than the figures do."""
    text = render_text(statement(scene(options, slots).judge(), ()))
    assert sentence in text


def test_an_open_month_owes_nothing_yet() -> None:
    """The accrued credit is called what it is."""
    text = render_text(statement(open_month(), ()))
    assert "If the month ended now," in text
    assert "Nothing is owed before its close." in text
    assert "judged to 2026-10-16T17:00:00Z" in text


def test_figures_are_cut_and_never_rounded_up() -> None:
    """A miss never reads as a hit."""
    assert percent(Fraction(98_999_999, 100_000_000)) == "98.9999 %"
    assert percent(Fraction(1)) == "100.0000 %"
    assert percent(None) == "n/a"
    assert gpu_hours(3_599_999) == "0.999"
    assert decimal(Fraction(12_345_678_999, 1000), 2) == "12,345,678.99"
