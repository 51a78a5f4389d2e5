"""Hours and keys of journals: kept with the cursor, given back as they were written."""

from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.catalogue.codes import FENCED, JOURNAL_CORRUPT
from gpusla.errors import StoreError
from gpusla.evidence.hour_chain import NO_HOURS
from gpusla.instants import Interval
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import KeyIntroduced
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.ports import Cursor, HourLine, KeyLine, Lease, Milestones, Store
from gpusla_collector.usecases.take_in import take_in
from tests.collector.bookings import at
from tests.collector.hours import HOUR_MS, close_hour, introduce
from tests.collector.journals import Journal
from tests.collector.site import NODE
from tests.collector.test_fetch_signed import Site
from tests.core.evidence.signed import ONE, public


def hour(sequence: int, number: int, until_ms: int) -> HourLine:
    """Return an hour that ends at an instant."""
    return HourLine(sequence, number, 1, 1, until_ms - HOUR_MS, until_ms, b"h%d" % number)


DAY = (
    hour(10, 1, HOUR_MS),
    hour(20, 2, 2 * HOUR_MS),
    hour(30, 3, 3 * HOUR_MS),
    hour(40, 4, 4 * HOUR_MS),
)
KEYS = (KeyLine(2, b"k1"), KeyLine(25, b"k2"), KeyLine(35, b"k3"))


@pytest.fixture
def filled(store: Store, lease: Lease) -> Store:
    """A store with four hours and three keys of one node, which came with two pages."""
    store.advance(lease, Cursor(NODE), at(22), (), Milestones(DAY[:2], KEYS[:1]))
    store.advance(lease, at(22), at(50), (), Milestones(DAY[2:], KEYS[1:]))
    return store


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "numbers", "keys"),
    [
        # An hour that ends where the interval begins has nothing of it, and one that ends where
        # the interval ends has the last of it.
        (HOUR_MS, 3 * HOUR_MS, [2, 3], 2),
        (HOUR_MS - 1, 3 * HOUR_MS + 1, [1, 2, 3, 4], 3),
        (0, 1, [1], 1),
        # As far as there are any.
        (3 * HOUR_MS, 9 * HOUR_MS, [4], 3),
        (4 * HOUR_MS, 9 * HOUR_MS, [], 0),
    ],
)
def test_the_hours_that_cover_an_interval_come_with_all_keys_before(
    filled: Store, start_ms: int, end_ms: int, numbers: list[int], keys: int
) -> None:
    """In their order, as they were written; a key of long ago may have signed them."""
    found = filled.milestones(NODE, Interval(start_ms, end_ms))
    assert found.hours == tuple(one for one in DAY if one.number in numbers)
    assert found.keys == KEYS[:keys]


def test_a_page_that_does_not_count_leaves_no_hour(store: Store, lease: Lease) -> None:
    """They are of one transaction with the cursor."""
    store.advance(lease, Cursor(NODE), at(2), ())
    with pytest.raises(StoreError) as caught:
        store.advance(lease, at(1), at(22), (), Milestones(DAY[:2], KEYS[:1]))
    assert caught.value.code is FENCED
    assert store.milestones(NODE, Interval(0, 9 * HOUR_MS)) == Milestones()


def test_a_node_that_counts_an_hour_twice_stops_nobody(store: Store, lease: Lease) -> None:
    """Rows are keyed by the record, whose number the chain vouches for."""
    again = hour(20, 1, 2 * HOUR_MS)
    store.advance(lease, Cursor(NODE), at(22), (), Milestones((DAY[0], again)))
    assert store.milestones(NODE, Interval(0, 2 * HOUR_MS)).hours == (DAY[0], again)


@pytest.fixture
def site(store: Store, lease: Lease, tmp_path: Path) -> Site:
    """A node and its collector."""
    return Site(store, lease, EvidenceFiles(tmp_path / "evidence"))


def test_fetching_keeps_the_lines_of_hours_and_keys(site: Site, store: Store) -> None:
    """Byte for byte, and no other record."""
    journal = site.journal
    introduce(journal, ONE)
    journal.observe(1_000, HOUR_MS - 1_000)
    close_hour(journal, ONE)
    journal.observe(HOUR_MS, 2 * HOUR_MS)
    close_hour(journal, ONE)
    assert site.fetch(ONE).error is None
    found = store.milestones(NODE, Interval(0, 2 * HOUR_MS))
    lines = [*(key.line for key in found.keys), *(hour.line for hour in found.hours)]
    assert lines == [journal.lines[place] for place in (1, 3, 5)]
    assert [type(decode(line)[1]) for line in lines] == [KeyIntroduced, HourClosed, HourClosed]
    assert [(one.sequence, one.number) for one in found.hours] == [(4, 1), (6, 2)]
    assert [(one.first_sequence, one.last_sequence) for one in found.hours] == [(1, 3), (4, 5)]


def test_numbers_that_fit_no_column_end_the_journal_there(site: Site, store: Store) -> None:
    """One node's nonsense is no error of the database, which would stop all others."""
    site.journal.observe(1_000, HOUR_MS - 1_000)
    close_hour(site.journal, until_ms=2**63)
    fetched = site.fetch()
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_CORRUPT
    assert store.cursors()[NODE].head.sequence == 2
    assert store.milestones(NODE, Interval(0, 9 * HOUR_MS)) == Milestones()


def test_a_journal_whose_first_hours_were_passed_over_goes_on(site: Site, store: Store) -> None:
    """A collector of before there were hours took their lines in and remembers none of them."""
    journal = site.journal
    introduce(journal, ONE)
    journal.observe(1_000, HOUR_MS - 1_000)
    close_hour(journal, ONE)
    site.fetch(ONE)
    cursor = store.cursors()[NODE]
    keyring = replace(cursor.keyring, hours=NO_HOURS)
    journal.observe(HOUR_MS, 2 * HOUR_MS)
    close_hour(journal, ONE)
    lines, keys = journal.lines[4:], {public(ONE)}
    taken = take_in(NODE, cursor.head, cursor.carry, lines, keyring=keyring, enrolled=keys)
    assert (taken.error, taken.keyring.hours.number) == (None, 2)


def test_an_hour_that_does_not_follow_ends_the_journal_there(site: Site, store: Store) -> None:
    """And is not remembered as the last one: the right one would not follow it."""
    journal = site.journal
    introduce(journal, ONE)
    for number in (1, 2):
        journal.observe(number * HOUR_MS, (number + 1) * HOUR_MS - 1_000)
        close_hour(journal, ONE)
    journal.observe(3 * HOUR_MS, 4 * HOUR_MS - 1_000)
    journal.append(_last(journal))
    fetched = site.fetch(ONE)
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_CORRUPT
    assert store.cursors()[NODE].head.sequence == 7
    assert store.cursors()[NODE].keyring.hours.number == 2


def test_an_account_tells_how_far_the_journals_behind_it_are_signed(
    site: Site, store: Store
) -> None:
    """Of the same moment as its spans, and of no other journal."""
    introduce(site.journal, ONE)
    site.journal.observe(1_000, HOUR_MS)
    close_hour(site.journal, ONE)
    site.fetch(ONE)
    account = store.account(site.journal.slots, Interval(0, HOUR_MS))
    assert account.keyrings == {NODE: store.cursors()[NODE].keyring}
    assert account.keyrings[NODE].signed == 3
    assert store.account(site.journal.slots, Interval(2 * HOUR_MS, 3 * HOUR_MS)).keyrings == {}


def _last(journal: Journal) -> HourClosed:
    """Return a journal's last hour."""
    (*_, last) = (body for _, body in map(decode, journal.lines) if isinstance(body, HourClosed))
    return last
