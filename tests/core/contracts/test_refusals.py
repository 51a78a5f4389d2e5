"""A contract that cannot be judged is refused in one sentence: where, why and what to do."""

import re
from pathlib import Path

import pytest

from gpusla.contracts.load import load_contract
from gpusla.errors import InputError

FOLDER = Path(__file__).parent
EVERYTHING = (FOLDER / "everything.yaml").read_text("utf-8")
ACME = (FOLDER / "acme.yaml").read_text("utf-8")
REFUSALS = (FOLDER / "refusals.txt").read_text("utf-8").strip().split("\n\n")[1:]


def refusal(text: str, source: str, *changes: tuple[str, str]) -> str:
    """The sentence that a changed contract is refused with."""
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    with pytest.raises(InputError) as refused:
        load_contract(text.encode("utf-8"), source)
    return str(refused.value)


def changes_of(block: str) -> tuple[list[tuple[str, str]], str]:
    """The replacements of a case and its sentence."""
    _, *lines, sentence = block.splitlines()
    texts = [line[2:].replace("\\n", "\n") for line in lines]
    marks = "".join(line[:1] for line in lines)
    assert re.fullmatch(r"(-\+)+", marks), block
    assert sentence.startswith("= "), block
    return list(zip(texts[::2], texts[1::2], strict=True)), sentence[2:]


@pytest.mark.parametrize("block", REFUSALS, ids=lambda block: block.splitlines()[0])
def test_it_is_refused_with_this_sentence(block: str) -> None:
    """File, line, column, field, value, cause, way out, code."""
    changes, sentence = changes_of(block)
    assert refusal(EVERYTHING, "everything.yaml", *changes) == sentence


def test_the_corpus_is_large_and_names_each_case_once() -> None:
    """Two cases of one name would hide one of them."""
    names = [block.splitlines()[0] for block in REFUSALS]
    assert len(names) == len(set(names)) >= 150


def test_a_cap_on_charges_needs_an_objective_that_names_units() -> None:
    """Of requests alone no charges are affected, so the cap would take every credit away."""
    block = ACME[ACME.index("    unknown:") : ACME.index("      tiers:")]
    requests = (
        "    unknown: {policy: provider_bears}\n"
        "    requests: {mode: total, slot: PT5M}\n"
        "    credit:\n      type: step\n      base: period_fee\n"
    )
    assert refusal(
        ACME,
        "acme.yaml",
        ("kind: capacity", "kind: request_ratio"),
        (block, requests),
        ("statement:\n", "combine: {caps: [{percent: 50, of: affected_charges}]}\nstatement:\n"),
    ) == (
        "acme.yaml:43:36: combine.caps[0].of: no objective names a unit, so no charges are "
        "affected and nothing would be given. Write period_fee. [GS1104]"
    )


def test_objectives_without_a_rule_for_their_credits_are_refused_at_the_top() -> None:
    """There is no `combine` to point at, so the whole file is."""
    second = ACME[ACME.index("  - id: availability") : ACME.index("statement:")]
    other = second.replace("id: availability", "id: again")
    assert refusal(ACME, "acme.yaml", ("statement:\n", f"{other}statement:\n")) == (
        "acme.yaml:1:1: combine: nothing says how the credits of 2 objectives become one. "
        "Add `combine` with `across_slos`: sum, max or first. [GS1104]"
    )


def test_another_currency_is_refused_with_the_ones_there_are() -> None:
    """The exponent of an unknown currency would be a guess."""
    sentence = refusal(ACME, "acme.yaml", ("currency: USD", "currency: USB"))
    assert (
        "fees.currency: 'USB' is not a currency that gpusla counts in. Write one of AED" in sentence
    )
