"""What one node says, wrongly or late, and what becomes of the others and of who looks on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from gpusla.catalogue.codes import STORE_UNAVAILABLE
from gpusla.errors import StoreError
from gpusla.identity import GpuUuid
from gpusla.journal.model import ClockState, ClockStepped, Observed, Occupancy
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import Cursor, Finding, Lease, Move, Store
from gpusla_collector.usecases.late_evidence import LateEvidence
from gpusla_collector.usecases.turns import LEASE
from tests.collector.journals import OK, Journal
from tests.collector.memory_store import MemoryStore
from tests.collector.site import TWO_TRAYS
from tests.collector.stage import AUGUST_MS, DAY_MS, HOUR_MS, START_MS, Stage

MINUTE_MS = 60_000


def two_trays(store: Store) -> tuple[Stage, Journal, Journal]:
    """Return an hour of two nodes that are well."""
    stage = Stage(TWO_TRAYS, store=store)
    one, other = stage.journal("t01"), stage.journal("t02")
    for journal in (one, other):
        journal.observe(START_MS, START_MS + HOUR_MS)
    stage.clock.now_ms = START_MS + HOUR_MS + MINUTE_MS
    return stage, one, other


def in_error_by(error_ms: int) -> Callable[[Journal], object]:
    """Return what writes a sample whose clock is off by so much."""

    def write(journal: Journal) -> object:
        at = replace(journal.instant(START_MS + 2 * HOUR_MS), error_ms=error_ms)
        conditions = dict.fromkeys(journal.slots, OK)
        return journal.append(Observed(at, at.mono_ms - 60_000, 61, 1_000, conditions))

    return write


def stepped_to(wall_ms: int) -> Callable[[Journal], object]:
    """Return what steps the clock there, and samples a minute."""

    def write(journal: Journal) -> object:
        at = replace(journal.instant(START_MS + 2 * HOUR_MS), wall_ms=wall_ms)
        journal.append(ClockStepped(at, wall_ms - START_MS - 2 * HOUR_MS))
        return journal.observe(START_MS + 2 * HOUR_MS + 1_000, START_MS + 2 * HOUR_MS + MINUTE_MS)

    return write


@pytest.mark.parametrize(
    "write",
    [
        in_error_by(2**63),
        in_error_by(-1),
        stepped_to(2**62),
        stepped_to(-(2**62)),
        stepped_to(10**15),
    ],
)
def test_a_node_that_says_what_cannot_be_is_refused_alone(
    store: Store, write: Callable[[Journal], object]
) -> None:
    """Its chain is whole and its key is right; the others' records of the same round count."""
    stage, one, other = two_trays(store)
    good = one.head
    write(one)
    other.observe(START_MS + HOUR_MS + 1_000, START_MS + 2 * HOUR_MS)
    stage.clock.now_ms = START_MS + 3 * HOUR_MS
    turns = stage.turns()
    for _ in range(2):
        turns.once()
    cursors = stage.store.cursors()
    assert cursors[other.node].head == other.head
    assert cursors[one.node].head.sequence in {good.sequence, good.sequence + 1}
    (found,) = stage.store.findings()
    assert (found.kind, found.subject) == ("journal_corrupt", one.node)
    assert stage.board.read().judgements  # and so the turn went on behind the fetching


def test_a_clock_that_was_ahead_once_hides_nothing_afterwards(store: Store) -> None:
    """It showed 2035 for a minute; since then the node's last sample counts, then its silence."""
    stage, one, _ = two_trays(store)
    stepped_to(START_MS + 9 * 365 * DAY_MS)(one)
    stage.clock.now_ms = START_MS + 2 * HOUR_MS + 2 * MINUTE_MS
    turns = stage.turns()
    turns.once()
    assert stage.store.cursors()[one.node].evidence_until_ms == stage.clock.now_ms
    back = replace(one.instant(START_MS + 2 * HOUR_MS + 2 * MINUTE_MS))
    one.append(ClockStepped(back, -9 * 365 * DAY_MS))
    last_ms = START_MS + 2 * HOUR_MS + 5 * MINUTE_MS
    one.observe(START_MS + 2 * HOUR_MS + 2 * MINUTE_MS + 1_000, last_ms)
    stage.clock.now_ms = START_MS + 4 * HOUR_MS
    turns.once()
    assert stage.store.cursors()[one.node].evidence_until_ms == last_ms


def test_others_see_a_node_where_it_is_kept_and_not_where_it_is_going(store: Store) -> None:
    """Judging asks in a thread of its own, while the transaction waits for its lock."""
    stage, one, _ = two_trays(store)
    turns = stage.turns()
    turns.once()
    kept, seen = one.head, list[Cursor]()
    advance_all = stage.store.advance_all

    def look(lease: Lease, moves: list[Move]) -> None:
        seen.append(turns.fetcher.cursors[one.node])
        advance_all(lease, moves)

    one.observe(START_MS + HOUR_MS + 1_000, START_MS + 2 * HOUR_MS)
    patch: Any = stage.store
    patch.advance_all = look
    turns.fetch_turn()
    assert [cursor.head for cursor in seen] == [kept]
    assert turns.fetcher.cursors[one.node].head == one.head


def settled(store: Store) -> tuple[Stage, Journal, Journal]:
    """Return July posted, with the first node silent from its second hour on."""
    stage, one, other = two_trays(store)
    other.observe(START_MS + HOUR_MS + 1_000, AUGUST_MS + 3 * DAY_MS)
    stage.clock.now_ms = AUGUST_MS + 3 * DAY_MS
    turns = stage.turns()
    turns.once()
    # It waits an hour for what is missing before it settles without.
    stage.clock.now_ms += HOUR_MS
    turns.once()
    assert [status for status, _ in stage.amounts("2026-07")].count("posted") == len(TWO_TRAYS)
    turns.stop()
    return stage, one, other


def test_late_evidence_is_told_though_the_transaction_that_counts_it_fails(store: Store) -> None:
    """Before it is counted, and once: afterwards nobody would know that it was new."""
    stage, one, _ = settled(store)
    one.observe(START_MS + HOUR_MS + 1_000, START_MS + 9 * DAY_MS)
    turns = stage.turns(holder="another")
    turns.lead_turn()
    turns.reload_turn()
    patch: Any = stage.store
    whole = stage.store.advance_all

    def fail(*_: object) -> None:
        raise StoreError(STORE_UNAVAILABLE, "the lock could not be had")

    patch.advance_all = fail
    with pytest.raises(StoreError):
        turns.fetch_turn()
    (found,) = stage.store.findings()
    assert (found.kind, found.subject) == ("evidence_late", "alpha-2026")
    patch.advance_all = whole
    turns.fetch_turn()
    assert stage.store.cursors()[one.node].head == one.head
    assert stage.store.findings() == (found,)


def test_late_evidence_is_told_where_a_batch_has_more_of_its_node(store: Store) -> None:
    """A page with July's last ten minutes, and the one after it: both are counted together."""
    stage, one, _ = settled(store)
    turns = stage.turns(holder="another")
    turns.lead_turn()
    turns.reload_turn()
    world = stage.board.read().world
    lease = stage.store.acquire(LEASE, "another", stage.clock.now_ms, HOUR_MS)
    assert world is not None
    assert lease is not None
    after = Cursor(one.node)
    moves = [
        Move(after, after, (StateSpan(one.slots[0], start_ms, start_ms + HOUR_MS, OK),))
        for start_ms in (AUGUST_MS - 10 * MINUTE_MS, AUGUST_MS + DAY_MS)
    ]
    LateEvidence(stage.store, stage.clock).report(lease, world, moves)
    (found,) = stage.store.findings()
    assert (found.kind, found.subject) == ("evidence_late", "alpha-2026")
    assert "c2-r01-t01 about the time from 2026-07-31T23:50:00" in found.detail


def test_records_of_a_clock_in_1970_are_about_no_month_that_was_posted(store: Store) -> None:
    """They speak for a minute of 1970 and for nothing behind it."""
    stage, one, _ = settled(store)
    at = replace(one.instant(AUGUST_MS + 3 * DAY_MS), wall_ms=0, clock=ClockState.UNSYNCHRONISED)
    one.append(ClockStepped(at, -AUGUST_MS))
    one.observe(AUGUST_MS + 3 * DAY_MS + 1_000, AUGUST_MS + 3 * DAY_MS + MINUTE_MS)
    stage.turns(holder="another").once()
    assert stage.store.cursors()[one.node].head == one.head
    assert stage.store.findings() == ()


def test_records_of_a_time_that_had_not_come_are_told_of(store: Store) -> None:
    """A clock two weeks ahead, for a day: what it says will count as seen when that day comes."""
    stage, one, _ = settled(store)
    at_ms = AUGUST_MS + 3 * DAY_MS
    ahead = replace(one.instant(at_ms), wall_ms=at_ms + 14 * DAY_MS)
    one.append(ClockStepped(ahead, 14 * DAY_MS))
    one.observe(at_ms + 1_000, at_ms + HOUR_MS)
    one.append(ClockStepped(one.instant(at_ms + 2 * HOUR_MS), -14 * DAY_MS))
    one.observe(at_ms + 2 * HOUR_MS + 1_000, at_ms + 3 * HOUR_MS)
    stage.clock.now_ms = at_ms + 3 * HOUR_MS
    for _ in range(2):
        stage.turns(holder="another").once()
        (found,) = stage.store.findings()
        assert (found.kind, found.subject) == ("clock_ahead", one.node)
        assert "of the time from 2026-08-18T00:00:01Z to 2026-08-18T01:00:00Z" in found.detail
        assert "they came 334 hours before its end" in found.detail


GPUS = tuple(GpuUuid(f"GPU-0000000{number}-0000-0000-0000-000000000000") for number in range(8))


def with_gpus(stage: Stage, tray: str, gpus: Sequence[GpuUuid | None], at_ms: int) -> None:
    """Write that these sit in a tray, and a minute of samples."""
    journal = stage.journal(tray)
    journal.append(Occupancy(journal.instant(at_ms), dict(zip(journal.slots, gpus, strict=True))))
    journal.observe(at_ms + 1_000, at_ms + MINUTE_MS)
    stage.clock.now_ms = at_ms + MINUTE_MS


def test_a_gpu_of_two_nodes_at_once_is_told_of(store: Store) -> None:
    """Both journals are good by themselves; together they sell one GPU twice."""
    stage = Stage(store=store, trays=TWO_TRAYS)
    turns = stage.turns()
    with_gpus(stage, "t01", GPUS[:4], START_MS)
    with_gpus(stage, "t02", (GPUS[3], *GPUS[5:]), START_MS)
    for _ in range(2):
        turns.once()
        (found,) = stage.store.findings()
        assert (found.kind, found.subject) == ("gpu_twice", "c2-r01-t01")
        assert f"{GPUS[3]} sits in c2/r01/t01/m4 by the journal of c2-r01-t01" in found.detail
        assert "and in c2/r01/t02/m1 by that of c2-r01-t02" in found.detail


def test_a_gpu_that_was_moved_has_one_place(store: Store) -> None:
    """Its old node says so, or is switched off and says nothing any more."""
    stage = Stage(store=store, trays=TWO_TRAYS)
    turns = stage.turns()
    with_gpus(stage, "t01", GPUS[:4], START_MS)
    with_gpus(stage, "t02", GPUS[4:], START_MS)
    turns.once()
    with_gpus(stage, "t01", (*GPUS[:3], None), START_MS + HOUR_MS)
    with_gpus(stage, "t02", (GPUS[3], *GPUS[5:]), START_MS + HOUR_MS)
    turns.once()
    with_gpus(stage, "t02", (GPUS[0], *GPUS[5:]), START_MS + 2 * HOUR_MS)  # t01 was switched off
    turns.once()
    assert stage.store.findings() == ()


class Refusing(MemoryStore):
    """A store that keeps no finding while it refuses."""

    refuses = True

    def report(self, lease: Lease, finding: Finding) -> bool:
        """Keep a finding, or not."""
        if self.refuses:
            raise StoreError(STORE_UNAVAILABLE, "the disk is full")
        return super().report(lease, finding)


def test_a_database_that_refuses_to_keep_it_is_told_again() -> None:
    """What was not kept was not told."""
    store = Refusing()
    stage = Stage(store=store, trays=TWO_TRAYS)
    turns = stage.turns()
    with_gpus(stage, "t01", GPUS[:4], START_MS)
    with_gpus(stage, "t02", (GPUS[3], *GPUS[5:]), START_MS)
    with pytest.raises(StoreError):
        turns.once()
    store.refuses = False
    turns.once()
    assert [found.kind for found in store.findings()] == ["gpu_twice"]
