"""What a record is worth, whose signature counts, and where a journal breaks."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_FORKED, JOURNAL_SIGNATURE
from gpusla.evidence.grades import Checked, Grade, check
from gpusla.evidence.keyring import NO_KEYS
from gpusla.identity import NodeName
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import digest, encode
from gpusla.journal.model import Stopped
from tests.core.evidence.signed import (
    NODE,
    ONE,
    THREE,
    TWO,
    SignedJournal,
    at,
    introduced,
    public,
    signed,
)

ENROLLED = frozenset({public(ONE)})


def journal() -> SignedJournal:
    """Return start, key, signature, ten samples, signature, two samples: sixteen records."""
    made = SignedJournal().start().introduce(ONE).sign(ONE).observe(1, 10).sign(ONE)
    return made.observe(11, 2)


def checked(made: SignedJournal, enrolled: frozenset[str] = ENROLLED) -> Checked:
    """Walk the whole journal."""
    return check(NODE, made.lines, enrolled)


def grades(found: Checked) -> list[tuple[int, int, str]]:
    """Return the spans in short."""
    return [(s.first_sequence, s.last_sequence, s.grade.value) for s in found.grades]


def words(found: Checked) -> str:
    """Return why the walk ended."""
    assert found.broken is not None
    return found.broken.message


def test_what_an_enrolled_key_signed_is_worth_an_a() -> None:
    """All before the last signature; the signature itself and what follows wait for the next."""
    found = checked(journal())
    assert grades(found) == [(1, 13, "A"), (14, 16, "B")]
    assert found.broken is None
    assert found.keyring.signed == 13


def test_without_an_enrolled_key_a_signature_adds_nothing() -> None:
    """Whoever had the node chose the key."""
    assert grades(checked(journal(), frozenset())) == [(1, 16, "B")]


def test_a_journal_without_signatures_is_chained() -> None:
    """As all were before there were keys."""
    found = checked(SignedJournal().start().observe(1, 3))
    assert (grades(found), found.broken) == ([(1, 4, "B")], None)


def test_an_empty_journal_has_no_grade() -> None:
    """There is nothing to grade."""
    assert checked(SignedJournal()) == Checked(EMPTY, NO_KEYS, (), None)


def test_a_key_that_an_enrolled_one_endorsed_signs_as_well() -> None:
    """And one that it endorsed in turn."""
    made = journal().introduce(TWO, ONE).sign(ONE).introduce(THREE, TWO).sign(THREE)
    assert grades(checked(made)) == [(1, 19, "A"), (20, 20, "B")]


def test_a_walk_goes_on_where_another_stopped() -> None:
    """With head and keyring."""
    made = journal().sign(ONE)
    first = check(NODE, made.lines[:8], ENROLLED)
    second = check(NODE, made.lines[8:], ENROLLED, head=first.head, keyring=first.keyring)
    assert grades(first) == [(1, 2, "A"), (3, 8, "B")]
    assert grades(second) == [(9, 16, "A"), (17, 17, "B")]
    assert second.head == made.head


REFUSED: list[tuple[str, Callable[[], SignedJournal], frozenset[str], str]] = [
    (
        "a key that is not the inventory's",
        lambda: SignedJournal().start().introduce(TWO).sign(TWO),
        ENROLLED,
        "is none of the inventory's for this node, and none of those endorsed it",
    ),
    (
        "another first key after the first",
        lambda: journal().introduce(TWO).sign(TWO),
        frozenset(),
        "replaces another one that did not endorse it",
    ),
    (
        "a key that names the one before it without its signature",
        lambda: journal().append(introduced(TWO, ONE, endorsed=False)),
        frozenset(),
        "replaces another one that did not endorse it",
    ),
    (
        "an endorsement by a key that was never there",
        lambda: journal().append(introduced(TWO, THREE)),
        ENROLLED,
        "is endorsed by no key that the journal had before",
    ),
    (
        "a signature by a key that was not introduced",
        lambda: SignedJournal().start().sign(ONE),
        ENROLLED,
        "which the journal did not introduce",
    ),
    (
        "a signature of another node's record",
        lambda: journal().append(signed(ONE, journal().head, node="c2-r01-t04")),
        ENROLLED,
        "did not sign record 16 as it is here",
    ),
    (
        "a signature of another record",
        lambda: journal().append(signed(ONE, Head(16, "ab" * 32))),
        ENROLLED,
        "did not sign record 16 as it is here",
    ),
    (
        "a key that another node introduced",
        lambda: SignedJournal().start().append(introduced(ONE, node="c2-r01-t04")),
        ENROLLED,
        "introduces itself without a signature of its own",
    ),
]


@pytest.mark.parametrize(
    ("made", "enrolled", "why"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_may_not_be_believed_ends_the_walk(
    made: Callable[[], SignedJournal], enrolled: frozenset[str], why: str
) -> None:
    """What came before it keeps its grade."""
    found = checked(made(), enrolled)
    assert found.broken is not None
    assert found.broken.code is JOURNAL_SIGNATURE
    assert why in words(found)
    assert found.head.sequence == sum(s.last_sequence - s.first_sequence + 1 for s in found.grades)


def test_a_key_taken_out_of_the_inventory_signs_no_more() -> None:
    """Nor do those that it endorsed."""
    made = journal().introduce(TWO, ONE).sign(TWO)
    assert "is none of the inventory's" in words(checked(made, frozenset({public(THREE)})))


def test_a_key_taken_out_of_the_inventory_stays_on_record() -> None:
    """Records 1 to 17 are signed by the key that came in its place, as is the old one's record."""
    made = SignedJournal().start().introduce(ONE).observe(1, 13)
    made.append(introduced(TWO, ONE, endorsed=False)).observe(14).sign(TWO)
    found = checked(made, frozenset({public(TWO)}))
    assert (grades(found), found.broken) == ([(1, 17, "A"), (18, 18, "B")], None)


def test_a_key_listed_later_makes_the_whole_journal_an_a() -> None:
    """The chain reaches back to its first record."""
    made = journal().introduce(TWO, ONE).sign(TWO)
    assert grades(checked(made, frozenset({public(ONE), public(TWO)})))[0] == (1, 17, "A")


def test_a_lost_key_is_replaced_by_listing_both() -> None:
    """Without an endorsement, only the inventory can speak for the new one."""
    made = journal().append(introduced(TWO, ONE, endorsed=False)).sign(TWO)
    assert checked(made, frozenset({public(ONE), public(TWO)})).broken is None


def test_another_nodes_start_is_a_fork() -> None:
    """As for the collector."""
    found = check(NodeName("c2-r01-t09"), journal().lines, ENROLLED)
    assert found.broken is not None
    assert found.broken.code is JOURNAL_FORKED
    assert found.grades == ()


@given(st.data())
def test_any_edit_ends_the_walk_at_it_or_behind_it(data: st.DataObject) -> None:
    """One changed byte of any record that is signed is never walked over."""
    made = journal()
    number = data.draw(st.integers(0, 12))
    place = data.draw(st.integers(0, len(made.lines[number]) - 1))
    made.lines[number] = (
        made.lines[number][:place]
        + bytes([data.draw(st.integers(0, 255).filter(lambda v: v != made.lines[number][place]))])
        + made.lines[number][place + 1 :]
    )
    found = checked(made)
    assert found.broken is not None
    assert found.broken.code in {JOURNAL_CORRUPT, JOURNAL_FORKED, JOURNAL_SIGNATURE}
    assert found.head.sequence <= number + 1


@given(st.integers(3, 13))
def test_a_rewritten_chain_breaks_at_the_next_signature(number: int) -> None:
    """Whoever rewrites a record and chains all others again cannot sign them."""
    made = journal()
    head = check(NODE, made.lines[: number - 1], ENROLLED).head
    lines = made.lines[: number - 1]
    changed = encode(head.sequence + 1, head.digest, Stopped(at(5), "nothing to see"))
    for line in [changed, *made.lines[number:]]:
        previous = digest(lines[-1])
        again = line.replace(line[line.index(b'"prev":"') + 8 :][:64], previous.encode())
        lines.append(again)
    found = check(NODE, lines, ENROLLED)
    assert found.broken is not None
    assert found.broken.code is JOURNAL_SIGNATURE
    assert found.head.sequence == 13
    assert {span.grade for span in found.grades} <= {Grade.SIGNED, Grade.CHAINED}
