"""Blocks without their records, as the product writes them: what the verifier makes of a chain."""

import hashlib
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.identity import NodeName
from gpusla.journal.codec import decode, encode
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import KeyIntroduced
from gpusla.verify.archive import Archive
from gpusla.verify.faults import Broken
from gpusla.verify.journals import Task, Walk
from tests.core.evidence.signed import (
    NODE,
    ONE,
    THREE,
    TWO,
    SignedJournal,
    introduced,
    public,
)
from tests.core.verify.maker import packed, text_of

ENROLLED = frozenset({public(ONE)})


def journal(private: bytes | None = ONE) -> SignedJournal:
    """Return a start, a key and three blocks, of records 1 to 4, 5 to 7 and 8 to 10."""
    made = SignedJournal().start().introduce(ONE) if private else SignedJournal().start().observe(0)
    for second in (1, 3, 5):
        made.observe(second, 2).close(private)
    return made


def hours_of(made: SignedJournal) -> list[bytes]:
    """Return the lines of a journal's keys and blocks, all that a bundle must have of it."""
    kept = (KeyIntroduced, HourClosed)
    return [line for line in made.lines if isinstance(decode(line)[1], kept)]


def verified(lines: list[bytes], enrolled: frozenset[str] = ENROLLED) -> tuple[int, int]:
    """Return how many blocks stand there and how many an enrolled key signed, or raise Broken."""
    hours = text_of(lines)
    members = {"hours": {"sha256": hashlib.sha256(hours).hexdigest()}, "journals": None}
    task = Task(NODE, tuple(sorted(enrolled)), "node.jsonl", members, {})
    found = Walk(Archive(io.BytesIO(packed({"hours/node.jsonl": hours}))), task).run()
    return found["blocks"], found["signed"]


def refused(lines: list[bytes], enrolled: frozenset[str] = ENROLLED) -> tuple[str, str]:
    """Return why a chain of blocks is refused."""
    with pytest.raises(Broken) as caught:
        verified(lines, enrolled)
    return caught.value.fault, caught.value.words


def rewritten(line: bytes, body: HourClosed) -> bytes:
    """Return the line with another body, in the same place of the chain."""
    head, _ = decode(line)
    return encode(head.sequence, head.previous, body)


def test_blocks_of_a_later_time_are_verified_without_those_before() -> None:
    """What the first of them names as the one before it is out of reach."""
    key, _, *later = hours_of(journal())
    assert verified(hours_of(journal())) == (3, 3)
    assert verified([key, *later]) == (2, 2)


def test_the_inventory_s_key_needs_no_introduction() -> None:
    """Its record may lie before the time that is asked about."""
    assert verified(hours_of(journal())[1:]) == (3, 3)


def test_a_key_that_a_listed_one_endorsed_signs_blocks() -> None:
    """Also if it was introduced before; its first record alone makes it no worse."""
    made = journal().introduce(TWO, ONE).observe(7).close(TWO)
    assert verified(hours_of(made)) == (4, 4)
    made = journal().append(introduced(TWO, ONE, endorsed=False)).introduce(TWO, ONE)
    assert verified(hours_of(made.observe(7).close(TWO))) == (4, 4)


def test_without_keys_unsigned_blocks_are_a_chain() -> None:
    """Nobody said that the node signs."""
    assert verified(hours_of(journal(None)), frozenset()) == (3, 0)


def test_a_block_that_is_left_out_is_found() -> None:
    """Numbers have no gaps."""
    key, first, _, third = hours_of(journal())
    assert refused([key, first, third])[0] == "chain"


@pytest.mark.parametrize("enrolled", [ENROLLED, frozenset()])
def test_a_signature_taken_off_is_found(enrolled: frozenset[str]) -> None:
    """Else whoever changes a block would only have to take its signature off as well."""
    *before, last = hours_of(journal())
    bare = replace(_closed(last), key="", signature="")
    fault, words = refused([*before, rewritten(last, bare)], enrolled)
    assert fault == "signature"
    assert words.endswith("record 11 is not signed, and its node has a key")


def test_another_node_s_blocks_are_refused() -> None:
    """Whoever signed them."""
    made = SignedJournal(NodeName("c2-r01-t04")).start().observe(1).close(ONE)
    assert refused(hours_of(made))[0] == "block"


def test_a_stolen_key_that_was_taken_out_of_the_inventory_stays_on_record() -> None:
    """ONE was stolen; of a later month only its record is there, and TWO signed all the blocks."""
    made = journal().append(introduced(TWO, ONE, endorsed=False))
    made.observe(7, 2).close(TWO).observe(9, 2).close(TWO)
    key_one, _, _, _, key_two, *blocks = hours_of(made)
    assert verified([key_one, key_two, *blocks], frozenset({public(TWO)})) == (2, 2)


def test_blocks_of_a_key_that_is_not_listed_are_refused() -> None:
    """The stolen one's, and those of one that it endorsed."""
    listed = frozenset({public(TWO)})
    fault, words = refused(hours_of(journal()), listed)
    assert fault == "key"
    assert words.endswith("which may not sign for this node")
    made = journal().introduce(THREE, ONE).observe(7).close(THREE)
    key_one, *_, key_three, block = hours_of(made)
    assert refused([key_one, key_three, block], listed)[0] == "key"


def test_where_none_is_listed_the_first_key_is_believed_and_no_other() -> None:
    """Nothing but an endorsement could tell another from a thief's."""
    made = SignedJournal().append(introduced(THREE)).start().introduce(ONE).observe(1)
    assert refused(hours_of(made.close(ONE)), frozenset())[0] == "key"


def test_a_list_of_what_is_no_key_is_refused() -> None:
    """The file that lists them may be anybody's."""
    assert refused(hours_of(journal()), frozenset({"no key"}))[0] == "format"


CHANGES = st.sampled_from(["from_ms", "until_ms", "samples", "first_sequence", "last_sequence"])


@given(st.integers(1, 3), CHANGES, st.integers(-5, 5).filter(bool))
def test_no_figure_of_a_signed_block_can_be_changed(number: int, name: str, by: int) -> None:
    """Neither by a little nor by much; the chain of lines is not what stops it in the last."""
    lines = hours_of(journal())
    body = _closed(lines[number])
    altered = replace(body.block, **{name: getattr(body.block, name) + by})
    lines[number] = rewritten(lines[number], replace(body, block=altered))
    refused(lines)


def _closed(line: bytes) -> HourClosed:
    body = decode(line)[1]
    assert isinstance(body, HourClosed)
    return body
