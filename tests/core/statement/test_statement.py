"""A statement says the same to people and to machines, and can be followed to its ground."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import ClaimMode
from gpusla.instants import Interval
from gpusla.ledger.booking import decide
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.statement import Standing, build, digest, render_text, to_json
from gpusla.statement.amounts import claim_words
from gpusla.statement.layout import COLUMNS
from gpusla.statement.numbers import decimal, exact_money, gpu_hours, percent
from gpusla.statement.standing import standing_name
from gpusla.statement.story import story
from tests.core.contracts.terms import contract
from tests.core.sla.making import CONTRACT, DAY_MS, DOWN, HOUR_MS, facts, month
from tests.core.statement.scenes import (
    FOUR,
    INPUTS,
    bad_october,
    four_promises,
    judged,
    open_month,
    statement,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "statement"


def same_as_golden(name: str, text: str) -> None:
    """Reviewed by eye once; GPUSLA_UPDATE_GOLDEN=1 writes it anew, and its diff is the review."""
    golden = GOLDEN / name
    if os.environ.get("GPUSLA_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_the_text_is_what_it_was() -> None:
    """A month under one promise."""
    same_as_golden("october.txt", render_text(statement(bad_october())))


def test_the_text_of_several_promises_is_what_it_was() -> None:
    """The same month under four, with caps, and a credit that was claimed."""
    same_as_golden("four.txt", render_text(statement(four_promises())))


def test_the_story_of_several_promises_is_what_it_was() -> None:
    """Every number with its rule, its field and what it rests on, down to the records."""
    told = story(statement(four_promises()))
    same_as_golden("four.story.txt", "\n".join(told) + "\n")


def test_no_line_is_wider_than_a_terminal() -> None:
    """And every character can be typed."""
    for one in (statement(bad_october()), statement(four_promises()), statement(open_month(), ())):
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


def test_the_derivation_ends_in_every_loss_and_every_outage() -> None:
    """The losses' sum is the loss above them."""
    evaluation = four_promises()
    nodes = list(walk(statement(evaluation).derivation))
    lost = next(n for n in nodes if n.name == "lost GPU-ms" and n.field == "slos[0].unknown.policy")
    assert len(lost.children) == len(evaluation.losses)
    assert sum(Fraction(child.value) for child in lost.children) == Fraction(lost.value)
    events = {n.name: int(n.value) for n in nodes if n.name.startswith("events[")}
    assert events == {
        f"events[{number}]": event.interval.duration_ms
        for number, event in enumerate(evaluation.events)
    }


def test_every_figure_of_the_derivation_names_its_rule_and_its_field() -> None:
    """Sums of what was seen alone have no field: no term of the contract is behind them."""
    for node in walk(statement(four_promises()).derivation):
        assert node.rule
        is_seen = node.name.startswith("losses[") or node.name == "held GPU-ms"
        assert bool(node.field) != is_seen, node.name


def test_the_contracts_fields_are_named_where_they_stand() -> None:
    """The objective by its number, the tier by its own."""
    evaluation = judged(contract(objectives=FOUR.objectives[2:], capacity=FOUR.capacity))
    fields = {node.field for node in walk(statement(evaluation).derivation)}
    assert {"slos[0].credit", "slos[1].target", "slos[1].credit.tiers"} <= fields
    missed = next(n for n in walk(statement(deep()).derivation) if n.name == "tier")
    assert (missed.field, missed.value) == ("slos[0].credit.tiers[1]", "below 98 %: 10 %")


def deep() -> Evaluation:
    """One GPU that was down for 18 of 744 hours: 97.5 %."""
    return one_gpu(CONTRACT, 18)


def one_gpu(of: ContractVersion, down_hours: int, **more: object) -> Evaluation:
    """A month of one GPU that was down for so many hours of its fourth day."""
    whole = month(of).interval
    reach = Interval(whole.start_ms - DAY_MS, whole.end_ms + DAY_MS)
    seen = facts(reach, {0: [(4 * DAY_MS, 4 * DAY_MS + down_hours * HOUR_MS, DOWN)]}, **more)  # type: ignore[arg-type]
    return evaluate(of, month(of), whole.end_ms, seen)


def walk(node: Any) -> Iterator[Any]:
    """A node and all beneath it."""
    yield node
    for child in node.children:
        yield from walk(child)


def test_every_loss_names_its_records_unless_nobody_looked() -> None:
    """Down to the sequence numbers of a node's journal."""
    for loss in bad_october().losses:
        assert bool(loss.evidence) == (loss.reasons != ("not_observed",))


def test_the_states_of_held_time_add_up() -> None:
    """The first law, in the document itself: ok + degraded + down + unknown = held."""
    account = json.loads(to_json(statement(bad_october())))["evaluation"]["account"]
    assert sum(account["states_gpu_ms"].values()) == account["held_gpu_ms"]
    assert set(account["states_gpu_ms"]) == {"ok", "degraded", "down", "unknown"}


def test_where_a_statement_stands() -> None:
    """Open, provisional, final, restated."""
    evaluation = deep()
    final = decide((), evaluation, is_final=True)
    restated = (*final, *decide(final, one_gpu(CONTRACT, 40), is_final=True))
    assert statement(open_month(), ()).standing is Standing.OPEN
    assert statement(evaluation, ()).standing is Standing.PROVISIONAL
    assert statement(evaluation, final).standing is Standing.FINAL
    assert statement(evaluation, restated).standing is Standing.RESTATED


def test_several_entries_of_one_close_are_no_restatement() -> None:
    """Each objective has its own."""
    final = decide((), four_promises(), is_final=True)
    assert len(final) == 4
    assert statement(four_promises(), final).standing is Standing.FINAL


def test_what_is_never_booked_is_not_said_to_wait() -> None:
    """At a shadow price nothing is posted, late evidence or not; an open month still runs."""
    over = statement(replace(four_promises(), is_shadow=True), ())
    assert standing_name(over) == "over, no money is booked"
    assert render_text(over).splitlines()[0].endswith("  OVER, NO MONEY IS BOOKED")
    assert "late evidence" not in render_text(over)
    assert standing_name(statement(replace(open_month(), is_shadow=True), ())) == "open"
    assert standing_name(statement(four_promises(), ())) == "provisional"


def test_there_is_nothing_to_claim_where_nothing_was_lost() -> None:
    """A claim of the whole month may stand; that it was not made is said of money alone."""
    claim = four_promises().claim
    assert claim is not None
    nothing = "; for this time there is nothing to claim."
    for worth, words in ((0, nothing), (5, ", and was not so far")):
        unclaimed = replace(claim, claimed_ms=None, claimable_minor_units=worth)
        told = " ".join(claim_words(four_promises(), unclaimed).split())
        assert told.startswith(f"It must be claimed before 2026-12-01T06:00:00Z{words}")


def test_entries_of_others_are_left_out() -> None:
    """Of other periods and contracts."""
    evaluation = bad_october()
    entries = decide((), evaluation, is_final=True)
    others = tuple(replace(entry, period="2026-09") for entry in entries)
    assert statement(evaluation, (*entries, *others)).entries == entries


SHADOW = contract(
    fees={
        "recurring": (replace(CONTRACT.fees.recurring[0], minor_units=0),),
        "shadow_minor_units": 1_000_000,
    }
)
ON_CLAIM = contract(claims={"mode": ClaimMode.ON_CLAIM})
NOTHING = contract(capacity={"ramp": (replace(CONTRACT.capacity.ramp[0], gpus=0),)})


@pytest.mark.parametrize(
    ("of", "more", "sentence"),
    [
        # 18 of 744 hours: 97.5 %, the tier of 10 %.
        (CONTRACT, {}, "By what is known so far the credit is USD 15,000,000.00."),
        (SHADOW, {}, "worth USD 1,000.00. No money is owed."),
        (NOTHING, {}, "Nothing was committed in this time"),
        (ON_CLAIM, {}, "USD 15,000,000.00 may be claimed before 2026-12-01T06:00:00Z."),
        (
            ON_CLAIM,
            {"claimed_ms": 1_796_104_800_000},
            "It was claimed at 2026-12-01T06:00:00Z, too late: 2026-12-01T06:00:00Z.",
        ),
    ],
)
def test_the_headline_says_what_it_means(
    of: ContractVersion, more: dict[str, object], sentence: str
) -> None:
    """In words that promise no more than the figures do."""
    assert sentence in render_text(statement(one_gpu(of, 18, **more), ()))


def test_an_open_month_owes_nothing_yet() -> None:
    """The accrued credit is called what it is."""
    text = render_text(statement(open_month(), ()))
    assert "If the period ended now," in text
    assert "Nothing is owed before its close." in text
    assert "judged to 2026-10-16T17:00:00Z" in text
    # 1 % of 72 * 744 h is 535.68 h, and 299 h are lost by then.
    assert "236.680 hours may still be lost under availability before its tier at 99 %" in text


def test_figures_are_cut_and_never_rounded_up() -> None:
    """A miss never reads as a hit."""
    assert percent(Fraction(98_999_999, 100_000_000)) == "98.9999 %"
    assert percent(Fraction(1)) == "100.0000 %"
    assert percent(None) == "n/a"
    assert gpu_hours(3_599_999) == "0.999"
    assert decimal(Fraction(12_345_678_999, 1000), 2) == "12,345,678.99"


def test_a_part_of_the_smallest_unit_is_told() -> None:
    """Where a figure must be exact."""
    assert exact_money(CONTRACT, Fraction(200)) == "USD 2.00"
    assert exact_money(CONTRACT, Fraction(602, 3)) == "USD 2.00 and 2/3 of its smallest unit"
