"""A month's mean of five-minute slots is a fraction of ten thousand digits: exact, and readable."""

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.promises import Kind, RequestMode, Requests
from gpusla.sla.digest import DECIMAL_BITS_MAX, exact, from_exact
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import RequestSlot
from gpusla.statement import build, render_text, to_json
from gpusla.statement.layout import COLUMNS
from tests.core.contracts.terms import contract, objective
from tests.core.sla.october import OCTOBER, seen
from tests.core.sla.october import judged as october_of
from tests.core.statement.scenes import INPUTS

SLOT_MS = 300_000
READERS_DIGITS_MAX = 4300
"""What Python's own reader of decimals refuses beyond."""


@cache
def judged() -> Evaluation:
    """October's 8,928 slots of five minutes, none with the same count as all others."""
    random = Random(20261001)  # noqa: S311  (a story, which must repeat)
    requests = tuple(
        RequestSlot(start_ms, random.randrange(50_000, 100_000), random.randrange(5))
        for start_ms in range(OCTOBER.start_ms, OCTOBER.end_ms, SLOT_MS)
    )
    mean = Requests(RequestMode.MEAN_OF_SLOTS, SLOT_MS, 0, Fraction(0))
    of = contract(objectives=(objective(kind=Kind.REQUEST_RATIO, requests=mean),))
    return october_of(of, replace(seen({}), requests={"availability": requests}))


def test_the_json_keeps_every_digit() -> None:
    """And any reader of JSON and of integers takes it."""
    value = judged().outcomes[0].value.value
    assert value is not None
    assert value.denominator > 10**READERS_DIGITS_MAX
    content = json.loads(to_json(build(judged(), (), INPUTS)))
    assert from_exact(outcome(content)["value"]["value"]) == value


def outcome(content: dict[str, Any]) -> dict[str, Any]:
    """The one outcome of a statement's JSON."""
    (found,) = content["evaluation"]["outcomes"]
    return dict(found)


def test_the_text_cuts_it_off_and_says_so() -> None:
    """Twelve decimals; the derivation is cut in the same way."""
    statement = build(judged(), (), INPUTS)
    text = render_text(statement)
    assert max(map(len, text.splitlines())) <= COLUMNS
    pending, values = [statement.derivation], []
    while pending:
        node = pending.pop()
        values.append(node.value)
        pending += node.children
    assert max(map(len, values)) < 200
    assert any(value.endswith("... (whole in JSON)") for value in values)


@given(
    st.fractions() | st.fractions(min_value=0).map(lambda one: one ** (DECIMAL_BITS_MAX // 8) + one)
)
def test_what_is_written_is_read_again(number: Fraction) -> None:
    """Whatever its length and its sign."""
    written = exact(number)
    assert written is not None
    assert from_exact(written) == number
    assert max(map(len, str(written).split("/"))) < READERS_DIGITS_MAX or "0x" in str(written)
