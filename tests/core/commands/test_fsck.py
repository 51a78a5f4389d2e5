"""`gpusla fsck` on what is no question: no false alarm of a file that is no journal."""

from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.statement import to_json
from tests.core.evidence.signed import ONE, SignedJournal
from tests.core.statement.scenes import bad_october, statement

Capture = pytest.CaptureFixture[str]


def journal(folder: Path, name: str = "kept.jsonl") -> Path:
    """A journal of five records, under a name that says nothing."""
    path = folder / name
    made = SignedJournal().start().introduce(ONE).observe(1, 3).sign(ONE)
    path.write_bytes(b"".join(line + b"\n" for line in made.lines))
    return path


@pytest.mark.parametrize(
    "held",
    ["14", "14:", ":9e1222", "14:9e1222", "x:" + "9" * 64, "14:" + "9" * 65, "14:" + "g" * 64],
)
def test_a_digest_that_is_cut_is_wrong_usage(held: str, tmp_path: Path, capsys: Capture) -> None:
    """The beginning of the true one is no proof that something was changed."""
    assert main(["fsck", str(journal(tmp_path)), "--holds", held]) == 2
    assert "the whole digest, which has 64 hex digits" in " ".join(capsys.readouterr().err.split())


def test_a_digest_may_be_written_in_capitals(tmp_path: Path, capsys: Capture) -> None:
    """What was copied from elsewhere is the same digest."""
    path = journal(tmp_path)
    assert main(["fsck", str(path)]) == 0
    held = capsys.readouterr().out.split("ends with record ", 1)[1].split(",", 1)[0]
    assert main(["fsck", str(path), "--holds", held.upper()]) == 0
    number, _, digest = held.partition(":")
    other = "0" if digest[0] != "0" else "1"
    assert main(["fsck", str(path), "--holds", f"{number}:{other}{digest[1:]}"]) == 6


@pytest.mark.parametrize(
    "content",
    [
        to_json(statement(bad_october())),
        to_json(statement(bad_october())) + b"\n",
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00\n\xff\xfe",
        b"hello\n",
        b"{}\n{}\n",
    ],
    ids=["statement", "statement in a line", "archive", "text", "other JSON"],
)
def test_what_is_no_journal_is_refused_and_not_called_broken(
    content: bytes, tmp_path: Path, capsys: Capture
) -> None:
    """2, with the command that checks it, and none of its bytes on the screen."""
    path = tmp_path / "march.json"
    path.write_bytes(content)
    assert main(["fsck", str(path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{path}: this is no journal" in shown.err
    assert "gpusla verify" in shown.err
    assert "\\x" not in shown.err


@pytest.mark.parametrize("name", ["kept.jsonl", "journal-00000000000000000001.jsonl"])
def test_a_damaged_journal_is_still_broken(name: str, tmp_path: Path) -> None:
    """A byte at its beginning, half of a line, one torn record; 6 each time."""
    content = journal(tmp_path, name).read_bytes()
    damaged = (b"\xff" + content[1:], content[20:], content[:5], content[:30], content[:-1])
    for one in damaged:
        (tmp_path / name).write_bytes(one)
        assert main(["fsck", str(tmp_path / name)]) == 6


def test_zeros_under_a_journals_name_are_a_broken_journal(tmp_path: Path) -> None:
    """Whatever has become of it, an agent wrote it."""
    path = tmp_path / "journal-00000000000000000001.jsonl"
    path.write_bytes(bytes(4096))
    assert main(["fsck", str(path)]) == 6
