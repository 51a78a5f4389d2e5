"""Blocks: what one in a journal is worth, and what a chain of them proves without its records."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.codes import (
    JOURNAL_CORRUPT,
    JOURNAL_FORKED,
    JOURNAL_SIGNATURE,
    ErrorCode,
)
from gpusla.errors import JournalError
from gpusla.evidence.grades import check
from gpusla.evidence.hours import check_hours
from gpusla.identity import NodeName
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import KeyIntroduced
from tests.core.evidence.signed import (
    NODE,
    ONE,
    THREE,
    TWO,
    SignedJournal,
    closed,
    introduced,
    public,
)

Told = list[KeyIntroduced | HourClosed]
ENROLLED = frozenset({public(ONE)})


def journal(private: bytes | None = ONE) -> SignedJournal:
    """Return a start, a key and three blocks, of records 1 to 4, 5 to 7 and 8 to 10."""
    made = SignedJournal().start().introduce(ONE) if private else SignedJournal().start().observe(0)
    for second in (1, 3, 5):
        made.observe(second, 2).close(private)
    return made


def told(made: SignedJournal) -> Told:
    """Return the keys and blocks of a journal."""
    bodies = [decode(line)[1] for line in made.lines]
    return [body for body in bodies if isinstance(body, KeyIntroduced | HourClosed)]


def refused(bodies: Told, enrolled: frozenset[str] = ENROLLED) -> tuple[ErrorCode, str]:
    """Return why a chain of blocks is refused."""
    with pytest.raises(JournalError) as caught:
        check_hours(NODE, bodies, enrolled)
    return caught.value.code, caught.value.message


def test_a_signed_block_is_a_signed_head() -> None:
    """It covers all up to its last record, and not itself."""
    found = check(NODE, journal().lines, ENROLLED)
    assert found.broken is None
    assert [(s.first_sequence, s.last_sequence, s.grade.value) for s in found.grades] == [
        (1, 10, "A"),
        (11, 11, "B"),
    ]
    assert (found.keyring.hours.number, found.keyring.hours.last_sequence) == (3, 10)


def test_an_unsigned_block_covers_nothing() -> None:
    """It is chained as any record is."""
    found = check(NODE, journal(None).lines, frozenset())
    assert found.broken is None
    assert [span.grade.value for span in found.grades] == ["B"]
    assert found.keyring.hours.number == 3


def _with(**changed: object) -> Callable[[HourBlock], HourBlock]:
    return lambda block: replace(block, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (_with(number=4), JOURNAL_CORRUPT, "block 4 follows block 2"),
        (_with(number=2), JOURNAL_CORRUPT, "block 2 follows block 2"),
        (_with(previous="ab" * 32), JOURNAL_FORKED, "block 3 names abababababab as the block"),
        (_with(first_sequence=9), JOURNAL_CORRUPT, "block 3 begins with record 9, the one before"),
        (_with(last_sequence=9), JOURNAL_CORRUPT, "block 3 ends with record 9"),
        (_with(head="cd" * 32), JOURNAL_CORRUPT, "block 3 ends with record 10, cdcdcdcdcdcd"),
        (_with(node=NodeName("c2-r01-t09")), JOURNAL_FORKED, "that block 3 is c2-r01-t09's"),
    ],
)
def test_a_block_that_is_not_about_these_records_ends_the_walk(
    change: Callable[[HourBlock], HourBlock], code: ErrorCode, words: str
) -> None:
    """However well it is signed."""
    made = SignedJournal().start().introduce(ONE)
    made.observe(1, 2).close(ONE).observe(3, 2).close(ONE).observe(5, 2)
    made.append(closed(ONE, change(made.open.block())))
    found = check(NODE, made.lines, ENROLLED)
    assert found.broken is not None
    assert found.broken.code is code
    assert words in found.broken.message
    assert found.head.sequence == 10


def test_a_block_of_another_key_ends_the_walk() -> None:
    """As a signature by one does."""
    made = journal().observe(7)
    found = check(NODE, made.append(closed(TWO, made.open.block())).lines, ENROLLED)
    assert found.broken is not None
    assert found.broken.code is JOURNAL_SIGNATURE
    assert "block 4 is signed by key" in found.broken.message


def test_a_chain_of_blocks_is_checked_without_its_records() -> None:
    """All three come back, in order."""
    blocks = check_hours(NODE, told(journal()), ENROLLED)
    assert [(one.number, one.first_sequence, one.last_sequence) for one in blocks] == [
        (1, 1, 4),
        (2, 5, 7),
        (3, 8, 10),
    ]


def test_blocks_of_a_later_time_are_checked_without_those_before() -> None:
    """What the first of them names as the one before it is out of reach."""
    key, _, *later = told(journal())
    assert [one.number for one in check_hours(NODE, [key, *later], ENROLLED)] == [2, 3]


def test_the_inventory_s_key_needs_no_introduction() -> None:
    """Its record may lie before the time that is asked about."""
    assert len(check_hours(NODE, told(journal())[1:], ENROLLED)) == 3


def test_a_key_that_a_listed_one_endorsed_signs_blocks() -> None:
    """As it signs heads."""
    made = journal().introduce(TWO, ONE).observe(7).close(TWO)
    assert len(check_hours(NODE, told(made), ENROLLED)) == 4


def test_without_keys_unsigned_blocks_are_a_chain() -> None:
    """Nobody said that the node signs."""
    assert len(check_hours(NODE, told(journal(None)), frozenset())) == 3


def test_a_block_that_is_left_out_is_found() -> None:
    """Numbers have no gaps."""
    key, first, _, third = told(journal())
    code, words = refused([key, first, third])
    assert code is JOURNAL_CORRUPT
    assert words == "c2-r01-t03: block 3 follows block 1"


@pytest.mark.parametrize("enrolled", [ENROLLED, frozenset()])
def test_a_signature_taken_off_is_found(enrolled: frozenset[str]) -> None:
    """Else whoever changes a block would only have to take its signature off as well."""
    key, first, second, third = told(journal())
    assert isinstance(second, HourClosed)
    bare = replace(second, key="", signature="")
    code, words = refused([key, first, bare, third], enrolled)
    assert code is JOURNAL_SIGNATURE
    assert words == "c2-r01-t03: block 2 is not signed"


def test_another_node_s_blocks_are_refused() -> None:
    """Whoever signed them."""
    made = SignedJournal(NodeName("c2-r01-t04")).start().observe(1).close(ONE)
    assert refused(told(made))[0] is JOURNAL_FORKED


def test_a_stolen_key_that_was_taken_out_of_the_inventory_stays_on_record() -> None:
    """ONE was stolen; of a later month only its record is there, and TWO signed all the blocks."""
    made = journal().append(introduced(TWO, ONE, endorsed=False))
    made.observe(7, 2).close(TWO).observe(9, 2).close(TWO)
    key_one, _, _, _, key_two, *blocks = told(made)
    later: Told = [key_one, key_two, *blocks]
    assert [one.number for one in check_hours(NODE, later, frozenset({public(TWO)}))] == [4, 5]


def test_blocks_of_a_key_that_is_not_listed_are_refused() -> None:
    """The stolen one's, and those of one that it endorsed."""
    listed = frozenset({public(TWO)})
    code, words = refused(told(journal()), listed)
    assert code is JOURNAL_SIGNATURE
    assert words.endswith("is none of the inventory's for this node, and none of those endorsed it")
    key_one, *_, key_three, block = told(journal().introduce(THREE, ONE).observe(7).close(THREE))
    assert refused([key_one, key_three, block], listed)[0] is JOURNAL_SIGNATURE


def test_where_none_is_listed_another_key_is_refused_as_it_comes() -> None:
    """Nothing but an endorsement could tell it from a thief's."""
    assert refused([introduced(THREE), *told(journal())], frozenset())[0] is JOURNAL_SIGNATURE


def test_a_key_may_be_endorsed_after_it_was_introduced() -> None:
    """By one that is listed; its first record alone makes it no worse."""
    made = journal().append(introduced(TWO, ONE, endorsed=False)).introduce(TWO, ONE)
    assert len(check_hours(NODE, told(made.observe(7).close(TWO)), ENROLLED)) == 4


def test_a_list_of_what_is_no_key_is_refused() -> None:
    """The file that lists them may be anybody's."""
    assert refused(told(journal()), frozenset({"no key"}))[0] is JOURNAL_SIGNATURE


CHANGES = st.sampled_from(["from_ms", "until_ms", "samples", "first_sequence", "last_sequence"])


@given(st.integers(1, 3), CHANGES, st.integers(-5, 5).filter(bool))
def test_no_figure_of_a_signed_block_can_be_changed(number: int, name: str, by: int) -> None:
    """Of the block's own or of a span."""
    bodies = told(journal())
    body = bodies[number]
    assert isinstance(body, HourClosed)
    altered = replace(body.block, **{name: getattr(body.block, name) + by})
    refused([*bodies[:number], replace(body, block=altered), *bodies[number + 1 :]])
