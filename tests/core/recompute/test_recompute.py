"""From a bundle to the same dollars, or to the first thing that is not the same."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest

from gpusla.catalogue.reasons import State
from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import EvidenceError, GpuslaError
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourBlock, HourClosed, HourSpan
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.report import Recomputed, plain, recompute, render
from gpusla.sla.digest import canonical
from gpusla.sla.digest import plain as plain_evaluation
from gpusla.sla.evaluate import evaluate
from gpusla.sla.facts_file import to_json as facts_to_json
from gpusla.statement import Inputs, build, to_json
from gpusla.statement.from_facts import grounds_of
from gpusla.timeline.build import build as build_timeline
from gpusla.timeline.model import StateSpan
from tests.core.recompute.bundles import (
    CONTRACT,
    DAY_MS,
    DOWN_FROM,
    FABRIC,
    HOT,
    MONTH,
    STEP_MS,
    Parts,
    honest,
    journals,
    members,
    node,
    resigned,
    slots,
)

SLOT = slots(3)[1]


def outcome(parts: Parts) -> Recomputed:
    """What recomputing comes to, from the bundle's bytes alone."""
    return recompute(Bundle(members(parts.write())), lambda _: None)


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


def judged_until(until_ms: int, known: Callable[[Inputs], Inputs] = lambda inputs: inputs) -> Parts:
    """The bundle of a month that still runs, judged up to an instant; known: changes its inputs."""
    whole = honest()
    (contract,) = Bundle(members(whole.write())).versions
    told, facts = whole.statement, whole.facts.facts
    reach = Interval(MONTH.start_ms, until_ms)
    inputs = known(told.inputs)
    heads = inputs.journals

    def was_known(span: StateSpan) -> bool:
        assert span.evidence is not None
        return span.evidence.last_sequence <= heads[span.evidence.node].sequence

    then = [span for one in journals() for span in one.spans if was_known(span)]
    facts = replace(facts, timeline=build_timeline(then, facts.held, reach))
    evaluation = evaluate(contract, told.evaluation.period, until_ms, facts, versions=(contract,))
    grounds = grounds_of(evaluation, facts, inputs)
    statement = build(evaluation, (), inputs, grounds=grounds)
    recorded = replace(whole.facts, until_ms=until_ms, facts=facts)
    return replace(whole, facts=recorded, statement=statement)


def test_the_end_of_an_open_month_stands_in_no_block_yet() -> None:
    """The blocks end at midnight, the facts at 06:00: six hours of 72 GPUs are not compared."""
    midnight_ms = MONTH.start_ms + 12 * DAY_MS - 5 * 3_600_000
    unsigned = partial(replace, signed={}, signed_until_ms={})
    open_month = judged_until(midnight_ms + 6 * 3_600_000, unsigned)
    shorter = {
        name: [line for line in lines if until_of(line) <= midnight_ms]
        for name, lines in open_month.hours.items()
    }
    found = outcome(replace(open_month, hours=shorter))
    assert found.is_same
    # The last sample before midnight is ten seconds old when the block is closed.
    assert found.timeline.open_gpu_ms == 72 * (6 * 3_600_000 + STEP_MS)
    assert "432.200 GPU-hours at the end stand in no block yet" in " ".join(render(found))


def test_a_month_that_is_over_must_stand_in_blocks_to_its_end() -> None:
    """Else who leaves the last hours out would have them believed."""
    lines = {name: lines[:-2] for name, lines in honest().hours.items()}
    found = outcome(replace(honest(), hours=lines)).timeline
    assert (found.differing, found.open_gpu_ms) == (72, 0)


def test_what_came_after_the_statement_is_left_out() -> None:
    """A node's journal was known up to 10 October; its blocks tell of the whole month."""
    last = 30

    def known(inputs: Inputs) -> Inputs:
        digest = decode(journals()[2].lines[last])[0].previous
        return replace(inputs, journals={**inputs.journals, node(3): Head(last, digest)})

    late = judged_until(MONTH.end_ms, known)
    found = outcome(late)
    assert found.is_same
    assert found.found.evaluation.account.states_gpu_ms[State.UNKNOWN] > 0


def until_of(line: bytes) -> int:
    """The end of a block; a key has none."""
    _, body = decode(line)
    return body.block.until_ms if isinstance(body, HourClosed) else 0


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


def test_a_node_that_did_not_sign_so_far_is_named() -> None:
    """The statement makes its evidence look better than the blocks show."""
    inputs = honest().statement.inputs
    for changed, words in (
        ({"signed_until_ms": {node(3): MONTH.end_ms}}, "no signed block that ends then"),
        ({"signed": {**inputs.signed, node(3): 5}}, "no signed block that ends then"),
        ({"signed": {**inputs.signed, NodeName("n9"): 5}}, "no enrolled key"),
    ):
        better = judged_until(MONTH.end_ms, partial(replace, **changed))
        found = outcome(better).figure
        assert found is not None
        assert found.found == words


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


def with_facts(change: Callable[[Any], None]) -> Parts:
    """The bundle with changed facts; everything is sealed anew."""
    data = json.loads(facts_to_json(honest().facts))
    change(data)
    return replace(honest(), facts_bytes=canonical(data))


def with_block(tray: int, change: Callable[[HourSpan], HourSpan]) -> Parts:
    """The bundle with changed spans of a node, whose own key signs every block anew."""

    def block(one: HourBlock) -> HourBlock:
        return replace(
            one, spans={slot: tuple(map(change, spans)) for slot, spans in one.spans.items()}
        )

    lines = resigned(honest().hours[node(tray)], tray, block)
    return replace(honest(), hours={**honest().hours, node(tray): lines})


def with_statement(path: tuple[str | int, ...], value: Any) -> Parts:
    """The bundle with one value of its statement changed, its digest made anew."""
    data = json.loads(to_json(honest().statement))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    data["evaluation_digest"] = hashlib.sha256(canonical(data["evaluation"])).hexdigest()
    return replace(honest(), statement_bytes=canonical(data))


def is_down(span: HourSpan) -> bool:
    """Whether it is of the outage itself, not of its edges."""
    return span.condition == FABRIC and span.other is None


def is_found(parts: Parts) -> bool:
    """Whether something is not the same, or the bundle is refused for its integrity."""
    try:
        return not outcome(parts).is_same
    except GpuslaError as error:
        return exit_of(error) is Exit.INTEGRITY


@pytest.mark.parametrize("seed", range(100))
def test_an_edit_that_was_signed_anew_is_found(seed: int) -> None:
    """By somebody who has every key: in the facts, a block, a figure, the terms."""
    random = Random(seed)  # noqa: S311  (which edits are made must repeat)
    edit = random.choice((edited_facts, edited_block, edited_figure, edited_terms))
    assert is_found(edit(random))


def edited_facts(random: Random) -> Parts:
    """One edge, condition, clock error or record of one span, inside the month."""

    def change(data: Any) -> None:
        row = random.choice(random.choice(data["slots"])["spans"][1:-1])
        column = random.choice((0, 1, 2, 3, 4, 5))
        if column in {0, 1}:
            row[column] += random.choice((-1, 1)) * random.randint(1, 9_999)
        elif column in {2, 3}:
            others = {None, *range(len(data["conditions"]))} if column == 3 else {0, 1, 2}
            row[column] = random.choice(sorted(others - {row[column]}, key=str))
        elif column == 4:
            row[4] = random.choice((None, 0, 1_999, 2_001, 60_000))
        else:
            row[5][random.choice((1, 2))] += random.choice((-1, 1))

    return with_facts(change)


def edited_block(random: Random) -> Parts:
    """One span of one block, inside the month."""
    tray = random.randint(1, 18)
    day_ms = MONTH.start_ms + random.randint(1, 29) * 86_400_000
    slot = random.choice(slots(tray))
    shift_ms = random.randint(1, STEP_MS - 1)
    edits: tuple[dict[str, Any], ...] = (
        {"condition": HOT},
        {"condition": replace(FABRIC, findings=FABRIC.findings * 2)},
        {"other": HOT},
        {"error_ms": 1_000},
        {"node": "shorter"},
    )
    edit = random.choice(edits)

    def block(one: HourBlock) -> HourBlock:
        if not one.from_ms <= day_ms < one.until_ms:
            return one
        first, *rest = one.spans[slot]
        more = {"start_ms": first.start_ms + shift_ms} if "node" in edit else edit
        return replace(one, spans={**one.spans, slot: (replace(first, **more), *rest)})

    lines = resigned(honest().hours[node(tray)], tray, block)
    return replace(honest(), hours={**honest().hours, node(tray): lines})


def edited_figure(random: Random) -> Parts:
    """One whole number of the statement's evaluation, one more or one less, or a thousand times."""
    places = list(numbers(json.loads(to_json(honest().statement))["evaluation"], ("evaluation",)))
    path, value = random.choice(places)
    return with_statement(path, random.choice((value + 1, value - 1, value * 1000 + 1)))


def edited_terms(random: Random) -> Parts:
    """One digit of the contract's file: an amount, a target, a tier, a minimum."""
    content = CONTRACT.read_text("utf-8").partition("examples:")
    places = [found.start() for found in re.finditer(r"\d", content[0])]
    place = random.choice(places)
    digit = random.choice(sorted(set("0123456789") - {content[0][place]}))
    terms = content[0][:place] + digit + content[0][place + 1 :]
    return replace(honest(), contract=(terms + "".join(content[1:])).encode())


def numbers(value: Any, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], int]]:
    """Every whole number in a value of JSON, by its path."""
    if isinstance(value, dict):
        return [one for key in value for one in numbers(value[key], (*path, key))]
    if isinstance(value, list):
        return [one for n, inner in enumerate(value) for one in numbers(inner, (*path, n))]
    return [(path, value)] if type(value) is int else []
