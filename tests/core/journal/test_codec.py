"""Canonical bytes: the frozen vectors, both ways, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_FORKED
from gpusla.errors import JournalError
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, Head, follow
from gpusla.journal.codec import LINE_BYTES_MAX, decode, digest, encode
from gpusla.journal.model import GENESIS, Opaque
from tests.core.journal.records import BODIES, EVERY_KIND

GOLDEN = Path(__file__).parents[2] / "golden" / "journal"
VECTORS = (GOLDEN / "version-1.jsonl").read_bytes().splitlines()
DIGESTS = (GOLDEN / "version-1.sha256").read_text().split()
REFUSED = (GOLDEN / "refused.jsonl").read_bytes().splitlines()


def follow_all(lines: list[bytes]) -> Head:
    """Check a chain from its first record and return its head."""
    head = EMPTY
    for line in lines:
        head, _, _ = follow(head, line)
    return head


def test_every_kind_has_the_bytes_it_always_had() -> None:
    """The vectors are frozen: a change of a single byte is a new version."""
    previous = GENESIS
    for sequence, (body, vector) in enumerate(zip(EVERY_KIND, VECTORS, strict=True), 1):
        line = encode(sequence, previous, body)
        assert line == vector
        previous = digest(line)
        assert previous == DIGESTS[sequence - 1]


@pytest.mark.parametrize(("body", "vector"), list(zip(EVERY_KIND, VECTORS, strict=True)))
def test_every_vector_reads_back(body: Body, vector: bytes) -> None:
    """Reading gives what was written."""
    assert decode(vector)[1] == body


def test_the_vectors_are_one_chain() -> None:
    """Each vector names the digest of the one before."""
    assert follow_all(VECTORS) == Head(len(DIGESTS), DIGESTS[-1])


@pytest.mark.parametrize("line", REFUSED)
def test_a_malformed_line_is_refused(line: bytes) -> None:
    """What is not a record of this format never becomes one."""
    with pytest.raises(JournalError) as caught:
        decode(line)
    assert caught.value.code is JOURNAL_CORRUPT


def test_what_is_no_record_is_quoted_as_text() -> None:
    """By how it begins, without Python's own letter before it, and so that a terminal prints it."""
    for line, words in (
        (b'{"body": nothing\x1b\xff}', """a record is not JSON: '{"body": nothing\\x1b\\ufffd}'"""),
        (b'{"body":{}}', """a record has not the five keys of the envelope: '{"body":{}}'"""),
    ):
        with pytest.raises(JournalError) as caught:
            decode(line)
        assert caught.value.message == words


def test_a_line_too_long_is_refused_unparsed() -> None:
    """No reader parses without a bound."""
    with pytest.raises(JournalError, match="over the 65536 allowed"):
        decode(b"[" * (LINE_BYTES_MAX + 1))


@given(BODIES, st.integers(1, 2**53))
def test_what_was_encoded_decodes(body: Body, sequence: int) -> None:
    """For every body."""
    envelope, read = decode(encode(sequence, GENESIS, body))
    assert (envelope.sequence, read) == (sequence, body)


@given(BODIES)
def test_a_line_is_ascii_without_breaks_and_canonical(body: Body) -> None:
    """Any JSON library that sorts keys makes the same bytes."""
    line = encode(1, GENESIS, body)
    assert not set(line) - set(range(0x20, 0x7F))
    assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")).encode()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    """Nothing but a JournalError comes out of a line of noise."""
    try:
        decode(line)
    except JournalError as refusal:
        assert refusal.code is JOURNAL_CORRUPT  # noqa: PT017  (most lines are refused)


@pytest.mark.parametrize(
    ("old", "new"), [(b'"v":1', b'"v":2'), (b'"kind":"stopped"', b'"kind":"halted"')]
)
def test_an_unknown_version_or_kind_is_chained_and_says_nothing(old: bytes, new: bytes) -> None:
    """A reader of version 1 can check the chain of every later version."""
    line = VECTORS[8].replace(old, new)

    head, envelope, body = follow(Head(8, DIGESTS[7]), line)

    assert body == Opaque(envelope.version, envelope.kind)
    assert head == Head(9, digest(line))


def test_a_missing_number_is_found() -> None:
    """A record that was taken out leaves a hole."""
    with pytest.raises(JournalError, match="record 3 follows record 1") as caught:
        follow(Head(1, DIGESTS[0]), VECTORS[2])
    assert caught.value.code is JOURNAL_CORRUPT


@given(st.data())
def test_any_edit_of_a_line_is_found(data: st.DataObject) -> None:
    """One changed byte in any line but the last breaks the chain at or behind it."""
    number = data.draw(st.integers(0, len(VECTORS) - 2))
    place = data.draw(st.integers(0, len(VECTORS[number]) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda v: v != VECTORS[number][place]))
    lines = list(VECTORS)
    lines[number] = lines[number][:place] + bytes([value]) + lines[number][place + 1 :]

    with pytest.raises(JournalError) as caught:
        follow_all(lines)

    assert caught.value.code in {JOURNAL_CORRUPT, JOURNAL_FORKED}
