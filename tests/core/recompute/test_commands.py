"""`gpusla recompute`, and what other commands do with a bundle or a signed envelope."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from pypdf import PdfReader

from gpusla.cli import main
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.envelope import BUNDLE_TYPE, STATEMENT_TYPE
from gpusla.evidence.keys import fingerprint, to_text
from gpusla.evidence.sealed import seal
from gpusla.statement import digest, to_json
from gpusla.verify.archive import Archive
from tests.core.recompute.bundles import CONTRACT, OPERATOR, honest, members, node
from tests.core.recompute.edits import with_statement

Capture = pytest.CaptureFixture[str]
KEY = to_text(public_of(OPERATOR))
UNCHECKED = "the signature was not checked; `gpusla verify` checks it"


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """An honest bundle."""
    return written(tmp_path / "october.bundle.zip", honest().write())


@pytest.fixture
def envelope(tmp_path: Path) -> str:
    """Its statement alone, in its signed envelope."""
    sealed = seal(STATEMENT_TYPE, to_json(honest().statement), OPERATOR)
    return written(tmp_path / "october.dsse.json", sealed)


def written(path: Path, content: bytes) -> str:
    """A file, by its name."""
    path.write_bytes(content)
    return str(path)


def test_the_same_dollars_end_with_0(bundle: str, capsys: Capture) -> None:
    """Twice with the same words; how long it took is told beside them."""
    outputs = []
    for _ in range(2):
        assert main(["recompute", bundle, "--key", KEY]) == 0
        outputs.append(capsys.readouterr())
    assert outputs[0].out == outputs[1].out
    assert "credit      USD 7,500,000.00" in outputs[0].out
    assert outputs[0].out.endswith(f"{fingerprint(public_of(OPERATOR))}, the key that you gave\n")
    assert "it took" in outputs[0].err


def test_who_gives_no_key_is_told_what_that_means(bundle: str, capsys: Capture) -> None:
    """For people and for machines."""
    assert main(["recompute", bundle]) == 0
    assert "one hand made all of it, and nobody says whose" in capsys.readouterr().out
    assert main(["recompute", bundle, "--as", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["is_same"], told["is_key_given"], told["credit_minor_units"]["value"]) == (
        True,
        False,
        750_000_000,
    )


def test_another_figure_ends_with_6(tmp_path: Path, capsys: Capture) -> None:
    """Sealed by the operator, so that no signature tells."""
    changed = with_statement(("evaluation", "lines", 0, 1), 740_000_000)
    # The verifier holds a statement against its own digest, and that was made anew.
    file = written(tmp_path / "x.zip", changed.write())
    assert main(["recompute", file, "--key", KEY]) == 6
    shown = capsys.readouterr().out
    assert "DIFFERS" in shown
    expected = "lines[0][1]: the statement says USD 7,400,000.00, the facts give USD 7,500,000.00"
    assert expected in shown


def test_a_changed_byte_and_another_key_end_with_6(
    bundle: str, tmp_path: Path, capsys: Capture
) -> None:
    """The verifier goes first, and its words are told."""
    content = bytearray(Path(bundle).read_bytes())
    content[len(content) // 2] ^= 1
    for words in (
        [written(tmp_path / "torn.zip", bytes(content))],
        [bundle, "--key", to_text(public_of(bytes(32)))],
    ):
        assert main(["recompute", *words]) == 6
        assert "the bundle was changed: " in capsys.readouterr().err


def test_a_bundle_that_was_packed_anew_is_none_to_any_command(
    bundle: str, tmp_path: Path, capsys: Capture
) -> None:
    """The same members by the same names; one command must not show what another refuses."""
    anew = tmp_path / "anew.zip"
    with zipfile.ZipFile(anew, "w") as archive:
        for name, content in members(Path(bundle).read_bytes()).items():
            archive.writestr(name, content)
    refused = f"{anew}: the bundle cannot be read: the header of contract/1.yaml is unusual."
    for words in (
        ["statement"],
        ["statement", "changes", bundle],
        ["explain", "--statement"],
        ["contract", "rights", str(CONTRACT), "--statement"],
    ):
        assert main([*words, str(anew)]) == 6
        shown = capsys.readouterr()
        assert (shown.out, refused in shown.err) == ("", True)
    assert main(["recompute", str(anew)]) == 6
    changed = f"{anew}: the bundle was changed: archive: the header of contract/1.yaml is unusual."
    assert changed in capsys.readouterr().err


def test_what_is_no_bundle_is_wrong_usage(tmp_path: Path, capsys: Capture) -> None:
    """There is nothing to recompute."""
    assert main(["recompute", written(tmp_path / "x", b"a text")]) == 2
    assert "neither a bundle nor a PDF" in capsys.readouterr().err


def test_a_statement_alone_has_no_blocks(envelope: str, tmp_path: Path, capsys: Capture) -> None:
    """A whole PDF was told as a broken bundle: `Rely on nothing in it`, with 6."""
    out = tmp_path / "october.pdf"
    assert main(["statement", envelope, "--as", "pdf", "--out", str(out)]) == 0
    capsys.readouterr()
    bare = written(tmp_path / "bare.json", to_json(honest().statement))
    facts = written(tmp_path / "facts.json", b'{"format":"gpusla/facts/1"}')
    json_of = "JSON, be it a statement alone or facts,"
    for file, kind in ((str(out), "a PDF"), *((one, json_of) for one in (envelope, bare, facts))):
        for words in ([file], [file, "--key", KEY]):
            assert main(["recompute", *words]) == 2
            told = capsys.readouterr()
            assert (told.out, f"{file}: {kind}" in told.err) == ("", True)
            assert "holds no blocks to recompute a month from. Ask the operator for" in told.err
            assert "checking" not in told.err


def test_what_is_checked_is_said_before_and_not_as_if_it_were_done(
    bundle: str, tmp_path: Path, capsys: Capture
) -> None:
    """Of a file that is not there nothing is said to be checked at all."""
    assert main(["recompute", bundle]) == 0
    told = capsys.readouterr().err
    assert told.startswith("gpusla recompute: checking signatures and digests …\n")
    missing = tmp_path / "nowhere.zip"
    assert main(["recompute", str(missing)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"gpusla: {missing}: the file cannot be read: No such file or directory")


def test_without_numpy_one_sentence_says_what_is_needed(bundle: str) -> None:
    """The extra that brings it."""
    program = (
        "import sys; sys.modules['numpy'] = None; from gpusla.cli import main;"
        "sys.exit(main(['recompute', sys.argv[1]]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, bundle], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    sentence = "`gpusla recompute` needs numpy. Install it with: pip install gpusla[recompute]"
    assert ended.stderr.strip() == f"gpusla: {sentence}"


def test_an_envelope_and_a_bundle_are_read_like_bare_json(
    bundle: str, envelope: str, tmp_path: Path, capsys: Capture
) -> None:
    """The same words, and a plain one about the signature."""
    bare = written(tmp_path / "october.json", to_json(honest().statement))
    assert main(["statement", bare]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    for file in (envelope, bundle):
        assert main(["statement", file]) == 0
        same = capsys.readouterr()
        assert same.out == shown.out
        assert UNCHECKED in same.err
        assert main(["statement", "changes", bare, file]) == 0
        assert main(["statement", bare, "--before", file]) == 0
        assert main(["explain", "--statement", file]) == 0
        assert UNCHECKED in capsys.readouterr().err


def test_rights_are_told_from_an_envelope_as_well(
    bundle: str, envelope: str, tmp_path: Path, capsys: Capture
) -> None:
    """October was missed, by Reflection's own contract."""
    bare = written(tmp_path / "october.json", to_json(honest().statement))
    told = []
    for file in (bare, envelope, bundle):
        code = main(["contract", "rights", str(CONTRACT), "--statement", file])
        told.append((code, capsys.readouterr().out))
    assert told[0] == told[1] == told[2]
    assert "2026-10" in told[0][1]


def test_an_envelope_of_another_thing_is_refused(tmp_path: Path, capsys: Capture) -> None:
    """A signature of one thing cannot pass for one of another."""
    sealed = seal(BUNDLE_TYPE, to_json(honest().statement), OPERATOR)
    assert main(["statement", written(tmp_path / "x.json", sealed)]) == 6
    assert "statement+json was expected" in capsys.readouterr().err


def test_an_envelope_goes_with_its_pdf(envelope: str, tmp_path: Path) -> None:
    """Its own bytes under the bundle's name; the pages say what was not checked."""
    out = tmp_path / "october.pdf"
    assert main(["statement", envelope, "--as", "pdf", "--out", str(out)]) == 0
    reader = PdfReader(io.BytesIO(out.read_bytes()))
    assert reader.attachments == {"statement.json": [Path(envelope).read_bytes()]}
    (attached,) = reader.attachment_list
    assert attached.associated_file_relationship == "/Source"
    metadata = reader.xmp_metadata
    assert metadata is not None
    assert (metadata.pdfaid_part, metadata.pdfaid_conformance) == ("3", "B")
    shown = "".join("".join(page.extract_text() for page in reader.pages).split())
    assert "Printingdidnotcheckthesignature" in shown
    assert digest(honest().statement) in shown


def test_an_envelope_goes_with_its_page(envelope: str, tmp_path: Path) -> None:
    """To be saved from the page itself, which asks nobody for it."""
    out = tmp_path / "october.html"
    assert main(["statement", envelope, "--as", "html", "--out", str(out)]) == 0
    page = out.read_text("utf-8")
    link = page.partition('<a download="statement.json" href="data:application/json;base64,')[2]
    sealed = Path(envelope).read_bytes()
    assert link.partition('"')[0] == to_text(sealed)
    assert "Printing did not check the signature" in page
    assert page.count("://") == 1  # the namespace of the drawing


def test_a_line_is_explained_down_to_the_block(bundle: str, capsys: Capture) -> None:
    """The node, the block, the records and the span; the fourth block is 2 October's."""
    for line in ("availability", "CN-reflection-2026-000001", "losses[0]"):
        assert main(["explain", line, "--statement", bundle]) == 0
        shown = capsys.readouterr().out
        assert (
            f"block 4 of {node(3)}, records 9 to 9: down (fabric_down: driver: fabric state 2) "
            "from 2026-10-02T05:00:00Z to 2026-10-02T13:59:50Z"
        ) in shown
        assert (
            f"c2/r01/t03/m1 down (fabric_down: driver: fabric state 2); journal of {node(3)}"
            in shown
        )


def test_a_story_opens_its_bundle_once_for_all_nodes(
    bundle: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for the statement, and once for the blocks of a rack's 18 nodes."""
    opened: list[BinaryIO] = []

    class Counted(Archive):
        def __init__(self, stream: BinaryIO) -> None:
            super().__init__(stream)
            opened.append(stream)

    monkeypatch.setattr("gpusla.commands.bundle_file.Archive", Counted)
    assert main(["explain", "--statement", bundle]) == 0
    shown = capsys.readouterr().out
    assert all(f"of {node(tray)}, records 9 to 9: down" in shown for tray in range(1, 19))
    assert len(opened) == 2
    assert all(stream.closed for stream in opened)


def test_a_line_that_is_none_is_told_with_its_neighbours(bundle: str, capsys: Capture) -> None:
    """Nothing to show."""
    assert main(["explain", "losses[9]", "--statement", bundle]) == 4
    assert "Close to it: losses[1]" in capsys.readouterr().err


def test_bare_json_is_explained_without_blocks(tmp_path: Path, capsys: Capture) -> None:
    """As before, and by lines as well."""
    bare = written(tmp_path / "october.json", to_json(honest().statement))
    assert main(["explain", "losses[1]", "--statement", bare]) == 0
    shown = capsys.readouterr().out
    assert "c2/r01/t01/m0 degraded (thermal_slowdown: driver: clocks at 60 %)" in shown
    assert "block" not in shown


def test_a_format_before_keeps_its_digest_in_an_envelope(tmp_path: Path, capsys: Capture) -> None:
    """Format 3 is written as it was read."""
    old = replace(honest().statement, format="gpusla/statement/3")
    sealed = seal(STATEMENT_TYPE, to_json(old), OPERATOR)
    assert main(["statement", written(tmp_path / "old.json", sealed)]) == 0
    assert hashlib.sha256(to_json(old)).hexdigest() in capsys.readouterr().out
