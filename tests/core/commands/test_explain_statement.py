"""`gpusla explain --statement`: what it tells is the statement's, and nothing else is told."""

from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.statement import digest, to_json
from tests.core.statement.scenes import statement
from tests.core.statement.test_statement import deep

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        # USD 15,000,000.00 are owed, and posted.
        ('"value":"USD 15,000,000.00"', '"value":"USD 10.00"', 6),
        ('"status":"posted"', '"status":"pending"', 6),
        ('"standing":"final"', '"standing":"open"', 6),
        # Another version's words are no figure; ours are told.
        ('"rounded once (half_even)', '"rounded up (half_even)', 0),
    ],
)
def test_an_altered_statement_is_told_by_no_command(
    before: str, after: str, code: int, tmp_path: Path, capsys: Capture
) -> None:
    """What prints a statement, what compares it and what explains it read it alike."""
    honest = to_json(statement(deep())).decode()
    assert before in honest
    file = tmp_path / "altered.json"
    file.write_text(honest.replace(before, after), "utf-8")
    for words in (
        ["statement", str(file)],
        ["statement", "changes", str(file), str(file)],
        ["explain", "--statement", str(file)],
    ):
        assert main(words) == code
        shown = capsys.readouterr().out
        assert bool(shown) == (code == 0)
        assert "rounded up (half_even)" not in shown


def test_files_that_differ_are_never_said_to_be_the_same(tmp_path: Path, capsys: Capture) -> None:
    """Ends with 1 although nothing that it tells is different."""
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    honest = to_json(statement(deep()))
    one.write_bytes(honest)
    two.write_bytes(honest.replace(b'"rounded once (', b'"rounded up ('))
    assert main(["statement", "changes", str(one), str(two)]) == 1
    assert "the two are not the same" in " ".join(capsys.readouterr().out.split())


def test_a_story_ends_with_the_digest_of_its_statement(tmp_path: Path, capsys: Capture) -> None:
    """As the text does, so that both can be held against the one that was told."""
    file = tmp_path / "october.json"
    file.write_bytes(to_json(statement(deep())))
    for words in ([], ["availability"]):
        assert main(["explain", "--statement", str(file), *words]) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == f"This statement's digest is {digest(statement(deep()))}"
