"""A journal without an end is taken in slowly; one with much to tell of much time is not."""

import pytest

from gpusla.identity import NodeName
from gpusla.journal.model import ClockStepped, ReadingsTaken
from gpusla_collector.ports import Evidence, Lease, Store
from gpusla_collector.usecases.fetch.journals import Fetched, Fetcher, Target
from tests.collector.fakes import FakeAgents, HandClock
from tests.collector.journals import Journal, tray_slots

ONE, TWO = NodeName("c2-r01-t01"), NodeName("c2-r01-t02")
DAY_MS = 24 * 3_600_000
WORDS: dict[str, int | str] = {f"x{number:04}_mw": "a" * 50 for number in range(900)}
"""Of 60 kB."""


def wordy(node: NodeName, step_ms: int, first_ms: int = 0) -> Journal:
    """Return 200 samples a step apart, with 60 kB beside each."""
    journal = Journal(node, tray_slots(*node.split("-")), first_ms).start(first_ms)
    for number in range(200):
        tell(journal, first_ms + number * step_ms)
    return journal


def tell(journal: Journal, at_ms: int) -> None:
    """Write a sample of a second, and 60 kB beside it."""
    journal.append(ReadingsTaken(journal.instant(at_ms), {journal.slots[0]: WORDS}))
    journal.observe(at_ms + 1_000, at_ms + 2_000)


def fetched(
    store: Store, evidence: Evidence, lease: Lease, *journals: Journal
) -> tuple[Fetcher, HandClock, tuple[Fetched, ...]]:
    """Let a collector ask for journals once, in pages of 64 records."""
    agents, clock = FakeAgents(page_records=64), HandClock()
    agents.journals |= {journal.node: journal for journal in journals}
    fetcher = Fetcher(agents, evidence, store, clock, 1)
    targets = [Target(journal.node, "") for journal in journals]
    return fetcher, clock, fetcher.fetch_all(lease, targets)


def test_a_journal_without_an_end_is_taken_in_slowly(
    store: Store, evidence: Evidence, lease: Lease
) -> None:
    """Records of 60 kB about no time at all; an honest backlog of the same length comes at once."""
    journals = wordy(ONE, 0), wordy(TWO, 120_000)
    fetcher, clock, (endless, honest) = fetched(store, evidence, lease, *journals)
    assert "bytes of records speak of 0 ms" in str(endless.error)
    assert (honest.error, honest.records) == (None, 401)
    for _ in range(60):
        clock.now_ms += 1_000
        fetcher.fetch_all(lease, [Target(ONE, "")])
    assert store.cursors()[ONE].head.sequence < 401


def test_a_clock_that_is_days_ahead_is_no_flood(
    store: Store, evidence: Evidence, lease: Lease
) -> None:
    """Each of its pages counts as seen now, and speaks of hours all the same."""
    ahead = wordy(ONE, 120_000, first_ms=HandClock().now_ms + 3 * DAY_MS)
    _, _, (found,) = fetched(store, evidence, lease, ahead)
    assert (found.error, found.records) == (None, 401)


@pytest.mark.parametrize("stepped_ms", [-DAY_MS, DAY_MS])
def test_nor_is_one_that_is_set_within_a_page(
    store: Store, evidence: Evidence, lease: Lease, stepped_ms: int
) -> None:
    """The page speaks of the time on both sides of it."""
    journal = wordy(ONE, 120_000, first_ms=5 * DAY_MS)
    journal.first_ms += stepped_ms
    now_ms = 5 * DAY_MS + 200 * 120_000 + stepped_ms
    journal.append(ClockStepped(journal.instant(now_ms), stepped_ms))
    for number in range(40):
        tell(journal, now_ms + number * 120_000)
    _, _, (found,) = fetched(store, evidence, lease, journal)
    assert (found.error, found.records) == (None, 482)
