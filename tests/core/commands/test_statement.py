"""`gpusla statement`: every form from a statement's file, and what is said of one that is none."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.commands.files import write_atomically
from gpusla.commands.statement_forms import Form, Rows, form_of
from gpusla.errors import InputError
from gpusla.statement import Statement, digest, to_json
from tests.core.statement.scenes import bad_october, four_promises, open_month, statement
from tests.core.statement.test_focus import restated
from tests.core.statement.test_statement import deep

Capture = pytest.CaptureFixture[str]
Bytes = pytest.CaptureFixture[bytes]
EXTRAS = {"jinja2", "typst", "pyarrow", "numpy", "cryptography", "sqlalchemy", "fastapi"}


def file_of(of: Statement, folder: Path, name: str = "statement.json") -> str:
    """A statement's JSON as a file."""
    path = folder / name
    path.write_bytes(to_json(of) + b"\n")
    return str(path)


@pytest.mark.parametrize("form", Form)
def test_every_form_is_written_to_a_file_and_is_the_same_twice(form: Form, tmp_path: Path) -> None:
    """From the JSON alone; what the collector would write of the statement itself."""
    file = file_of(statement(four_promises()), tmp_path)
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        assert main(["statement", file, "--as", form.value, "--out", str(out)]) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes() == form_of(statement(four_promises()), form)
    assert {path.name for path in tmp_path.iterdir()} == {"statement.json", "one", "two"}


@pytest.mark.parametrize("rows", Rows)
def test_a_table_is_chosen_by_its_name(rows: Rows, tmp_path: Path, capfdbinary: Bytes) -> None:
    """On standard output where no file is named."""
    file = file_of(statement(four_promises()), tmp_path)
    assert main(["statement", "render", file, "--as", "csv", "--table", rows.value]) == 0
    assert capfdbinary.readouterr().out == form_of(statement(four_promises()), Form.CSV, rows)


def test_without_a_form_it_is_text_and_ends_with_the_digest(
    tmp_path: Path, capsys: Capture
) -> None:
    """As `gpusla statement show` prints it."""
    assert main(["statement", file_of(statement(bad_october()), tmp_path)]) == 0
    assert digest(statement(bad_october())) in capsys.readouterr().out


def test_what_changed_is_said_on_request(tmp_path: Path, capsys: Capture) -> None:
    """Before the statement, and by a command of its own that ends with 1."""
    before = file_of(statement(deep()), tmp_path, "before.json")
    after = file_of(restated(), tmp_path, "after.json")
    assert main(["statement", after, "--before", before]) == 0
    assert capsys.readouterr().out.startswith("WHAT CHANGED in acme-2026, 2026-10\n")
    assert main(["statement", "changes", before, after]) == 1
    assert "USD 22,500,000.00 more than before" in capsys.readouterr().out.replace("\n    ", " ")
    assert main(["statement", "changes", before, before]) == 0


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "focus", "json"])
def test_what_changed_is_refused_where_no_form_says_it(
    form: str, tmp_path: Path, capsys: Capture
) -> None:
    """A table would leave it out without a word; `changes` says it."""
    before = file_of(statement(deep()), tmp_path, "before.json")
    after = file_of(restated(), tmp_path, "after.json")
    out = tmp_path / "out"
    words = (after, "--before", before, "--as", form, "--out", str(out))
    assert main(["statement", *words]) == 2
    said = squeezed(capsys.readouterr().err)
    assert f"--before needs --as with one of html, pdf, text, and not {form}" in said
    assert not out.exists()


def test_statements_of_two_periods_are_not_compared(tmp_path: Path, capsys: Capture) -> None:
    """Wrong usage."""
    september = replace(deep(), period=replace(deep().period, key="2026-09"))
    before = file_of(statement(september, ()), tmp_path, "before.json")
    after = file_of(statement(deep(), ()), tmp_path, "after.json")
    for words in (["changes", before, after], [after, "--before", before]):
        assert main(["statement", *words]) == 2
        assert "of period 2026-09 and this one of 2026-10" in squeezed(capsys.readouterr().err)


def squeezed(text: str) -> str:
    """Text on one line."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ((b'"standing":"final"}', b""), 2, "this is not a statement's JSON"),
        ((b"statement/4", b"statement/5"), 2, "not of a format that this version reads"),
        # 126 GPU-hours were down.
        ((b'"down":453600000', b'"down":453600001'), 6, "the figures are not those of evaluation"),
        ((b'"standing":"final"', b'"standing": "final"'), 6, "its parts do not belong together"),
    ],
)
def test_a_file_that_is_none_or_was_altered_is_refused(
    change: tuple[bytes, bytes], code: int, sentence: str, tmp_path: Path, capsys: Capture
) -> None:
    """In a sentence; 6 where integrity is broken; and nothing is written."""
    content = to_json(statement(bad_october()))
    assert change[0] in content
    path, out = tmp_path / "statement.json", tmp_path / "page.html"
    path.write_bytes(content.replace(*change))
    assert main(["statement", str(path), "--as", "html", "--out", str(out)]) == code
    assert sentence in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("form", ["text", "json", "html", "focus"])
def test_rows_of_what_is_no_table_are_refused(form: str, tmp_path: Path, capsys: Capture) -> None:
    """Who asks for losses and gets all of it would take it for losses."""
    file, out = file_of(statement(bad_october()), tmp_path), tmp_path / "out"
    words = ["statement", file, "--as", form, "--table", "losses", "--out", str(out)]
    assert main(words) == 2
    said = "--table losses needs --as with one of csv, jsonl, parquet"
    assert said in squeezed(capsys.readouterr().err)
    assert not out.exists()


def test_an_export_of_nothing_posted_says_so(tmp_path: Path, capsys: Capture) -> None:
    """Its header alone could be read as a month without credits."""
    assert main(["statement", file_of(statement(open_month(), ()), tmp_path), "--as", "focus"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("\n") == 1
    assert "nothing of this period is posted, so the export has no row" in shown.err
    assert main(["statement", file_of(restated(), tmp_path), "--as", "focus"]) == 0
    assert capsys.readouterr().err == ""


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: Capture) -> None:
    """With its name."""
    assert main(["statement", str(tmp_path / "none.json")]) == 2
    assert "none.json: the file cannot be read: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("form", [Form.PDF, Form.PARQUET])
def test_what_no_terminal_can_show_needs_a_file(
    form: Form, tmp_path: Path, capsys: Capture
) -> None:
    """Rather than garbage on the screen."""
    file = file_of(statement(bad_october()), tmp_path)
    assert main(["statement", file, "--as", form.value]) == 2
    assert f"--as {form.value} needs --out FILE" in capsys.readouterr().err


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """A folder in the place of the file; and no half of a file is left beside it."""
    target = tmp_path / "page.html"
    target.mkdir()
    with pytest.raises(InputError, match="the file cannot be written"):
        write_atomically(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(InputError, match="the file cannot be written: No such file"):
        write_atomically(tmp_path / "none" / "page.html", b"new")


def test_a_written_file_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    """And is as open to others as any file that the caller makes."""
    path, other = tmp_path / "page.html", tmp_path / "other"
    path.write_bytes(b"old")
    other.write_bytes(b"")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode == other.stat().st_mode


BASE = """
import sys
class Gate:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {extras!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Gate())
from gpusla.cli import main
sys.exit(main(sys.argv[1:]))
"""


def on_a_base_install(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where no package of any extra can be imported."""
    program = BASE.format(extras=EXTRAS)
    return subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("form", [Form.TEXT, Form.JSON, Form.CSV, Form.JSONL, Form.FOCUS])
def test_a_base_install_prints_and_exports_a_statement(form: Form, tmp_path: Path) -> None:
    """What sets pages is in an extra; what reads a statement is not."""
    file = file_of(statement(bad_october()), tmp_path)
    done = on_a_base_install("statement", file, "--as", form.value)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize(("form", "needs"), [("html", "jinja2"), ("parquet", "pyarrow")])
def test_a_base_install_says_what_a_page_needs(form: str, needs: str, tmp_path: Path) -> None:
    """The package and the extra that brings it."""
    file = file_of(statement(bad_october()), tmp_path)
    done = on_a_base_install("statement", file, "--as", form, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "pip install gpusla[statements]" in done.stderr
    assert needs in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_base_install_says_what_looking_into_a_collector_needs() -> None:
    """`show` and `list` are the collector's."""
    done = on_a_base_install("statement", "show", "acme-2026", "2026-10")
    assert done.returncode == 2
    assert "`gpusla statement show` needs" in done.stderr
    assert "pip install gpusla[collector]" in done.stderr


def test_the_collectors_commands_are_listed_with_ours(capsys: Capture) -> None:
    """In one help."""
    assert main(["statement", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in ("render", "changes", "show", "list"))


def test_a_misspelt_command_is_told_its_neighbour(capsys: Capture) -> None:
    """A word without a point is no file."""
    assert main(["statement", "sohw"]) == 2
    assert "Did you mean 'show'?" in capsys.readouterr().err


def test_the_page_for_readers_names_every_form_and_every_table() -> None:
    """A form that nobody hears of is of no use."""
    page = (Path(__file__).parents[3] / "docs" / "start" / "statements.md").read_text("utf-8")
    assert all(f"--as {form.value}" in page for form in Form if form is not Form.TEXT)
    assert all(f"| `{rows.value}` |" in page for rows in Rows)
