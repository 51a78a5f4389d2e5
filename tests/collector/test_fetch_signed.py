"""Signatures in fetched journals: verified as they come, remembered, a stop where one is bad."""

from pathlib import Path

import pytest

from gpusla.catalogue.codes import JOURNAL_SIGNATURE
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.ports import Evidence, Lease, Store
from gpusla_collector.usecases.fetch.journals import Fetched, Fetcher, Target
from tests.collector.fakes import FakeAgents, HandClock
from tests.collector.journals import Journal, tray_slots
from tests.collector.site import NODE
from tests.core.evidence.signed import ONE, TWO, introduced, public, signed

DAY = Interval(0, 86_400_000)


class Site:
    """One node that signs, and a collector's fetching."""

    def __init__(self, store: Store, lease: Lease, evidence: Evidence) -> None:
        self.agents = FakeAgents()
        self.store, self._lease = store, lease
        self._fetcher = Fetcher(self.agents, evidence, store, HandClock(), 1)
        self.journal = Journal(NODE, tray_slots(*NODE.split("-")), 0).start(0)
        self.agents.journals[NODE] = self.journal

    def introduce(self, private: bytes, before: bytes | None = None) -> None:
        """Write a key."""
        self.journal.append(introduced(private, before, node=NODE))

    def sign(self, private: bytes, head: Head | None = None) -> None:
        """Sign all so far."""
        self.journal.append(signed(private, head or self.journal.head, node=NODE))

    def fetch(self, *enrolled: bytes) -> Fetched:
        """Fetch once; enrolled: keys that the inventory lists."""
        target = Target(NODE, "", frozenset(map(public, enrolled)))
        (fetched,) = self._fetcher.fetch_all(self._lease, [target])
        return fetched

    def fetch_both(self, first: Target, second: Target) -> tuple[Fetched, Fetched]:
        """Fetch two nodes in this order; returns how it went with the second and the first."""
        one, other = self._fetcher.fetch_all(self._lease, [first, second])
        return other, one

    def found(self) -> list[str]:
        """Return the kinds of all findings."""
        return [finding.kind for finding in self.store.findings()]


@pytest.fixture
def site(store: Store, lease: Lease, tmp_path: Path) -> Site:
    """A node and its collector."""
    return Site(store, lease, EvidenceFiles(tmp_path / "evidence"))


def test_signatures_are_verified_and_remembered(site: Site, store: Store) -> None:
    """How far they reach stands beside the cursor, whichever page they came with."""
    site.introduce(ONE)
    site.fetch(ONE)
    site.journal.observe(1_000, 20_000)
    site.sign(ONE)
    assert site.fetch(ONE).error is None
    keyring = store.cursors()[NODE].keyring
    assert [key.public for key in keyring.keys] == [public(ONE)]
    assert keyring.signed == 3


def test_records_about_the_journal_itself_take_no_time_away(site: Site, store: Store) -> None:
    """Samples around a signature are joined as if it were not there."""
    site.introduce(ONE)
    site.journal.observe(1_000, 20_000)
    site.sign(ONE)
    site.journal.observe(21_000, 40_000)
    site.fetch(ONE)
    spans = store.account(site.journal.slots[:1], DAY).spans
    assert [(span.start_ms, span.end_ms) for span in spans] == [(1_000, 40_000)]


def test_a_bad_signature_stops_the_node_there(site: Site, store: Store) -> None:
    """What came before is kept, people are told once, nobody else is held up."""
    site.introduce(ONE)
    site.journal.observe(1_000, 20_000)
    site.sign(ONE, Head(3, "ab" * 32))
    site.journal.observe(21_000, 40_000)
    for _ in range(2):
        fetched = site.fetch(ONE)
        assert fetched.error is not None
        assert fetched.error.code is JOURNAL_SIGNATURE
    assert store.cursors()[NODE].head.sequence == 3
    assert site.found() == ["journal_signature"]


def test_without_an_enrolled_key_the_first_one_is_believed(site: Site) -> None:
    """And no other that it did not endorse."""
    site.introduce(ONE)
    site.sign(ONE)
    assert site.fetch().error is None
    site.introduce(TWO)
    assert site.fetch().error is not None
    assert site.found() == ["journal_signature"]


def test_a_key_that_is_listed_afterwards_lets_the_node_go_on(site: Site, store: Store) -> None:
    """The inventory speaks for it."""
    site.introduce(ONE)
    site.introduce(TWO)
    site.sign(TWO)
    assert site.fetch(ONE).error is not None
    assert site.fetch(ONE, TWO).error is None
    assert store.cursors()[NODE].head == site.journal.head


def test_a_rotated_key_is_believed_after_a_restart(site: Site) -> None:
    """The old key's word was taken in with an earlier page."""
    site.introduce(ONE)
    site.introduce(TWO, ONE)
    site.sign(ONE)
    assert site.fetch(ONE).error is None
    site.journal.observe(1_000, 20_000)
    site.sign(TWO)
    assert site.fetch(ONE).error is None


def test_a_clone_takes_no_key_that_the_inventory_gives_to_another(site: Site, store: Store) -> None:
    """Both came from one image; the inventory says whose the key is, whoever is asked first."""
    clone = NodeName("c2-r01-t02")
    copied = Journal(clone, tray_slots(*clone.split("-")), 0).start(0)
    site.agents.journals[clone] = copied.append(introduced(ONE, node=clone))
    site.introduce(ONE)
    site.sign(ONE)
    mine, theirs = site.fetch_both(Target(clone, ""), Target(NODE, "", frozenset({public(ONE)})))
    assert store.cursors()[NODE].head == site.journal.head
    assert mine.error is None
    assert f"is the one of {NODE}'s journal" in str(theirs.error)


def test_a_journal_without_signatures_is_taken_in_as_ever(site: Site, store: Store) -> None:
    """An agent of before there were keys."""
    site.journal.observe(1_000, 20_000)
    assert site.fetch(ONE).error is None
    assert store.cursors()[NODE].keyring.signed == 0
