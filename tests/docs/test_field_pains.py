"""The page of pains: all of them in order, and each says what holds it or that nothing does."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "concepts" / "field-pains.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in PAGE.splitlines()
    if re.match(r"\| \d+ \|", line)
]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
PAINS = 51
SOURCE = re.compile(r"[\w/-]+ (issue |pull request )?\d+")


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the names of a file's tests; a file that is not there has none."""
    file = ROOT / path
    if not file.exists():
        return frozenset()
    body = ast.parse(file.read_text("utf-8")).body
    return frozenset(one.name for one in body if isinstance(one, ast.FunctionDef))


def test_every_pain_stands_on_the_page_once_and_in_order() -> None:
    """A row that somebody takes out leaves a hole."""
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, PAINS + 1)]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_pain_says_where_it_is_from_and_what_holds_it(row: list[str]) -> None:
    """No row is answered by words alone."""
    _, pain, source, answer, held_by = row
    assert pain
    assert answer
    assert SOURCE.match(source)
    assert TEST.search(held_by)


def test_every_test_that_is_named_exists() -> None:
    """One that was renamed is renamed here too."""
    named = TEST.findall(PAGE)
    assert len(named) >= PAINS
    assert [one for one in named if one[1] not in named_in(one[0])] == []
    assert PAGE.count("::test_") == len(named)
