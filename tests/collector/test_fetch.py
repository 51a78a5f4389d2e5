"""Fetching journals: whole, resumable, each node for itself; on a fake and over real HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gpusla.catalogue.codes import AGENT_UNREACHABLE, JOURNAL_CORRUPT, JOURNAL_FORKED
from gpusla.clock import SystemClock
from gpusla.errors import ServiceError
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import decode
from gpusla.timeline.advice import unadvised
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from gpusla_collector.adapters.agents import ANSWER_BYTES_MAX, HttpAgents
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.encoding import read_carry, write_carry
from gpusla_collector.ports import Agents, Evidence, Lease, Page, Store
from gpusla_collector.usecases.fetch.journals import Fetcher, Target
from gpusla_collector.usecases.take_in import take_in
from tests.collector.agent_server import serving
from tests.collector.fakes import FakeAgents, HandClock, MemoryEvidence
from tests.collector.journals import DOWN, LOST, OK, Journal, tray_slots

ONE, TWO = NodeName("c2-r01-t01"), NodeName("c2-r01-t02")
DAY = Interval(0, 86_400_000)


@dataclass(slots=True)
class Agency:
    """Some journals, and agents that serve them."""

    agents: Agents
    address: Callable[[NodeName], str]
    journals: dict[NodeName, Journal] = field(default_factory=dict)
    silent: set[NodeName] = field(default_factory=set)

    def target(self, node: NodeName) -> Target:
        """Return where a node is."""
        return Target(node, self.address(node))


@pytest.fixture(scope="module")
def http_agents() -> Iterator[HttpAgents]:
    """One client for all tests: making one reads all certificates of the system."""
    with HttpAgents(SystemClock()) as agents:
        yield agents


@pytest.fixture(params=["fake", "http"])
def agency(request: pytest.FixtureRequest, http_agents: HttpAgents) -> Iterator[Agency]:
    """The agents, fake and real."""
    if request.param == "fake":
        fake = FakeAgents()
        yield Agency(fake, lambda node: node, fake.journals, fake.silent)
        return
    found: Agency

    def lines_of(name: str) -> list[bytes] | None:
        journal = found.journals.get(NodeName(name))
        return None if journal is None or journal.node in found.silent else journal.lines

    with serving(lines_of) as server:
        found = Agency(http_agents, server.address)
        yield found


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """Files; tests/collector/test_evidence.py holds the fake to the same."""
    return EvidenceFiles(tmp_path / "evidence")


@pytest.fixture
def fetcher(agency: Agency, store: Store, evidence: Evidence) -> Fetcher:
    """What is tested."""
    return Fetcher(agency.agents, evidence, store, HandClock(), 1)


def journal_of(node: NodeName) -> Journal:
    """Return a journal of one minute, a GPU down in its middle."""
    slots = tray_slots(*node.split("-"))
    journal = Journal(node, slots, 0).start(0)
    journal.observe(1_000, 20_000)
    journal.observe(21_000, 40_000, {slots[0]: DOWN})
    return journal.observe(41_000, 60_000)


def test_a_journal_is_taken_in_whole(
    agency: Agency, fetcher: Fetcher, store: Store, lease: Lease, evidence: Evidence
) -> None:
    """Bytes, cursor and spans."""
    journal = agency.journals[ONE] = journal_of(ONE)
    (fetched,) = fetcher.fetch_all(lease, [agency.target(ONE)])
    assert (fetched.records, fetched.error) == (4, None)
    cursor = store.cursors()[ONE]
    assert cursor.head == journal.head
    assert cursor.evidence_until_ms == 60_000
    assert cursor.segment is not None
    assert list(evidence.read(ONE, cursor.segment)) == journal.lines
    spans = store.account(journal.slots[:1], DAY).spans
    assert [(s.start_ms, s.end_ms, s.condition, s.other) for s in spans] == [
        (1_000, 20_000, OK, None),
        (20_000, 21_000, OK, LOST),
        (21_000, 40_000, LOST, None),
        (40_000, 41_000, LOST, OK),
        (41_000, 60_000, OK, None),
    ]


def test_fetching_goes_on_where_it_stopped(
    agency: Agency, fetcher: Fetcher, store: Store, lease: Lease, evidence: Evidence
) -> None:
    """And joins what goes on across the seam."""
    journal = agency.journals[ONE] = journal_of(ONE)
    fetcher.fetch_all(lease, [agency.target(ONE)])
    journal.observe(61_000, 90_000)
    (fetched,) = fetcher.fetch_all(lease, [agency.target(ONE)])
    assert fetched.records == 1
    assert store.account(journal.slots[:1], DAY).spans[-1].end_ms == 90_000
    assert len(store.account(journal.slots[:1], DAY).spans) == 5
    (segment,) = store.segments(ONE)
    assert list(evidence.read(ONE, segment)) == journal.lines


def test_nothing_new_changes_nothing(
    agency: Agency, fetcher: Fetcher, store: Store, lease: Lease
) -> None:
    """But when the agent was reached."""
    agency.journals[ONE] = journal_of(ONE)
    fetcher.fetch_all(lease, [agency.target(ONE)])
    before = store.cursors()[ONE]
    fetcher.fetch_all(lease, [agency.target(ONE)])
    assert replace(store.cursors()[ONE], reached_ms=before.reached_ms) == before


def test_a_node_that_does_not_answer_holds_up_nobody(
    agency: Agency, fetcher: Fetcher, lease: Lease
) -> None:
    """And is tried again."""
    agency.journals |= {ONE: journal_of(ONE), TWO: journal_of(TWO)}
    agency.silent.add(ONE)
    first, second = fetcher.fetch_all(lease, [agency.target(ONE), agency.target(TWO)])
    assert first.error is not None
    assert first.error.code is AGENT_UNREACHABLE
    assert (second.records, second.error) == (4, None)
    agency.silent.clear()
    first, _ = fetcher.fetch_all(lease, [agency.target(ONE), agency.target(TWO)])
    assert (first.records, first.error) == (4, None)


def test_a_journal_that_lost_records_is_a_fork(
    agency: Agency, fetcher: Fetcher, store: Store, lease: Lease
) -> None:
    """What was taken in stays, the node stops there, and people are told once."""
    journal = agency.journals[ONE] = journal_of(ONE)
    fetcher.fetch_all(lease, [agency.target(ONE)])
    head = journal.head
    agency.journals[ONE] = Journal(ONE, journal.slots, 0).start(0)
    for _ in range(2):
        (fetched,) = fetcher.fetch_all(lease, [agency.target(ONE)])
        assert fetched.error is not None
        assert fetched.error.code is JOURNAL_FORKED
    assert store.cursors()[ONE].head == head
    assert [finding.kind for finding in store.findings()] == ["journal_forked"]


def test_another_history_of_the_same_length_is_a_fork(
    agency: Agency, fetcher: Fetcher, store: Store, lease: Lease
) -> None:
    """Also when there is nothing new to read."""
    journal = agency.journals[ONE] = journal_of(ONE)
    fetcher.fetch_all(lease, [agency.target(ONE)])
    other = agency.journals[ONE] = Journal(ONE, journal.slots, 0).start(0)
    other.observe(1_000, 20_000).observe(21_000, 40_000).observe(41_000, 60_000)
    (fetched,) = fetcher.fetch_all(lease, [agency.target(ONE)])
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_FORKED
    assert store.findings()


def test_records_before_a_corrupt_one_count(
    agency: Agency, fetcher: Fetcher, store: Store, lease: Lease, evidence: Evidence
) -> None:
    """They belong to the chain, whatever follows; and when it is mended the node goes on."""
    journal = agency.journals[ONE] = journal_of(ONE)
    good = journal.lines[2]
    journal.lines[2] = good.replace(b"gpu_lost", b"gpu_fine")
    journal.lines[3] = b'{"not":"a record"}'
    (fetched,) = fetcher.fetch_all(lease, [agency.target(ONE)])
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_CORRUPT
    assert store.cursors()[ONE].head.sequence == 3
    assert [finding.subject for finding in store.findings()] == [ONE]
    (segment,) = store.segments(ONE)
    assert list(evidence.read(ONE, segment)) == journal.lines[:3]


def test_another_nodes_journal_is_refused(
    agency: Agency, fetcher: Fetcher, store: Store, lease: Lease
) -> None:
    """A crossed address must not give one node's time to another."""
    agency.journals[ONE] = replace(journal_of(TWO))
    (fetched,) = fetcher.fetch_all(lease, [agency.target(ONE)])
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_FORKED
    assert not store.account(agency.journals[ONE].slots, DAY).spans


def test_a_new_epoch_writes_its_own_segment(
    agency: Agency, fetcher: Fetcher, store: Store, lease: Lease, evidence: Evidence
) -> None:
    """And together the segments are the journal."""
    journal = agency.journals[ONE] = journal_of(ONE)
    fetcher.fetch_all(lease, [agency.target(ONE)])
    taken = store.acquire("collector", "other", 5_000, 1_000)
    assert taken is not None
    journal.observe(61_000, 90_000)
    fetcher.fetch_all(taken, [agency.target(ONE)])
    first, second = store.segments(ONE)
    assert (second.first_sequence, second.epoch) == (5, 2)
    lines = [*evidence.read(ONE, first), *evidence.read(ONE, second)]
    assert lines == journal.lines


@pytest.mark.parametrize("cut", range(1, 7))
def test_taking_in_is_the_same_however_the_pages_fall(cut: int) -> None:
    """
    The carry holds all that the fold needs, as it is kept.

    An action that was not kept made an edge of each fetch within an outage.
    """
    journal = journal_of(ONE)
    for at_ms in (61_000, 71_000):
        journal.observe(at_ms, at_ms + 9_000, {journal.slots[1]: DOWN})
    whole = take_in(ONE, EMPTY, Carry(), journal.lines)
    first = take_in(ONE, EMPTY, Carry(), journal.lines[:cut])
    kept = read_carry(write_carry(first.carry))
    second = take_in(ONE, first.head, kept, journal.lines[cut:])
    assert second.head == whole.head
    assert second.carry == whole.carry
    assert tuple(join([*first.spans, *second.spans])) == whole.spans
    assert all(span.condition != span.other for span in whole.spans)


def test_joining_keeps_what_the_fold_said() -> None:
    """Millisecond for millisecond."""
    journal = journal_of(ONE)
    carry = Carry()
    folded: list[StateSpan] = []
    for number, line in enumerate(journal.lines, start=1):
        carry, spans = advance(carry, number, unadvised(decode(line)[1]))
        folded += spans
    total = sum(span.end_ms - span.start_ms for span in folded)
    joined = tuple(join(folded))
    assert sum(span.end_ms - span.start_ms for span in joined) == total


def test_an_agent_that_gives_nothing_of_what_it_has_was_not_reached(
    store: Store, evidence: Evidence, lease: Lease
) -> None:
    """Counted as reached, it would hold its contract's judgement at its last record for ever."""
    agents = FakeAgents()
    journal = agents.journals[ONE] = journal_of(ONE)
    fetcher = Fetcher(agents, evidence, store, HandClock(), 1)
    fetcher.fetch_all(lease, [Target(ONE, "")])
    before = store.cursors()[ONE]
    journal.head = Head(journal.head.sequence + 5, "0" * 64)
    (fetched,) = fetcher.fetch_all(lease, [Target(ONE, "")])
    assert str(fetched.error).startswith(
        "c2-r01-t01: it has records up to 9, and gives none behind record 4"
    )
    assert store.cursors()[ONE] == before


def test_evidence_is_on_disk_before_it_counts(store: Store, lease: Lease) -> None:
    """A database that fails after the file leaves bytes that the next fetch overwrites."""
    agents, evidence = FakeAgents(), MemoryEvidence()
    journal = agents.journals[ONE] = journal_of(ONE)
    stale = replace(lease, epoch=99)
    fetcher = Fetcher(agents, evidence, store, HandClock(), 1)
    with pytest.raises(Exception, match="lost"):
        fetcher.fetch_all(stale, [Target(ONE, "")])
    assert evidence.content[ONE, 1, 99]
    assert not store.cursors()
    (fetched,) = fetcher.fetch_all(lease, [Target(ONE, "")])
    assert fetched.records == len(journal.lines)


class SlowAgents(FakeAgents):
    """Agents that take seven seconds for a page of one record."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(page_records=1)
        self._clock = clock

    def fetch(self, node: NodeName, address: str, after: int) -> Page:
        """Answer late."""
        self._clock.now_ms += 7_000
        return super().fetch(node, address, after)


def test_a_slow_node_gives_way_to_the_others(store: Store, lease: Lease) -> None:
    """And goes on in the next turn."""
    clock = HandClock()
    agents = SlowAgents(clock)
    journal = agents.journals[ONE] = journal_of(ONE)
    fetcher = Fetcher(agents, MemoryEvidence(), store, clock, 1)
    assert [f.records for f in fetcher.fetch_all(lease, [Target(ONE, "")])] == [2]
    assert [f.records for f in fetcher.fetch_all(lease, [Target(ONE, "")])] == [2]
    assert store.cursors()[ONE].head == journal.head


SPOILED: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("too much", lambda content: content + b"x" * ANSWER_BYTES_MAX, "bytes"),
    ("cut off", lambda content: content[:-1], "cut off in the middle of a record"),
]


@pytest.mark.parametrize(("case", "spoil", "words"), SPOILED, ids=[c[0] for c in SPOILED])
def test_an_answer_that_is_not_usable_is_no_answer(
    http_agents: HttpAgents, case: str, spoil: Callable[[bytes], bytes], words: str
) -> None:
    """It may be tried again."""
    journal = journal_of(ONE)
    with serving(lambda _: journal.lines) as server:
        server.spoil = lambda status, content, headers: (status, spoil(content), headers)
        with pytest.raises(ServiceError, match=words) as caught:
            http_agents.fetch(ONE, server.address(ONE), 0)
    assert caught.value.code is AGENT_UNREACHABLE, case


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_another_status_is_no_answer(http_agents: HttpAgents, status: int) -> None:
    """Nor is a redirection followed."""
    journal = journal_of(ONE)
    with serving(lambda _: journal.lines) as server:
        server.spoil = lambda _, content, headers: (status, content, headers)
        with pytest.raises(ServiceError, match=f"it answers {status}"):
            http_agents.fetch(ONE, server.address(ONE), 0)


def test_an_answer_without_a_head_is_no_answer(http_agents: HttpAgents) -> None:
    """Nobody could tell whether it is whole."""
    journal = journal_of(ONE)
    with serving(lambda _: journal.lines) as server:
        server.spoil = lambda status, content, headers: (
            status,
            content,
            {"X-Gpusla-Node": headers["X-Gpusla-Node"]},
        )
        with pytest.raises(ServiceError, match="does not name the head"):
            http_agents.fetch(ONE, server.address(ONE), 0)
