"""A statement's file is enough to have the statement again."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gpusla.ledger.booking import decide
from gpusla.sla.digest import canonical
from gpusla.statement import Statement, render_text, to_json
from gpusla.statement.reading import AlteredError, from_json
from tests.core.sla.making import CONTRACT
from tests.core.statement.scenes import bad_october, four_promises, open_month, statement
from tests.core.statement.test_focus import restated
from tests.core.statement.test_statement import deep, one_gpu

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


def posted(of: Statement, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A statement whose last posted entry was changed; no digest of it covers the entries."""
    data = json.loads(to_json(of))
    change([one for one in data["entries"] if one["status"] == "posted"][-1])
    return canonical(data)


def enlarged(entry: dict[str, Any]) -> None:
    """An amount and both its lines, as who knows of balance would change them."""
    entry["amount_minor_units"] += 10_000_000
    entry["lines"][0][1] += 10_000_000
    entry["lines"][1][1] -= 10_000_000


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        # USD 37,500,000.00 are owed of it.
        (enlarged, "its entries post USD 37,600,000.00, and its credit is USD 37,500,000.00"),
        (lambda entry: entry.update(amount_minor_units=1), "lines that do not match its amount"),
        (lambda entry: entry["lines"][0].__setitem__(1, 1), "lines that do not match its amount"),
        (lambda entry: entry.update(status="pending"), "its entries post USD 0.00"),
        (
            lambda entry: entry.update(currency="EUR"),
            "its entries are in EUR, and its fees are not",
        ),
    ],
)
def test_what_is_posted_is_the_credit(
    change: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    """Of a month that was corrected, so that of three posted entries one takes another back."""
    with pytest.raises(AlteredError, match=re.escape(sentence)):
        from_json(posted(restated(), change))


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        # 18 of 744 hours are 97.5 %: 10 % of USD 150,000,000.00.
        ("USD 15,000,000.00", "USD 10.00", "its derivation has credit = USD 10.00"),
        ('"name":"committed GPU-ms"', '"name":"committed"', "its derivation has committed = "),
        ('"field":"capacity.ramp"', '"field":"fees"', "= 2678400000, which its figures have not"),
    ],
)
def test_a_derivation_comes_to_the_figures_of_its_statement(
    before: str, after: str, sentence: str
) -> None:
    """It stands beside the evaluation, whose digest says nothing of it."""
    data = json.loads(to_json(statement(deep())))
    told = canonical(data["derivation"]).decode()
    data["derivation"] = json.loads(told.replace(before, after))
    with pytest.raises(AlteredError, match=re.escape(sentence)):
        from_json(canonical(data))


def test_a_figure_that_a_derivation_leaves_out_is_missed() -> None:
    """The fee and the account, which come last."""
    data = json.loads(to_json(statement(deep())))
    data["derivation"]["children"].pop()
    with pytest.raises(AlteredError, match="its derivation has delivered GPU-ms = 2613600000"):
        from_json(canonical(data))


def test_rules_may_be_in_the_words_of_another_version() -> None:
    """What is told of them is derived anew; the figures are what must be the same."""
    data = json.loads(to_json(statement(deep())))
    data["derivation"]["rule"] = "after all caps"
    assert from_json(canonical(data)).derivation.rule == "after all caps"


def test_a_standing_is_what_its_entries_make_it() -> None:
    """A month that still runs, called final by who changed the file."""
    content = to_json(statement(open_month(), ())).replace(b'"open"', b'"final"')
    with pytest.raises(AlteredError, match="its entries do not make it final"):
        from_json(content)


@pytest.mark.parametrize("hours", [0, 18, 40])
def test_an_honest_statement_is_read_whatever_became_of_it(hours: int) -> None:
    """Posted, corrected, corrected back; with no credit, with some; and nothing posted at all."""
    first, again = deep(), one_gpu(CONTRACT, hours)
    accrued = decide((), first, is_final=False)
    final = (*accrued, *decide(accrued, first, is_final=True))
    corrected = (*final, *decide(final, again, is_final=True))
    back = (*corrected, *decide(corrected, first, is_final=True))
    for of in (
        statement(first, accrued),
        statement(first, final),
        statement(again, corrected),
        statement(first, back),
        statement(first, ()),
    ):
        assert to_json(from_json(to_json(of))) == to_json(of)


def test_at_a_shadow_price_nothing_is_owed_whatever_it_is_worth() -> None:
    """And what was posted of the month before it had a shadow price is taken back."""
    final = decide((), deep(), is_final=True)
    free = replace(deep(), is_shadow=True)
    for entries in ((), (*final, *decide(final, free, is_final=True))):
        of = statement(free, entries)
        assert to_json(from_json(to_json(of))) == to_json(of)


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
