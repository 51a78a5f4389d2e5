"""A statement's file is enough to have the statement again."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gpusla.sla.digest import canonical
from gpusla.statement import Statement, render_text, to_json
from gpusla.statement.reading import AlteredError, from_json
from tests.core.statement.scenes import bad_october, four_promises, open_month, statement

GOLDEN = Path(__file__).parents[2] / "golden" / "statement"
FORMAT_2, FORMAT_3 = (GOLDEN / f"october.format-{number}.json" for number in (2, 3))


def scenes() -> list[Statement]:
    """One promise, four, and a month that still runs."""
    return [statement(bad_october()), statement(four_promises()), statement(open_month(), ())]


@pytest.mark.parametrize("number", range(3))
def test_a_statement_read_back_is_the_same_to_the_byte(number: int) -> None:
    """And says the same to people."""
    written = scenes()[number]
    again = from_json(to_json(written) + b"\n")
    assert to_json(again) == to_json(written)
    assert render_text(again) == render_text(written)
    assert again.evaluation.losses == written.evaluation.losses
    assert again.entries == written.entries


def test_a_file_of_the_format_before_can_still_be_printed() -> None:
    """It says all but the contract's term, of which no figure of it depends."""
    again = from_json(FORMAT_2.read_bytes())
    now = statement(bad_october())
    assert again.evaluation.credit_minor_units == now.evaluation.credit_minor_units
    assert again.evaluation.losses == now.evaluation.losses
    without_digest = [line for line in render_text(again).splitlines() if "digest is" not in line]
    assert set(without_digest) <= set(render_text(now).splitlines())


def test_a_file_of_format_3_keeps_its_bytes_and_its_digest() -> None:
    """It says the same figures, and nothing of what its writer did not know."""
    again = from_json(FORMAT_3.read_bytes())
    assert to_json(again) + b"\n" == FORMAT_3.read_bytes()
    assert again.evaluation == from_json(to_json(statement(bad_october()))).evaluation
    assert (again.grounds, again.notes, again.inputs.signed) == (None, (), {})
    with pytest.raises(AlteredError, match="do not belong together"):
        from_json(FORMAT_3.read_bytes().replace(b'"standing":', b'"standing": '))


def altered(path: tuple[str | int, ...], value: Any, *, is_resealed: bool = False) -> bytes:
    """The bad October with one value changed; resealed by somebody who knows of the digest."""
    data = json.loads(to_json(statement(bad_october())))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    if is_resealed:
        data["evaluation_digest"] = hashlib.sha256(canonical(data["evaluation"])).hexdigest()
    return canonical(data)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("format",), "gpusla/statement/9", "not of a format that this version reads"),
        (("evaluation", "credit_minor_units", "value"), 1, "figures are not those of evaluation"),
        (("evaluation", "credit_minor_units", "value"), "1", "'1' is not a whole number"),
        (
            ("evaluation", "losses", 0, "gpu_ms"),
            "1/0",
            "Fraction(1, 0) is not what a statement has there",
        ),
        (("contract", "objectives", 0, "kind"), "luck", "'luck' is not a valid Kind"),
        (("contract", "fees", "currency"), 7, "contract.fees.currency is '7'"),
        (
            ("contract", "fees", "currency"),
            "XYZ",
            "contract.fees.currency is 'XYZ' with 2 decimals",
        ),
        (("evaluation", "losses", 0, "unit"), 7, "'7' is not text"),
        (("evaluation", "until_ms"), 10**30, "is not what a statement has there"),
        (("evaluation", "losses", 0, "end_ms"), 0, "a span ends at 0 and begins at"),
        (("contract", "objectives", 0, "credit", "type"), "gift", "contract.objectives"),
        (("entries",), None, "is not what a statement has there"),
        (("entries", 0, "lines", 0, 1), 5, "legs that sum to"),
    ],
)
def test_what_is_no_statement_is_refused(path: tuple[str, ...], value: Any, sentence: str) -> None:
    """In words that name the place."""
    with pytest.raises(ValueError, match=re.escape(sentence)):
        from_json(altered(path, value, is_resealed=value != 1))


def test_a_space_between_two_parts_is_found() -> None:
    """It changes no figure, and it does change the digest."""
    content = to_json(statement(bad_october())).replace(b'"standing":', b'"standing": ')
    with pytest.raises(AlteredError, match="do not belong together"):
        from_json(content)


def test_a_number_with_a_point_is_refused() -> None:
    """Nothing in a statement is inexact."""
    content = to_json(statement(bad_october())).replace(b'"version":1', b'"version":1.0')
    with pytest.raises(ValueError, match=r"1\.0 is not a whole number"):
        from_json(content)


def test_whatever_is_in_a_file_is_read_or_refused() -> None:
    """A value of another kind anywhere, sealed anew: refused in words, or fit to be printed."""
    random = Random(20261001)  # noqa: S311  (which values are tried must repeat)
    content = to_json(statement(bad_october()))
    places = [place for place in places_of(json.loads(content)) if place]
    outcomes: Counter[bool] = Counter()
    for place in random.sample(places, 150):
        try:
            written = from_json(altered(place, random.choice(OTHERS), is_resealed=True))
        except ValueError:
            outcomes[False] += 1
        else:
            outcomes[bool(render_text(written))] += 1
    assert outcomes[False] > outcomes[True] > 0


OTHERS: tuple[Any, ...] = (
    None,
    0,
    -1,
    10**30,
    "",
    "x",
    "1/0",
    [],
    {},
    [1],
    {"a": 1},
    True,
    "2026-13-01T00:00:00Z",
)


def places_of(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a statement's JSON but its derivation, which is told and not computed with."""
    yield place
    inside = enumerate(value) if isinstance(value, list) else ()
    for key, one in value.items() if isinstance(value, dict) else inside:
        if key != "derivation":
            yield from places_of(one, (*place, key))
