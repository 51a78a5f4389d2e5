"""`gpusla explain --statement`: what it tells is the statement's, and nothing else is told."""

from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.ledger.booking import decide
from gpusla.statement import digest, to_json
from tests.core.statement.scenes import bad_october, four_promises, statement
from tests.core.statement.test_focus import restated
from tests.core.statement.test_hours import odd
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


@pytest.fixture
def october(tmp_path: Path) -> str:
    """A rack's month, of which USD 0.00 are owed."""
    file = tmp_path / "october.json"
    file.write_bytes(to_json(statement(bad_october())))
    return str(file)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("delivered", "delivered GPU-ms = 191718000000 (53,255.000 GPU-hours)   [capacity]"),
        ("GPU-hours committed", "committed GPU-ms = 192844800000 (53,568.000 GPU-hours)"),
        ("given back", "excused GPU-ms = 57600000 (16.000 GPU-hours)   [exclusions]"),
        ("= held", "held GPU-ms = 192844800000 (53,568.000 GPU-hours)"),
        ("fee due", "fee = USD 150,000,000.00   [fees.recurring[0]]"),
        ("CREDIT", "credit = USD 0.00   [fees.rounding]"),
        ("Rounded once", "rounded = USD 0.00   [fees.rounding]"),
        ("availability reached", "value = 53255/53568 (99.4156 %)   [slos[0].target]"),
        ("at worst of delivered GPU-ms", "at worst = 191717072000 (53,254.742 GPU-hours)"),
        ("79f068e558ca2a63", "incidents[0] = USD 694,444.44   [fees]"),
        ("c2/r01 2026-10-30T09:00:00Z", "(10.000 GPU-hours)"),
    ],
)
def test_a_line_is_known_as_it_is_printed(
    line: str, first: str, october: str, capsys: Capture
) -> None:
    """By its label in the text or on the pages; the figure in both forms."""
    assert main(["explain", "--statement", october, *line.split()]) == 0
    assert first in capsys.readouterr().out.splitlines()[2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("at worst", "the statement has 4 lines 'at worst'. Ask for one: at worst of value, "),
        ("lost GPU-ms", "Ask for one: lost GPU-ms of value, lost GPU-ms of delivered GPU-ms."),
        ("c2/r01", "the statement has 35 lines 'c2/r01'. Ask for one: losses[0], losses[1], "),
        ("delivred", "the statement has no line 'delivred'. Close to it: delivered GPU-ms"),
    ],
)
def test_a_name_of_several_lines_is_refused_with_the_name_of_each(
    line: str, said: str, october: str, capsys: Capture
) -> None:
    """Rather than answered with one of them; each name that is given is a line's alone."""
    assert main(["explain", "--statement", october, line]) == 4
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""
    names = shown.err.rpartition(". [")[0].rpartition(": ")[2].split(", ")
    for name in (one for one in names if not one.startswith("and ")):
        assert main(["explain", "--statement", october, name]) == 0


def test_every_line_of_several_promises_can_be_asked_for(tmp_path: Path, capsys: Capture) -> None:
    """Two caps of the same name are numbered."""
    file = tmp_path / "four.json"
    file.write_bytes(to_json(statement(four_promises())))
    assert main(["explain", "--statement", str(file), "under this cap"]) == 4
    said = "Ask for one: under a cap[0], under a cap[1], under a cap[2]."
    assert said in capsys.readouterr().err
    assert main(["explain", "--statement", str(file), "under a cap[1]"]) == 0
    assert "at most USD 2,000,000.01" in capsys.readouterr().out


def test_a_booking_is_told_before_its_clause(tmp_path: Path, capsys: Capture) -> None:
    """
    USD 15,000,000.00 posted, taken back, and USD 37,500,000.00 posted instead.

    Each by its key and by its credit note, with what it takes back and what took it back.
    """
    of = restated()
    file = tmp_path / "restated.json"
    file.write_bytes(to_json(of))
    keys = [entry.key[:12] for entry in of.entries]
    told = []
    for key in keys:
        assert main(["explain", "--statement", str(file), "entry", key]) == 0
        told.append(capsys.readouterr().out)
    first, back, again = (text.splitlines()[2:4] for text in told)
    assert first[0] == f"entry {keys[0]} = USD 15,000,000.00"
    assert "posted: owed to the tenant; clause availability, revision 1 of 2026-10" in first[1]
    assert f"it was taken back by entry {keys[1]} of USD -15,000,000.00" in first[1]
    assert "it follows from an earlier judgement, not from the figures below" in first[1]
    assert back[0] == f"entry {keys[1]} = USD -15,000,000.00"
    assert "posted: takes back what was posted" in back[1]
    assert f"it takes back entry {keys[0]} of USD 15,000,000.00, which was posted" in back[1]
    assert again[0] == f"entry {keys[2]} = USD 37,500,000.00"
    assert "it follows from this judgement" in again[1]
    assert all("credit of availability = USD 37,500,000.00" in text for text in told)
    note = of.document_of(of.entries[2])
    assert note is not None
    assert f"credit note {note}" in again[1]
    assert main(["explain", "--statement", str(file), note]) == 0
    assert capsys.readouterr().out == told[2]


def test_a_void_says_what_it_takes_back(tmp_path: Path, capsys: Capture) -> None:
    """A credit that was pending when the month was settled."""
    pending = decide((), deep(), is_final=False)
    of = statement(deep(), (*pending, *decide(pending, deep(), is_final=True)))
    file = tmp_path / "october.json"
    file.write_bytes(to_json(of))
    void = next(entry for entry in of.entries if entry.status.value == "void")
    assert main(["explain", "--statement", str(file), void.key[:12]]) == 0
    shown = capsys.readouterr().out
    assert f"entry {void.key[:12]} = USD -15,000,000.00\n    void: takes back what was" in shown
    taken = f"entry {pending[0].key[:12]} of USD 15,000,000.00, which was pending"
    assert f"no credit note; it takes back {taken}" in shown


def test_a_story_prints_hours_as_the_page_does(tmp_path: Path, capsys: Capture) -> None:
    """18 hours, a second and a half were lost: the page has 18.001, which adds up."""
    file = tmp_path / "odd.json"
    file.write_bytes(to_json(statement(odd())))
    assert main(["explain", "--statement", str(file), "lost"]) == 0
    assert "lost GPU-ms = 64801500 (18.001 GPU-hours)" in capsys.readouterr().out
