"""How far what is recomputed reaches: an open month, its last hours, what was not yet known."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourClosed
from gpusla.recompute.report import render
from gpusla.statement import Inputs
from gpusla.timeline.model import StateSpan
from tests.core.recompute.bundles import (
    DAY_MS,
    HOUR_MS,
    MONTH,
    STEP_MS,
    Parts,
    honest,
    journals,
    node,
)
from tests.core.recompute.edits import judged, outcome


def test_the_end_of_an_open_month_stands_in_no_block_yet() -> None:
    """The blocks end at midnight, the facts at 01:00: an hour of 72 GPUs is not compared."""
    midnight_ms = MONTH.start_ms + 12 * DAY_MS - 5 * 3_600_000
    unsigned = partial(replace, signed={}, signed_until_ms={})
    open_month = judged_until(midnight_ms + HOUR_MS, unsigned)
    shorter = {
        name: [line for line in lines if until_of(line) <= midnight_ms]
        for name, lines in open_month.hours.items()
    }
    found = outcome(replace(open_month, hours=shorter))
    assert found.is_same
    # The last sample before midnight is ten seconds old when the block is closed.
    assert found.timeline.open_gpu_ms == 72 * (HOUR_MS + STEP_MS)
    assert "72.200 GPU-hours at the end stand in no block yet" in " ".join(render(found))


def test_a_node_that_fell_silent_is_believed_for_the_hour_that_it_left_open() -> None:
    """The blocks end at midnight, the facts see it until 01:00 and not in the five hours after."""
    midnight_ms = MONTH.start_ms + 12 * DAY_MS - 5 * HOUR_MS
    unsigned = replace(honest().statement.inputs, signed={}, signed_until_ms={})
    seen = [
        replace(span, end_ms=min(span.end_ms, midnight_ms + HOUR_MS))
        for one in journals()
        for span in one.spans
        if span.start_ms < midnight_ms + HOUR_MS
    ]
    lines = {
        name: [line for line in lines if until_of(line) <= midnight_ms]
        for name, lines in honest().hours.items()
    }
    silent = replace(judged(seen, midnight_ms + 6 * HOUR_MS, unsigned), hours=lines)
    assert outcome(silent).is_same
    later = [replace(span, end_ms=span.end_ms + HOUR_MS) for span in seen if is_last(span, seen)]
    told = judged([*seen, *later], midnight_ms + 6 * HOUR_MS, unsigned)
    found = outcome(replace(told, hours=lines)).timeline.first
    assert found is not None
    # An hour, a minute for a record that runs over its end, and half a minute to arrive.
    assert found.at_ms == midnight_ms - STEP_MS + HOUR_MS + 90_000


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
        return replace(
            inputs,
            journals={**inputs.journals, node(3): Head(last, digest)},
            signed={**inputs.signed, node(3): last},
            signed_until_ms={},
        )

    late = judged_until(MONTH.end_ms, known)
    found = outcome(late)
    assert found.is_same
    assert found.found.evaluation.account.states_gpu_ms[State.UNKNOWN] > 0


def test_a_node_that_did_not_sign_so_far_is_named() -> None:
    """The statement makes its evidence look better than the blocks show."""
    inputs = honest().statement.inputs
    last = inputs.journals[node(3)].sequence
    for changed, words in (
        ({"signed_until_ms": {node(3): MONTH.end_ms}}, "no signed block that ends then"),
        ({"signed": {**inputs.signed, node(3): 5}}, "no signed block that ends then"),
        ({"signed": {**inputs.signed, NodeName("n9"): 5}}, "no enrolled key"),
        ({"signed": {**inputs.signed, node(3): 2**47}}, f"no record behind {last}"),
    ):
        better = judged_until(MONTH.end_ms, partial(replace, **changed))
        found = outcome(better).figure
        assert found is not None
        assert found.found == words


def judged_until(until_ms: int, known: Callable[[Inputs], Inputs] = lambda inputs: inputs) -> Parts:
    """The bundle of a month that still runs, judged up to an instant; known: changes its inputs."""
    inputs = known(honest().statement.inputs)
    heads = inputs.journals

    def was_known(span: StateSpan) -> bool:
        assert span.evidence is not None
        return span.evidence.last_sequence <= heads[span.evidence.node].sequence

    return judged(
        [span for one in journals() for span in one.spans if was_known(span)], until_ms, inputs
    )


def is_last(span: StateSpan, spans: Sequence[StateSpan]) -> bool:
    """Whether no span of its slot ends later."""
    return all(one.end_ms <= span.end_ms for one in spans if one.slot == span.slot)


def until_of(line: bytes) -> int:
    """The end of a block; a key has none."""
    _, body = decode(line)
    return body.block.until_ms if isinstance(body, HourClosed) else 0
