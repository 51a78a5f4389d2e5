"""A hundred seeded edits, each signed anew: none gives the same dollars."""

import json
import re
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import GpuslaError
from gpusla.journal.hours import HourBlock
from gpusla.statement import to_json
from tests.core.recompute.bundles import (
    CONTRACT,
    FABRIC,
    HOT,
    MONTH,
    STEP_MS,
    Parts,
    honest,
    node,
    resigned,
    slots,
)
from tests.core.recompute.edits import outcome, with_facts, with_statement


@pytest.mark.parametrize("seed", range(100))
def test_an_edit_that_was_signed_anew_is_found(seed: int) -> None:
    """By somebody who has every key: in the facts, a block, a figure, the terms."""
    random = Random(seed)  # noqa: S311  (which edits are made must repeat)
    edit = random.choice((edited_facts, edited_block, edited_figure, edited_terms))
    assert is_found(edit(random))


def is_found(parts: Parts) -> bool:
    """Whether something is not the same, or the bundle is refused for its integrity."""
    try:
        return not outcome(parts).is_same
    except GpuslaError as error:
        return exit_of(error) is Exit.INTEGRITY


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
