"""How far what is recomputed reaches: an open month, its last hours, what was not yet known."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourClosed
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.report import render
from gpusla.sla.evaluate import evaluate
from gpusla.statement import Inputs, build
from gpusla.statement.from_facts import grounds_of
from gpusla.timeline.build import build as build_timeline
from gpusla.timeline.model import StateSpan
from tests.core.recompute.bundles import (
    DAY_MS,
    MONTH,
    STEP_MS,
    Parts,
    honest,
    journals,
    members,
    node,
)
from tests.core.recompute.edits import outcome


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


def until_of(line: bytes) -> int:
    """The end of a block; a key has none."""
    _, body = decode(line)
    return body.block.until_ms if isinstance(body, HourClosed) else 0
