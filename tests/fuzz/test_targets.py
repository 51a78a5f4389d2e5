"""
What the fuzzer looks for, in every run of the tests: the same checks on inputs of Hypothesis.

It takes the seeds, joins and cuts them, and puts in words of each target's language.
"""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import UNDER_TEST, Target, check_timed, find
from tests.architecture.tree import ROOT

RESULTS = ROOT / "fuzz" / "results"


@pytest.mark.parametrize("name", UNDER_TEST)
def test_every_seed_of_a_target_passes(name: str) -> None:
    """A seed that breaks it is a test that fails."""
    target = find(name)
    seeds = list(target.seeds())
    assert seeds
    for seed in seeds:
        check_timed(target, seed)


@pytest.mark.parametrize("name", UNDER_TEST)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data())
def test_an_input_that_nobody_would_write_breaks_no_target(name: str, draw: st.DataObject) -> None:
    """No error but ours, nothing that cannot be true, and within the time that any input has."""
    target = find(name)
    check_timed(target, draw.draw(inputs(target)))


@pytest.mark.parametrize("name", UNDER_TEST)
def test_the_last_long_search_is_on_record(name: str) -> None:
    """How many inputs, with which seed, and that nothing was found."""
    result = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    assert result["target"] == name
    assert result["executions"] > 1_000
    assert result["findings"] == []


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Return the seeds cut and joined, with words and bytes between them."""
    piece = st.sampled_from(list(target.seeds())).flatmap(cut)
    word = st.sampled_from([word.encode() for word in target.WORDS])
    joined: Callable[[list[bytes]], bytes] = b"".join
    return st.lists(st.one_of(piece, word, st.binary(max_size=8)), max_size=8).map(joined)


def cut(seed: bytes) -> st.SearchStrategy[bytes]:
    """Return a part of a seed, from its beginning more often than not."""
    ends = st.integers(0, len(seed))
    return st.one_of(ends.map(lambda end: seed[:end]), ends.map(lambda start: seed[start:]))
