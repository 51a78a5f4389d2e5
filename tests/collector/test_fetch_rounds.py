"""Rounds of many nodes: nobody is held up, nothing is written for nothing, all is counted once."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.codes import AGENT_UNREACHABLE, FENCED
from gpusla.clock import SystemClock
from gpusla.errors import ServiceError, StoreError
from gpusla.identity import NodeName
from gpusla_collector.ports import Cursor, Lease, Move, Page, Store
from gpusla_collector.usecases.fetch.journals import MOVES_AT_ONCE, Fetched, Fetcher, Target
from gpusla_collector.usecases.fetch.pace import LONGEST_MS, Pace, wait_ms
from tests.collector.fakes import FakeAgents, HandClock, MemoryEvidence
from tests.collector.journals import Journal, tray_slots
from tests.collector.memory_store import MemoryStore

SILENT = ServiceError(AGENT_UNREACHABLE, "it does not answer")


def named(number: int) -> NodeName:
    """Return the name of a node of a fleet."""
    return NodeName(f"c2-r{number // 18:02}-t{number % 18:02}")


def fleet(count: int) -> FakeAgents:
    """Return agents that have sampled for a second each."""
    agents = FakeAgents()
    for node in map(named, range(count)):
        journal = Journal(node, tray_slots(*node.split("-")), 0).start(0)
        agents.journals[node] = journal.observe(1_000, 2_000)
    return agents


def targets(agents: FakeAgents) -> list[Target]:
    """Return where all of them are."""
    return [Target(node, "") for node in agents.journals]


class CountingStore(MemoryStore):
    """A store that counts its transactions, and moves."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def advance_all(self, lease: Lease, moves: Any) -> None:
        """Count, then do it."""
        self.batches.append(len(moves))
        super().advance_all(lease, moves)


def held(store: MemoryStore) -> Lease:
    """Take the lease of a store."""
    lease = store.acquire("collector", "this", 0, 10**12)
    assert lease is not None
    return lease


def test_many_nodes_are_counted_in_few_transactions_and_quiet_ones_in_none() -> None:
    """What costs is what changed."""
    agents, store = fleet(600), CountingStore()
    lease = held(store)
    fetcher = Fetcher(agents, MemoryEvidence(), store, HandClock(), 8)
    found = fetcher.fetch_all(lease, targets(agents))
    assert [(one.records, one.error) for one in found] == [(2, None)] * 600
    assert sum(store.batches) == 600
    assert max(store.batches) <= MOVES_AT_ONCE
    store.batches.clear()
    assert all(one.records == 0 for one in fetcher.fetch_all(lease, targets(agents)))
    assert store.batches == []
    agents.journals[named(7)].observe(3_000, 4_000)
    fetcher.fetch_all(lease, targets(agents))
    assert store.batches == [1]
    assert {node: one.head for node, one in fetcher.cursors.items()} == {
        node: journal.head for node, journal in agents.journals.items()
    }


@dataclass(slots=True)
class Stuck(FakeAgents):
    """Agents of which some hang until they are let go."""

    hanging: set[NodeName] = field(default_factory=set)
    gate: Event = field(default_factory=Event)
    answered: Event = field(default_factory=Event)

    def fetch(self, node: NodeName, address: str, after: int) -> Page:
        """Hang, or answer."""
        if node in self.hanging:
            self.gate.wait(30)
        page = FakeAgents.fetch(self, node, address, after)
        if node in self.hanging:
            self.answered.set()
        return page


def test_nodes_that_hang_hold_up_no_round_and_are_taken_in_when_they_answer() -> None:
    """More of them than workers; the round ends without them, a later one has what they said."""
    agents = Stuck(fleet(60).journals, hanging={named(number) for number in range(6)})
    store = MemoryStore()
    lease = held(store)
    fetcher = Fetcher(agents, MemoryEvidence(), store, SystemClock(), 2, patience_ms=20)
    found = fetcher.fetch_all(lease, targets(agents))
    assert sum(one.records for one in found) == 2 * 54
    assert [one.node for one in found if not one.is_asked] == sorted(agents.hanging)
    agents.gate.set()
    taken = 0
    while taken < 2 * 6:
        taken += sum(one.records for one in fetcher.fetch_all(lease, targets(agents)))
    assert {one.head for one in store.cursors().values()} == {
        journal.head for journal in agents.journals.values()
    }
    fetcher.close()


def test_what_comes_home_after_the_lease_was_lost_counts_for_nothing() -> None:
    """The node is asked again under the new one."""
    agents = Stuck(fleet(1).journals, hanging={named(0)})
    store = MemoryStore()
    lease = held(store)
    evidence = MemoryEvidence()
    fetcher = Fetcher(agents, evidence, store, SystemClock(), 1, patience_ms=1)
    fetcher.fetch_all(lease, targets(agents))
    store.release(lease)
    other = store.acquire("collector", "other", 0, 1)
    assert other is not None
    again = store.acquire("collector", "this", 2, 10**12)
    assert again is not None
    assert again.epoch > lease.epoch
    agents.gate.set()
    assert agents.answered.wait(30)
    taken = 0
    while not taken:
        taken = sum(one.records for one in fetcher.fetch_all(again, targets(agents)))
    (segment,) = store.segments(named(0))
    assert segment.epoch == again.epoch
    fetcher.close()


def test_a_lease_that_was_lost_ends_the_round_and_memory_starts_anew(store: Store) -> None:
    """On every store: of a batch nothing is kept, and the next holder finds all as it was."""
    agents, clock = fleet(3), HandClock()
    first = store.acquire("collector", "first", 0, 1)
    assert first is not None
    fetcher = Fetcher(agents, MemoryEvidence(), store, clock, 2)
    fetcher.fetch_all(first, targets(agents))
    second = store.acquire("collector", "second", 10, 10**12)
    assert second is not None
    for journal in agents.journals.values():
        journal.observe(3_000, 4_000)
    with pytest.raises(StoreError) as lost:
        fetcher.fetch_all(first, targets(agents))
    assert lost.value.code is FENCED
    assert {one.head.sequence for one in store.cursors().values()} == {2}
    found = Fetcher(agents, MemoryEvidence(), store, clock, 2).fetch_all(second, targets(agents))
    assert [one.records for one in found] == [1, 1, 1]


def test_of_a_batch_with_one_wrong_move_nothing_is_kept(store: Store, lease: Lease) -> None:
    """Somebody moved one of the cursors meanwhile."""
    agents = fleet(3)
    fetcher = Fetcher(agents, MemoryEvidence(), store, HandClock(), 1)
    fetcher.fetch_all(lease, targets(agents))
    before = store.cursors()
    journal = agents.journals[named(1)]
    further = replace(before[named(1)], head=journal.observe(3_000, 4_000).head)
    moved = Move(before[named(1)], further)
    with pytest.raises(StoreError):
        store.advance_all(lease, [moved, Move(Cursor(named(0)), before[named(0)])])
    assert store.cursors() == before


def rounds(fetcher: Fetcher, clock: HandClock, lease: Lease, count: int) -> list[list[Fetched]]:
    """Take rounds five seconds apart."""
    found = []
    for _ in range(count):
        found.append(list(fetcher.fetch_all(lease, TWO_TARGETS)))
        clock.now_ms += 5_000
    return found


TWO_TARGETS = [Target(named(0), ""), Target(named(1), "")]


def test_a_dead_node_is_asked_less_and_less_and_its_error_stands_meanwhile() -> None:
    """Ten minutes of rounds: not 120 times, and still at least once a minute."""
    agents, clock, store = fleet(2), HandClock(), MemoryStore()
    agents.silent.add(named(0))
    fetcher = Fetcher(agents, MemoryEvidence(), store, clock, 1)
    found = [dead for dead, _ in rounds(fetcher, clock, held(store), 120)]
    assert all(one.error is not None for one in found)
    assert 12 <= sum(one.is_asked for one in found) <= 25
    asked = [place for place, one in enumerate(found) if one.is_asked]
    assert max(later - sooner for sooner, later in pairwise(asked)) * 5_000 <= LONGEST_MS + 5_000
    agents.silent.clear()
    back = [dead for dead, _ in rounds(fetcher, clock, Lease("collector", "this", 1), 14)]
    assert sum(one.records for one in back) == 2
    assert back[-1].error is None


@given(st.integers(0, 25_000), st.integers(1, 60))
def test_the_wait_is_a_function_of_the_node_and_bounded(number: int, times: int) -> None:
    """So a day can be played again."""
    wait = wait_ms(named(number), times)
    assert wait == wait_ms(named(number), times)
    assert 0 <= wait <= LONGEST_MS
    assert (wait == 0) == (times == 1)


def test_nodes_that_fail_together_are_not_asked_together_again() -> None:
    """A thousand: no half second has more than a tenth of them."""
    pace = Pace()
    for number in range(1_000):
        for _ in range(6):
            pace.failed(named(number), SILENT, 0)
    due = sorted(one.again_ms // 500 for one in pace.failing.values())
    assert max(map(due.count, set(due))) <= 100
    waits_ms = [one.again_ms for one in pace.failing.values()]
    assert LONGEST_MS // 2 <= min(waits_ms) <= max(waits_ms) <= LONGEST_MS
