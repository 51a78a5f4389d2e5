"""A statement's PDF, and other files, given to commands that read the statement in them."""

from pathlib import Path

import pytest
from pypdf import PdfReader

from gpusla.cli import main
from gpusla.commands.statement import WORDS
from tests.core.verify.maker import OPERATOR, pdf, public, sealed, statement_bytes

Capture = pytest.CaptureFixture[str]


def written(path: Path, content: bytes) -> str:
    """Return a file's name."""
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("attachment", [sealed(), statement_bytes()], ids=["signed", "bare"])
def test_a_pdf_is_read_as_what_is_attached_to_it(
    attachment: bytes, tmp_path: Path, capsys: Capture
) -> None:
    """The same words as of the JSON alone, and the same word on a signature nobody looked at."""
    json_file = written(tmp_path / "october.json", attachment)
    assert main(["statement", json_file]) == 0
    of_json = capsys.readouterr()
    pdf_file = written(tmp_path / "october.pdf", pdf(attachment))
    assert main(["statement", pdf_file]) == 0
    of_pdf = capsys.readouterr()
    assert of_pdf.out == of_json.out
    assert of_pdf.err == of_json.err.replace("october.json", "october.pdf")
    assert main(["statement", "changes", json_file, pdf_file]) == 0
    assert main(["explain", "--statement", pdf_file]) == 0


def test_a_signed_pdf_says_first_how_it_is_verified_itself(tmp_path: Path, capsys: Capture) -> None:
    """By the very line that it shows; a page names its envelope, and none where it has none."""
    envelope = written(tmp_path / "october.signed.json", sealed())
    bare = written(tmp_path / "october.json", statement_bytes())
    out, page = tmp_path / "THIS.pdf", tmp_path / "october.html"
    lines = "gpusla verify {} --key KEY\ngpusla statement statement.json\n"
    assert main(["statement", envelope, "--as", "pdf", "--out", str(out)]) == 0
    text = "\n".join(one.extract_text() for one in PdfReader(out).pages)
    assert lines.format("THIS.pdf") in text
    assert "The second line says whether" in " ".join(text.split())
    assert "the sixth comes to the same dollars" in " ".join(text.split())
    assert main(["verify", str(out), "--key", public(OPERATOR)]) == 0
    assert main(["statement", envelope, "--as", "html", "--out", str(page)]) == 0
    assert lines.format("statement.json") in page.read_text("utf-8")
    assert main(["statement", bare, "--as", "html", "--out", str(page)]) == 0
    assert "the fifth comes to the same dollars" in page.read_text("utf-8")
    capsys.readouterr()


def test_a_pdf_without_a_statement_says_so(tmp_path: Path, capsys: Capture) -> None:
    """It was `'utf-8' codec can't decode byte 0x80 in position 10`."""
    torn = written(tmp_path / "october.pdf", b"%PDF-1.7\n%\x80\x81\n%%EOF\n")
    assert main(["statement", torn]) == 6
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{torn}: the PDF has 0 attached files, and not one" in told.err


@pytest.mark.parametrize("content", [b"\x80\x81\x82", b'{"a": "\xff"}'])
def test_bytes_that_are_no_text_are_told_as_that(
    content: bytes, tmp_path: Path, capsys: Capture
) -> None:
    """In words for people, and not in those of Python's codecs."""
    file = written(tmp_path / "october", content)
    for words in (["statement", file], ["explain", "--statement", file]):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert f"{file}: this is not a statement's JSON: it is not text in UTF-8" in told
        assert "codec" not in told


def test_a_folder_is_told_as_that(tmp_path: Path, capsys: Capture) -> None:
    """And not by the number of an error."""
    assert main(["statement", f"{tmp_path}/"]) == 2
    told = capsys.readouterr().err
    assert "the file cannot be read: Is a directory" in told
    assert "Errno" not in told


def test_a_file_without_a_suffix_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """It was `No such command 'march'`; a file that is called like a command is not one."""
    monkeypatch.chdir(tmp_path)
    written(Path("march"), statement_bytes())
    written(Path("list"), statement_bytes())
    assert main(["statement", "march"]) == 0
    shown = capsys.readouterr().out
    assert "2026-10" in shown
    assert main(["statement", "./list"]) == 0
    assert capsys.readouterr().out == shown
    assert main(["statement", "list"]) == 2
    assert "--config" in capsys.readouterr().err
    assert main(["statement", "april"]) == 2
    assert "april" in capsys.readouterr().err


def test_help_begins_with_a_file_and_cuts_no_summary(capsys: Capture) -> None:
    """Summaries were cut exactly where the exit code stood; a command's own help has it now."""
    assert main(["statement", "--help"]) == 0
    told = capsys.readouterr().out
    assert "gpusla statement FILE" in told
    rows = [line.split() for line in told.partition("Commands:")[2].splitlines() if line]
    assert {row[0] for row in rows} == WORDS
    assert [row[0] for row in rows if row[-1].endswith("...")] == []
    for word, code in (("changes", 1), ("list", 4), ("show", 4), ("sign", 4), ("render", 6)):
        assert main(["statement", word, "--help"]) == 0
        assert f"Ends with {code} if" in " ".join(capsys.readouterr().out.split())
