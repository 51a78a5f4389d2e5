"""Blocks: what one is worth in its journal."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gpusla.catalogue.codes import (
    JOURNAL_CORRUPT,
    JOURNAL_FORKED,
    JOURNAL_SIGNATURE,
    ErrorCode,
)
from gpusla.evidence.grades import check
from gpusla.identity import NodeName
from gpusla.journal.hours import HourBlock
from tests.core.evidence.signed import (
    NODE,
    ONE,
    TWO,
    SignedJournal,
    closed,
    public,
)

ENROLLED = frozenset({public(ONE)})


def journal(private: bytes | None = ONE) -> SignedJournal:
    """Return a start, a key and three blocks, of records 1 to 4, 5 to 7 and 8 to 10."""
    made = SignedJournal().start().introduce(ONE) if private else SignedJournal().start().observe(0)
    for second in (1, 3, 5):
        made.observe(second, 2).close(private)
    return made


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
