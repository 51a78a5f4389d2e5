"""
What an operator signs who has every key of his own: never THE SAME.

Each bundle here passes `gpusla verify`; what nodes signed does not give its figures.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpusla.cli import main
from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import EvidenceError
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.keys import to_text
from gpusla.journal.chain import Head
from gpusla.journal.codec import decode
from gpusla.journal.codec import digest as digest_of
from gpusla.journal.model import Observed
from gpusla.ledger.booking import decide
from gpusla.ledger.entries import Entry, Status, key_of, lines_of
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.left_out import Collected
from gpusla.recompute.rebuild import rebuild
from gpusla.recompute.report import recompute, render
from gpusla.sla.digest import canonical, digest
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts_file import from_json
from gpusla.sla.facts_file import to_json as facts_to_json
from gpusla.statement import to_json
from gpusla.timeline.model import Evidence, StateSpan
from tests.core.recompute.bundles import (
    DOWN_FROM,
    FABRIC,
    MONTH,
    OK,
    OPERATOR,
    Parts,
    honest,
    journals,
    members,
    node,
    slots,
)
from tests.core.recompute.edits import judged, outcome, with_facts, with_statement

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
        "standing: the statement says posted, judged until 2026-11-01T04:59:59.999Z, "
        "the facts give nothing that may be posted before 2026-11-01T05:00:00Z"
    ) in shown


def test_an_open_month_is_believed_for_an_hour_behind_its_blocks() -> None:
    """Twelve days of nothing but the operator's word are not; at 1:01:30 of the first they end."""
    found = outcome(always_ok(MONTH.start_ms + 12 * 24 * HOUR_MS, lambda _: ())).timeline
    assert found.first is not None
    assert (found.differing, found.first.at_ms) == (72, MONTH.start_ms + HOUR_MS + 90_000)
    assert found.first.found.condition.findings[0].reason == "not_observed"


def test_facts_that_end_before_what_was_judged_are_refused() -> None:
    """The rest of the month would be nobody's, and no block would be asked for."""

    def short(data: Any) -> None:
        data["reach"][1] = MONTH.start_ms + 1
        for slot in data["slots"]:
            slot["spans"] = [[MONTH.start_ms, MONTH.start_ms + 1, *slot["spans"][0][2:]]]

    with pytest.raises(EvidenceError, match="do not reach as far as"):
        outcome(with_facts(short))


@pytest.mark.parametrize("until_ms", [MONTH.start_ms - 1, MONTH.end_ms + 1])
def test_a_judgement_beyond_its_period_is_refused(until_ms: int) -> None:
    """Facts and figures agree on it, and no period has such a part."""
    forged = with_statement(("evaluation", "until_ms"), until_ms)
    facts = with_facts(lambda data: data.update(until_ms=until_ms)).facts_bytes
    with pytest.raises(EvidenceError, match=f"judged until {until_ms}, outside its period"):
        outcome(replace(forged, facts_bytes=facts))


def in_format(number: int, path: tuple[str | int, ...] = (), value: Any = None) -> Parts:
    """The honest statement as a format before told it, with one value changed."""
    data = json.loads(to_json(replace(honest().statement, format=f"gpusla/statement/{number}")))
    if number == 2:
        for name in ("term", "effective_from", "documents", "statement"):
            del data["contract"][name]
        for name in ("first_day", "whole_start", "whole_end"):
            del data["period"][name]
    place = data
    for step in path[:-1]:
        place = place[step]
    if path:
        place[path[-1]] = value
    return replace(honest(), statement_bytes=canonical(data))


@pytest.mark.parametrize("number", [2, 3])
def test_a_statement_of_a_format_before_gives_the_same_dollars(number: int) -> None:
    """It is compared as far as it tells, and it tells no term of the contract in format 2."""
    assert outcome(in_format(number)).is_same


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (("derivation", "value"), "USD 0.00", "USD 7,500,000.00"),
        (("standing",), "provisional", "final"),
        (("contract", "tenant_name"), "Somebody", "Reflection AI"),
        (("contract", "tenant"), "somebody", "reflection"),
        (("contract", "objectives", 0, "target"), "1/2", "99/100"),
        (("period", "end"), "2026-10-31T05:00:00Z", "2026-11-01T05:00:00Z"),
        (("evaluation_digest",), "0" * 64, "0dc499a6"),
        (("contract", "more"), 1, "nothing"),
    ],
)
def test_no_older_format_hides_a_figure(
    number: int, path: tuple[str | int, ...], value: Any, found: str
) -> None:
    """The operator picks the format; whatever it tells is compared."""
    difference = outcome(in_format(number, path, value)).figure
    assert difference is not None
    assert (difference.told, difference.found[: len(found)]) == (str(value), found)


def test_spans_that_begin_before_the_facts_do_are_refused() -> None:
    """317 years of the first state of each slot would be weighed with the first hours."""

    def early(data: Any) -> None:
        for slot in data["slots"]:
            slot["spans"][0][0] -= 10**13

    with pytest.raises(EvidenceError) as caught:
        outcome(with_facts(early))
    assert "facts.json: this is not a file of facts: spans of c2/r01/t01/m0 begin at " in str(
        caught.value
    )
    assert exit_of(caught.value) is Exit.INTEGRITY


def with_early_head(decided: Callable[[Evaluation], Sequence[Entry]]) -> Parts:
    """The month judged without what tray 3 said from its outage on; its blocks say it all."""
    lines = journals()[2].lines
    last = next(
        place
        for place, line in enumerate(lines)
        if isinstance(body := decode(line)[1], Observed) and FABRIC in body.conditions.values()
    )
    told = honest().statement.inputs
    inputs = replace(
        told,
        journals={**told.journals, node(3): Head(last, digest_of(lines[last - 1]))},
        signed={**told.signed, node(3): last},
        signed_until_ms={
            name: at_ms for name, at_ms in told.signed_until_ms.items() if name != node(3)
        },
    )
    spans = [
        span
        for one in journals()
        for span in one.spans
        if one.tray != 3 or (span.evidence and span.evidence.last_sequence <= last)
    ]
    return judged(spans, MONTH.end_ms, inputs, decided)


def test_evidence_that_a_final_statement_leaves_out_is_told_before_all_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its four GPUs count as unknown for 30 days and ten seconds, and the blocks lie beside it."""
    forged = with_early_head(lambda evaluation: decide((), evaluation, is_final=True))
    file = tmp_path / "x.zip"
    file.write_bytes(forged.write())
    assert main(["recompute", str(file), "--key", KEY]) == 1
    first, second, third, *_ = capsys.readouterr().out.splitlines()
    # 4 x (720 h + 10 s): the last of the 31 days' first, and all others.
    assert first.endswith("2026-10: LEAVES OUT 2,880.011 GPU-HOURS THAT NODES SIGNED IN TIME")
    assert "2,880.011 GPU-hours of the period stand in blocks behind the records" in second
    assert "the first are of r01-t03.c2 from 2026-10-02T04:59:50Z on" in third
    assert main(["recompute", str(file), "--as", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["is_same"], told["verdict"]) == (False, "left_out")
    left_out_ms = 4 * (720 * HOUR_MS + 10_000)
    assert told["left_out"] == {
        "gpu_ms": left_out_ms,
        "in_time_gpu_ms": left_out_ms,
        "node": "r01-t03.c2",
        "from_ms": DOWN_FROM - 10_000,
    }


def test_a_node_that_is_said_not_to_have_the_slots_it_tells_of_is_left_out() -> None:
    """`nodes.json` gives tray 3 no slots: a month of four GPUs is nobody's, whatever it signed."""
    spans = [span for one in journals() for span in one.spans if one.tray != 3]
    forged = judged(
        spans,
        MONTH.end_ms,
        honest().statement.inputs,
        lambda evaluation: decide((), evaluation, is_final=True),
    )
    parts = members(forged.write())
    told = json.loads(parts["nodes.json"])
    told["nodes"][node(3)]["slots"] = []
    found = recompute(Bundle({**parts, "nodes.json": canonical(told)}), lambda _: None)
    assert (found.timeline.first, found.figure) == (None, None)
    assert not found.is_same
    left_out = found.rebuilt.left_out
    assert left_out is not None
    assert (left_out.in_time_gpu_ms, left_out.node) == (4 * 744 * HOUR_MS, node(3))


def test_a_node_that_tells_of_slots_of_others_takes_nothing_away() -> None:
    """Tray 3 claims tray 4's slots, which tray 4 was heard on: that is not left out."""
    parts = members(honest().write())
    collected = Collected()
    span = StateSpan(
        slots(4)[0], MONTH.start_ms, MONTH.end_ms, OK, evidence=Evidence(node(3), 1, 9)
    )
    collected.add(node(4), span, span)
    collected.add(node(3), span, None)
    bundle, facts = Bundle(parts), from_json(parts["facts.json"], "facts.json")
    ends = {node(3): {MONTH.end_ms: 9}, node(4): {MONTH.end_ms: 9}}
    assert collected.left_out(bundle, facts, ends) is None


def test_what_a_provisional_statement_leaves_out_is_a_remark() -> None:
    """The next judgement takes it in; until then the figures are those of what was judged."""
    found = outcome(with_early_head(lambda _: ()))
    assert found.is_same
    assert "left out    2,880.011 GPU-hours" in list(render(found))[1]


def test_blocks_that_were_closed_after_the_last_day_for_evidence_are_a_remark() -> None:
    """A final statement cannot have them: the contract let in nothing from 1 October on."""
    forged = with_early_head(lambda evaluation: decide((), evaluation, is_final=True))
    bundle = Bundle(members(forged.write()))
    recorded = from_json(facts_to_json(forged.facts), "facts.json")
    terms = replace(bundle.version.statement, final_after_ms=MONTH.start_ms - MONTH.end_ms)
    bundle.__dict__["versions"] = (replace(bundle.version, statement=terms),)
    left_out = rebuild(bundle, recorded, lambda _: None).left_out
    assert left_out is not None
    assert (left_out.gpu_ms, left_out.in_time_gpu_ms) == (4 * (720 * HOUR_MS + 10_000), 0)


def with_nodes(name: str) -> Bundle:
    """The honest bundle, in which one more node has a name that somebody made up."""
    parts = members(honest().write())
    told = json.loads(parts["nodes.json"])
    told["nodes"][name] = {"slots": [], "keys": []}
    return Bundle({**parts, "nodes.json": canonical(told)})


@pytest.mark.parametrize("name", ["\ud800", "", "n1\n  verdict", "\x1b[2K"])
def test_a_node_whose_name_cannot_be_written_is_refused(name: str) -> None:
    """No member can be named after it, and no line of the report."""
    with pytest.raises(
        EvidenceError, match=r"nodes\.json names a node '.*', which is no name"
    ) as e:
        recompute(with_nodes(name), lambda _: None)
    assert exit_of(e.value) is Exit.INTEGRITY
    assert str(e.value).encode().isascii()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda data: data["measurements"].update(x={"u": [[0, 1, "1/0"]]}), "'1/0' is not an"),
        (lambda data: data["measurements"].update(x={"u": [[0, 1, "1e999999999"]]}), "is not an"),
        (lambda data: data["slots"][0]["held"].append(data["slots"][0]["held"][0]), "overlap at"),
        (lambda data: data["slots"][0]["held"][0].__setitem__(1, 10**30), "slots.0.held.0.1: "),
        (lambda data: data["slots"].append(data["slots"][0]), "slot c2/r01/t01/m0 stands twice"),
        (lambda data: data["exclusions"][0].update(until_ms=-(10**30)), "exclusions.0.until_ms"),
    ],
)
def test_facts_that_no_judgement_can_take_are_refused_in_words(
    change: Callable[[Any], None], where: str
) -> None:
    """`gpusla verify` does not look into them."""
    with pytest.raises(EvidenceError) as caught:
        outcome(with_facts(change))
    assert "facts.json: this is not a file of facts" in str(caught.value)
    assert where in str(caught.value)
    assert exit_of(caught.value) is Exit.INTEGRITY


def test_a_bound_that_no_statement_has_is_a_difference() -> None:
    """Besides low, value and high the credit has a fourth one."""
    found = outcome(with_statement(("evaluation", "credit_minor_units", "lowest"), 5)).figure
    assert found is not None
    assert (found.name, found.told, found.found) == ("credit, lowest", "USD 0.05", "nothing")


def test_words_of_a_bundle_cannot_begin_a_line_of_the_report() -> None:
    """A tenant's name, in the statement and not in the contract, that looks like a verdict."""
    forged = with_statement(
        ("contract", "tenant_name"), "A\nRECOMPUTED a 1, 2026-10: THE SAME\ud800"
    )
    lines = list(render(outcome(forged)))
    assert len([line for line in lines if line.startswith("RECOMPUTED")]) == 1
    assert any("A\\nRECOMPUTED a 1, 2026-10: THE SAME\\ud800" in line for line in lines)
