"""
Records behind a node's last block: what they have to hang on, and what is refused.

The operator signs manifest and statement here with his own key, so only what nodes signed stands
against him.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusla.evidence import ed25519
from gpusla.evidence.envelope import canonical, head_bytes
from gpusla.evidence.keys import to_text
from gpusla.journal.chain import Head
from gpusla.journal.codec import digest
from gpusla.verify.__main__ import main
from tests.core.verify.maker import (
    OPERATOR,
    STRANGER,
    NodeJournal,
    bundle,
    citing,
    dead,
    dying,
    journal,
    members,
    public,
    sealed,
    text_of,
)

NODE, OTHER = "c1-r1-t1", "c1-r1-t2"
KEY = b"\x0b" * 32
TAIL = 9
"""Records of NODE behind its last block: five samples, four of them signed."""

Lines = list[bytes]


def said(file: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the verifier says, and hold its exit code against it."""
    file.write_bytes(content)
    code = main([str(file), "--key", public(OPERATOR), "--jobs", "1"])
    words = capsys.readouterr().out
    assert words.startswith("broken: " if code else "verified: ")
    return words


def lines_of(name: str = NODE) -> Lines:
    """Return the lines of a node's hours, the tail's at the end."""
    return dying()[f"hours/{name}.jsonl"].splitlines()


def with_lines(lines: Lines, **others: bytes) -> bytes:
    """Return the bundle with other hours of NODE, without journals; others: `statement`."""
    found = {**dying(with_journals=False), f"hours/{NODE}.jsonl": text_of(lines)}
    found |= {f"{name}.json": content for name, content in others.items()}
    return bundle(found)


def rewritten(lines: Lines, place: int, change: Callable[[dict[str, object]], object]) -> Lines:
    """Change a record and chain all behind it anew."""
    made, records = list(lines[:place]), [json.loads(line) for line in lines[place:]]
    change(records[0])
    for record in records:
        record["prev"] = digest(made[-1]) if made else record["prev"]
        made.append(canonical(record))
    return made


def cited(line: bytes) -> bytes:
    """Return the statement in its envelope if it cites another record of NODE."""
    heads = {node: made.head for node, made in dead().items()}
    return sealed(citing(heads | {NODE: Head(json.loads(line)["seq"], digest(line))}))


@pytest.mark.parametrize("with_journals", [False, True])
def test_a_tail_is_verified_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, with_journals: bool
) -> None:
    """Five samples of two nodes, and of a third one all: a start, occupancy and three samples."""
    words = said(tmp_path / "x", bundle(dying(with_journals=with_journals)), capsys)
    nodes = "3 with 8 blocks, 8 of them signed by enrolled keys, and 23 records behind\n"
    assert f"  nodes         {nodes}" in words
    # The last samples of two nodes, and all records of the one that has no key.
    assert (
        "  - 7 records behind the last that their node signed: the operator's word alone" in words
    )
    assert "  - 1 nodes without blocks: c1-r1-t3\n" in words


def edit(place: int) -> Callable[[Lines], Lines]:
    """Change a byte of a record's own words, and leave its place in the chain to others."""
    return lambda lines: [
        line.replace(b'"samples":1', b'"samples":2') if at == len(lines) + place else line
        for at, line in enumerate(lines)
    ]


CUT: tuple[tuple[str, Callable[[Lines], Lines], str], ...] = (
    ("a byte of a record in the middle", edit(-5), "chain"),
    ("a byte of the last record", edit(-1), "statement"),
    ("a record in the middle left out", lambda lines: [*lines[:-5], *lines[-4:]], "chain"),
    ("the first record left out", lambda lines: [*lines[:-TAIL], *lines[-TAIL + 1 :]], "chain"),
    ("the last record cut off", lambda lines: lines[:-1], "chain"),
    ("the last records cut off", lambda lines: lines[:-4], "chain"),
    ("two records swapped", lambda lines: [*lines[:-3], lines[-2], lines[-3], lines[-1]], "chain"),
    ("a record twice", lambda lines: [*lines[:-3], lines[-4], *lines[-3:]], "chain"),
    (
        "a record of another node",
        lambda lines: [*lines[:-5], lines_of(OTHER)[-5], *lines[-4:]],
        "chain",
    ),
    ("the tail of another node", lambda lines: lines[:-TAIL] + lines_of(OTHER)[-TAIL:], "chain"),
)


@pytest.mark.parametrize(("change", "fault"), [one[1:] for one in CUT], ids=[one[0] for one in CUT])
def test_whatever_is_changed_in_a_tail_is_found(
    change: Callable[[Lines], Lines],
    fault: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is signed anew here but the manifest."""
    content = with_lines(change(lines_of()))
    assert said(tmp_path / "x", content, capsys).split(": ")[:2] == ["broken", fault]


def test_records_behind_the_cited_one_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the node wrote later, nobody judged it."""
    lines = lines_of()
    made = NodeJournal(NODE, KEY, head=Head(json.loads(lines[-1])["seq"], digest(lines[-1])))
    more = made.observe().lines
    content = with_lines([*lines, *more])
    assert said(tmp_path / "x", content, capsys) == (
        f"broken: chain: hours/{NODE}.jsonl has no tail up to the record that is cited\n"
    )


def test_a_tail_cannot_be_rewritten_up_to_its_last_signature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    The operator chains it anew and cites what comes out; the node's own signature is of others.

    Behind the last signature he can: one sample, which the report counts as his word alone.
    """

    def well(record: dict[str, object]) -> None:
        body = record["body"]
        assert isinstance(body, dict)
        body["samples"] = 7

    lines = lines_of()
    forged = rewritten(lines, len(lines) - 3, well)
    words = said(tmp_path / "x", with_lines(forged, statement=cited(forged[-1])), capsys)
    assert words.split(": ")[:2] == ["broken", "signature"]
    last = rewritten(lines, len(lines) - 1, well)
    words = said(tmp_path / "x", with_lines(last, statement=cited(last[-1])), capsys)
    assert words.startswith("verified: ")


@pytest.mark.parametrize("is_named", [False, True])
def test_a_forged_signature_in_a_tail_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_named: bool
) -> None:
    """By a key that the operator made, under the node's key's name and under its own."""
    lines = lines_of()

    def forge(record: dict[str, object]) -> None:
        head = Head(json.loads(lines[-3])["seq"], digest(lines[-3]))
        body = record["body"]
        assert isinstance(body, dict)
        body["signature"] = to_text(ed25519.sign(STRANGER, head_bytes(NODE, head)))
        if is_named:
            body["key"] = "ab" * 32

    forged = rewritten(lines, len(lines) - 2, forge)
    words = said(tmp_path / "x", with_lines(forged, statement=cited(forged[-1])), capsys)
    assert words.split(": ")[:2] == ["broken", "key" if is_named else "signature"]


def test_a_tail_follows_its_block_directly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the last block is left out, and the record that closed it with it."""
    lines = lines_of()
    without_block = [*lines[: -TAIL - 1], *lines[-TAIL:]]
    assert said(tmp_path / "x", with_lines(without_block), capsys).startswith("broken: chain: ")
    later = [*lines[:-TAIL], *lines[-TAIL + 2 :]]
    assert said(tmp_path / "x", with_lines(later), capsys).startswith("broken: chain: ")


def test_what_a_tail_rests_on_is_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A start of another time is not, and neither is one whose signature was left out."""
    lines = lines_of()
    kinds = [json.loads(line)["kind"] for line in lines]
    signature = kinds.index("signature")

    def slower(record: dict[str, object]) -> None:
        body = record["body"]
        assert isinstance(body, dict)
        body["valid_ms"] = 3_600_000

    forged = [*rewritten(lines[: signature + 1], 0, slower), *lines[signature + 1 :]]
    words = said(tmp_path / "x", with_lines(forged), capsys)
    assert words.split(": ")[:2] == ["broken", "signature"]
    unsigned = [*rewritten(lines[:signature], 0, slower), *lines[signature + 1 :]]
    words = said(tmp_path / "x", with_lines(unsigned), capsys)
    assert words.split(": ")[:2] == ["broken", "chain"]


def test_a_node_that_is_not_cited_has_no_tail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it was judged."""
    content = with_lines(lines_of(), statement=sealed(citing({})))
    assert said(tmp_path / "x", content, capsys).startswith("broken: chain: ")


def test_a_tail_in_journals_is_the_one_in_the_hours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both hold it; one of them edited, and cited so, is found by the other."""
    found, lines = dying(), lines_of()
    other = rewritten(lines, len(lines) - 1, lambda record: record.update(v=2))
    found = {**found, f"hours/{NODE}.jsonl": text_of(other)}
    words = said(tmp_path / "x", bundle(found | {"statement.json": cited(other[-1])}), capsys)
    assert words.split(": ")[:2] == ["broken", "statement"]
    shorter = found[f"journals/{NODE}.jsonl"].splitlines()[:-1]
    kept = found | {f"journals/{NODE}.jsonl": text_of(shorter), "statement.json": cited(other[-1])}
    assert said(tmp_path / "x", bundle(kept), capsys).startswith("verified: ")


def test_a_journal_without_blocks_is_a_tail_from_its_first_record_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It begins with record 1, or it is refused."""
    made = journal(NODE, KEY, 0).observe().observe()
    made.kept = list(made.lines)
    found = members(
        {NODE: made}, {NODE: [public(KEY)]}, payload=citing({NODE: made.head}), with_journals=False
    )
    assert said(tmp_path / "x", bundle(found), capsys).startswith("verified: ")
    later = bundle(found | {f"hours/{NODE}.jsonl": text_of(made.lines[1:])})
    assert said(tmp_path / "x", later, capsys).startswith("broken: chain: ")
