"""What the verifier says of bundles and PDFs: reports, sentences, exit codes."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gpusla import cli
from gpusla.statement import to_json
from gpusla.statement.render.contents import contents
from gpusla.statement.render.pdf import to_pdf
from gpusla.verify.__main__ import main
from tests.core.statement.scenes import four_promises, statement
from tests.core.verify.conftest import Asked
from tests.core.verify.maker import (
    OPERATOR,
    STRANGER,
    NodeJournal,
    bundle,
    journal,
    members,
    packed,
    pdf,
    public,
    sealed,
    statement_bytes,
    usual,
)

REPORT = """\
verified: acme-2026, 2026-10, revision 1

  statement     final, SHA-256 {digest}
                2026-10-01T05:00:00Z to 2026-11-01T05:00:00Z
  signed by     3475-0f98-bd59-fcfc, the key that you gave
  files         10 by their digests, {size:,} bytes
  nodes         3 with 10 blocks, 8 of them signed by enrolled keys
  time covered  2026-09-21 14:13:21Z to 2026-09-21 17:13:27Z, by the nodes' clocks
  records       73, with 24 signatures

Not checked:
  - 2 blocks that no enrolled key signed: the operator's word alone
  - 3 nodes with blocks of a part of the period: c1-r1-t1, c1-r1-t3, c1.r1.t2
  - the figures: `gpusla recompute` works them out anew, from a bundle
  - whether a node's first word was true: no signature proves that
"""


def test_a_whole_bundle_is_reported(asked: Asked) -> None:
    """Contract, period, key, counts, time, and what no signature can tell."""
    digest = hashlib.sha256(statement_bytes()).hexdigest()
    report = REPORT.format(digest=digest, size=sum(map(len, usual().values())))
    assert asked(bundle(usual())) == (0, report)


def test_without_a_key_it_says_that_all_is_of_one_hand(asked: Asked) -> None:
    """A stranger's bundle is as good as any then, and the fingerprint tells."""
    found = usual() | {"statement.json": sealed(private=STRANGER)}
    code, words = asked(bundle(found, STRANGER), "--as", "text")
    assert code == 0
    assert "signed by     6a38-03d5-f059-902a, the key in the bundle itself" in words
    assert "  - whose key that is. All is of one hand;" in words


def test_another_key_than_yours_is_refused(asked: Asked) -> None:
    """The sentence has both fingerprints."""
    found = usual() | {"statement.json": sealed(private=STRANGER)}
    sentence = "broken: key: the bundle is of 6a38-03d5-f059-902a, and not of 3475-0f98-bd59-fcfc\n"
    assert asked(bundle(found, STRANGER)) == (6, sentence)


def test_a_key_may_come_in_a_file(asked: Asked, tmp_path: Path) -> None:
    """As base64 or as PEM; and more than one may be given, the old one first."""
    key = Ed25519PrivateKey.from_private_bytes(OPERATOR).public_key()
    pem, plain = tmp_path / "operator.pem", tmp_path / "operator.pub"
    pem.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    plain.write_text(public(OPERATOR) + "\n", "ascii")
    for given in (pem, plain):
        code, _ = asked(bundle(usual()), "--key", public(STRANGER), "--key", str(given))
        assert code == 0


def test_the_report_as_json_names_each_node(asked: Asked) -> None:
    """A program gets what a person gets, and a row for each node."""
    code, words = asked(bundle(usual()), "--as", "json")
    found = json.loads(words)
    assert (code, found["verdict"], found["is_key_given"]) == (0, "verified", False)
    rows = [(node["node"], node["blocks"], len(node["keys"])) for node in found["nodes"]]
    assert rows == [("c1-r1-t1", 4, 1), ("c1-r1-t3", 2, 0), ("c1.r1.t2", 4, 2)]
    code, words = asked(packed(usual()), "--as", "json")
    assert code == 6
    assert json.loads(words) == {
        "verdict": "broken",
        "class": "manifest",
        "words": "there is no manifest.json",
    }


def test_nodes_that_do_not_cover_the_period_are_named(asked: Asked) -> None:
    """Of four nodes one has all, one ends early, one begins late, and one has no blocks."""
    first_ms, end_ms = 1_790_830_800_000, 1_793_509_200_000  # 2026-10-01 and 2026-11-01, 05:00Z
    times = {
        "c1-r1-t1": (first_ms, end_ms),
        "c1-r1-t2": (first_ms, end_ms - 1),
        "c1-r1-t3": (first_ms + 1, end_ms + 3_600_000),
    }
    journals = {name: NodeJournal(name, None).start() for name in (*times, "c1-r1-t4")}
    for name, (from_ms, until_ms) in times.items():
        block = replace(journals[name].block(), from_ms=from_ms, until_ms=until_ms)
        journals[name].close(block)
    content = bundle(members(journals, {}, with_journals=False))
    code, words = asked(content)
    assert code == 0
    assert words.partition("the operator's word alone\n")[2].startswith("""\
  - 1 nodes without blocks: c1-r1-t4
  - 2 nodes with blocks of a part of the period: c1-r1-t2, c1-r1-t3
""")
    rows = json.loads(asked(content, "--as", "json")[1])["nodes"]
    covering = {row["node"]: row["covers_period"] for row in rows}
    assert covering == dict(zip(sorted(journals), (True, False, False, False), strict=True))


def test_the_report_does_not_depend_on_how_many_cores_there_are(asked: Asked) -> None:
    """Forty nodes in three processes, or in one; whole, or with the same first fault."""
    one = journal("c1-r1-t1", None, 1)
    names = [f"c1-r1-t{number:02}" for number in range(40)]
    journals = {name: journal(name, bytes([len(name)]) * 32, 1) for name in names}
    found = members(journals, {}, with_journals=False)
    for content in (bundle(found), bundle(found | {"hours/c1-r1-t25.jsonl": one.lines[0] + b"\n"})):
        alone = asked(content, "--jobs", "1")
        assert asked(content, "--jobs", "3") == alone
    assert alone == (
        6,
        "broken: chain: hours/c1-r1-t25.jsonl has no tail up to the record that is cited\n",
    )


def test_a_file_that_is_none_is_no_verdict(asked: Asked, tmp_path: Path) -> None:
    """Exit code 2: neither a bundle nor a PDF nor a signed statement, no file, no key."""
    for content in (b"", b"[]", b"a text"):
        code, words = asked(content)
        assert (code, words.endswith("is neither a bundle nor a PDF nor a signed statement\n")) == (
            2,
            True,
        )
    assert asked(bundle(usual()), "--key", "nonsense")[0] == 2
    assert main([str(tmp_path / "nothing.zip")]) == 2


def test_what_cannot_be_read_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which file, and why, without a number of an error."""
    for file, why in ((tmp_path, "Is a directory"), (tmp_path / "x", "No such file or directory")):
        assert main([str(file)]) == 2
        assert capsys.readouterr().err == f"python -m gpusla.verify: {file}: {why}\n"


def test_help_says_what_scripts_and_people_need(capsys: pytest.CaptureFixture[str]) -> None:
    """What it takes, an example, that keys may be many, and the exit codes."""
    with pytest.raises(SystemExit):
        main(["--help"], "gpusla verify")
    told = " ".join(capsys.readouterr().out.split())
    for words in (
        "a bundle, a statement's PDF, or a signed statement alone",
        "for example: gpusla verify october.bundle.zip --key operator.pub",
        "public key: file or base64; may be repeated",
        "0 all is as it was signed, 2 wrong usage or nothing to verify, 6 broken",
    ):
        assert words in told


def test_a_pdfs_attachment_is_verified_and_its_pages_are_not(asked: Asked) -> None:
    """Of a PDF only the attachment is authenticated, and the report says so."""
    code, words = asked(pdf(sealed()))
    assert code == 0
    assert words.startswith("verified: acme-2026, 2026-10\n")
    assert "Of a PDF only the attachment is authenticated: they could show anything" in words
    page = pdf(sealed()).replace(b"/MediaBox[0 0 ", b"/MediaBox[9 0 ", 1)
    assert page != pdf(sealed())
    assert asked(page)[0] == 0


def test_a_statements_own_pdf_is_verified(asked: Asked) -> None:
    """As `gpusla statement` sets it, with its pages, fonts and pictures around the attachment."""
    made = statement(four_promises())
    whole = to_pdf(made, contents(made), sealed(to_json(made)))
    assert asked(whole)[0] == 0
    code, words = asked(to_pdf(made, contents(made)))
    unsigned = "the PDF's attached file is not signed, so nothing of it can be checked"
    assert (code, words) == (6, f"broken: signature: {unsigned}\n")


@pytest.mark.parametrize("content", [pdf(sealed()), bundle(usual())], ids=["PDF", "bundle"])
def test_what_was_verified_can_be_had(content: bytes, asked: Asked, tmp_path: Path) -> None:
    """Whoever goes on with this file goes on with what was signed, and not with what is shown."""
    file = tmp_path / "statement.json"
    code, _ = asked(content, "--key", public(OPERATOR), "--statement", str(file))
    assert (code, file.read_bytes()) == (0, statement_bytes())
    file.unlink()
    code, _ = asked(content, "--key", public(STRANGER), "--statement", str(file))
    assert (code, file.exists()) == (6, False)


def test_a_signed_statement_alone_is_verified(asked: Asked) -> None:
    """As the same statement is that is attached to a PDF; there are no pages to be wary of."""
    code, words = asked(sealed())
    assert code == 0
    assert words.startswith("verified: acme-2026, 2026-10\n")
    assert hashlib.sha256(statement_bytes()).hexdigest() in words
    assert "pages" not in words
    code, words = asked(sealed(), "--as", "json", "--key", public(OPERATOR))
    found = json.loads(words)
    assert (code, found["verdict"], found["kind"]) == (0, "verified", "statement")


def test_a_statement_alone_that_nobody_signed_or_another_did_is_broken(asked: Asked) -> None:
    """As in a PDF."""
    for content, words in (
        (statement_bytes(), "signature: the file is not signed, so nothing of it can be checked"),
        (sealed(private=STRANGER), "key: the file is signed by"),
        (sealed().replace(b'"payload":"', b'"payload":"ICAg'), "signature: the file is not what"),
        (sealed()[:-300], "format: the file is not JSON"),
        (sealed().replace(b":", b": "), "format: the file is not JSON in its canonical form"),
    ):
        code, told = asked(content)
        assert (code, told.startswith(f"broken: {words}")) == (6, True), told


@pytest.mark.parametrize("content", [pdf(sealed()), sealed()], ids=["PDF", "alone"])
def test_a_statement_without_its_bundle_needs_a_key(content: bytes, asked: Asked) -> None:
    """It holds none."""
    code, words = asked(content, "--as", "text")
    assert code == 2
    assert words.endswith("does not hold the key that signed it; give that with --key\n")


def test_no_file_is_replaced_by_the_statement(asked: Asked, tmp_path: Path) -> None:
    """It replaced the very bundle by JSON, and ended with 0; nothing is looked at before that."""
    whole = bundle(usual())
    other = tmp_path / "notes.txt"
    other.write_bytes(b"mine")
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "nowhere")
    for there in (asked.file, other, link, tmp_path):
        with pytest.raises(SystemExit) as ended:
            asked(whole, "--key", public(OPERATOR), "--statement", str(there))
        assert ended.value.code == 2
    assert (asked.file.read_bytes(), other.read_bytes()) == (whole, b"mine")
    assert not (tmp_path / "nowhere").exists()


def test_of_what_is_broken_no_statement_is_written(asked: Asked, tmp_path: Path) -> None:
    """Not even an empty one."""
    out = tmp_path / "out.json"
    assert asked(bundle(usual())[:-1], "--statement", str(out))[0] == 6
    assert not out.exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rb"/EF<</F \d+ 0 R", b"/EF<</F " + b"7" * 5_000 + b" 0 R"),
        (rb"/Length \d+/Type/EmbeddedFile", b"/Length " + b"7" * 5_000 + b"/Type/EmbeddedFile"),
        (rb"/Length \d+/Type/EmbeddedFile", b"/Length 9000 0 R/Type/EmbeddedFile"),
        (rb"/Length \d+/Type/EmbeddedFile", b"/Length 9001 0 R/Type/EmbeddedFile"),
    ],
    ids=["a huge reference", "a huge length", "a length that is not there", "a word as length"],
)
def test_numbers_of_a_pdf_that_are_none_are_judged(
    before: bytes, after: bytes, asked: Asked
) -> None:
    """With a verdict, and never a traceback."""
    whole, count = re.subn(before, after, pdf(sealed()), count=1)
    assert count == 1
    code, words = asked(whole + b"9001 0 obj\nmany\nendobj\n9000 0 obj")
    assert (code, words.split(": ")[:2]) == (6, ["broken", "attachment"])


def test_a_bundles_pdf_has_the_bundles_statement_attached(asked: Asked) -> None:
    """Otherwise whoever prints from it prints something else than was signed."""
    assert asked(bundle(usual() | {"statement.pdf": pdf(sealed())}))[0] == 0
    other = statement_bytes().replace(b'"standing":"final"', b'"standing":"open"')
    code, words = asked(bundle(usual() | {"statement.pdf": pdf(sealed(other))}))
    assert (code, words.split(": ")[1]) == (6, "statement")


def test_the_same_words_under_the_common_name(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    """`gpusla verify` is `python -m gpusla.verify`."""
    whole = asked(bundle(usual()))
    code = cli.main(["verify", str(asked.file), "--key", public(OPERATOR)])
    assert (code, capsys.readouterr().out) == whole
